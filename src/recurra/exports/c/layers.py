"""What each layer adds to a net in C: its constants, its memory, and the lines that a step or an answer runs.

Not here: the step of a cell (cells/backends/c.py), and the files (program.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recurra.exports.c.arrays import eight_together, levels, singles
from recurra.exports.c.recurrence import write_recurrence
from recurra.exports.c.writing import Writing, dense_lines
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.layer import Weights
from recurra.layers.matrix.run import BagSpec, DenseSpec, EmbeddingSpec, TiedSpec
from recurra.layers.pooling.run import PoolingSpec
from recurra.text.features import FEATURES
from recurra.text.vocabulary import PAD

BLOCK = 64
"""Values that are summed at a time for a mean, as in the engine: no sum runs on too long."""


def write_embedding(writing: Writing, spec: EmbeddingSpec, weights: Weights) -> None:
    """A word's vector: a row of the table, in int8 rounded beforehand."""
    table, scale = weights["weight"], np.float32(spec.scale)
    writing.size, words = spec.size, f"{writing.name.upper()}_WORDS"
    writing.step.append(f"if (token < 0 || token >= {words}) token = {writing.unknown};")
    row = f"(size_t)token * {spec.size}"
    if writing.shared:
        writing.used.add("take_row")
        name = writing.constant("words", eight_together(table))
        vector = writing.room("float", "vector", (spec.size,), "of the word")
        writing.step.append(f"take_row({vector}, {name}, token, {spec.words}, {spec.size});")
        _scaled(writing, vector, spec.size, scale)
        writing.values = vector
    elif writing.byte and writing.behind[:1] == ("recurrent",):
        whole, steps = levels(table * scale)
        writing.constant("words", whole)
        writing.constant("words_steps", steps)
        writing.rounded = f"words + {row}", "words_steps[token]"
    else:
        writing.values = f"words + {row}"
        writing.constant("words", singles(table * scale).ravel())


def _scaled(writing: Writing, vector: str, size: int, scale: np.float32) -> None:
    if scale != 1:
        writing.step.append(f"for (int k = 0; k < {size}; ++k) {vector}[k] *= {_float(scale)};")


def write_bag(writing: Writing, spec: BagSpec, weights: Weights) -> None:
    """The sum of a token's rows."""
    writing.constant("words", singles(weights["weight"]).ravel())
    writing.values, writing.size = writing.room("float", "vector", (spec.size,), "of the token"), spec.size
    writing.step += [
        f"memset({writing.values}, 0, sizeof {writing.values});",
        f"for (int feature = 0; feature < {FEATURES}; ++feature) {{",
        f"  const int32_t id = tokens[feature] < 0 || tokens[feature] >= {spec.words} ? {PAD} : tokens[feature];",
        f"  for (int k = 0; k < {spec.size}; ++k) {writing.values}[k] += words[(size_t)id * {spec.size} + k];",
        "}",
    ]
    _scaled(writing, writing.values, spec.size, np.float32(spec.scale))


def write_pooling(writing: Writing, spec: PoolingSpec, weights: Weights) -> None:
    """The last state, the mean of all and their maximum, carried on from step to step."""
    if spec.parts == ("last",):
        return
    size, newest = spec.inputs, writing.values
    writing.values = writing.room("float", "pooled", (spec.outputs,), "scratch: what the head reads")
    writing.size = spec.outputs
    read = writing.room("uint32_t", "read", (), "steps so far")
    writing.step.append(f"++{read};")
    for place, part in enumerate(spec.parts):
        into = f"{writing.values} + {place * size}" if place else writing.values
        POOLED[part](writing, size, newest, into)


def _last(writing: Writing, size: int, newest: str, into: str) -> None:
    writing.answer.append(f"memcpy({into}, {newest}, {size} * sizeof(float));")


def _mean(writing: Writing, size: int, newest: str, into: str) -> None:
    total = writing.room("float", "total", (size,), "sum of the states")
    block = writing.room("float", "block", (size,), f"the same, of the last {BLOCK} at most")
    writing.step += [
        f"for (int unit = 0; unit < {size}; ++unit) {block}[unit] += {newest}[unit];",
        f"if (state->read % {BLOCK} == 0) {{ /* short sums, so that none of them runs on too long */",
        f"  for (int unit = 0; unit < {size}; ++unit) {total}[unit] += {block}[unit];",
        f"  memset({block}, 0, sizeof {block});",
        "}",
    ]
    mean = f"({total}[unit] + {block}[unit]) / (float)state->read"
    writing.answer.append(f"for (int unit = 0; unit < {size}; ++unit) ({into})[unit] = {mean};")


def _max(writing: Writing, size: int, newest: str, into: str) -> None:
    highest = writing.room("float", "highest", (size,), "the largest of each unit")
    writing.step += [
        f"for (int unit = 0; unit < {size}; ++unit) {{",
        f"  const float value = {newest}[unit];",
        f"  if (state->read == 1 || value > {highest}[unit] || value != value) {highest}[unit] = value;",
        "}",
    ]
    writing.answer.append(f"memcpy({into}, {highest}, {size} * sizeof(float));")


POOLED: dict[str, Callable[[Writing, int, str, str], None]] = {"last": _last, "mean": _mean, "max": _max}
"""The poolings that can be carried on: attention's cannot, as each token's share waits for all others."""


def write_dense(writing: Writing, spec: DenseSpec, weights: Weights) -> None:
    """A product that stays float32 in int8, too."""
    into = writing.into(spec.outputs)
    writing.lines.extend(writing.dense(writing.layer, weights["weight"], weights["bias"], into))
    writing.values, writing.size = into, spec.outputs
    if spec.activation != "linear":
        _each(writing, spec.activation, into)


def write_activation(writing: Writing, spec: ActivationSpec, weights: Weights) -> None:
    """A function of each number, or of them all."""
    into, before = writing.into(spec.outputs), writing.values
    writing.lines.append(f"memcpy({into}, {before}, {spec.outputs} * sizeof(float));")
    writing.values = into
    if spec.function == "softmax":
        writing.used.add("softmax")
        writing.lines.append(f"softmax({into}, {spec.outputs});")
    else:
        _each(writing, spec.function, into)


def _each(writing: Writing, function: str, into: str) -> None:
    writing.used.add(EXACT[function])
    writing.lines.append(f"for (int k = 0; k < {writing.size}; ++k) ({into})[k] = {EXACT[function]}(({into})[k]);")


EXACT = {"tanh": "tanh_exact", "relu": "relu", "sigmoid": "sigmoid_exact"}
"""The functions of each number outside of cells."""


def write_tied(writing: Writing, spec: TiedSpec, weights: Weights) -> None:
    """The score of each word, by its row of the table."""
    bias = writing.constant("words_bias", singles(weights["bias"][:, 0]))
    writing.used.add("add_product")
    writing.products += spec.words * writing.size
    writing.answer += dense_lines("answer", "words", bias, writing.values, spec.words, writing.size)
    writing.values, writing.size = "answer", spec.words


def _float(value: np.float32) -> str:
    return f"{float(value).hex()}f"


WRITE: dict[str, Callable[[Writing, Any, Weights], None]] = {
    "embedding": write_embedding, "bag": write_bag, "recurrent": write_recurrence, "pooling": write_pooling,
    "dense": write_dense, "tied": write_tied, "activation": write_activation,
}  # fmt: skip
"""Each kind of layer that can be written."""
