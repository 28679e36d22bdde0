"""A right call of each function of the native engine whose arrays may have other lengths, too.

Not here: those that take one shape alone (native_calls.py), and what is spoilt in them (test_native_kinds.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from native_calls import HIDDEN, INPUTS, OFFSETS, Call, floats, layer
from recurra.engine.native import compiled, ragged


def table_call() -> Call:
    """forward() of distinct inputs: the products of each, and which of them every token has."""
    packed = layer()

    def function(projected: Any, rows: Any, outputs: Any) -> None:
        places = ragged(OFFSETS)
        compiled.forward([packed], places, projected=[projected], rows=rows, outputs=outputs, keep=False, threads=1)

    good = {"projected": floats(4, packed.pitch), "rows": np.zeros(6, np.int32), "outputs": floats(6, HIDDEN)}
    return Call(function, good, ("outputs",))


def net_call() -> Call:
    """All arrays of a net that is stepped: its words, their products, two dense layers; and filters of another one."""

    def function(table: Any, places: Any, products: Any, weight: Any, bias: Any, filters: Any, added: Any) -> None:
        net, other = compiled.StepNet(), compiled.StepNet()
        net.reads_words(table, each=1, scale=1.0)
        net.recurrent(layer())
        net.knows_products(places=places, rows=products)
        net.dense(weight, bias, activation="linear")
        other.reads_features(8)
        sizes = {"length": 4, "channels": 2, "stride": 1, "left": 0, "right": 0, "reflect": False}
        other.convolution(filters, added, **sizes)

    good = {
        "table": floats(9, INPUTS),
        "places": np.zeros(9, np.int32),
        "products": floats(9, layer().pitch),
        "weight": floats(5, HIDDEN),
        "bias": floats(5),
        "filters": floats(3, 6),
        "added": floats(3),
    }
    return Call(function, good, ())


def streams_of(net: Any) -> Any:
    net.dense(floats(4, INPUTS), floats(4), activation="linear")
    return compiled.Streams(net, 2)


def words_net() -> Any:
    net = compiled.StepNet()
    net.reads_words(floats(9, INPUTS), each=1, scale=1.0)
    return net


def values_net() -> Any:
    net = compiled.StepNet()
    net.reads_features(INPUTS)
    return net


def read_call() -> Call:
    good = {
        "ids": np.arange(6).reshape(6, 1),
        "answers": floats(2, 4),
        "offsets": OFFSETS,
        "slots": np.arange(2),
        "every": False,
        "raw": True,
    }
    return Call(streams_of(words_net()).read, good, ("answers",))


def read_values_call() -> Call:
    good = {"values": floats(2, INPUTS), "answers": floats(2, 4), "every": True, "raw": True}
    return Call(streams_of(values_net()).read, good, ("answers",))


def push_call() -> Call:
    good = {"values": floats(INPUTS), "answer": floats(4), "raw": True}
    return Call(streams_of(values_net()).push_values, good, ("answer",))


def push_id_call() -> Call:
    return Call(streams_of(words_net()).push_id, {"id": 3, "answer": floats(4), "raw": True}, ("answer",))


def draw_call() -> Call:
    how = compiled.Drawing(temperature=1.0, top_k=0, top_p=1.0, never=[])
    return Call(streams_of(words_net()).draw, {"scores": floats(4), "uniform": 0.5, "how": how}, ())


def reset_call() -> Call:
    return Call(streams_of(words_net()).reset, {"slots": np.arange(2)}, ())


LOOSE_CALLS: dict[str, Callable[[], Call]] = {
    "ragged": lambda: Call(compiled.ragged, {"offsets": OFFSETS}, ()),
    "grid": lambda: Call(compiled.grid, {"steps": 4, "lengths": np.array([2, 4]), "rows": True}, ()),
    "words": lambda: Call(compiled.words, {"places": ragged(OFFSETS), "ids": np.arange(6)}, ()),
    "forward of products": table_call,
    "net": net_call,
    "read": read_call,
    "read of values": read_values_call,
    "push_values": push_call,
    "push_id": push_id_call,
    "draw": draw_call,
    "reset": reset_call,
}
