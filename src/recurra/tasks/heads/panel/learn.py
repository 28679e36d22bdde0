"""How a net of segments learns: windows drawn series by series, pinball loss in units of each series' own steps.

Not here: the loop (training/), features (panels/features.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator
from recurra.layers.segments.run import MIDDLE, QUANTILES, SegmentsSpec, cut_windows, read_windows
from recurra.nets.learn import LearningNet
from recurra.panels.beside import hidden_parts
from recurra.panels.series import Mask, Values
from recurra.panels.windows import Places, Windows
from recurra.tasks.heads.panel.parts import Taught
from recurra.tasks.task import Prepared
from recurra.training.loop import Step
from recurra.training.progress import Record

AT_ONCE = 512
"""Windows that are scored at once."""
Drawn = tuple[Places, Places, Mask | None]
"""Series and origins of a batch's windows, and which covariates these do without: (windows, 2, columns)."""


def learner(net: LearningNet, prepared: Prepared) -> PanelLearner:
    """Hold a panel for the loop."""
    settings = prepared.settings
    return PanelLearner(net, prepared.data, settings.training, prepared.seed, settings.series.loss == "squared")


@dataclass(frozen=True, eq=False)
class PanelLearner:
    """Tell the quantiles of what follows a window."""

    net: LearningNet
    taught: Taught
    config: TrainingConfig
    seed: int
    squared: bool = False
    """Whether the middle is to be a mean."""
    sparse = False

    @property
    def score(self) -> str:
        """Without windows behind what is learnt from, how long it learns follows from how many windows there are."""
        return "val_loss" if self.taught.held else "loss"

    @cached_property
    def spec(self) -> SegmentsSpec:
        """The net's sizes."""
        plan: Any = self.net.plan
        spec: SegmentsSpec = plan.member[0]
        return spec

    @cached_property
    def chances(self) -> Values:
        """How often windows of each series up to this one are drawn: (series,), the last 1.

        By the root of how many it has, so that a few long series do not drown hundreds of short ones.
        """
        chances: Values = np.cumsum(np.sqrt(self.taught.counts))
        chances /= chances[-1]
        return chances

    def arrays(self) -> list[NDArray[Any]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        panel, beside = self.taught.panel, self.taught.panel.beside
        sides = [beside.columns, beside.calendar, beside.statics] if beside else []
        return [panel.flat, panel.known, panel.lengths, self.taught.scales, *sides]

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it."""
        rows, spec = self.config.batch_size, self.spec
        rest = rows * sum(part.inputs * part.outputs for part in spec.parts().values())
        return {"sequences": rows, "tokens": rows * spec.segments, "rest": rest}

    def batches(self, epoch: int) -> list[Drawn]:
        """Draw windows of all batches."""
        random = np.random.default_rng([self.seed, epoch])
        return [self._drawn(random) for _ in range(self.taught.batches)]

    def _drawn(self, random: np.random.Generator) -> Drawn:
        rows = np.searchsorted(self.chances, random.random(self.config.batch_size), side="right")
        rows = np.minimum(rows, len(self.chances) - 1)
        origins = self.taught.firsts[rows] + random.integers(0, self.taught.counts[rows])
        beside = self.taught.panel.beside
        return rows, origins, hidden_parts(random, len(rows), len(beside.finer)) if beside else None

    def steps(self, batch: Drawn, state: Any, generator: Generator = None) -> Iterator[Step]:
        """Pinball loss of all quantiles of the values that are known."""
        taught, (rows, origins, hidden), config = self.taught, batch, self.net.config
        cut = cut_windows(self.spec, taught.panel, rows, origins)
        if cut.beside is not None and hidden is not None:
            cut = replace(cut, beside=cut.beside.hiding(hidden, self.spec.length))
        rates = {"dropout": config.dropout, "between": config.recurrent_dropout, "weight_drop": config.weight_drop}
        yield Step(*self._lost(cut, taught.scales[rows], **rates, generator=generator))

    def _lost(self, cut: Windows, scales: Values, **learning: Any) -> tuple[Tensor, float]:
        """Return the summed loss of windows in units of `scales` (windows,), and how many values were asked for."""
        spec, read = self.spec, read_windows(self.spec, cut)
        # In units of the level, and less the mean where answers are, so that float32 holds any series.
        truth = cut.targets / read.level[:, None] - (0 if spec.log else read.mean[:, None])
        units = np.minimum(read.level / scales, 1e6).astype(np.float32)
        parts = (
            read.segments, read.extras, read.skips, read.slope, read.spread,
            truth.astype(np.float32), cut.asked, units, read.mean.astype(np.float32),
        )  # fmt: skip
        given = [tensor_on(home(self.net), np.ascontiguousarray(part)) for part in parts]
        steps = None if read.steps is None else tensor_on(home(self.net), read.steps)
        member: Any = self.net.member0
        told = member(*given[:5], steps, **learning)
        if spec.log:
            told = torch.exp((told + given[8][:, None, None]).clamp(-12, 12))
        return (squared_middle if self.squared else pinball)(told, *given[5:8])

    def epoch_record(self, loss: float, correct: float) -> Record:
        """Mean pinball loss, doubled: at the median it is the absolute error, in usual steps."""
        return {"loss": loss}

    def validate(self) -> Record:
        """Return the same loss of the windows that tell when to stop; nothing where there are none."""
        held = self.taught.held
        if held is None:
            return {}
        lost, count = 0.0, 0.0
        for some in np.array_split(np.arange(len(held.rows)), -(-len(held.rows) // AT_ONCE)):
            cut = cut_windows(self.spec, held.panel, held.rows[some], held.origins[some])
            loss, known = self._lost(cut, held.scales[some])
            lost, count = lost + float(loss), count + known
        return {"val_loss": lost / count}


def squared_middle(told: Tensor, truth: Tensor, known: Tensor, units: Tensor) -> tuple[Tensor, float]:
    """As `pinball`, but for the middle one of the quantiles, whose squared error is told: it becomes a mean.

    The others learn how far they lie from it, and do not draw it to a median.
    """
    middle = told[:, :, MIDDLE]
    loss, count = pinball(told + (middle.detach() - middle)[:, :, None], truth, known, units)
    squares = ((truth - middle) * units[:, None]) ** 2
    return loss + (squares * known).sum(), count


def pinball(told: Tensor, truth: Tensor, known: Tensor, units: Tensor) -> tuple[Tensor, float]:
    """Return the summed loss of quantiles (windows, horizon, 9), and how many values were asked for."""
    levels = torch.tensor(QUANTILES, dtype=told.dtype, device=told.device)
    error = (truth[:, :, None] - told) * units[:, None, None]
    loss = 2 * torch.maximum(levels * error, (levels - 1) * error).mean(dim=2)
    return (loss * known).sum(), float(known.sum().clamp(min=1))
