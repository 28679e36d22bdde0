"""A recurrent cell on a page: its equations, written by its step, and one step of it drawn, with the shapes at hand.

Not here: how a step becomes a formula (cells/backends/mathml.py); the network around the cell (network.py). The wiring
is that of cells/: the GRU's reset is applied after the recurrent product, or before it.
"""

from __future__ import annotations

from collections.abc import Callable

from recurra.cells import CELLS
from recurra.cells.backends.mathml import (
    BEFORE,
    FUNCTION,
    NOW,
    aligned,
    applied,
    equations,
    letter,
    lower,
    operator,
    row,
)
from recurra.cells.cell import Activation
from recurra.errors import UsageError
from recurra.report.blocks import Block, Equation, Figure, Paragraph
from recurra.report.drawings.strokes import box, dot, frame, gate, ring, sheet, symbol, wire, words


def cell_equations(cell: str, activation: Activation = "tanh", *, reset_after: bool = True) -> Equation:
    """Return the equations of a cell by its name; the GRU has two forms."""
    # The step itself runs, over formulas instead of arrays: no second text of the equation that could differ.
    lines = equations(CELLS[cell], activation, reset_after=reset_after)
    return Equation(aligned(lines) if len(lines) > 1 else row(lines[0][0], operator("="), lines[0][1]))


def recorded_rnn_equation(caption: str = "") -> Equation:
    """Return the recurrence as the classic lab record writes it, with the index k that a single layer drops."""

    def hidden(time: str) -> str:
        k = letter("k") if time == NOW else "<mrow><mi>k</mi><mo>−</mo><mn>1</mn></mrow>"
        return f"<msubsup>{letter('h')}{k}<mrow><mo>(</mo>{time}<mo>)</mo></mrow></msubsup>"

    vector = f"<msup>{letter('e')}<mrow><mo>(</mo>{NOW}<mo>)</mo></mrow></msup>"
    inner = row(
        lower("w", letter("h")), hidden(BEFORE), operator("+"), lower("w", letter("e")), vector,
        operator("+"), letter("b"),
    )  # fmt: skip
    return Equation(row(hidden(NOW), operator("="), applied("σ", inner)), caption)


def cell_blocks(
    cell: str, *, inputs: int, hidden: int, activation: Activation, reset_after: bool, caption: str
) -> list[Block]:
    """Return the equations, then the drawing with these sizes; of an undrawn cell the caption and the equations."""
    formula = cell_equations(cell, activation, reset_after=reset_after)
    # A cell that somebody has added has no drawing yet; its equation needs none.
    if cell not in DRAWINGS:
        return [Paragraph(caption), formula]
    drawing = cell_diagram(cell, inputs=inputs, hidden=hidden, activation=activation, reset_after=reset_after)
    return [formula, Figure(drawing, caption)]


def cell_diagram(
    cell: str, *, inputs: int, hidden: int, activation: Activation = "tanh", reset_after: bool = True
) -> str:
    """Return one step of a cell as SVG: x_t (inputs), h_{t−1} and h_t (hidden), its gates, and its weights' shapes.

    Raises UsageError for a cell that is not known or an activation it has not.
    """
    # Both are checked: a drawing with another function in its gate would show a cell that does not exist.
    if cell not in DRAWINGS or activation not in CELLS[cell].activations:
        raise UsageError(
            "cell of a diagram",
            found=f"{cell} with {activation}",
            allowed="; ".join(f"{name} with {', '.join(CELLS[name].activations)}" for name in DRAWINGS),
        )
    # Only a GRU has two forms; other cells carry the setting along without reading it.
    draw = DRAWINGS[cell] if reset_after or cell != "gru" else _gru_before
    return draw(inputs, hidden, FUNCTION[activation])


def _shape(*sizes: int) -> str:
    return f"({' × '.join(map(str, sizes))})"


def _entering(y: float, base: str, size: int, end: float) -> str:
    """Return a state that comes in from the left at height `y`, up to `end`."""
    return _named(12, y, base, "t−1", size) + wire([(62, y), (end, y)])


def _leaving(y: float, base: str, size: int, start: float) -> str:
    """Return a state that goes out to the right at height `y`."""
    return wire([(start, y), (702, y)]) + _named(712, y, base, "t", size)


