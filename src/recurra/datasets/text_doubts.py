"""What is doubtful in texts and labels: empty ones, words for missing, traces of a wrong encoding.

Not here: what is refused (text_batches.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recurra.datasets.encodings import Traces
from recurra.datasets.missing import is_missing


class Doubts:
    """What is doubtful in texts, counted while they are read."""

    def __init__(self, encoding: str) -> None:
        """Begin without any; `encoding` is that of the file."""
        self._texts, self._labels = Traces(encoding), Traces(encoding, what="labels")
        self._known: set[str] = set()
        self._empty = self._missing = 0
        self._example = ""

    def see(self, texts: Sequence[str], labels: Iterable[str]) -> None:
        """Take some texts into account, and the distinct labels among theirs."""
        self._empty += sum(not text or text.isspace() for text in texts)
        missing = [text for text in texts if is_missing(text) and text.strip()]
        self._missing += len(missing)
        self._example = self._example or "".join(missing[:1])
        self._texts.see(texts)
        new = dict.fromkeys(label for label in labels if label not in self._known)
        self._known.update(new)
        self._labels.see(new)

    def told(self) -> list[str]:
        """Return warnings with counts."""
        words = f"{self._missing:,} texts are words for missing, such as {self._example!r}; they are read as texts"
        return [
            *([f"{self._empty:,} texts are empty; they are kept"] if self._empty else []),
            *([words] if self._missing else []),
            *self._texts.replaced(),
            *self._labels.replaced(),
            *self._texts.doubtful(),
            *self._labels.doubtful(),
        ]
