"""The nets, running in NumPy without torch: the one path of every answer, from an artefact or from memory.

Not here: learning. Weights come as one flat dict, `layer.name` to array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from recurra.batches import Ragged, pick, sorted_batches
from recurra.layers.dense.run import dense
from recurra.layers.embedding.run import embedding
from recurra.layers.pooling.run import pooling
from recurra.layers.recurrent.run import recurrent, words_of
from recurra.layers.tied.run import tied
from recurra.layers.types import Floats, Ids, State, Weights
from recurra.layers.wide.run import wide
from recurra.nets.plans import ClassifierNet, ForecastNet, LanguageNet

Tensors = Mapping[str, Floats]


def part(tensors: Tensors, layer: str) -> Weights:
    """Return one layer's weights by their own names."""
    start = f"{layer}."
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}


def classify(plan: ClassifierNet, tensors: Tensors, ids: Ragged[Ids]) -> Floats:
    """Ragged token ids -> logits (sequences, classes), without the wide part."""
    weights = part(tensors, "recurrent")
    vectors = partial(embedding, plan.embedding, part(tensors, "embedding"))
    table = words_of(plan.recurrent, weights, tensors["embedding.weight"])
    if table:
        rows, values = table.places(ids.values, vectors), np.empty((0, plan.recurrent.inputs), np.float32)
    else:
        words, which = np.unique(ids.values, return_inverse=True)
        rows, values = which.astype(np.int32), vectors(words)
    states, _ = recurrent(plan.recurrent, weights, ids.carry(values), rows=rows, table=table)
    return dense(plan.dense, part(tensors, "dense"), pooling(plan.pooling, part(tensors, "pooling"), states))


def classify_all(
    plan: ClassifierNet, tensors: Tensors, sequences: Sequence[Ids], whole: Sequence[Ids], *, batch_tokens: int = 65_536
) -> Floats:
    """Logits of many sequences, in their order: (rows, classes). `whole` are the untruncated ids for the wide part."""
    logits = np.empty((len(sequences), plan.dense.outputs), np.float32)
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    for rows in sorted_batches(lengths, batch_size=256, batch_tokens=batch_tokens):
        logits[rows] = classify(plan, tensors, pick(sequences, rows))
        if plan.wide:
            # One column of log-odds: it argues for the last class against the others.
            logits[rows, -1:] += wide(plan.wide, part(tensors, "wide"), pick(whole, rows))
    return logits


def read_on(
    plan: LanguageNet, tensors: Tensors, ids: Ragged[Ids], states: Sequence[State] | None
) -> tuple[Floats, list[State]]:
    """Ragged token ids and carried states -> projected states (tokens, size) and the final states."""
    vectors = ids.carry(embedding(plan.embedding, part(tensors, "embedding"), ids.values))
    hidden, final = recurrent(plan.recurrent, part(tensors, "recurrent"), vectors, states)
    return dense(plan.projection, part(tensors, "projection"), hidden.values), final


def next_logits(tensors: Tensors, projected: Floats) -> Floats:
    """Projected states (rows, size) -> scores of all words (rows, words)."""
    return tied(part(tensors, "output"), projected, tensors["embedding.weight"])


def forecast(plan: ForecastNet, tensors: Tensors, windows: Floats) -> Floats:
    """Windows (sequences, steps, features) -> the coming values (sequences, horizon)."""
    sequences, steps, features = windows.shape
    offsets = np.arange(sequences + 1, dtype=np.int64) * steps
    states, _ = recurrent(plan.recurrent, part(tensors, "recurrent"), Ragged(windows.reshape(-1, features), offsets))
    return dense(plan.dense, part(tensors, "dense"), states.values.reshape(sequences, steps, -1)[:, -1])


def softmax(logits: Floats) -> Floats:
    """Turn scores into probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares
