"""A forecaster of trained weights, and how wide its intervals are: from its errors on the windows held out.

Not here: training (learn.py), answers (run.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from recurra.datasets.series.learnt import learnt_of
from recurra.tasks.heads.horizon.run import LEVELS, RunningForecaster, coming_values
from recurra.tasks.task import Again, Finished, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, _: Again) -> Finished:
    """Join the net and the scalers; measure the intervals' widths where windows were held out."""
    data = prepared.data
    model = RunningForecaster(prepared.plan, trained, data.encoder, learnt=learnt_of(data.table))
    return Finished(replace(model, widths=_widths(model, data)) if data.held else model)


def _widths(model: RunningForecaster, data: Any) -> dict[str, list[float]]:
    """Quantiles of the absolute residuals on validation by step, in units of each series' scaler (split conformal).

    Series that did not move in training have no such unit and are left out beside others. Under a logarithm the
    residuals are of logarithms, so that intervals are factors. With n residuals a level above
    n / (n + 1) is carried by the largest of them only.
    """
    horizon, encoder, kept, cuts = model.horizon, data.encoder, data.validation, data.cuts
    rows = []
    moving = {name: kept[name] for name in kept if not encoder.scaler(name).constant}
    for name, examples in (moving or kept).items():
        answers = encoder.decode(name, coming_values(model.plan, model.tensors, examples.inputs[:, :, None]), examples)
        # The true values that follow each held-out window: (windows, horizon), as the answers are.
        later = np.lib.stride_tricks.sliding_window_view(data.table.values[name][cuts[name] :], horizon)
        if encoder.config.log:
            rows.append(np.abs(np.log(later) - np.log(answers)))
        else:
            rows.append(np.abs(later - answers) / encoder.scaler(name).scale)
    # Each step of the horizon for itself: the further ahead, the larger the error.
    residuals = np.sort(np.concatenate(rows), axis=0)
    count = len(residuals)
    # The ceil((n + 1) level)-th smallest residual (Vovk et al. 2005): the coming value counts as one of n + 1.
    place = {level: min(int(np.ceil((count + 1) * level / 100)) - 1, count - 1) for level in LEVELS}
    return {str(level): [float(f"{value:.6g}") for value in residuals[place[level]]] for level in LEVELS}
