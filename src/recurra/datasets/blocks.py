"""Lines of text in blocks, as they were read: taken whole, one by one, or put back to be read again.

Not here: bytes and encodings (lines.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from recurra.errors import DataError, Place

MOST_BLANKS = 10_000

Line = tuple[int, str, DataError | None]
"""(physical line number, text without its line end, what is wrong with it)."""


@dataclass(frozen=True)
class Block:
    """Lines after one another, of which there is at least one."""

    first: int
    """The number of the first line, from 1."""
    text: str
    """All of them, with a line feed between two."""
    problems: Mapping[int, DataError] = field(default_factory=dict)
    """What is wrong with a line, by its number."""

    @classmethod
    def of(cls, lines: Sequence[Line]) -> list[Block]:
        """Join lines to a block; none make none."""
        if not lines:
            return []
        problems = {number: problem for number, _, problem in lines if problem}
        return [cls(lines[0][0], "\n".join(text for _, text, _ in lines), problems)]

    @cached_property
    def texts(self) -> list[str]:
        """The text of each line."""
        return self.text.split("\n")

    @cached_property
    def size(self) -> int:
        """How many lines there are."""
        return self.text.count("\n") + 1

    def line(self, at: int) -> Line:
        """Return the line `at`, counted from 0."""
        return self.first + at, self.texts[at], self.problems.get(self.first + at)

    def after(self, taken: int) -> Block:
        """Return the lines behind the first `taken`."""
        return Block(self.first + taken, "\n".join(self.texts[taken:]), self.problems) if taken else self


class Lines:
    """Takes lines out of blocks, as many at a time as each reader needs."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        """Take blocks from `blocks` as lines are asked for."""
        self._coming = iter(blocks)
        self._waiting: list[Block] = []
        self._taken = 0
        """Lines of the last waiting block that are gone."""

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines that are left."""
        return self

    def __next__(self) -> Line:
        """Take a line; StopIteration at the end."""
        if not self._fill():
            raise StopIteration
        block = self._waiting[-1]
        line = block.line(self._taken)
        self._taken += 1
        if self._taken == len(block.texts):
            self._waiting.pop()
            self._taken = 0
        return line

    def block(self) -> Block | None:
        """Take all lines that are left of the present block; None at the end."""
        if not self._fill():
            return None
        taken, self._taken = self._taken, 0
        return self._waiting.pop().after(taken)

    def put(self, blocks: Sequence[Block]) -> None:
        """Take back what is to be read again, the last block first."""
        if self._taken:
            self._waiting[-1] = self._waiting[-1].after(self._taken)
            self._taken = 0
        self._waiting += blocks

    def before(self, number: int) -> bool:
        """Tell whether a line before that number is at hand, without waiting for more."""
        return bool(self._waiting) and self._waiting[-1].first + self._taken < number

    def _fill(self) -> bool:
        if not self._waiting:
            self._waiting += [block for block in [next(self._coming, None)] if block is not None]
        return bool(self._waiting)


def note_blank(blanks: list[int], number: int, *, file: str) -> None:
    """Remember a blank line; raise DataError when there are more after one another than any table ends with."""
    blanks.append(number)
    if len(blanks) > MOST_BLANKS:
        raise DataError(f"more than {MOST_BLANKS:,} blank lines after one another", place=Place(file, blanks[0]))


def blank_errors(blanks: list[int], file: str) -> Iterator[DataError]:
    """Tell (and forget) blank lines once something follows them: at the end of a file they are nothing."""
    while blanks:
        yield DataError("blank line inside the table", place=Place(file, blanks.pop(0)), advice="remove it")
