"""What Forecaster.fit does with prepared series: train, measure the intervals' widths.

Not here: what comes before (series_rows.py), the estimator's surface and the loop.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.datasets.series.learnt import learnt_of
from recurra.estimators.series_rows import PreparedSeries
from recurra.nets.learn import LearningNet, tensors_of
from recurra.series import Examples
from recurra.tasks.heads.horizon.learn import HorizonLearner
from recurra.tasks.heads.horizon.run import LEVELS, RunningForecaster, coming_values
from recurra.training.identity import fingerprint
from recurra.training.loop import fit
from recurra.training.progress import Progress, Watch
from recurra.training.threads import threads_for, torch_work

Pairs = tuple[NDArray[np.float32], NDArray[np.float32]]


def fit_forecaster(
    prepared: PreparedSeries, *, run: Path | None, watch: Watch | None
) -> tuple[Progress, RunningForecaster]:
    """Train on prepared series, then measure the intervals' widths."""
    settings, seed, plan, held = prepared.settings, prepared.seed, prepared.plan, prepared.held
    net = LearningNet(plan, settings.net, torch.Generator().manual_seed(seed))
    kept = _pairs(prepared.validation) if held else None
    task = HorizonLearner(net, _pairs(prepared.train), kept, settings.training, seed)
    rows = min(settings.training.batch_size, len(task.train[0]))
    dense = rows * plan.dense.inputs * plan.dense.outputs
    work = torch_work(plan.recurrent, sequences=rows, tokens=rows * settings.series.window, rest=dense)
    with threads_for(work):
        identity = fingerprint((settings, plan, seed), [*task.train, *(task.validation or ())]) if run else ""
        progress = fit(task, settings.training, seed=seed, run=run, identity=identity, watch=watch)
    model = RunningForecaster(plan, tensors_of(net), prepared.encoder, learnt=learnt_of(prepared.table))
    if not held:
        return progress, model
    return progress, replace(model, widths=_widths(model, prepared))


def _pairs(examples: dict[str, Examples]) -> Pairs:
    inputs = np.concatenate([part.inputs for part in examples.values()])[:, :, None]
    return inputs, np.concatenate([part.targets for part in examples.values()])


def _widths(model: RunningForecaster, prepared: PreparedSeries) -> dict[str, list[float]]:
    """Quantiles of the absolute residuals on validation by step, in units of each series' scaler (split conformal).

    Series that did not move in training have no such unit and are left out beside others. Under a logarithm the
    residuals are of logarithms, so that intervals are factors. With n residuals a level above
    n / (n + 1) is carried by the largest of them only.
    """
    horizon, encoder, kept, cuts = model.horizon, prepared.encoder, prepared.validation, prepared.cuts
    rows = []
    moving = {name: kept[name] for name in kept if not encoder.scaler(name).constant}
    for name, examples in (moving or kept).items():
        answers = encoder.decode(name, coming_values(model.plan, model.tensors, examples.inputs[:, :, None]), examples)
        later = np.lib.stride_tricks.sliding_window_view(prepared.table.values[name][cuts[name] :], horizon)
        if encoder.config.log:
            rows.append(np.abs(np.log(later) - np.log(answers)))
        else:
            rows.append(np.abs(later - answers) / encoder.scaler(name).scale)
    residuals = np.sort(np.concatenate(rows), axis=0)
    count = len(residuals)
    place = {level: min(int(np.ceil((count + 1) * level / 100)) - 1, count - 1) for level in LEVELS}
    return {str(level): [float(f"{value:.6g}") for value in residuals[place[level]]] for level in LEVELS}
