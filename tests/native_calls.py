"""A right call of each function that the native engine binds.

Not here: what is spoilt in them (test_native_refusals.py, test_native_kept.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from recurra.engine.native import compiled, ragged

Array = np.ndarray[Any, Any]
Arguments = dict[str, Any]
INPUTS, HIDDEN, OFFSETS = 3, 4, np.array([0, 2, 6])
REFUSED = r"found .* allowed"
STEP = {"size": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


def floats(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def unpacked(
    cell: str, precision: str = "float32", *, reset_after: bool = True, inputs: int = INPUTS, hidden: int = HIDDEN
) -> Any:
    """A layer without weights yet."""
    return compiled.layer(
        cell=cell,
        activation="tanh",
        precision=precision,
        reset_after=reset_after,
        inputs=inputs,
        hidden=hidden,
        reverse=False,
    )


def layer(cell: str = "lstm", *, hidden: int = HIDDEN, backward: bool = True, seed: int = 0) -> Any:
    """A packed layer; an LSTM, a simple RNN or a GRU."""
    rows = {"rnn": 1, "gru": 3, "lstm": 4}[cell] * hidden
    made = unpacked(cell, hidden=hidden)
    weights = floats(rows, INPUTS, seed=seed), floats(rows, hidden, seed=seed), floats(rows), floats(rows)
    made.pack(*weights, backward=backward, threads=1)
    return made


class Call(NamedTuple):
    """A function, arguments that are right, and which arrays it writes."""

    function: Callable[..., Any]
    good: Arguments
    written: tuple[str, ...]


def forward_call() -> Call:
    good = {
        "layers": [layer()],
        "places": ragged(OFFSETS),
        "values": floats(6, INPUTS),
        "outputs": floats(6, HIDDEN),
        "hidden": floats(1, 2, HIDDEN),
        "cell": floats(1, 2, HIDDEN),
        "final_hidden": floats(1, 2, HIDDEN),
        "final_cell": floats(1, 2, HIDDEN),
        "keep": True,
        "threads": 1,
    }
    return Call(compiled.forward, good, ("outputs", "final_hidden", "final_cell"))


def backward_call() -> Call:
    begun = forward_call()
    kept = begun.function(**begun.good)
    same = {name: begun.good[name] for name in ("layers", "places", "values", "outputs", "hidden", "cell", "threads")}
    good = same | {
        "kept": kept,
        "output_errors": floats(6, HIDDEN),
        "final_hidden_errors": floats(1, 2, HIDDEN),
        "final_cell_errors": floats(1, 2, HIDDEN),
        "value_errors": floats(6, INPUTS),
        "hidden_errors": floats(1, 2, HIDDEN),
        "cell_errors": floats(1, 2, HIDDEN),
    }
    return Call(compiled.backward, good, ("value_errors", "hidden_errors", "cell_errors"))


def learning_call() -> Call:
    """backward() as a function of its four gradients."""
    begun = backward_call()

    def function(input: Any, recurrent: Any, input_bias: Any, recurrent_bias: Any, values: Any) -> None:
        gradients = [(input, recurrent, input_bias, recurrent_bias)]
        compiled.backward(**begun.good | {"gradients": gradients, "values": values})

    names = ("input", "recurrent", "input_bias", "recurrent_bias")
    shapes = ((16, INPUTS), (16, HIDDEN), (16,), (16,))
    good = {name: floats(*shape) for name, shape in zip(names, shapes, strict=True)}
    return Call(function, good | {"values": begun.good["values"]}, names)


def project_call() -> Call:
    packed = layer()
    good = {"layer": packed, "values": floats(5, INPUTS), "into": floats(5, packed.pitch), "threads": 1}
    return Call(compiled.project, good, ("into",))


def gather_call() -> Call:
    good = {
        "places": ragged(OFFSETS),
        "table": floats(9, 3),
        "ids": np.arange(6),
        "masks": floats(2, 3),
        "scale": 1.0,
        "into": floats(6, 3),
        "threads": 1,
    }
    return Call(compiled.gather, good, ("into",))


def words_of(offsets: Array, ids: Array) -> Any:
    return compiled.words(ragged(offsets), ids)


def gradient_call() -> Call:
    good = {
        "words": words_of(OFFSETS, np.array([0, 1, 1, 5, 5, 0])),
        "places": ragged(OFFSETS),
        "errors": floats(6, 3),
        "masks": floats(2, 3),
        "scale": 1.0,
        "ids": np.zeros(3, np.int64),
        "rows": floats(3, 3),
        "threads": 1,
    }
    return Call(compiled.gather_gradient, good, ("ids", "rows"))


def distinct_call() -> Call:
    words = words_of(OFFSETS, np.array([0, 1, 1, 5, 5, 0]))
    good = {"words": words, "ids": np.zeros(3, np.int64), "rows": np.zeros(6, np.int32)}
    return Call(compiled.distinct, good, ("ids", "rows"))


def adam_call() -> Call:
    good = {
        "weight": floats(7, 3),
        "first": floats(7, 3),
        "second": abs(floats(7, 3)),
        "ids": np.array([1, 4]),
        "gradient": floats(2, 3),
        "step": compiled.Adam(**STEP),
        "threads": 1,
    }
    return Call(compiled.adam, good, ("weight", "first", "second"))


def whole_adam_call() -> Call:
    def function(weight: Any, first: Any, second: Any, gradient: Any) -> None:
        compiled.adam_whole([(weight, first, second, gradient, compiled.Adam(**STEP))], threads=1)

    good = {name: abs(floats(7, 3)) for name in ("weight", "first", "second", "gradient")}
    return Call(function, good, ("weight", "first", "second"))


def clip_call() -> Call:
    def function(one: Any, other: Any) -> None:
        compiled.clip([one, other], largest=1.0, threads=1)

    return Call(function, {"one": floats(7, 3), "other": floats(4)}, ("one", "other"))


def pool_call() -> Call:
    def function(weight: Any, bias: Any, query: Any, **more: Any) -> None:
        compiled.pool(scorer=(weight, bias, query), **more)

    good = {
        "places": ragged(OFFSETS),
        "values": floats(6, 4),
        "parts": ["attention", "max", "mean", "last"],
        "directions": 2,
        "weight": floats(3, 4),
        "bias": floats(3),
        "query": floats(2, 3),
        "rows": floats(2, 16),
        "where": np.zeros((2, 4), np.int32),
        "shares": floats(2, 6),
        "hidden": floats(6, 3),
        "threads": 1,
    }
    return Call(function, good, ("rows", "where", "shares", "hidden"))


def pool_back_call() -> Call:
    pooled = pool_call()
    pooled.function(**pooled.good)

    def function(weight: Any, bias: Any, query: Any, learnt: Any, learnt_bias: Any, asked: Any, **more: Any) -> None:
        compiled.pool_back(scorer=(weight, bias, query), gradients=(learnt, learnt_bias, asked), **more)

    more = {"errors": floats(2, 16), "value_errors": floats(6, 4)}
    learnt = {"learnt": floats(3, 4), "learnt_bias": floats(3), "asked": floats(2, 3)}
    return Call(function, pooled.good | more | learnt, ("value_errors", *learnt))


def pack_call() -> Call:
    good = {
        "input": floats(12, INPUTS),
        "recurrent": floats(12, HIDDEN),
        "input_bias": floats(12),
        "recurrent_bias": floats(12),
        "backward": True,
        "threads": 1,
    }
    return Call(unpacked("gru").pack, good, ())


def activate_call() -> Call:
    good = {"activation": "tanh", "precision": "float32", "values": floats(9), "into": floats(9)}
    return Call(compiled.activate, good, ("into",))


CALLS: dict[str, Callable[[], Call]] = {
    "forward": forward_call,
    "backward": backward_call,
    "gradients of backward": learning_call,
    "project": project_call,
    "gather": gather_call,
    "gather_gradient": gradient_call,
    "distinct": distinct_call,
    "adam": adam_call,
    "adam_whole": whole_adam_call,
    "clip": clip_call,
    "pool": pool_call,
    "pool_back": pool_back_call,
    "pack": pack_call,
    "activate": activate_call,
}
