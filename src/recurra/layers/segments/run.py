"""A net of segments, as a record and in NumPy: features of windows to quantiles of the coming values.

A segment is a season, or a piece of one: a sweep over hundreds of values has then five to fifteen steps (Lin et al.
2023, SegRNN). What comes out is a change of a gated mean of simple forecasts, so that the first weights already answer
like those. Not here: learning (learn.py), features (panels/features.py).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from recurra.batches import rectangle
from recurra.layers.layer import Floats, LayerSpec, Shapes, Weights, weights_of
from recurra.layers.matrix.run import DenseSpec, dense
from recurra.layers.recurrent.run import RecurrentSpec, recurrent
from recurra.panels.beside import extra_inputs, segment_inputs, step_inputs
from recurra.panels.features import SKIPS, STANDING, Features, extras_of, features, from_levels
from recurra.panels.longer import ADDED
from recurra.panels.longer import extra_inputs as longer_inputs
from recurra.panels.series import Panel
from recurra.panels.windows import Places, Windows, windows_at

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MIDDLE = len(QUANTILES) // 2
NORMAL = (-1.2816, -0.8416, -0.5244, -0.2533, 0.0, 0.2533, 0.5244, 0.8416, 1.2816)
"""The same of a normal distribution: the first answers have them, and other levels are read off along them."""
DAMPING = (0.85, 0.149)
"""The least damping of a trend, and how much more it may be: at 1 the sum of its powers would be 0 / 0."""


Finite = Annotated[float, Field(ge=-1e160, le=1e160)]
Spread = Annotated[float, Field(gt=0, le=1e160)]
STEP = 64
"""Units of the layers that read a coming step."""


class SegmentsSpec(LayerSpec):
    """Windows of `segments` segments of `segment` values -> 9 quantiles of each of `horizon` values."""

    kind: Literal["segments"] = "segments"
    segment: int = Field(ge=1, le=4096)
    segments: int = Field(ge=1, le=4096)
    season: int = Field(ge=1, le=100_000)
    horizon: int = Field(ge=1, le=100_000)
    longer: int = Field(default=0, ge=0, le=100_000)
    """Steps of a longer season of which values are read, too; 0: none."""
    log: bool = False
    """Whether it reads and answers logarithms."""
    recurrent: RecurrentSpec
    past: int = Field(default=0, ge=0, le=4096)
    future: int = Field(default=0, ge=0, le=4096)
    """Columns beside the values: those known up to the origin, and those known ahead."""
    calendar: int = Field(default=0, ge=0, le=64)
    """Numbers in which the calendar of a step is told."""
    static: int = Field(default=0, ge=0, le=100_000)
    """Numbers in which a series is told."""
    among: tuple[Finite, Spread] | None = None
    """Mean and spread of all values learnt from, where a window is told by its place among them."""

    @property
    def length(self) -> int:
        """Past values that a window holds."""
        return self.segment * self.segments

    @property
    def beside(self) -> dict[str, int]:
        """The sizes of what stands beside the values."""
        return {"past": self.past, "future": self.future, "calendar": self.calendar, "static": self.static}

    @property
    def ahead(self) -> int:
        """Features of each coming step; 0: nothing is known of it, and no layer reads it."""
        return step_inputs(self.future, self.calendar, season=self.season, length=self.length)

    @property
    def standing(self) -> int:
        """Figures of where a window stands; 0 where none are told."""
        return STANDING if self.among else 0

    def parts(self) -> dict[str, DenseSpec]:
        """Return the dense layers around the sweep, by their names."""
        hidden, columns = self.recurrent.hidden, self.past + self.future
        read = hidden + extras_of(self.season, self.segment) + extra_inputs(columns, self.static)
        read += self.standing + longer_inputs(self.longer, self.horizon)
        entry = 3 * self.segment + segment_inputs(columns, self.calendar, self.segment)
        return {
            "entry": DenseSpec(inputs=entry, outputs=self.recurrent.inputs),
            "wide": DenseSpec(inputs=read, outputs=2 * hidden, activation="relu"),
            "narrow": DenseSpec(inputs=2 * hidden, outputs=hidden, activation="relu"),
            "gate": DenseSpec(inputs=hidden, outputs=SKIPS + (ADDED if self.longer else 0)),
            "damping": DenseSpec(inputs=hidden, outputs=1),
            "change": DenseSpec(inputs=hidden, outputs=self.horizon * len(QUANTILES)),
            **self._of_steps(),
        }

    def _of_steps(self) -> dict[str, DenseSpec]:
        """Return the layers that read each coming step: its features, the window and its place make its change."""
        if not self.ahead:
            return {}
        hidden = self.recurrent.hidden
        return {
            "step": DenseSpec(inputs=self.ahead, outputs=STEP),
            "around": DenseSpec(inputs=hidden, outputs=STEP),
            "place": DenseSpec(inputs=self.horizon, outputs=STEP),
            "mixed": DenseSpec(inputs=STEP, outputs=STEP, activation="relu"),
            "told": DenseSpec(inputs=STEP, outputs=len(QUANTILES)),
        }

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        inner = {"recurrent": self.recurrent, **self.parts()}
        return {f"{part}.{name}": shape for part, spec in inner.items() for name, shape in spec.weights().items()}


def cut_windows(
    spec: SegmentsSpec, panel: Panel, rows: Places, origins: Places, *, horizon: int | None = None
) -> Windows:
    """Return the windows that a net reads, of the series `rows` with the first target at `origins` (windows,).

    `horizon` is how many coming values are cut, where that is not the net's own.
    """
    sizes = {"length": spec.length, "season": spec.season, "longer": spec.longer}
    return windows_at(panel, rows, origins, horizon=spec.horizon if horizon is None else horizon, **sizes)


def read_windows(spec: SegmentsSpec, cut: Windows) -> Features:
    """Return what a net reads of windows that were cut for it."""
    sizes = {"season": spec.season, "segment": spec.segment, "horizon": spec.horizon}
    return features(cut.contexts, cut.there, cut.beside, log=spec.log, among=spec.among, ago=cut.ago, **sizes)


def segments(spec: SegmentsSpec, weights: Weights, read: Features) -> Floats:
    """Return quantiles less each window's mean, in units of its level (or logarithms): (windows, horizon, 9)."""
    parts = spec.parts()

    def through(name: str, inputs: Floats) -> Floats:
        return dense(parts[name], weights_of(weights, name), inputs)

    count = len(read.segments)
    entered = through("entry", read.segments.reshape(count * spec.segments, -1)).reshape(count, spec.segments, -1)
    _, states = recurrent(spec.recurrent, weights_of(weights, "recurrent"), rectangle(np.ascontiguousarray(entered)))
    hidden = through("narrow", through("wide", np.concatenate([states[-1][0], read.extras], axis=1)))
    gate = through("gate", hidden)
    gate = np.exp(gate - gate.max(axis=1, keepdims=True))
    gate /= gate.sum(axis=1, keepdims=True)
    damping = DAMPING[0] + DAMPING[1] / (1 + np.exp(-through("damping", hidden)))
    middle = np.einsum("ws,wsh->wh", gate, read.skips)
    middle = middle + gate[:, 3:4] * read.slope * damped(damping, spec.horizon)
    change = through("change", hidden).reshape(count, spec.horizon, len(QUANTILES))
    if read.steps is not None:
        places = through("place", np.eye(spec.horizon, dtype=np.float32))
        step = np.maximum(through("step", read.steps) + through("around", hidden)[:, None] + places, 0)
        change = change + through("told", through("mixed", step))
    told: Floats = middle[:, :, None] + ascending(change) * read.spread[:, :, None]
    return told


def damped(damping: Floats, horizon: int) -> Floats:
    """Return φ + φ² + … for each step: (windows, horizon)."""
    summed: Floats = damping * (1 - damping ** np.arange(1, horizon + 1, dtype=damping.dtype)) / (1 - damping)
    return summed


def ascending(raw: Floats) -> Floats:
    """Return values (…, 9) that ascend: the middle one is as it comes, the others lie softplus steps beside it."""
    steps = np.logaddexp(raw, 0)
    above = raw[..., MIDDLE : MIDDLE + 1] + np.cumsum(steps[..., MIDDLE + 1 :], axis=-1)
    below = raw[..., MIDDLE : MIDDLE + 1] - np.cumsum(steps[..., MIDDLE - 1 :: -1], axis=-1)
    return np.concatenate([below[..., ::-1], raw[..., MIDDLE : MIDDLE + 1], above], axis=-1)


def answered(spec: SegmentsSpec, quantiles: Floats, read: Features) -> Floats:
    """Return the quantiles in the unit of the series, float64: (windows, horizon, 9)."""
    wide = quantiles.astype(np.float64) + read.mean[:, None, None]
    return from_levels(wide, read.level, log=spec.log)
