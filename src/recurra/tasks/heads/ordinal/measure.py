"""What is measured of classes in an order: the error in steps, quadratic weighted kappa, accuracy.

Not here: the formulas (metrics.py), the drawing (tell.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import name_list
from recurra.errors import DataError
from recurra.metrics import confusion_matrix, kappa, mae
from recurra.report.numbers import number
from recurra.tasks.heads.lost import Scored, lost
from recurra.tasks.heads.ordinal.run import RunningOrdinal, medians, shares_of
from recurra.tasks.heads.targets.measure import linear_columns
from recurra.tasks.inputs.targets import TargetRows
from recurra.tasks.task import Figures
from recurra.text.encoder import unread_warnings

FORGOTTEN = "the rows this model learnt from are not at hand: the rival is the median of the rows given"
MEDIAN = "median"
TOP = 20
"""Rows of the largest losses that are told."""
KEYS = ("mae", "kappa", "accuracy", "within_one")
Numbers = NDArray[np.float64]


def order_figures(model: RunningOrdinal, rows: TargetRows) -> Figures:
    """Measure a model by itself; raises DataError for no rows."""
    return _measured(model, rows)[0]


def judge_order(
    model: RunningOrdinal, rows: TargetRows, learnt: TargetRows | None, tries: Sequence[str] = ()
) -> Figures:
    """Measure a model beside the median, and beside TF-IDF where the rows `learnt` from are at hand."""
    record, shares = _measured(model, rows)
    source = rows if learnt is None else learnt
    middle = np.zeros((len(rows.texts), len(model.names)))
    middle[:, int(np.median(source.targets[:, 0]))] = 1.0
    if learnt is None:
        return {**beside(record, rows, shares, [(MEDIAN, middle, None)], tries), "notes": [FORGOTTEN]}
    started = time.perf_counter()
    name, columns = linear_columns(learnt.texts, steps(learnt.targets[:, 0], len(model.names)), "binary", rows.texts)
    rivals = [(name, shares_of(columns), time.perf_counter() - started), (MEDIAN, middle, 0.0)]
    return beside(record, rows, shares, rivals, tries)


def steps(places: Numbers, classes: int) -> Numbers:
    """Return 1 where a row's class lies above each class but the last: (rows, classes - 1)."""
    return np.asarray(places[:, None] > np.arange(classes - 1)[None, :], np.float64)


def _measured(model: RunningOrdinal, rows: TargetRows) -> tuple[Figures, Numbers]:
    if not len(rows.texts):
        raise DataError("no rows to evaluate on")
    shares, encoded = model.shares(rows.texts)
    record = figures_of(rows, model.names, shares)
    there = {*rows.targets[:, 0].astype(int).tolist()}
    absent = [name for place, name in enumerate(model.names) if place not in there]
    warnings = unread_warnings(encoded.unread, len(encoded.ids))
    if absent:
        warnings.append(f"no row of {len(absent)} of {len(model.names)} classes: {name_list(absent)}")
    return {**record, "warnings": warnings}, shares


def figures_of(rows: TargetRows, names: Sequence[str], shares: Numbers) -> Figures:
    """Measure probabilities (rows, classes); targets are the places of the classes."""
    wanted, said = rows.targets[:, 0].astype(np.int64), medians(shares)
    own = np.maximum(shares[np.arange(len(wanted)), wanted], 1e-15)
    numbers = rows.numbers if rows.numbers is not None else np.arange(len(wanted))
    hardest = [
        {"row": int(numbers[row]) + 1, "label": names[wanted[row]], "predicted": names[said[row]],
            "steps": int(abs(wanted[row] - said[row])), "loss": float(-np.log(own[row])),
            "excerpt": rows.texts[row][:160]}
        for row in np.lexsort((own, -np.abs(wanted - said)))[:TOP]
    ]  # fmt: skip
    return {
        "task": "ordinal",
        "rows": len(wanted),
        "mae": mae(wanted, said),
        "kappa": kappa(wanted, said, classes=len(names)),
        "accuracy": float((wanted == said).mean()),
        "within_one": float((np.abs(wanted - said) <= 1).mean()),
        "loss": float(-np.log(own).mean()),
        "labels": list(names),
        "confusion": confusion_matrix(wanted, said, labels=np.arange(len(names))).tolist(),
        "hardest": hardest,
    }


def beside(
    record: Figures, rows: TargetRows, shares: Numbers, rivals: Sequence[tuple[str, Any, float | None]],
    tries: Sequence[str],
) -> Figures:  # fmt: skip
    """Join a model's figures with its rivals' on the same rows."""
    told = []
    for name, answers, seconds in rivals:
        figures = figures_of(rows, record["labels"], answers)
        kept = {key: figures[key] for key in KEYS}
        told.append({"name": name, **kept, **({} if seconds is None else {"seconds": round(seconds, 1)})})

    def errors(answers: Numbers) -> Numbers:
        return np.abs(medians(answers) - rows.targets[:, 0])

    own = Scored("Recurra", record["mae"], errors(shares))
    others = [Scored(name, float(errors(answers).mean()), errors(answers)) for name, answers, _ in rivals]
    on = f"{number(record['rows'])} rows"
    verdict = lost("mean error in steps", own, others, on=on, tries=[*tries, "more labelled rows"])
    first = {key: told[0][key] for key in ("name", *KEYS[:3])}
    return {**record, "rivals": told, "rival": first, **verdict}
