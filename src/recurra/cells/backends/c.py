"""A cell's step as C: the step itself runs, over the texts of values; what it asks for becomes loops over the units.

A gate's sum starts from its bias and takes the input's products, then the state's, one after another, as the native
engine adds them: so both have the same bits. Where the step reads the state's products of a gate apart from the
input's, as a GRU's n, they have a sum of their own.

Not here: products, activations and the arrays that they read (exports/c/), and the equations (cells/NAME.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from recurra.cells import CELLS
from recurra.cells.cell import Cell
from recurra.config import CellKind
from recurra.errors import UsageError

STATE = {"hidden": "hidden[unit]", "cell": "cell[unit]"}
ALL = -1
"""Stands for all gates."""


@dataclass(frozen=True)
class Text:
    """A value of one unit as C writes it, and the first loop that can compute it: a loop waits for products."""

    text: str
    loop: int = 0
    whole: bool = True
    """Whether a factor may stand beside it without brackets."""

    def __add__(self, other: Text) -> Text:
        """Write a sum."""
        return Text(f"{self.read} + {other.read}", max(self.loop, other.loop), whole=False)

    def __sub__(self, other: Text) -> Text:
        """Write a difference."""
        return Text(f"{self.read} - {other.factor}", max(self.loop, other.loop), whole=False)

    def __mul__(self, other: Text) -> Text:
        """Write a product."""
        return Text(f"{self.factor} * {other.factor}", max(self.loop, other.loop))

    @property
    def read(self) -> str:
        """As it stands in a sum."""
        return self.text

    @property
    def factor(self) -> str:
        """As it stands in a product: a sum in brackets."""
        return self.read if self.whole else f"({self.read})"


@dataclass(frozen=True)
class Sum(Text):
    """The sum of one gate, or of all: from the input, from the state, or from both."""

    gate: int = ALL
    of: Tracing | None = None
    """What writes it; None: a part of it came from the input."""

    def __add__(self, other: Text) -> Text:
        """Write a sum; two parts of one gate go into the same float."""
        if not isinstance(other, Sum) or self.gate != other.gate or (self.of is None) == (other.of is None):
            return super().__add__(other)
        mine, states = (self, other) if self.of is None else (other, self)
        states.of.joined.update(states.of.gates(self.gate))  # type: ignore[union-attr]
        return Sum(mine.text, states.loop, gate=mine.gate)

    @property
    def read(self) -> str:
        """As it stands in a sum: what the state alone brings has floats of its own."""
        return self.text if self.of is None else self.of.apart_of(self.gate)


@dataclass(frozen=True)
class Product:
    """Recurrent weights of gates that lie one after another, by the state or by what a loop left in `operand`."""

    first: int
    count: int
    of_state: bool
    loop: int
    """It is made before this loop."""
    apart: int | None = None
    """Its row in `apart`; None: it goes into the sums of the input."""


@dataclass
class Tracing:
    """Operations that write down what they are asked for, and the weights that meet the state."""

    cell: Cell
    functions: tuple[str, str]
    """Names in C: σ, and the cell's activation."""
    lines: list[tuple[int, str, str]] = field(default_factory=list)
    """The loop, the name and the text of each named value, in the order of the step."""
    products: list[Product] = field(default_factory=list)
    joined: set[int] = field(default_factory=set)
    """Gates whose products of the state go into the input's sums."""
    apart: list[int] = field(default_factory=list)
    """The others, in the order in which their own sums lie."""

    def gates(self, gate: int) -> range:
        """Return the gates that a number stands for."""
        return range(len(self.cell.gates)) if gate == ALL else range(gate, gate + 1)

    def apart_of(self, gate: int) -> str:
        """Return the state's own sum of a gate."""
        if gate not in self.apart:
            self.apart.append(gate)
        return f"apart[{_at(self.apart.index(gate))}]"

    def split(self, values: Sum) -> tuple[Text, ...]:
        """Tell the gates apart."""
        return tuple(Sum(f"sums[{_at(gate)}]", values.loop, gate=gate, of=values.of) for gate in self.gates(ALL))

    def sigmoid(self, values: Text) -> Text:
        """σ of it."""
        return self._called(self.functions[0], values)

    def activate(self, values: Text) -> Text:
        """The cell's activation of it."""
        return self._called(self.functions[1], values)

    def _called(self, function: str, values: Text) -> Text:
        # A cell of one gate has nothing to split.
        value = self.split(values)[0] if isinstance(values, Sum) and values.gate == ALL else values
        return Text(f"{function}({value.read})", value.loop)

    def mix(self, share: Text, first: Text, second: Text) -> Text:
        """share · first + (1 - share) · second, as arrays compute it."""
        return second + share * (first - second)

    def let(self, name: str, value: Text) -> Text:
        """Give it a name."""
        self.lines.append((value.loop, name, value.read))
        return Text(name, value.loop)

    def product(self, state: Text, gate: str = "") -> Text:
        """U h + d, made before the loop that reads it."""
        of_state = state.text == STATE["hidden"]
        if not of_state:
            self.lines.append((state.loop, "operand[unit]", state.read))
        names = list(self.cell.gates)
        first, count = (names.index(gate), 1) if gate else (0, len(names))
        loop = 0 if of_state else state.loop + 1
        self.products.append(Product(first, count, of_state, loop))
        return Sum("", loop, gate=first if gate else ALL, of=self)

    @property
    def vectors(self) -> tuple[Text, ...]:
        """The vectors that meet the state unit by unit."""
        return tuple(Text(f"vectors[{_at(place)}]") for place in range(len(self.cell.vectors or ())))


