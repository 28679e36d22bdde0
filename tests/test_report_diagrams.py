"""Diagrams carry the shapes of the network at hand, and their wires end where a box, a ring or a word is."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from recurra.config import CellName
from recurra.errors import UsageError
from recurra.report.drawings.cells import cell_diagram
from recurra.report.drawings.network import network_diagram, summary_table
from recurra.report.markup import inline_svg

SPACE = "{http://www.w3.org/2000/svg}"
LAYERS = [
    ("embedding", "embedding", "20 000 words", ("T", 100)),
    ("simple RNN", "recurrent", "W_e (128 × 100)", ("T", 128)),
    ("mean", "pooling", "mean", (128,)),
    ("dense", "dense", "", (1,)),
]


def words(svg: str) -> list[str]:
    """Return the texts of a drawing, index and tail joined to their symbol."""
    inline_svg(svg, "f1-")
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SPACE}text")]


def boxes(svg: str, tag: str) -> int:
    return len(list(ElementTree.fromstring(svg).iter(f"{SPACE}{tag}")))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_cell_shows_input_states_and_output_with_their_sizes(cell: CellName) -> None:
    shown = words(cell_diagram(cell, inputs=100, hidden=128))
    assert {"xt(100)", "ht−1", "ht", "output", "(128)"} <= set(shown)


def test_the_rnn_shows_its_weights_with_their_shapes() -> None:
    shown = words(cell_diagram("rnn", inputs=100, hidden=128, activation="sigmoid"))
    assert {"U", "(128 × 128)", "W", "(128 × 100)", "b(128)", "σ"} <= set(shown)


def test_the_lstm_shows_its_four_gates_and_its_cell_state() -> None:
    shown = words(cell_diagram("lstm", inputs=1, hidden=50, activation="relu"))
    assert {"forget", "input", "candidate", "output", "ct−1", "ct", "ft", "it", "gt", "ot"} <= set(shown)
    assert shown.count("σ") == 3 and shown.count("ReLU") == 2 and "tanh" not in shown
    assert any("W (200 × 1)" in word and "U (200 × 50)" in word for word in shown)


def test_the_gru_shows_reset_update_and_candidate() -> None:
    shown = words(cell_diagram("gru", inputs=7, hidden=4))
    assert {"reset", "update", "candidate", "rt", "zt", "nt", "1−", "Un"} <= set(shown)
    assert any("W (12 × 7)" in word and "U (12 × 4)" in word for word in shown)


@pytest.mark.parametrize("kind", ["wide", "grams", "patches"])
def test_a_layer_that_reads_the_input_by_itself_is_added_to_the_others_and_not_put_on_top(kind: str) -> None:
    alone, added = network_diagram(LAYERS), network_diagram([*LAYERS, ("beside", kind, "", (1,))])
    assert boxes(added, "circle") == boxes(alone, "circle") + 1 and "beside" in words(added)
    # No wire ends in its box but the arrow of its own input, and one leads from it to the ring.
    assert boxes(added, "rect") == boxes(alone, "rect") + 1
    with pytest.raises(UsageError, match="values flow through"):
        network_diagram([("beside", kind, "", (1,))])


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_stroke_of_a_cell_lies_on_the_sheet(cell: CellName) -> None:
    svg = cell_diagram(cell, inputs=16384, hidden=16384)
    width, height = (float(size) for size in re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", svg):
        assert 0 <= float(x) <= width and 0 <= float(y) <= height


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_diagrams_have_only_the_colour_of_the_text_and_are_the_same_twice(cell: CellName) -> None:
    svg = cell_diagram(cell, inputs=3, hidden=5)
    assert svg == cell_diagram(cell, inputs=3, hidden=5)
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) == {"none", "currentColor"}


def test_a_cell_with_an_activation_it_has_not_is_refused() -> None:
    with pytest.raises(UsageError, match="gru with relu"):
        cell_diagram("gru", inputs=3, hidden=5, activation="relu")


def test_a_network_shows_every_layer_with_its_shape_from_foot_to_top() -> None:
    svg = network_diagram(LAYERS)
    shown = words(svg)
    assert {
        "embedding",
        "20 000 words",
        "(T, 100)",
        "simple RNN",
        "W_e (128 × 100)",
        "(T, 128)",
        "(128)",
        "(1)",
    } <= set(shown)
    heights = {text: float(y) for y, text in re.findall(r'y="([\d.]+)"[^>]*>(\([^<]+\))</text>', svg)}
    order = [heights[shape] for shape in ("(T, 100)", "(T, 128)", "(128)", "(1)")]
    assert all(later < earlier for earlier, later in pairwise(order))


def test_pooling_makes_one_box_and_before_it_there_is_one_a_step() -> None:
    assert boxes(network_diagram(LAYERS), "rect") == 4 + 4 + 1 + 1
    without = [layer for layer in LAYERS if layer[1] != "pooling"]
    svg = network_diagram(without)
    assert boxes(svg, "rect") == 4 + 4 + 4
    assert "yT" in words(svg) and "output" not in words(svg)


def test_pooling_of_the_last_step_is_fed_by_it_alone() -> None:
    every = network_diagram(LAYERS)
    last = network_diagram([*LAYERS[:2], ("last", "pooling", "last", (128,)), LAYERS[3]])
    assert boxes(every, "polygon") - boxes(last, "polygon") == 3


def test_a_layer_that_reads_both_ways_has_arrows_both_ways() -> None:
    assert (
        boxes(network_diagram(LAYERS, bidirectional=True), "polygon") - boxes(network_diagram(LAYERS), "polygon") == 4
    )


def test_names_of_layers_are_words() -> None:
    shown = words(network_diagram([("<b>&\u202e", "dense", "\x00", "(1)")]))
    assert "<b>&\\u202e" in shown and "\\x00" in shown


def test_a_network_without_layers_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        network_diagram([])


def test_the_summary_adds_up_the_weights() -> None:
    table = summary_table([("embedding", "embedding", ("T", 100), 2000), ("dense", "dense", "(1,)", 101)])
    assert table.rows[0] == ("embedding", "embedding", "(T, 100)", 2000)
    assert table.footer == ("sum", "", "", 2101)
