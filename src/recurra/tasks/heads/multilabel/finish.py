"""A model of several labels: its net among linear judges, and the threshold of each label.

A threshold is that of best F1 on answers out of fold (Lipton, Elkan & Naryanaswamy 2014); a label of few rows takes the
one that is best for all labels together, since its own would be chance.

Not here: the judges (targets/blend.py), training (learn.py), answers (run.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recurra.tasks.heads.multilabel.measure import beside, figures_of
from recurra.tasks.heads.multilabel.run import RunningLabeller
from recurra.tasks.heads.multilabel.thresholds import best_thresholds
from recurra.tasks.heads.targets.blend import blended
from recurra.tasks.heads.targets.run import sigmoid
from recurra.tasks.task import Again, Finished, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Cross-fit and join, and choose the thresholds; the figures are of answers out of fold."""
    data = prepared.data
    read_from, separator = data.told
    even = (0.5,) * len(data.rows.names)
    model = RunningLabeller(prepared.plan, trained, data.encoder, data.rows.names, read_from, even, separator)
    blend = blended(prepared, model, again)
    wanted = data.rows.targets > 0
    shares = {name: sigmoid(columns) for name, columns in blend.judges.items()}
    whole = sigmoid(blend.out_of_fold)
    thresholds = best_thresholds(wanted, whole, data.weights)
    made = replace(blend.model, thresholds=tuple(thresholds.tolist()))
    rival = next(name for name in shares if name.startswith("TF-IDF of words"))
    said = _said(wanted, shares[rival])
    evaluation = beside(figures_of(data.rows, whole, whole >= thresholds), data.rows, whole >= thresholds,
        [(rival, shares[rival], said, None)], prepared.tries)  # fmt: skip
    members = [
        {"name": name, "weight": blend.weights[name],
            "f1_micro": figures_of(data.rows, each, _said(wanted, each))["f1_micro"]}
        for name, each in shares.items()
    ]  # fmt: skip
    counted = ", ".join(f"{one['name']} {one['weight']:.2f} ({100 * one['f1_micro']:.1f} %)" for one in members)
    notes = [
        f"what each counts, and its own micro F1 on rows that it did not learn from: {counted}",
        *blend.notes,
    ]
    return Finished(made, notes=notes, evaluation=evaluation | {"members": members})


def _said(wanted: NDArray[np.bool_], shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(shares >= best_thresholds(wanted, shares))