def _named(x: float, y: float, base: str, index: str, size: int) -> str:
    """Return a state's name and, below it, how many units it has."""
    return symbol((x, y - 10), base, index, anchor="start") + words((x, y + 12), f"({size})", anchor="start")


def _output(y: float, hops: tuple[float, ...] = ()) -> str:
    """Return the branch of h_t that leaves upwards as the step's output."""
    # The state leaves twice: to the next step, and upwards to the layer above.
    tip = wire([(660, y), (660, 26)], hops=hops)
    return (
        dot((660, y))
        + tip
        + words((648, 30), "output", anchor="end", quiet=True)
        + symbol((670, 30), "h", "t", anchor="start")
    )


def _input(x: float, start: float, end: float, size: int) -> str:
    """Return the input that comes in from below."""
    label = symbol((x + 12, start - 8), "x", "t", tail=f"({size})", anchor="start")
    return wire([(x, start), (x, end)]) + label


def _rnn(inputs: int, hidden: int, function: str) -> str:
    weights = [
        box((250, 130), (62, 40)), symbol((250, 130), "U"), words((250, 166), _shape(hidden, hidden)),
        box((250, 230), (62, 40)), symbol((250, 230), "W"), symbol((390, 74), "b", tail=f"({hidden})"),
        words((290, 252), _shape(hidden, inputs), anchor="start"),
    ]  # fmt: skip
    # Coordinates are set by hand on a sheet of 760 pixels: the eye, not a rule, decides where wires run.
    wires = [
        _entering(130, "h", hidden, 219), wire([(281, 130), (378, 130)]), wire([(281, 230), (390, 230), (390, 142)]),
        wire([(390, 88), (390, 118)]), wire([(402, 130), (475, 130)]), _leaving(130, "h", hidden, 525), _output(130),
        _input(250, 334, 250, inputs),
    ]  # fmt: skip
    return sheet(
        760, 346, [frame((130, 46), (490, 242)), *wires, *weights, ring((390, 130), "plus"), gate((500, 130), function)]
    )


def _lstm(inputs: int, hidden: int, function: str) -> str:
    # Left to right as the state's line meets them: what is forgotten, what enters, what is told.
    places = {"forget": 195.0, "input": 287.0, "candidate": 375.0, "output": 467.0}
    # The candidate takes the cell's activation; gates are shares, so that theirs is σ whatever the cell's.
    gates = [gate((x, 250), function if name == "candidate" else "σ") for name, x in places.items()]
    names = [words((x + 8, 297), name, anchor="start", size=12) for name, x in places.items()]
    # State and input run on one bus below, which every gate taps; the last gate is the bus's own end.
    taps = [wire([(x, 320), (x, 269)]) + dot((x, 320)) for x in (195.0, 287.0, 375.0)]
    bus = [
        _named(12, 320, "h", "t−1", hidden), wire([(62, 320), (467, 320), (467, 269)]), _input(155, 408, 320, inputs),
    ]  # fmt: skip
    return sheet(760, 420, [frame((130, 56), (490, 306)), *bus, *taps, *gates, *names, *_lstm_state(hidden, function),
                            *_stacked("lstm", inputs, hidden)])  # fmt: skip


def _lstm_state(hidden: int, function: str) -> list[str]:
    """Return the upper half of the LSTM: the line of the cell state, and the way out."""
    return [
        _entering(108, "c", hidden, 183), wire([(207, 108), (363, 108)]), _leaving(108, "c", hidden, 387),
        wire([(195, 231), (195, 120)]), wire([(287, 231), (287, 174), (363, 174)]), wire([(375, 231), (375, 186)]),
        wire([(375, 162), (375, 120)]), wire([(467, 231), (467, 206), (543, 206)]), dot((555, 108)),
        wire([(555, 108), (555, 131)]), gate((555, 150), function), wire([(555, 169), (555, 194)]),
        wire([(555, 218), (555, 320), (702, 320)]), symbol((712, 310), "h", "t", anchor="start"),
        words((712, 332), f"({hidden})", anchor="start"), _output(320, (108,)),
        ring((195, 108), "times"), ring((375, 108), "plus"), ring((375, 174), "times"), ring((555, 206), "times"),
        symbol((203, 180), "f", "t", anchor="start", size=15), symbol((320, 162), "i", "t", size=15),
        symbol((384, 208), "g", "t", anchor="start", size=15), symbol((500, 194), "o", "t", size=15),
    ]  # fmt: skip


