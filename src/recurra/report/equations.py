"""The recurrences as MathML, written the way a textbook sets them.

Not here: computing them (cells.py), or the page around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from recurra.config import Activation, Cell
from recurra.report.blocks import Equation

BEFORE = "<mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow>"
NOW = "<mi>t</mi>"


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


def at_time(base: str, time: str) -> str:
    """Return a symbol with its time in round brackets above, as the record writes h^(t)."""
    return f"<msup>{letter(base)}<mrow><mo>(</mo>{time}<mo>)</mo></mrow></msup>"


def applied(function: str, *parts: str) -> str:
    """Return a function and its argument in round brackets; a Greek σ stays slanted, a name stands upright."""
    name = letter(function)
    return row(name, "<mo>&#x2061;</mo>", row(operator("("), *parts, operator(")")))


def aligned(lines: Sequence[tuple[str, str]]) -> str:
    """Return equations under one another, their equals signs in one column."""
    rows = (f"<mtr><mtd>{left}</mtd><mtd><mo>=</mo></mtd><mtd>{right}</mtd></mtr>" for left, right in lines)
    return f"<mtable>{''.join(rows)}</mtable>"


def _function(activation: Activation) -> str:
    return {"tanh": "tanh", "relu": "ReLU", "sigmoid": "σ"}[activation]


def _affine(gate: str, state: str = "h") -> str:
    """Return W_g x_t + U_g h_{t-1} + b_g."""
    index = letter(gate)
    return row(
        lower("W", index), lower("x", NOW), operator("+"), lower("U", index), lower(state, BEFORE), operator("+"),
        lower("b", index),
    )  # fmt: skip


def rnn_equation(activation: Activation = "tanh", caption: str = "") -> Equation:
    """Return h_t = f(W x_t + U h_{t−1} + b), the recurrence of a simple RNN."""
    inner = row(
        letter("W"), lower("x", NOW), operator("+"), letter("U"), lower("h", BEFORE), operator("+"), letter("b")
    )
    return Equation(row(lower("h", NOW), operator("="), applied(_function(activation), inner)), caption)


def recorded_rnn_equation(caption: str = "") -> Equation:
    """Return the recurrence as the classic lab record writes it, with the index k that a single layer drops."""

    def hidden(time: str) -> str:
        k = letter("k") if time == NOW else "<mrow><mi>k</mi><mo>−</mo><mn>1</mn></mrow>"
        return f"<msubsup>{letter('h')}{k}<mrow><mo>(</mo>{time}<mo>)</mo></mrow></msubsup>"

    inner = row(
        lower("w", letter("h")), hidden(BEFORE), operator("+"), lower("w", letter("e")), at_time("e", NOW),
        operator("+"), letter("b"),
    )  # fmt: skip
    return Equation(row(hidden(NOW), operator("="), applied("σ", inner)), caption)


def lstm_equations(activation: Activation = "tanh", caption: str = "") -> Equation:
    """Return the six equations of the LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000)."""
    now = {name: lower(name, NOW) for name in "ifgoch"}
    times = operator("⊙")
    function = _function(activation)
    gates = [(now[gate], applied(function if gate == "g" else "σ", _affine(gate))) for gate in "ifgo"]
    cell = row(now["f"], times, lower("c", BEFORE), operator("+"), now["i"], times, now["g"])
    hidden = row(now["o"], times, applied(function, now["c"]))
    return Equation(aligned([*gates, (now["c"], cell), (now["h"], hidden)]), caption)


def _from_input(index: str) -> str:
    """Return W_g x_t + b_g."""
    return row(lower("W", letter(index)), lower("x", NOW), operator("+"), lower("b", letter(index)))


def gru_equations(caption: str = "", *, reset_after: bool = True) -> Equation:
    """Return the four equations of the GRU (Cho et al. 2014), the reset applied after the product or before it."""
    now = {name: lower(name, NOW) for name in "rznh"}
    times = operator("⊙")
    n = letter("n")
    after = row(operator("("), lower("U", n), lower("h", BEFORE), operator("+"), lower("d", n), operator(")"))
    before = row(operator("("), now["r"], times, lower("h", BEFORE), operator(")"))
    product = row(now["r"], times, after) if reset_after else row(lower("U", n), before)
    candidate = row(_from_input("n"), operator("+"), product)
    kept = row(operator("("), "<mn>1</mn>", operator("−"), now["z"], operator(")"))
    mixed = row(kept, times, now["n"], operator("+"), now["z"], times, lower("h", BEFORE))
    lines = [(now["r"], applied("σ", _affine("r"))), (now["z"], applied("σ", _affine("z")))]
    return Equation(aligned([*lines, (now["n"], applied("tanh", candidate)), (now["h"], mixed)]), caption)


def _mixed(share: str, first: str, second: str) -> str:
    """Return share ⊙ first + (1 − share) ⊙ second."""
    times = operator("⊙")
    other = row(operator("("), "<mn>1</mn>", operator("−"), share, operator(")"))
    return row(share, times, first, operator("+"), other, times, second)


def mingru_equations(caption: str = "") -> Equation:
    """Return the two equations of the minGRU (Feng et al. 2024): no product of the state."""
    z, h = lower("z", NOW), lower("h", NOW)
    new = row(operator("("), _from_input("n"), operator(")"))
    lines = [(z, applied("σ", _from_input("z"))), (h, _mixed(z, new, lower("h", BEFORE)))]
    return Equation(aligned(lines), caption)


def sru_equations(caption: str = "") -> Equation:
    """Return the four equations of the SRU (Lei et al. 2018), its highway a product of the input."""
    now = {name: lower(name, NOW) for name in "frch"}
    lines = []
    for name in "fr":
        reach = row(lower("v", letter(name)), operator("⊙"), lower("c", BEFORE))
        lines.append((now[name], applied("σ", row(_from_input(name), operator("+"), reach))))
    new, highway = (row(operator("("), _from_input(name), operator(")")) for name in "nw")
    lines += [(now["c"], _mixed(now["f"], lower("c", BEFORE), new)), (now["h"], _mixed(now["r"], now["c"], highway))]
    return Equation(aligned(lines), caption)


def cell_equations(cell: Cell, activation: Activation = "tanh", *, reset_after: bool = True) -> Equation:
    """Return the equations of a cell by its name; gru, mingru and sru have one activation only, and gru two forms."""
    if cell == "rnn":
        return rnn_equation(activation)
    if cell == "lstm":
        return lstm_equations(activation)
    if cell == "gru":
        return gru_equations(reset_after=reset_after)
    return {"mingru": mingru_equations, "sru": sru_equations}[cell]()
