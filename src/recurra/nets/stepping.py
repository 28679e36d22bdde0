"""A net laid out as steps that carry a state: inputs, recurrence, pooling that runs on, dense layers; which nets can.

`streams_of` makes streams of it: the native engine steps them where it is there, else NumPy (stepping_plain.py).
Not here: texts, models and what answers mean (session.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from recurra.engine import native
from recurra.engine.words import WordTable
from recurra.errors import UsageError
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.convolution.run import ConvolutionSpec
from recurra.layers.layer import Floats, Weights, weights_of
from recurra.layers.matrix.run import DenseSpec, TiedSpec
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.run import RecurrentSpec, of_sweep, swept_by, words_of
from recurra.nets.run import Plan, Tensors
from recurra.nets.stepping_plain import Draws, PlainStreams, pool_parts
from recurra.text.features import FEATURES

STEPPED = ("embedding", "bag", "recurrent", "pooling", "dense", "tied", "convolution", "activation")
"""Kinds of layers that answer token by token; a convolution reads the places of one token, which is a chunk."""
Finish = Literal["none", "softmax", "sigmoid"]
READY = 1e9
"""Multiplications (some hundredths of a second) up to which the products of all words are made before the first."""


@dataclass(frozen=True)
class Steps:
    """A net as a session reads it: layers with their weights, in the order of the flow, the shared table last."""

    layers: tuple[tuple[str, Any, Weights], ...]
    inputs: int
    """Features of a token, or of its vector."""
    outputs: int
    each: int
    """Ids of a token; 0: it comes as its features."""
    words: int
    """Rows of the table; 0 without one."""
    finish: Finish = "none"
    sharpness: float = 1.0
    """What scores are multiplied by before they become answers."""
    origin: Tensors = field(default_factory=dict, repr=False)

    @cached_property
    def parts(self) -> list[tuple[str, int]]:
        """Names and columns of the parts of a stream's state, in the order in which both kinds of streams have them."""
        found: list[tuple[str, int]] = []
        for name, spec, _ in self.layers:
            if isinstance(spec, RecurrentSpec):
                found += [(f"{name}.l{layer}.{part}", spec.hidden) for layer, _ in spec.sweeps for part in spec.states]
            elif isinstance(spec, PoolingSpec):
                found += [(f"{name}.{part}", spec.inputs) for part in pool_parts(spec)]
        return found


def steps_of(plan: Plan, tensors: Tensors, *, finish: Finish = "none", sharpness: float = 1.0) -> Steps:
    """Lay a net out for steps; raises UsageError for a net that cannot be stepped, with what to train instead."""
    for name, spec in plan.layers().items():
        _require_forward(name, spec)
    if getattr(plan, "direction", "forward") == "backward":
        raise UsageError("this net reads backward, from the end of a text", advice="train one of direction=forward")
    if getattr(plan, "window", 0):
        advice = "train a net alone that reads texts whole: recipe net"
        raise UsageError(f"this net reads windows of {plan.window} tokens, each from its start", advice=advice)  # type: ignore[attr-defined]
    flow = [(name, spec, weights_of(tensors, name)) for name, spec in plan.flow]
    # A tied layer stands beside the flow because it has the table of another; a session scores by it as by any.
    for name, spec in plan.layers().items():
        if isinstance(spec, TiedSpec):
            bias = np.ascontiguousarray(tensors[f"{name}.bias"][:, 0])
            shared = {"weight": tensors["embedding.weight"], "bias": bias}
            flow.append((name, DenseSpec(inputs=flow[-1][1].outputs, outputs=spec.words), shared))
    if getattr(flow[-1][1], "function", "") == "softmax":
        # Scores become shares as a classifier's do.
        flow, finish = flow[:-1], "softmax"
    if any(getattr(spec, "function", "") == "softmax" for _, spec, _ in flow):
        raise UsageError("a softmax between layers is not stepped", advice="use run() of the model")
    first = flow[0][1]
    each = {"embedding": 1, "bag": FEATURES}.get(first.kind, 0)
    inputs = first.outputs if each else first.inputs
    return Steps(tuple(flow), inputs, flow[-1][1].outputs, each, first.words if each else 0, finish, sharpness, tensors)


def _require_forward(name: str, spec: Any) -> None:
    if getattr(spec, "bidirectional", False):
        advice = "train one that reads forwards: bidirectional=false"
        raise UsageError(f"{name} reads both ways, so that no answer is ready before the end", advice=advice)
    if isinstance(spec, PoolingSpec) and "attention" in spec.parts:
        raise UsageError(
            f"{name} weighs all tokens when the last is there (attention)", advice="train with pool=mean, max or last"
        )
    if spec.kind not in STEPPED:
        advice = "train a net alone that reads forwards: recipe net, bidirectional=false, pool=mean"
        raise UsageError(f"{name} ({spec.kind}) reads texts whole, not token by token", advice=advice)


def streams_of(steps: Steps, slots: int) -> Streams:
    """Make streams of a net, all at their beginning; raises UsageError for less than one slot."""
    recurrent = [spec for _, spec, _ in steps.layers if isinstance(spec, RecurrentSpec)]
    native_too = all(swept_by(spec.computed, np.dtype(np.float32)) == "native" for spec in recurrent)
    kinds = {values.dtype for values in steps.origin.values()}
    if native_too and kinds == {np.dtype(np.float32)} and native.serves(np.dtype(np.float32)):
        return NativeStreams(steps, slots)
    return PlainStreams(steps, slots)