def _gru(inputs: int, hidden: int, function: str) -> str:
    reset = [
        dot((280, 108)), wire([(280, 108), (280, 148)]), box((280, 165), (46, 34)),
        symbol((280, 163), "U", "n", size=15), wire([(280, 182), (280, 218)]),
        wire([(220, 230), (268, 230)]), wire([(292, 230), (340, 230)]),
        symbol((243, 218), "r", "t", size=15), ring((280, 230), "times"),
    ]  # fmt: skip
    return _gru_around(reset, inputs, hidden, function)


def _gru_before(inputs: int, hidden: int, function: str) -> str:
    """Return the GRU whose reset meets the state before the product."""
    reset = [
        dot((280, 108)), wire([(280, 108), (280, 148)]), wire([(195, 211), (195, 160), (268, 160)]),
        symbol((226, 148), "r", "t", size=15), ring((280, 160), "times"), wire([(280, 172), (280, 213)]),
        box((280, 230), (46, 34)), symbol((280, 228), "U", "n", size=15), wire([(303, 230), (340, 230)]),
    ]  # fmt: skip
    return _gru_around(reset, inputs, hidden, function)


def _gru_around(reset: list[str], inputs: int, hidden: int, function: str) -> str:
    """Return a GRU's step around what its reset does."""
    taps = [
        wire([(185, 290), (185, 249)]), dot((185, 290)), wire([(205, 325), (205, 249)], hops=(290,)), dot((205, 325)),
        wire([(365, 325), (365, 249)], hops=(290,)), dot((365, 325)),
        dot((155, 108)), wire([(155, 108), (155, 290), (470, 290), (470, 249)]),
        wire([(150, 408), (150, 325), (490, 325), (490, 249)]),
        symbol((162, 396), "x", "t", tail=f"({inputs})", anchor="start"),
    ]  # fmt: skip
    gates = [
        gate((195, 230), "σ"), gate((365, 230), function), gate((480, 230), "σ"),
        words((211, 273), "reset", anchor="start"), words((372, 273), "candidate", anchor="start"),
        words((496, 273), "update", anchor="start"),
    ]  # fmt: skip
    parts = [
        frame((130, 56), (490, 306)),
        *taps,
        *reset,
        *_gru_mixing(hidden),
        *gates,
        *_stacked("gru", inputs, hidden),
    ]
    return sheet(760, 420, parts)


def _gru_mixing(hidden: int) -> list[str]:
    """Return the line of the state: what is kept of it, and what of the candidate joins it."""
    return [
        _entering(108, "h", hidden, 468), wire([(492, 108), (568, 108)]), _leaving(108, "h", hidden, 592), _output(108),
        wire([(480, 211), (480, 120)]), dot((480, 158)), wire([(480, 158), (509, 158)]), ring((525, 158), "one minus"),
        wire([(541, 158), (568, 158)]), wire([(365, 211), (365, 190), (580, 190)], head=False, hops=(480,)),
        wire([(580, 190), (580, 170)]), wire([(580, 146), (580, 120)]), ring((580, 158), "times"),
        ring((480, 108), "times"), ring((580, 108), "plus"), symbol((472, 138), "z", "t", anchor="end", size=15),
        symbol((400, 178), "n", "t", size=15),
    ]  # fmt: skip


def _mingru(inputs: int, hidden: int, function: str) -> str:
    bus = [
        _input(150, 408, 325, inputs), wire([(150, 325), (580, 325), (580, 252)]), dot((450, 325)),
        wire([(450, 325), (450, 249)]), gate((450, 230), "σ"), words((466, 273), "update", anchor="start"),
        box((580, 232), (62, 40)), symbol((580, 230), "W", "n"), words((572, 273), "new", anchor="end"),
    ]  # fmt: skip
    mixing = [
        _entering(108, "h", hidden, 438), wire([(462, 108), (568, 108)]), _leaving(108, "h", hidden, 592), _output(108),
        wire([(450, 211), (450, 166)]), ring((450, 150), "one minus"), wire([(450, 134), (450, 120)]),
        dot((450, 185)), wire([(450, 185), (568, 185)]), wire([(580, 212), (580, 197)]), wire([(580, 173), (580, 120)]),
        ring((450, 108), "times"), ring((580, 185), "times"), ring((580, 108), "plus"),
        symbol((505, 175), "z", "t", size=15),
    ]  # fmt: skip
    return sheet(760, 420, [frame((130, 56), (490, 306)), *bus, *mixing, *_stacked("mingru", inputs, hidden)])


