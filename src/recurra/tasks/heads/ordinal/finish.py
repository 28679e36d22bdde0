"""A model of classes in an order, its net among linear judges.

Not here: the judges (targets/blend.py), training (learn.py), answers (run.py).
"""

from __future__ import annotations

from recurra.tasks.heads.ordinal.measure import beside, figures_of
from recurra.tasks.heads.ordinal.run import RunningOrdinal, shares_of
from recurra.tasks.heads.targets.blend import blended
from recurra.tasks.task import Again, Finished, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Cross-fit and join; the figures are of answers out of fold."""
    data = prepared.data
    names, read_from, kind = data.told
    model = RunningOrdinal(prepared.plan, trained, data.encoder, names, read_from, kind)
    blend = blended(prepared, model, again, shared=True)
    whole, rows = shares_of(blend.out_of_fold), data.rows
    shares = {name: shares_of(columns) for name, columns in blend.judges.items()}
    rival = next(name for name in shares if name.startswith("TF-IDF of words"))
    record = figures_of(rows, names, whole)
    evaluation = beside(record, rows, whole, [(rival, shares[rival], None)], prepared.tries)
    members = [
        {"name": name, "weight": blend.weights[name], "mae": figures_of(rows, names, each)["mae"]}
        for name, each in shares.items()
    ]
    counted = ", ".join(f"{one['name']} {one['weight']:.2f} ({one['mae']:.3f})" for one in members)
    told = f"what each counts, and its own error in steps on rows that it did not learn from: {counted}"
    return Finished(blend.model, notes=[told, *blend.notes], evaluation=evaluation | {"members": members})
