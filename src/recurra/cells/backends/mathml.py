"""A cell's step as MathML, written the way a textbook sets it: the step itself runs, over formulas.

Not here: the equation of the lab record, and the block of a page (report/drawings/cells.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from recurra.cells.cell import Activation, Cell

BEFORE = "<mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow>"
NOW = "<mi>t</mi>"
FUNCTION: dict[Activation, str] = {"tanh": "tanh", "relu": "ReLU", "sigmoid": "σ"}
LETTERS = {"hidden": "h", "cell": "c"}


def letter(name: str) -> str:
    """Return a symbol: one letter is set in italics, a word upright."""
    return f"<mi>{escape(name)}</mi>"


def operator(sign: str) -> str:
    """Return an operator such as +, = or ⊙."""
    return f"<mo>{escape(sign)}</mo>"


def row(*parts: str) -> str:
    """Return the parts one after another."""
    return f"<mrow>{''.join(parts)}</mrow>"


def lower(base: str, index: str) -> str:
    """Return a symbol with an index below."""
    return f"<msub>{letter(base)}{index}</msub>"


def applied(function: str, *parts: str) -> str:
    """Return a function and its argument in round brackets; a Greek σ stays slanted, a name stands upright."""
    return row(letter(function), "<mo>&#x2061;</mo>", row(operator("("), *parts, operator(")")))


def aligned(lines: Sequence[tuple[str, str]]) -> str:
    """Return equations under one another, their equals signs in one column."""
    rows = (f"<mtr><mtd>{left}</mtd><mtd><mo>=</mo></mtd><mtd>{right}</mtd></mtr>" for left, right in lines)
    return f"<mtable>{''.join(rows)}</mtable>"


def _bracketed(text: str) -> str:
    return row(operator("("), text, operator(")"))


@dataclass(frozen=True)
class Formula:
    """A value of a step as it is written."""

    text: str
    whole: bool = True
    """Whether a factor may stand beside it without brackets."""
    symbol: bool = False
    """Whether a matrix may stand before it without brackets."""

    def __add__(self, other: Formula) -> Formula:
        """Write a sum."""
        return Formula(row(self.text, operator("+"), other.text), whole=False)

    def __mul__(self, other: Formula) -> Formula:
        """Write a product, unit by unit."""
        return Formula(row(self.factor, operator("⊙"), other.factor))

    @property
    def factor(self) -> str:
        """As it stands in a product: a sum in brackets."""
        return self.text if self.whole else _bracketed(self.text)


@dataclass(frozen=True)
class Affine(Formula):
    """W x_t + U h_{t-1} + b of a gate, or a part of it; two parts of one gate become one, with one bias."""

    whole: bool = False
    gate: str = ""
    reads_input: bool = False
    state: str = ""

    def __add__(self, other: Formula) -> Formula:
        """Write a sum; with the other part of the same gate, as textbooks do, with one bias."""
        # Only two parts of one gate merge; of different gates they are a plain sum.
        if not isinstance(other, Affine) or self.gate != other.gate:
            return super().__add__(other)
        return affine(self.gate, reads_input=self.reads_input or other.reads_input, state=self.state or other.state)


def affine(gate: str, *, reads_input: bool = False, state: str = "") -> Affine:
    """Write the products of a gate and its bias: b, or d where the state alone is multiplied."""

    def of_gate(name: str) -> str:
        return lower(name, letter(gate)) if gate else letter(name)

    from_input = [of_gate("W"), lower("x", NOW), operator("+")] if reads_input else []
    # b where the input is read, else d: the two biases of torch, which a textbook adds up.
    from_state = [of_gate("U"), state, operator("+")] if state else []
    text = row(*from_input, *from_state, of_gate("b" if reads_input else "d"))
    return Affine(text=text, gate=gate, reads_input=reads_input, state=state)


@dataclass(frozen=True)
class Writing:
    """Operations that write down what they are asked for, and the weights that meet the state."""

    cell: Cell
    activation: Activation
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Each name with its formula, in the order of the step."""

    def split(self, values: Affine) -> tuple[Formula, ...]:
        """Tell the gates apart."""
        return tuple(affine(gate, reads_input=values.reads_input, state=values.state) for gate in self.cell.gates)

    def sigmoid(self, values: Formula) -> Formula:
        """σ of it."""
        return Formula(applied("σ", values.text))

    def activate(self, values: Formula) -> Formula:
        """The cell's activation of it."""
        return Formula(applied(FUNCTION[self.activation], values.text))

    def mix(self, share: Formula, first: Formula, second: Formula) -> Formula:
        """share ⊙ first + (1 − share) ⊙ second."""
        # `whole=False` makes it stand in brackets beside a factor.
        rest = Formula(row("<mn>1</mn>", operator("−"), share.text), whole=False)
        return share * first + rest * second

    def let(self, name: str, value: Formula) -> Formula:
        """Give it a name, which stands for it from here on."""
        symbol = lower(name, NOW)
        # A value that has this name already needs no line of its own.
        if value.text != symbol:
            self.lines.append((symbol, value.text))
        return Formula(symbol, symbol=True)

    def product(self, state: Formula, gate: str = "") -> Formula:
        """U h + d."""
        # A matrix before a sum or a product needs brackets around it.
        return affine(gate, state=state.text if state.symbol else _bracketed(state.text))

    @property
    def vectors(self) -> tuple[Formula, ...]:
        """v of each gate that has one."""
        return tuple(Formula(lower("v", letter(gate))) for gate in self.cell.vectors or ())


def equations(cell: Cell, activation: Activation, *, reset_after: bool = True) -> list[tuple[str, str]]:
    """Return the lines of a cell's step: (name, formula), from the gates to the state's parts."""
    writing = Writing(cell, activation)
    letters = [LETTERS[part] for part in cell.states]
    state = tuple(Formula(lower(part, BEFORE), symbol=True) for part in letters)
    step = cell.step if reset_after or cell.before is None else cell.before
    # The step runs as it does over numbers; what it asks for is written down.
    ends = step(writing, affine("", reads_input=True), state, writing)
    # The inner state first: the output is written with it.
    for part, end in reversed(list(zip(letters, ends, strict=True))):
        writing.let(part, end)
    return writing.lines
