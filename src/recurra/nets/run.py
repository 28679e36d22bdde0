"""The nets, running in NumPy without torch: the one path of every answer, from an artefact or from memory.

Not here: learning. Weights come as one flat dict, `layer.name` to array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from recurra.batches import Ragged, pick, rectangle, sorted_batches
from recurra.layers.layer import ArrayState, Floats, Ids, Weights
from recurra.layers.matrix.run import dense, embedding, tied
from recurra.layers.pooling.run import pooling
from recurra.layers.recurrent.run import recurrent, words_of
from recurra.layers.wide.run import wide
from recurra.nets.plans import ClassifierNet, ForecastNet, Plan

Tensors = Mapping[str, Floats]


class LookUp(NamedTuple):
    """An embedding that has not been read yet."""

    vectors: Callable[[Ids], Floats]
    words: Floats
    """Its table: (words, size)."""


def part(tensors: Tensors, layer: str) -> Weights:
    """Return one layer's weights by their own names."""
    start = f"{layer}."
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}


class Flow(NamedTuple):
    """What goes from layer to layer."""

    values: Ragged[Any]
    """Token ids or features of each token; once pooled one row for each sequence."""
    states: Sequence[ArrayState] | None
    """Before the sweep: where it starts (None: whole sequences, from zeros); after it: where it ended."""
    look_up: LookUp | None = None
    """How token ids become vectors, where that is still to be done: the sweep knows which of them it needs."""


def run(
    plan: Plan, tensors: Tensors, inputs: Ragged[Any], states: Sequence[ArrayState] | None = None
) -> tuple[Floats, Sequence[ArrayState] | None]:
    """Fold the layers over ragged token ids (tokens,) or features (tokens, features).

    Returns what the last layer gives, a row for each sequence where the net pools and else for each token, and the
    states in which the sweeps ended. `states` are those that an earlier call gave; () begins a text that goes on.
    """
    flow = Flow(inputs, states)
    for name, spec in plan.flow():
        flow = RUN[spec.kind](spec, part(tensors, name), flow)
    return flow.values.values, flow.states


def _embed(spec: Any, weights: Weights, flow: Flow) -> Flow:
    return flow._replace(look_up=LookUp(partial(embedding, spec, weights), weights["weight"]))


def _sweep(spec: Any, weights: Weights, flow: Flow) -> Flow:
    """Sweep; of whole texts each distinct word is multiplied once, or not at all where it was met before."""
    values, states, look_up = flow
    rows = table = None
    if look_up is not None and states is not None:
        values = values.carry(look_up.vectors(values.values))
    elif look_up is not None:
        table = words_of(spec, weights, look_up.words)
        if table:
            rows, found = table.places(values.values, look_up.vectors), np.empty((0, spec.inputs), np.float32)
        else:
            words, which = np.unique(values.values, return_inverse=True)
            rows, found = which.astype(np.int32), look_up.vectors(words)
        values = values.carry(found)
    return Flow(*recurrent(spec, weights, values, states, rows=rows, table=table))


def _pool(spec: Any, weights: Weights, flow: Flow) -> Flow:
    pooled = pooling(spec, weights, flow.values)
    return flow._replace(values=Ragged(pooled, np.arange(len(pooled) + 1)))


def _score(spec: Any, weights: Weights, flow: Flow) -> Flow:
    return flow._replace(values=flow.values.carry(dense(spec, weights, flow.values.values)))


RUN: dict[str, Callable[[Any, Weights, Flow], Flow]] = {
    "embedding": _embed, "recurrent": _sweep, "pooling": _pool, "dense": _score,
}  # fmt: skip
"""Each kind of layer as a step of the fold."""


def classify_all(
    plan: ClassifierNet, tensors: Tensors, sequences: Sequence[Ids], whole: Sequence[Ids], *, batch_tokens: int = 65_536
) -> Floats:
    """Logits of many sequences, in their order: (rows, classes). `whole` are the untruncated ids for the wide part."""
    logits = np.empty((len(sequences), plan.dense.outputs), np.float32)
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    for rows in sorted_batches(lengths, batch_size=256, batch_tokens=batch_tokens):
        logits[rows] = run(plan, tensors, pick(sequences, rows))[0]
        if plan.wide:
            # One column of log-odds: it argues for the last class against the others.
            logits[rows, -1:] += wide(plan.wide, part(tensors, "wide"), pick(whole, rows))
    return logits


def next_logits(tensors: Tensors, projected: Floats) -> Floats:
    """Projected states (rows, size) -> scores of all words (rows, words)."""
    return tied(part(tensors, "output"), projected, tensors["embedding.weight"])


def forecast(plan: ForecastNet, tensors: Tensors, windows: Floats) -> Floats:
    """Windows (sequences, steps, features) -> the coming values (sequences, horizon)."""
    return run(plan, tensors, rectangle(windows))[0]


def softmax(logits: Floats) -> Floats:
    """Turn scores into probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares
