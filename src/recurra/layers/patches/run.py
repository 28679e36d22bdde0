"""The pre-trained net, as a record and in NumPy: patches of any window to quantiles of the coming values.

Recurrent layers with a way around each read patch by patch; what they hold at the end turns a gated mean of simple
forecasts, step by step, so that a season of any length can be followed. Not here: learning (learn.py), what is read
(panels/patches.py).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from recurra.batches import rectangle
from recurra.layers.layer import Floats, LayerSpec, Shapes, Weights, weights_of
from recurra.layers.matrix.run import DenseSpec, dense
from recurra.layers.recurrent.run import RecurrentSpec, recurrent
from recurra.layers.segments.run import QUANTILES, ascending
from recurra.panels.patches import CHANNELS, PATCH, PHASES, SEEN, SIMPLE, TOLD, Patches

TINY = 1e-5
"""Added to a variance before its root."""


class PatchesSpec(LayerSpec):
    """Windows of any number of patches -> 9 quantiles of each of up to `horizon` values."""

    kind: Literal["patches"] = "patches"
    horizon: int = Field(default=64, ge=1, le=4096)
    context: int = Field(default=32, ge=1, le=1024)
    """Numbers that the heads of all steps share."""
    steps: int = Field(default=64, ge=1, le=1024)
    """Hidden units of a step's head."""
    layers: int = Field(default=2, ge=1, le=16)
    recurrent: RecurrentSpec

    def parts(self) -> dict[str, DenseSpec]:
        """Return the dense layers around the sweeps, by their names."""
        hidden = self.recurrent.hidden
        around = {f"around{number}": DenseSpec(inputs=hidden, outputs=hidden) for number in range(self.layers)}
        return {
            "entry": DenseSpec(inputs=CHANNELS * PATCH, outputs=hidden, activation="relu"),
            "second": DenseSpec(inputs=hidden, outputs=hidden),
            **around,
            "wide": DenseSpec(inputs=hidden + TOLD, outputs=2 * hidden, activation="relu"),
            "narrow": DenseSpec(inputs=2 * hidden, outputs=hidden, activation="relu"),
            "change": DenseSpec(inputs=hidden, outputs=self.horizon * len(QUANTILES)),
            "context": DenseSpec(inputs=hidden, outputs=self.context),
            "step": DenseSpec(inputs=self.context + SEEN + PHASES, outputs=self.steps, activation="relu"),
            "told": DenseSpec(inputs=self.steps, outputs=SIMPLE + len(QUANTILES)),
        }

    def sweeps(self) -> dict[str, RecurrentSpec]:
        """Return the recurrent layers, by their names."""
        return {f"recurrent{number}": self.recurrent for number in range(self.layers)}

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        inner = {**self.sweeps(), **self.parts()}
        return {f"{part}.{name}": shape for part, spec in inner.items() for name, shape in spec.weights().items()}


def patches_net(spec: PatchesSpec, weights: Weights, read: Patches) -> Floats:
    """Return quantiles in spreads, less each window's mean: (windows, horizon of `read`, 9)."""
    parts, count, horizon = spec.parts(), len(read.tokens), read.simple.shape[2]

    def through(name: str, inputs: Floats) -> Floats:
        return dense(parts[name], weights_of(weights, name), inputs)

    flat = read.tokens.reshape(-1, CHANNELS * PATCH)
    hidden = through("second", through("entry", flat))
    for number in range(spec.layers):
        given = rectangle(normed(hidden).reshape(count, -1, spec.recurrent.inputs))
        swept, _ = recurrent(spec.recurrent, weights_of(weights, f"recurrent{number}"), given)
        hidden = hidden + through(f"around{number}", swept.values)
    newest = hidden.reshape(count, -1, spec.recurrent.hidden)[:, -1]
    held = through("narrow", through("wide", np.concatenate([newest, read.told], axis=1)))
    context = np.broadcast_to(through("context", held)[:, None], (count, horizon, spec.context))
    phases = np.broadcast_to(read.phases, (count, *read.phases.shape))
    step = np.concatenate([context, read.seen, phases], axis=2).reshape(count * horizon, -1)
    told = through("told", through("step", step)).reshape(count, horizon, -1)
    gate = np.exp(told[:, :, :SIMPLE] - told[:, :, :SIMPLE].max(axis=2, keepdims=True))
    gate /= gate.sum(axis=2, keepdims=True)
    middle = (gate * read.simple.transpose(0, 2, 1)).sum(axis=2, keepdims=True)
    change = through("change", held).reshape(count, -1, len(QUANTILES))[:, :horizon]
    quantiles: Floats = middle + ascending(change + told[:, :, SIMPLE:])
    return quantiles


def normed(hidden: Floats) -> Floats:
    """Return rows of mean 0 and variance 1 (Ba et al. 2016, without a gain: the next product has one)."""
    centred = hidden - hidden.mean(axis=1, keepdims=True)
    told: Floats = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + TINY)
    return told