def _sru(inputs: int, hidden: int, function: str) -> str:
    buses = [
        _input(150, 408, 325, inputs), wire([(150, 325), (580, 325), (580, 265)]),
        dot((260, 325)), wire([(260, 325), (260, 249)], hops=(290,)), dot((370, 325)),
        wire([(370, 325), (370, 250)], hops=(290,)), dot((490, 325)), wire([(490, 325), (490, 249)]),
        dot((170, 108)), wire([(170, 108), (170, 290), (470, 290), (470, 249)]), dot((240, 290)),
        wire([(240, 290), (240, 249)]), symbol((228, 278), "v", "f", anchor="end", size=15),
        symbol((458, 278), "v", "r", anchor="end", size=15),
    ]  # fmt: skip
    gates = [
        gate((250, 230), "σ"), gate((480, 230), "σ"), box((370, 232), (62, 36)), symbol((370, 230), "W", "n"),
        box((580, 246), (62, 36)), symbol((580, 244), "W", "w"), words((268, 273), "forget", anchor="start"),
        words((498, 308), "reset", anchor="start"), words((572, 290), "highway", anchor="end"),
        words((378, 273), "new", anchor="start"),
    ]  # fmt: skip
    return sheet(
        760,
        420,
        [frame((130, 56), (490, 306)), *buses, *gates, *_sru_state(hidden), *_stacked("sru", inputs, hidden)],
    )


def _sru_state(hidden: int) -> list[str]:
    """Return the upper half of the SRU: the line of the cell state, and what the highway adds on the way out."""
    return [
        _entering(108, "c", hidden, 238), wire([(262, 108), (358, 108)]), _leaving(108, "c", hidden, 382),
        wire([(250, 211), (250, 120)]), dot((250, 170)), wire([(250, 170), (292, 170)]), ring((308, 170), "one minus"),
        wire([(324, 170), (358, 170)]), wire([(370, 213), (370, 182)]), wire([(370, 158), (370, 120)]),
        dot((480, 108)), wire([(480, 108), (480, 138)]), wire([(480, 211), (480, 162)]), wire([(492, 150), (568, 150)]),
        dot((480, 190)), wire([(480, 190), (512, 190)]), ring((528, 190), "one minus"), wire([(544, 190), (568, 190)]),
        wire([(580, 228), (580, 202)]), wire([(580, 178), (580, 162)]), wire([(592, 150), (702, 150)]),
        symbol((712, 148), "h", "t", anchor="start"), words((712, 170), f"({hidden})", anchor="start", size=12),
        _output(150, (108,)), ring((250, 108), "times"), ring((370, 108), "plus"), ring((370, 170), "times"),
        ring((480, 150), "times"), ring((580, 150), "plus"), ring((580, 190), "times"),
        symbol((242, 148), "f", "t", anchor="end", size=15), symbol((472, 186), "r", "t", anchor="end", size=15),
    ]  # fmt: skip


def _stacked(cell: str, inputs: int, hidden: int) -> list[str]:
    """Return the line below that tells the weights' shapes, the gates' rows stacked."""
    # Counted in the cell's own record, so that the shapes told are right whatever was drawn.
    count = len(CELLS[cell].gates)
    rows, word = count * hidden, {2: "two", 3: "three", 4: "four"}[count]
    # The parallel cells have no matrix over the state: none, or one vector for each of two gates.
    state = {"mingru": [], "sru": [f"v {_shape(2, hidden)}"]}.get(cell, [f"U {_shape(rows, hidden)}"])
    sizes = "\u2002·\u2002".join([f"W {_shape(rows, inputs)}", *state, f"{word} gates of {hidden} rows"])
    return [words((620, 386), sizes, anchor="end", quiet=True)]


DRAWINGS: dict[str, Callable[[int, int, str], str]] = {
    "rnn": _rnn,
    "gru": _gru,
    "lstm": _lstm,
    "mingru": _mingru,
    "sru": _sru,
}