@dataclass(frozen=True)
class Loop:
    """A loop over the units, and the products that must be made before it."""

    products: tuple[Product, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class WrittenStep:
    """A cell's step in C, over rows of `HIDDEN` floats: `sums`, `hidden`, and others where the cell has them."""

    loops: tuple[Loop, ...]
    joined: frozenset[int]
    """Gates whose two biases stand in one sum."""
    apart: tuple[int, ...]
    """Gates whose products of the state have rows of their own, in the order of those."""
    kept: int
    """Rows of named values that a later loop reads again."""

    @property
    def operand(self) -> bool:
        """Whether a product reads what a loop left in `operand`."""
        return any(not product.of_state for loop in self.loops for product in loop.products)


def written_step(kind: CellKind, *, sigmoid: str, activate: str) -> WrittenStep:
    """Return a cell's step as loops in C; `sigmoid` and `activate` name functions of a float.

    Raises UsageError for a cell whose step reads a gate both with and without the state's part.
    """
    tracing = Tracing(CELLS[kind.cell], (sigmoid, activate))
    state = tuple(Text(STATE[part]) for part in kind.states)
    # The step runs as it does over numbers; what it asks for is written down.
    ends = kind.step(tracing, Sum(""), state, tracing)
    if tracing.joined & {*tracing.apart}:
        raise UsageError(f"the step of {kind.cell} cannot be written in C", advice="train another cell")
    last = max(end.loop for end in ends)
    # All new parts are computed before one is stored: a text may read the old ones.
    tracing.lines += [(last, f"next_{part}", end.read) for part, end in zip(kind.states, ends, strict=True)]
    kept = _kept(tracing.lines)
    loops = tuple(
        Loop(tuple(_parts(tracing, loop)), tuple(_lines(tracing, loop, kept, kind.states if loop == last else ())))
        for loop in range(last + 1)
    )
    return WrittenStep(loops, frozenset(tracing.joined), tuple(tracing.apart), len(kept))


def _lines(tracing: Tracing, loop: int, kept: Sequence[str], stored: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a loop: what it reads again, what it computes, and at last the new state."""
    own = [(name, text) for at, name, text in tracing.lines if at == loop]
    for row, name in enumerate(kept):
        if name not in dict(own) and any(_reads(text, name) for _, text in own):
            yield f"const float {name} = kept[{_at(row)}];"
    for name, text in own:
        yield f"{name} = {text};" if "[" in name else f"const float {name} = {text};"
        if name in kept:
            yield f"kept[{_at(kept.index(name))}] = {name};"
    for part in stored:
        yield f"{STATE[part]} = next_{part};"


def _kept(lines: Sequence[tuple[int, str, str]]) -> list[str]:
    """Return the names that a later loop than their own reads."""
    return [name for at, name, _ in lines if any(other > at and _reads(text, name) for other, _, text in lines)]


def _reads(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b(?!\[)", text) is not None


def _parts(tracing: Tracing, loop: int) -> Iterator[Product]:
    """Cut the products before a loop into stretches of gates whose sums lie one after another."""
    for product in (one for one in tracing.products if one.loop == loop):
        start = product.first
        for gate in tracing.gates(ALL)[product.first : product.first + product.count]:
            apart = tracing.apart.index(gate) if gate in tracing.apart else None
            after = gate + 1
            if apart is not None or after == product.first + product.count or after in tracing.apart:
                yield Product(start, after - start, product.of_state, loop, apart)
                start = after


def _at(row: int) -> str:
    """Where a unit's value lies in a row of a table."""
    return f"{row} * HIDDEN + unit" if row else "unit"
