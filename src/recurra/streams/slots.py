"""A bounded table of streams: each key has a slot, and the one that was read longest ago gives its slot to a new key.

Not here: what stands in a slot (texts.py, series.py).
"""

from __future__ import annotations

from typing import NamedTuple

from recurra.arguments import whole


class Slot(NamedTuple):
    """Where a key's stream is kept."""

    number: int
    begins: bool
    """Whether the stream is new there: what stood in the slot belongs to another key, or to none."""
    gone: str | None = None
    """The key whose stream was let go for it."""


class Slots:
    """Gives each key its slot, 0 to `most` - 1."""

    def __init__(self, most: int) -> None:
        """Raises UsageError for less than one."""
        self.most = whole("most", most, least=1)
        self.gone = 0
        """Streams that were let go so far."""
        # A dict keeps the order in which keys were put in: the first one was read longest ago.
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        """How many streams are kept."""
        return len(self._numbers)

    def of(self, key: str) -> Slot:
        """Return the slot of a key, which counts as read now."""
        number = self._numbers.pop(key, None)
        if number is not None:
            self._numbers[key] = number
            return Slot(number, begins=False)
        gone = None
        if len(self._numbers) == self.most:
            gone = next(iter(self._numbers))
            number = self._numbers.pop(gone)
            self.gone += 1
        else:
            number = len(self._numbers)
        self._numbers[key] = number
        return Slot(number, begins=True, gone=gone)
