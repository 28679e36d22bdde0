"""What is measured of numbers: MAE, RMSE, R² and Spearman's rank correlation, beside ridge regression on TF-IDF.

Of several targets each has its own, and the figure of the whole is their mean; of numbers in other units a mean error
says little, R² and rank correlation do.

Not here: the formulas (metrics.py), the drawing (tell.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError, UsageError
from recurra.metrics import mae, rmse, spearman
from recurra.report.numbers import number
from recurra.tasks.heads.lost import Scored, lost
from recurra.tasks.heads.regression.run import RunningRegressor
from recurra.tasks.heads.targets.measure import linear_columns
from recurra.tasks.inputs.targets import TargetRows
from recurra.tasks.task import Figures
from recurra.text.encoder import unread_warnings

FORGOTTEN = "the rows this model learnt from are not at hand: the rival is the mean of the rows given"
MEAN = "mean"
TOP = 20
"""Rows of the largest errors that are told."""
Numbers = NDArray[np.float64]


def number_figures(model: RunningRegressor, rows: TargetRows) -> Figures:
    """Measure a model by itself; raises DataError for no rows, UsageError for other targets."""
    return _measured(model, rows)[0]


def share_explained(model: RunningRegressor, rows: TargetRows, weights: Numbers | None) -> float | None:
    """R² of rows that count by their `weights`, of several targets the mean; None where it is not defined."""
    said = _measured(model, rows)[1]
    return _mean([_r2(*each, weights) for each in zip(rows.targets.T, said.T, strict=True)])


def judge_numbers(
    model: RunningRegressor, rows: TargetRows, learnt: TargetRows | None, tries: Sequence[str] = ()
) -> Figures:
    """Measure a model beside the mean, and beside ridge regression where the rows `learnt` from are at hand."""
    record, said = _measured(model, rows)
    if learnt is None:
        mean = np.broadcast_to(rows.targets.mean(0), rows.targets.shape)
        return {**beside(record, rows, said, [(MEAN, mean, None)], tries), "notes": [FORGOTTEN]}
    started = time.perf_counter()
    middle, spread = learnt.targets.mean(0), np.maximum(learnt.targets.std(0), 1e-12)
    name, columns = linear_columns(learnt.texts, (learnt.targets - middle) / spread, "squared", rows.texts)
    seconds = time.perf_counter() - started
    rivals = [(name, columns * spread + middle, seconds), (MEAN, np.broadcast_to(middle, rows.targets.shape), 0.0)]
    return beside(record, rows, said, rivals, tries)


def _measured(model: RunningRegressor, rows: TargetRows) -> tuple[Figures, Numbers]:
    if not len(rows.texts):
        raise DataError("no rows to evaluate on")
    if rows.targets.shape[1] != len(model.names):
        allowed = f"{len(model.names)}: {', '.join(model.names)}"
        raise UsageError("another number of targets", found=str(rows.targets.shape[1]), allowed=allowed)
    said, encoded = model.numbers(rows.texts)
    record = figures_of(rows, said)
    return {**record, "warnings": unread_warnings(encoded.unread, len(encoded.ids))}, said


def figures_of(rows: TargetRows, said: Numbers) -> Figures:
    """Measure answers (rows, targets)."""
    targets = [
        {"target": name, **_figures(rows.targets[:, column], said[:, column])} for column, name in enumerate(rows.names)
    ]
    overall = {key: _mean([one[key] for one in targets]) for key in ("mae", "rmse", "r2", "spearman")}
    return {
        "task": "regression",
        "rows": len(rows.texts),
        **overall,
        "by_target": targets,
        "by_decile": _deciles(rows.targets[:, 0], said[:, 0]),
        "top_errors": _top(rows, said),
    }


def _figures(wanted: Numbers, said: Numbers) -> dict[str, Any]:
    told = {"mae": mae(wanted, said), "rmse": rmse(wanted, said)}
    return {**told, "r2": _r2(wanted, said), "spearman": spearman(wanted, said)}


def _r2(wanted: Numbers, said: Numbers, weights: Numbers | None = None) -> float | None:
    spread = float(np.average((wanted - np.average(wanted, weights=weights)) ** 2, weights=weights))
    # Where all numbers are one, nothing is explained and no rank is above another: not defined.
    return 1 - float(np.average((wanted - said) ** 2, weights=weights)) / spread if spread > 0 else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _deciles(wanted: Numbers, said: Numbers) -> list[dict[str, Any]]:
    """The mean of what was said and of what was so, in ten groups from the lowest answer to the highest."""
    groups = [part for part in np.array_split(np.argsort(said, kind="stable"), 10) if len(part)]
    return [
        {"said": float(said[part].mean()), "true": float(wanted[part].mean()), "rows": len(part)} for part in groups
    ]


def _top(rows: TargetRows, said: Numbers) -> list[dict[str, Any]]:
    # Targets of other units are compared by their spread.
    spread = np.maximum(rows.targets.std(0), 1e-12)
    errors = (np.abs(said - rows.targets) / spread).max(axis=1)
    places = rows.numbers if rows.numbers is not None else np.arange(len(rows.texts))
    return [
        {
            "row": int(places[row]) + 1,
            "true": rows.targets[row].tolist(),
            "said": [float(value) for value in said[row]],
            "excerpt": rows.texts[row][:160],
        }
        for row in np.argsort(-errors, kind="stable")[:TOP]
    ]


def beside(
    record: Figures,
    rows: TargetRows,
    said: Numbers,
    rivals: Sequence[tuple[str, Any, float | None]],
    tries: Sequence[str],
) -> Figures:
    """Join a model's figures with its rivals' on the same rows; the first rival is compared with in pairs of rows."""
    told = []
    for name, answers, seconds in rivals:
        figures = figures_of(rows, np.asarray(answers))
        kept = {key: figures[key] for key in ("mae", "rmse", "r2", "spearman")}
        told.append({"name": name, **kept, **({} if seconds is None else {"seconds": round(seconds, 1)})})
    first = {key: told[0][key] for key in ("name", "mae", "rmse", "r2")}
    spread = np.maximum(rows.targets.std(0), 1e-12)

    def squares(answers: Any) -> Numbers:
        # In units of each target's spread, so that none of several outweighs the others.
        return np.asarray((((np.asarray(answers) - rows.targets) / spread) ** 2).mean(axis=1))

    own, others = (
        Scored("Recurra", float(squares(said).mean()), squares(said)),
        [Scored(name, float(squares(answers).mean()), squares(answers)) for name, answers, _ in rivals],
    )
    verdict = lost("mean squared error, in spreads,", own, others, on=f"{number(len(rows.texts))} rows",
        tries=[*tries, "more rows"])  # fmt: skip
    return {**record, "rivals": told, "rival": first, **verdict}
