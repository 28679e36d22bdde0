"""Sequences of different lengths side by side without padding, and the order in which batches are drawn.

Not here: arithmetic on the values. `Ragged` holds NumPy arrays or torch tensors alike; its offsets are always NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError

Payload = TypeVar("Payload", covariant=True)
Other = TypeVar("Other")
Integers = NDArray[np.int64]

POOL = 50
"""Batches in a shuffled pool that is sorted by length: neighbours in a batch then differ by a few tokens only."""


@dataclass(frozen=True)
class Ragged(Generic[Payload]):
    """`values (tokens, …)` of all sequences one after another and `offsets (sequences + 1)` where each begins."""

    values: Payload
    offsets: Integers

    @property
    def lengths(self) -> Integers:
        """Tokens of each sequence."""
        return np.diff(self.offsets)

    @property
    def sequences(self) -> int:
        """How many sequences there are."""
        return len(self.offsets) - 1

    @property
    def equal(self) -> bool:
        """Whether all sequences have one length: the rectangular fast case."""
        lengths = self.lengths
        return bool(len(lengths)) and bool((lengths == lengths[0]).all())

    def carry(self, values: Other) -> Ragged[Other]:
        """Put other values on the same sequences."""
        return Ragged(values, self.offsets)

    def owners(self) -> Integers:
        """Tell for each token which sequence it belongs to: (tokens,)."""
        return np.repeat(np.arange(self.sequences), self.lengths)


def join(sequences: Sequence[NDArray[Any]]) -> Ragged[NDArray[Any]]:
    """Lay sequences one after another.

    Raises DataError when there is none.
    """
    if not sequences:
        raise DataError("no sequences", advice="give at least one row")
    # One more than sequences: the last offset is the end of all.
    offsets = np.zeros(len(sequences) + 1, dtype=np.int64)
    np.cumsum([len(sequence) for sequence in sequences], out=offsets[1:])
    return Ragged(np.concatenate(sequences), offsets)


def rectangle(values: Any) -> Ragged[Any]:
    """Lay sequences of one length one after another: (sequences, steps, features), of NumPy or torch."""
    sequences, steps, features = values.shape
    return Ragged(values.reshape(-1, features), np.arange(sequences + 1, dtype=np.int64) * steps)


@dataclass(frozen=True)
class Grid:
    """Where each token of a ragged batch stands in a (steps, sequences) grid: the one place that pads and unpads."""

    steps: int
    sequences: int
    places: Integers
    """(tokens,): step * sequences + sequence."""


def lay_grid(offsets: Integers, *, reverse: bool = False) -> Grid:
    """Lay ragged sequences into a grid; `reverse` starts each at its own end, so that pads always come last."""
    lengths = np.diff(offsets)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    step = np.arange(int(offsets[-1])) - offsets[owner]
    if reverse:
        # The last token is the first step of a sweep backwards.
        step = lengths[owner] - 1 - step
    # Steps come first, so that one step of all sequences lies together.
    return Grid(int(lengths.max(initial=0)), len(lengths), step * len(lengths) + owner)


def last_places(offsets: Integers, *, reverse: bool = False) -> Integers:
    """Return the index into the flat values where each sequence's sweep ends: (sequences,); -1 for an empty one."""
    # A sweep backwards ends at the first token.
    ends = offsets[:-1] if reverse else offsets[1:] - 1
    return np.where(np.diff(offsets) > 0, ends, -1)


def batch_order(lengths: Integers, *, batch_size: int, batch_tokens: int, seed: int, epoch: int) -> list[Integers]:
    """Cut the rows into shuffled batches of like lengths: a pure function of its arguments.

    Rows are shuffled, sorted by length inside pools of `POOL` batches, cut where a cap is reached, and the batches are
    shuffled again, so that an epoch sees lengths in any order while a batch pads almost nothing.
    """
    # A generator of its own for each epoch: a resumed run draws the same order.
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    batches: list[Integers] = []
    pool = batch_size * POOL
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        # Stable, so that equal lengths stay shuffled in the same way on every machine.
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches.extend(_cut(rows, lengths, batch_size, batch_tokens))
    return [batches[position] for position in random.permutation(len(batches))]


def sorted_batches(lengths: Integers, *, batch_size: int, batch_tokens: int) -> list[Integers]:
    """Cut the rows into batches from short to long, for answers whose order is restored afterwards."""
    return list(_cut(np.argsort(lengths, kind="stable"), lengths, batch_size, batch_tokens))


def _cut(rows: Integers, lengths: Integers, batch_size: int, batch_tokens: int) -> Iterator[Integers]:
    start = tokens = 0
    for position, row in enumerate(rows):
        tokens += int(lengths[row])
        # A single row longer than the cap is a batch of its own.
        if position > start and (position - start == batch_size or tokens > batch_tokens):
            yield rows[start:position]
            start, tokens = position, int(lengths[row])
    if start < len(rows):
        yield rows[start:]


def pick(sequences: Sequence[NDArray[Any]], rows: Integers) -> Ragged[NDArray[Any]]:
    """Join the chosen rows into one ragged batch."""
    return join([sequences[row] for row in rows])


def windows_of_epoch(
    sequences: Sequence[NDArray[Any]], longest: int, *, seed: int, epoch: int
) -> Sequence[NDArray[Any]]:
    """What is read of each sequence in an epoch: all of it, or one of its windows of at most `longest` tokens.

    Another window each time costs as much as one, and shows all of a text in the end.
    """
    pieces, owners = windows(sequences, longest)
    if len(pieces) == len(sequences):
        return pieces
    counts = np.bincount(owners)
    chosen = np.random.default_rng([seed, epoch, 2]).integers(0, counts)
    return [pieces[place] for place in np.cumsum(counts) - counts + chosen]


def language_streams(ids: NDArray[np.int32], streams: int) -> NDArray[np.int32]:
    """Cut one long text into parallel streams: (streams, tokens of each); fewer than `streams` tokens are left off.

    Raises DataError when the text is shorter than two tokens a stream.
    """
    length = len(ids) // streams
    if length < 2:
        raise DataError(
            "the text is too short",
            found=f"{len(ids)} tokens",
            allowed=f"at least {2 * streams} for {streams} streams",
            advice="choose fewer streams, or bring more text",
        )
    return ids[: length * streams].reshape(streams, length)


def stream_chunks(width: int, steps: int) -> list[tuple[int, int]]:
    """Return (start, stop) of each truncated back-propagation step over streams of `width` tokens.

    Inputs are tokens start … stop - 1, targets the same moved by one.
    """
    return [(start, min(start + steps, width - 1)) for start in range(0, width - 1, steps)]


def windows(sequences: Sequence[NDArray[Any]], longest: int) -> tuple[Sequence[NDArray[Any]], Integers]:
    """Cut sequences into as few even windows of at most `longest` tokens (0: not at all); also whose each one is."""
    counts = [max(1, -(-len(ids) // longest)) if longest else 1 for ids in sequences]
    owners = np.repeat(np.arange(len(sequences)), counts)
    if len(owners) == len(sequences):
        return sequences, owners
    cut = zip(sequences, counts, strict=True)
    return [window for ids, count in cut for window in np.array_split(ids, count)], owners