class NativeStreams:
    """Streams in the native engine; an array that is handed over is read, or written to, where it lies."""

    def __init__(self, steps: Steps, slots: int, *, net: Any = None, table: WordTable | None = None) -> None:
        """Lay the net out, or share that of other streams."""
        self.steps = steps
        self._net, self._table = (net, table) if net is not None else _laid_out_once(steps)
        self._streams = native.compiled.Streams(self._net, slots)
        self.slots = slots
        self._drawn_by: Draws | None = None
        self._native_drawing: Any = None
        self.parts: list[Floats] = self._streams.parts()
        """The states, an array (slots, columns) each: the streams' own memory."""
        self.counts = self._streams.counts()
        self.push_id, self.push_values, self.reset = (
            self._streams.push_id, self._streams.push_values, self._streams.reset,
        )  # fmt: skip

    def read(self, **given: Any) -> None:
        """Read tokens; words that nobody has met are made ready first. Raises ValueError and TypeError."""
        while self._streams.read(**given) >= 0:
            self.meet(given["ids"][:, 0])

    def meet(self, ids: Any) -> None:
        """Make the products of words, where there is a table of them."""
        if self._table is not None:
            embedding = self.steps.layers[0]
            self._table.places(np.atleast_1d(ids), lambda new: _vectors(embedding, new))

    def next(self, token: int, uniform: float, drawing: Draws) -> int:
        """Read a token of the first stream, and draw the next one by a number in [0, 1)."""
        while (drawn := self._streams.next(token, uniform, self._drawing(drawing))) < 0:
            self.meet(token)
        return int(drawn)

    def draw(self, scores: Floats, uniform: float, drawing: Draws) -> int:
        """Draw a token from scores (outputs,)."""
        return int(self._streams.draw(scores, uniform, self._drawing(drawing)))

    def _drawing(self, drawing: Draws) -> Any:
        # Made once: the engine would allocate its list at every draw.
        if self._drawn_by is not drawing:
            temperature, top_k, top_p = drawing.how
            self._native_drawing = native.compiled.Drawing(
                temperature=temperature, top_k=top_k, top_p=top_p, never=drawing.never
            )
            self._drawn_by = drawing
        return self._native_drawing

    def copy(self, slot: int, to: NativeStreams, into: int) -> None:
        """Copy a stream's state into a slot of other streams of the same net."""
        self._streams.copy(slot, to._streams, into)

    def more(self, slots: int) -> NativeStreams:
        """Return other streams of the same net, at their beginning."""
        return NativeStreams(self.steps, slots, net=self._net, table=self._table)


Streams = NativeStreams | PlainStreams


def _vectors(embedding: tuple[str, Any, Mapping[str, Floats]], ids: Any) -> Any:
    _, spec, weights = embedding
    return np.take(weights["weight"], ids, axis=0) * spec.scale


_nets: native.Kept[tuple[Any, WordTable | None]] = {}
"""They leave with the first of their weights."""


def _laid_out_once(steps: Steps) -> tuple[Any, WordTable | None]:
    # What was packed of weights that cannot change stays true; the net keeps its table alive, but none of the weights
    # of its recurrence, with which it leaves.
    arrays = sorted(steps.origin.items(), key=lambda item: ".weight_ih" not in item[0])
    if not arrays or any(array.flags.writeable for _, array in arrays):
        return _laid_out(steps)
    what = ("steps", steps.finish, steps.sharpness, str([(name, spec) for name, spec, _ in steps.layers]))
    return native.kept_with(_nets, [array for _, array in arrays], what, lambda: _laid_out(steps))


def _laid_out(steps: Steps) -> tuple[Any, WordTable | None]:
    net, table, start = native.compiled.StepNet(), None, 0
    if steps.each:
        _, spec, weights = steps.layers[0]
        net.reads_words(np.ascontiguousarray(weights["weight"]), each=steps.each, scale=spec.scale)
        start = 1
    else:
        net.reads_features(steps.inputs)
    for number, (_, spec, weights) in enumerate(steps.layers[start:]):
        if isinstance(spec, RecurrentSpec):
            for layer, _ in spec.sweeps:
                net.recurrent(native.packed_once(spec.computed, of_sweep(spec, weights, f"_l{layer}"), reverse=False))
            if number == 0 and steps.each == 1:
                table = words_of(spec, weights, steps.layers[0][2]["weight"])
        elif isinstance(spec, PoolingSpec):
            net.pool(list(spec.parts))
        else:
            _add_stateless(net, spec, weights)
    if table is not None:
        net.knows_products(places=table.numbers, rows=table.rows[0])
        if float(steps.words) * table.rows[0].shape[1] * steps.inputs <= READY:
            table.places(np.arange(steps.words), lambda new: _vectors(steps.layers[0], new))
    net.finish(steps.finish, sharpness=steps.sharpness)
    return net, table


def _add_stateless(net: Any, spec: Any, weights: Weights) -> None:
    if isinstance(spec, ActivationSpec):
        net.function(spec.function, places=spec.places)
        return
    matrix = {name: np.ascontiguousarray(weights[name]) for name in ("weight", "bias")}
    if isinstance(spec, ConvolutionSpec):
        sizes = {name: getattr(spec, name) for name in ("length", "channels", "stride", "left", "right", "reflect")}
        net.convolution(**matrix, **sizes)
    else:
        net.dense(**matrix, activation=spec.activation)
