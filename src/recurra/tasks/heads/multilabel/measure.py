"""What is measured of several labels: micro and macro F1, rows right as a whole, the precision of the ranking.

Not here: the drawing (tell.py), thresholds (thresholds.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import name_list
from recurra.errors import DataError
from recurra.report.numbers import number
from recurra.tasks.heads.lost import Scored, lost
from recurra.tasks.heads.multilabel.run import RunningLabeller
from recurra.tasks.heads.multilabel.thresholds import best_thresholds
from recurra.tasks.heads.targets.measure import linear_columns, linear_out_of_fold
from recurra.tasks.heads.targets.run import sigmoid
from recurra.tasks.inputs.targets import TargetRows
from recurra.tasks.task import Figures
from recurra.text.encoder import unread_warnings

FORGOTTEN = "the rows this model learnt from are not at hand: no rival is measured"
TOP = 20
"""Rows of most wrong labels that are told."""
RIVAL_KEYS = ("f1_micro", "f1_macro", "subset_accuracy", "ranking_precision")
Truths = NDArray[np.bool_]
Rival = tuple[str, NDArray[np.float64], Truths, float | None]
"""Name, probabilities and labels (rows, labels), seconds."""


def labels_figures(model: RunningLabeller, rows: TargetRows) -> Figures:
    """Measure a model by itself; raises DataError for no rows, and for labels that it does not know."""
    return _measured(model, rows)[0]


def share_whole(model: RunningLabeller, rows: TargetRows, weights: NDArray[np.float64] | None) -> float:
    """The share of rows, which count by their `weights`, whose labels are all right."""
    _, known, said = _measured(model, rows)
    return float(np.average(((known.targets > 0) == said).all(axis=1), weights=weights))


def judge_several(
    model: RunningLabeller, rows: TargetRows, learnt: TargetRows | None, tries: Sequence[str] = ()
) -> Figures:
    """Measure a model beside one-vs-rest logistic regression on TF-IDF, where the rows `learnt` from are at hand."""
    record, known, said = _measured(model, rows)
    if learnt is None:
        return {**record, "notes": [FORGOTTEN]}
    started, targets = time.perf_counter(), learnt.aligned(model.names)
    name, columns = linear_columns(learnt.texts, targets, "binary", rows.texts)
    # Its thresholds are chosen as the model's are, on rows that it did not learn from.
    thresholds = best_thresholds(targets > 0, sigmoid(linear_out_of_fold(learnt.texts, targets, "binary")))
    shares = sigmoid(columns)
    rival: Rival = (name, shares, shares >= thresholds, time.perf_counter() - started)
    return beside(record, known, said, [rival], tries)


def _measured(model: RunningLabeller, rows: TargetRows) -> tuple[Figures, TargetRows, Truths]:
    if not len(rows.texts):
        raise DataError("no rows to evaluate on")
    known = TargetRows(rows.texts, rows.aligned(model.names), model.names, rows.numbers)
    shares, encoded = model.shares(rows.texts)
    said = model.chosen(shares)
    absent = [name for name, so in zip(model.names, known.targets.sum(0), strict=True) if not so]
    warnings = unread_warnings(encoded.unread, len(encoded.ids))
    if absent:
        warnings.append(f"no row of {len(absent)} of {len(model.names)} labels: {name_list(absent)}")
    return {**figures_of(known, shares, said), "warnings": warnings}, known, said


def figures_of(rows: TargetRows, shares: NDArray[np.float64], said: Truths) -> Figures:
    """Measure probabilities and labels: (rows, labels) each."""
    wanted = rows.targets > 0
    right, of_said, of_wanted = (wanted & said).sum(0), said.sum(0), wanted.sum(0)
    by_label = [
        {"label": name, "rows": int(so), "said": int(told),
            "precision": float(hits / told) if told else None, "recall": float(hits / so) if so else None,
            "f1": float(2 * hits / (so + told)) if so + told else None}
        for name, hits, told, so in zip(rows.names, right, of_said, of_wanted, strict=True)
    ]  # fmt: skip
    # The mean over the labels that occur, as of single classes: a label without rows has nothing to be found.
    f1s = [float(2 * hits / (so + told)) for hits, told, so in zip(right, of_said, of_wanted, strict=True) if so + told]
    odds = np.clip(shares, 1e-15, 1 - 1e-15)
    total = int(of_said.sum() + of_wanted.sum())
    return {
        "task": "multilabel",
        "rows": len(rows.texts),
        "f1_micro": float(2 * right.sum() / total) if total else None,
        "f1_macro": float(np.mean(f1s)) if f1s else None,
        "subset_accuracy": float((wanted == said).all(axis=1).mean()),
        "ranking_precision": ranking_precision(wanted, shares),
        "loss": float(-(np.where(wanted, np.log(odds), np.log1p(-odds))).mean()),
        "labels_a_row": float(wanted.sum(1).mean()),
        "said_a_row": float(said.sum(1).mean()),
        "by_label": by_label,
        "hardest": _hardest(rows, wanted, said),
    }


def ranking_precision(wanted: Truths, shares: NDArray[np.float64]) -> float | None:
    """The mean, over the labels of a row, of the share of its labels among all that are ranked as high or higher.

    Label ranking average precision (Tsoumakas et al. 2010), of rows that have a label; None where none has.
    """
    scores = []
    for so, share in zip(wanted, shares, strict=True):
        if so.any():
            # Ties count against the label, as scikit-learn has it.
            ranks = (share[None, :] >= share[so][:, None]).sum(1)
            hits = (share[so][None, :] >= share[so][:, None]).sum(1)
            scores.append(float((hits / ranks).mean()))
    return float(np.mean(scores)) if scores else None


def _hardest(rows: TargetRows, wanted: Truths, said: Truths) -> list[dict[str, Any]]:
    wrong = (wanted != said).sum(1)
    places = rows.numbers if rows.numbers is not None else np.arange(len(rows.texts))
    names = np.array(rows.names, object)
    return [
        {
            "row": int(places[row]) + 1,
            "wrong": int(wrong[row]),
            "true": names[wanted[row]].tolist(),
            "said": names[said[row]].tolist(),
            "excerpt": rows.texts[row][:160],
        }
        for row in np.argsort(-wrong, kind="stable")[:TOP]
        if wrong[row]
    ]


def beside(record: Figures, rows: TargetRows, said: Truths, rivals: Sequence[Rival], tries: Sequence[str]) -> Figures:
    """Join a model's figures with its rivals' on the same rows."""
    told = []
    for name, shares, labels, seconds in rivals:
        figures = figures_of(rows, shares, labels)
        kept = {key: figures[key] for key in RIVAL_KEYS}
        told.append({"name": name, **kept, **({} if seconds is None else {"seconds": round(seconds, 1)})})
    first = {"name": told[0]["name"], "f1_micro": told[0]["f1_micro"], "f1_macro": told[0]["f1_macro"]}
    if record["f1_micro"] is None:
        return {**record, "rivals": told, "rival": first}
    # F1 is no mean of rows, and its difference counts as sure.
    own = Scored("Recurra", record["f1_micro"])
    others = [Scored(one["name"], one["f1_micro"]) for one in told]
    verdict = lost(
        "micro F1", own, others, on=f"{number(record['rows'])} rows", tries=[*tries, "more labelled rows"], share=True
    )
    return {**record, "rivals": told, "rival": first, **verdict}
