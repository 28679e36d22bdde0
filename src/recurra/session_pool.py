"""Many streams of one model that step together: a call reads a token, an observation or a text of any of them.

Not here: one stream (session.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.arguments import whole
from recurra.config import Precision
from recurra.errors import UsageError
from recurra.layers.layer import Floats
from recurra.session import Reading, Session, State
from recurra.session_file import path_of, read_states, write_states
from recurra.session_items import listed, require_readable, tokens_of

MOST_SLOTS = 100_000_000


class SessionPool(Reading):
    """`slots` streams of a model, each with a state of its own, numbered from 0; the model as of `Session`.

    An answer's bits depend on its stream alone: not on the others, on their order, or on how many a call reads.

    >>> pool = recurra.SessionPool(model, 10_000)  # doctest: +SKIP
    >>> answers = pool.push(observations, done=ended)  # one of each stream; those that ended begin anew first
    """

    def __init__(self, model: Any, slots: int, *, precision: Precision | None = None) -> None:
        """Begin so many streams. Raises UsageError as `Session`, and for less than one."""
        super().__init__(model, whole("slots", slots, least=1, most=MOST_SLOTS), precision)

    @property
    def slots(self) -> int:
        """How many streams there are."""
        return int(self._streams.slots)

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Tokens or observations that each stream has read: (slots,)."""
        return np.array(self._streams.counts)

    def push(
        self,
        items: Sequence[str] | ArrayLike,
        slots: ArrayLike | None = None,
        *,
        done: ArrayLike | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> Floats:
        """Read one item of each of some streams, and return the answers: (rows, outputs) float32.

        `items` are token ids (rows,), observations (rows, features) or texts; item i goes to stream `slots[i]`, without
        `slots` to stream i. A stream named twice reads its items in their order. `done` (rows,) is true where a stream
        forgets what it read before it reads its item: an episode ended. Raises UsageError for what the net does not
        read, before any stream has read anything.
        """
        texts, numbers = listed(items)
        count = len(numbers if texts is None else texts)
        places = self._slots(slots, count)
        ended = self._ended(done, count, places)
        given: dict[str, Any] = {} if slots is None and count == self.slots else {"slots": places}
        if texts is not None:
            rows, given["offsets"] = self._texts(texts, places, ended)
        else:
            rows = tokens_of(numbers, self._steps)
        if not count:
            return self._read(rows, out=out, every=False, rows=0, slots=places)
        if ended.size:
            require_readable(rows, self._steps)
            self._forget(ended)
        return self._read(rows, out=out, every=False, rows=count, **given)

    def reset(self, streams: ArrayLike | None = None) -> None:
        """Let streams forget what they read: by their numbers, by a mask (slots,) of truth values, or all of them."""
        if streams is None:
            return self._forget(np.arange(self.slots))
        chosen = np.asarray(streams)
        if chosen.dtype == np.bool_:
            if chosen.shape != (self.slots,):
                raise UsageError("mask", found=f"shape {chosen.shape}", allowed=f"shape ({self.slots},)")
            chosen = np.flatnonzero(chosen)
        return self._forget(self._slots(chosen, chosen.size))

    def state(self, slots: ArrayLike | None = None) -> State:
        """Return a copy of the states of some streams, or all: each part (rows, columns), and `tokens` (rows,)."""
        return self._states(self._slots(slots, self.slots if slots is None else np.size(slots)))

    def restore(self, state: Mapping[str, Any], slots: ArrayLike | None = None) -> None:
        """Let streams go on from what `state` gave; raises UsageError for parts of other names or sizes."""
        self._restore(state, self._slots(slots, self.slots if slots is None else np.size(slots)))

    def fork(self, slot: int, into: int) -> None:
        """Let stream `into` go on from where stream `slot` is."""
        self._copy(self._slot(slot), self._streams, self._slot(into))

    def session(self, slot: int) -> Session:
        """Return a session of its own that goes on from where a stream is."""
        alone = Session.__new__(Session)
        alone.model = self.model
        alone._begin(self._steps, self._streams.more(1), 1)
        self._copy(self._slot(slot), alone._streams, 0)
        return alone

    def save(self, file: str | Path) -> None:
        """Write the states of all streams to a file, with a mark of the model; raises RecurraError."""
        write_states(path_of(file), self.state(), self._steps)

    def load(self, file: str | Path) -> None:
        """Go on from what `save` wrote; raises ArtefactError as `Session.load`, UsageError for more or fewer."""
        self.restore(read_states(path_of(file), self._steps))

    def _slot(self, slot: Any) -> int:
        return whole("slot", slot, least=0, most=self.slots - 1)

    def _slots(self, slots: ArrayLike | None, count: int) -> NDArray[np.int64]:
        if slots is None:
            if count > self.slots:
                raise UsageError("items", found=f"{count}", allowed=f"at most one for each of {self.slots} streams")
            return np.arange(count, dtype=np.int64)
        places = np.asarray(slots)
        if places.size == 0:
            places = places.astype(np.int64)
        if places.shape != (count,) or places.dtype.kind not in "iu":
            raise UsageError("slots", found=f"{places.dtype} of shape {places.shape}", allowed=f"{count} whole numbers")
        if count and not 0 <= places.min() <= places.max() < self.slots:
            found = f"{places.min()} to {places.max()}"
            raise UsageError("slots", found=found, allowed=f"0 to {self.slots - 1}")
        return np.ascontiguousarray(places, np.int64)

    def _ended(self, done: ArrayLike | None, count: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
        if done is None:
            return places[:0]
        mask = np.asarray(done)
        if mask.shape != (count,) or mask.dtype.kind not in "biu" or not ((mask == 0) | (mask == 1)).all():
            found = f"{mask.dtype} of shape {mask.shape}"
            raise UsageError("done", found=found, allowed=f"{count} truth values, one for each item")
        ended: NDArray[np.int64] = places[mask.astype(bool)]
        if len(np.unique(places)) < len(places):
            raise UsageError(
                "done", found="a stream twice in one call", allowed="each at most once where some are done"
            )
        return ended

    def _texts(
        self, texts: Sequence[str], places: NDArray[np.int64], ended: NDArray[np.int64]
    ) -> tuple[Any, NDArray[np.int64]]:
        """The tokens of all texts, one after another, and where each begins."""
        # What begins is told by what each stream has read, and by the texts before it in this very call.
        goes_on = (self._streams.counts[places] > 0) & ~np.isin(places, ended)
        begun = dict(zip(places.tolist(), goes_on.tolist(), strict=True))
        parts = []
        for number, (text, slot) in enumerate(zip(texts, places.tolist(), strict=True)):
            if not isinstance(text, str):
                raise UsageError(f"item {number}", found=type(text).__name__, allowed="a text, as the others")
            ids = self._ids_of(text, begins=not begun[slot])
            if not len(ids):
                raise UsageError(
                    f"item {number}: nothing to read", found=f"{text!r:.60}", allowed="a text with a token"
                )
            begun[slot] = True
            parts.append(ids)
        return np.concatenate(parts), np.cumsum([0, *map(len, parts)])


def read_runs(pool: SessionPool, tokens: NDArray[Any], ends: NDArray[np.int64], slots: NDArray[np.int64]) -> Floats:
    """Read runs of tokens, as `tokens_of` (session_items.py) gives them, one after another, and answer each run.

    Run i is `tokens[ends[i] : ends[i + 1]]` and goes to stream `slots[i]`. All of them were checked.
    """
    return pool._read(tokens, every=False, rows=len(slots), offsets=ends, slots=slots)
