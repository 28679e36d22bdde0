"""What each layer adds to a net in C: its constants, its memory, and the lines that a step or an answer runs.

Not here: the step of a cell (cells/backends/c.py), and the files (program.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recurra.exports.c.arrays import eight_together, levels, singles
from recurra.exports.c.draft import Draft, dense_lines
from recurra.exports.c.recurrence import write_recurrence
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.layer import Weights
from recurra.layers.matrix.run import BagSpec, DenseSpec, EmbeddingSpec, TiedSpec
from recurra.layers.pooling.run import PoolingSpec
from recurra.text.features import FEATURES
from recurra.text.vocabulary import PAD

BLOCK = 64
"""Values that are summed at a time for a mean, as in the engine: no sum runs on too long."""


def write_embedding(draft: Draft, spec: EmbeddingSpec, weights: Weights) -> None:
    """A word's vector: a row of the table, in int8 rounded beforehand."""
    table, scale = weights["weight"], np.float32(spec.scale)
    draft.size, words = spec.size, f"{draft.name.upper()}_WORDS"
    draft.step.append(f"if (token < 0 || token >= {words}) token = {draft.unknown};")
    row = f"(size_t)token * {spec.size}"
    if draft.shared:
        draft.used.add("take_row")
        name = draft.constant("words", eight_together(table))
        vector = draft.room("float", "vector", (spec.size,), "of the word")
        draft.step.append(f"take_row({vector}, {name}, token, {spec.words}, {spec.size});")
        _scaled(draft, vector, spec.size, scale)
        draft.values = vector
    elif draft.byte and draft.behind[:1] == ("recurrent",):
        whole, steps = levels(table * scale)
        draft.constant("words", whole)
        draft.constant("words_steps", steps)
        draft.rounded = f"words + {row}", "words_steps[token]"
    else:
        draft.values = f"words + {row}"
        draft.constant("words", singles(table * scale).ravel())


def _scaled(draft: Draft, vector: str, size: int, scale: np.float32) -> None:
    if scale != 1:
        draft.step.append(f"for (int k = 0; k < {size}; ++k) {vector}[k] *= {_float(scale)};")


def write_bag(draft: Draft, spec: BagSpec, weights: Weights) -> None:
    """The sum of a token's rows."""
    draft.constant("words", singles(weights["weight"]).ravel())
    draft.values, draft.size = draft.room("float", "vector", (spec.size,), "of the token"), spec.size
    draft.step += [
        f"memset({draft.values}, 0, sizeof {draft.values});",
        f"for (int feature = 0; feature < {FEATURES}; ++feature) {{",
        f"  const int32_t id = tokens[feature] < 0 || tokens[feature] >= {spec.words} ? {PAD} : tokens[feature];",
        f"  for (int k = 0; k < {spec.size}; ++k) {draft.values}[k] += words[(size_t)id * {spec.size} + k];",
        "}",
    ]
    _scaled(draft, draft.values, spec.size, np.float32(spec.scale))


def write_pooling(draft: Draft, spec: PoolingSpec, weights: Weights) -> None:
    """The last state, the mean of all and their maximum, carried on from step to step."""
    if spec.parts == ("last",):
        return
    size, newest = spec.inputs, draft.values
    draft.values = draft.room("float", "pooled", (spec.outputs,), "scratch: what the head reads")
    draft.size = spec.outputs
    read = draft.room("uint32_t", "read", (), "steps so far")
    draft.step.append(f"++{read};")
    for place, part in enumerate(spec.parts):
        into = f"{draft.values} + {place * size}" if place else draft.values
        POOLED[part](draft, size, newest, into)


def _last(draft: Draft, size: int, newest: str, into: str) -> None:
    draft.answer.append(f"memcpy({into}, {newest}, {size} * sizeof(float));")


def _mean(draft: Draft, size: int, newest: str, into: str) -> None:
    total = draft.room("float", "total", (size,), "sum of the states")
    block = draft.room("float", "block", (size,), f"the same, of the last {BLOCK} at most")
    draft.step += [
        f"for (int unit = 0; unit < {size}; ++unit) {block}[unit] += {newest}[unit];",
        f"if (state->read % {BLOCK} == 0) {{ /* short sums, so that none of them runs on too long */",
        f"  for (int unit = 0; unit < {size}; ++unit) {total}[unit] += {block}[unit];",
        f"  memset({block}, 0, sizeof {block});",
        "}",
    ]
    mean = f"({total}[unit] + {block}[unit]) / (float)state->read"
    draft.answer.append(f"for (int unit = 0; unit < {size}; ++unit) ({into})[unit] = {mean};")


def _max(draft: Draft, size: int, newest: str, into: str) -> None:
    highest = draft.room("float", "highest", (size,), "the largest of each unit")
    draft.step += [
        f"for (int unit = 0; unit < {size}; ++unit) {{",
        f"  const float value = {newest}[unit];",
        f"  if (state->read == 1 || value > {highest}[unit] || value != value) {highest}[unit] = value;",
        "}",
    ]
    draft.answer.append(f"memcpy({into}, {highest}, {size} * sizeof(float));")


POOLED: dict[str, Callable[[Draft, int, str, str], None]] = {"last": _last, "mean": _mean, "max": _max}
"""The poolings that can be carried on: attention's cannot, as each token's share waits for all others."""


def write_dense(draft: Draft, spec: DenseSpec, weights: Weights) -> None:
    """A product that stays float32 in int8, too."""
    into = draft.into(spec.outputs)
    draft.lines.extend(draft.dense(draft.layer, weights["weight"], weights["bias"], into))
    draft.values, draft.size = into, spec.outputs
    if spec.activation != "linear":
        _each(draft, spec.activation, into)


def write_activation(draft: Draft, spec: ActivationSpec, weights: Weights) -> None:
    """A function of each number, or of them all."""
    into, before = draft.into(spec.outputs), draft.values
    draft.lines.append(f"memcpy({into}, {before}, {spec.outputs} * sizeof(float));")
    draft.values = into
    if spec.function == "softmax":
        draft.used.add("softmax")
        draft.lines.append(f"softmax({into}, {spec.outputs});")
    else:
        _each(draft, spec.function, into)


def _each(draft: Draft, function: str, into: str) -> None:
    draft.used.add(EXACT[function])
    draft.lines.append(f"for (int k = 0; k < {draft.size}; ++k) ({into})[k] = {EXACT[function]}(({into})[k]);")


EXACT = {"tanh": "tanh_exact", "relu": "relu", "sigmoid": "sigmoid_exact"}
"""The functions of each number outside of cells."""


def write_tied(draft: Draft, spec: TiedSpec, weights: Weights) -> None:
    """The score of each word, by its row of the table."""
    bias = draft.constant("words_bias", singles(weights["bias"][:, 0]))
    draft.used.add("add_product")
    draft.products += spec.words * draft.size
    draft.answer += dense_lines("answer", "words", bias, draft.values, spec.words, draft.size)
    draft.values, draft.size = "answer", spec.words


def _float(value: np.float32) -> str:
    return f"{float(value).hex()}f"


WRITE: dict[str, Callable[[Draft, Any, Weights], None]] = {
    "embedding": write_embedding, "bag": write_bag, "recurrent": write_recurrence, "pooling": write_pooling,
    "dense": write_dense, "tied": write_tied, "activation": write_activation,
}  # fmt: skip
"""Each kind of layer that can be written."""
