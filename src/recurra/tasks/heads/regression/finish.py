"""A regressor of trained weights, its net among linear judges.

Not here: the judges (targets/blend.py), training (learn.py), answers (run.py).
"""

from __future__ import annotations

import numpy as np

from recurra.tasks.heads.regression.measure import beside, figures_of
from recurra.tasks.heads.regression.run import RunningRegressor
from recurra.tasks.heads.targets.blend import blended
from recurra.tasks.task import Again, Finished, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Cross-fit and join; the figures are of answers out of fold."""
    data = prepared.data
    mean, spread = (tuple(values.tolist()) for values in data.told[:2])
    names, read_from = data.rows.names, data.told[2]
    model = RunningRegressor(prepared.plan, trained, data.encoder, names, read_from, mean, spread)
    blend = blended(prepared, model, again)
    back = [columns * np.array(spread) + np.array(mean) for columns in (blend.out_of_fold, *blend.judges.values())]
    record = figures_of(data.rows, back[0])
    rival = next(name for name in blend.judges if name.startswith("TF-IDF of words"))
    said = back[1 + [*blend.judges].index(rival)]
    evaluation = beside(record, data.rows, back[0], [(rival, said, None)], prepared.tries)
    members = [
        {"name": name, "weight": blend.weights[name], "rmse": figures_of(data.rows, each)["rmse"]}
        for name, each in zip(blend.judges, back[1:], strict=True)
    ]
    notes = [_counted(members), *blend.notes]
    return Finished(blend.model, notes=notes, evaluation=evaluation | {"members": members})


def _counted(members: list[dict[str, object]]) -> str:
    counted = ", ".join(f"{one['name']} {one['weight']:.2f} (RMSE {one['rmse']:.4g})" for one in members)
    return f"what each counts, and its own error on rows that it did not learn from: {counted}"
