"""Cells compared: each learns from the same rows with several seeds, and is measured on the same others, in pairs.

A fit that is done is kept as fit.json in a folder of its own; a comparison that was killed goes on behind it, and
within a fit from its newest checkpoint.

Not here: the one fit (training/loop.py), printing (cli/), and the page (comparison.py).
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from recurra.datasets.splits import split
from recurra.estimators.estimator import Estimator
from recurra.metrics import paired_bootstrap
from recurra.runs.run import check_same_run, write_json
from recurra.tasks.heads.classes.measure import text_rivals
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.tasks.inputs.texts import LabelledTexts
from recurra.tasks.task import Parts
from recurra.training.progress import Watch

HELD = 0.2
"""Share of the rows that all fits are measured on, where no test rows are given."""
FIT = "fit.json"
KEPT = ("cell", "seed", "accuracy", "loss", "seconds", "parameters", "best_epoch")
"""What a record tells of each fit."""
Fit = dict[str, Any]


class Follower(Protocol):
    """Who is told how far a comparison has come."""

    def expect(self, trainings: int) -> None:
        """Be told how many trainings there will be."""

    def passed(self, trainings: int, seconds: float) -> None:
        """Count what was done before."""

    def watch(self, title: str) -> AbstractContextManager[Watch]:
        """Follow one training."""


def with_test(parts: Parts) -> tuple[LabelledTexts, LabelledRows, str]:
    """Return rows to learn from, rows to measure on, and what the latter are: given, or held out once for all fits."""
    learnt = parts.learnt
    if parts.test is not None:
        return learnt, parts.test, "test rows"
    # By a seed of its own: cells and seeds must meet the same rows, whichever of them are compared.
    cut = split(len(learnt.texts), labels=learnt.labels, groups=learnt.groups, share=HELD, seed=0)

    def some(values: Any, rows: Any) -> Any:
        return None if values is None else [values[row] for row in rows]

    rest = replace(learnt, **{name: some(getattr(learnt, name), cut.train) for name in ("texts", "labels", "groups")})
    held = LabelledRows(some(learnt.texts, cut.validation), some(learnt.labels, cut.validation))
    return rest, held, f"rows held out for all fits ({100 * HELD:.0f} %)"


def begin(out: Path, estimator: Estimator, *rows: LabelledTexts | LabelledRows, **asked: Any) -> None:
    """Write what this is, or raise UsageError where the folder holds another; cells and their seeds may differ."""
    settings, vectors = estimator.settings().model_dump(mode="json"), estimator.asked().vectors
    told = json.dumps([[part.texts, part.labels] for part in rows])
    # The cell is what is compared, or searched.
    net = {name: value for name, value in settings["net"].items() if name != "cell"}
    begun = {"task": estimator.task.name, "rows": sha256(told.encode()).hexdigest(), "vectors": str(vectors or "")}
    check_same_run(out, begun | {"settings": settings | {"net": net}} | asked)


def fits(
    made: Mapping[tuple[str, int], Estimator],
    learnt: LabelledTexts,
    test: LabelledRows,
    *,
    out: Path,
    follower: Follower,
) -> list[Fit]:
    """Fit the estimator of each cell and seed, in their order, but for those that were fitted before."""
    follower.expect(len(made))
    done = list[Fit]()
    for (cell, seed), estimator in made.items():
        folder = out / f"{cell}-{seed}"
        if (folder / FIT).exists():
            one = json.loads((folder / FIT).read_text("utf-8"))
            follower.passed(1, one["seconds"])
        else:
            with follower.watch(f"{cell}, seed {seed}") as watch:
                one = {"cell": cell, "seed": seed, **_fit(estimator, learnt, test, folder, watch)}
            write_json(folder / FIT, one)
        done.append(one)
    return done


def _fit(estimator: Any, learnt: LabelledTexts, test: LabelledRows, folder: Path, watch: Watch) -> Fit:
    started = time.perf_counter()
    estimator.fit_prepared(estimator.task.prepare(estimator.asked(), learnt), run=folder, watch=watch)
    seconds = time.perf_counter() - started
    estimator.save(folder / "artefact")
    # What was learnt lies in the artefact now; checkpoints of twelve nets would fill a disc.
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    judged = estimator.judge(test.texts, test.labels)
    return {
        "accuracy": judged.record["accuracy"],
        "loss": judged.record["loss"],
        "seconds": round(seconds, 1),
        "parameters": sum(estimator.model_.plan.parameters.values()),
        "best_epoch": estimator.best_epoch_,
        "history": estimator.history_,
        # Of each test row, for comparisons in pairs: a sign is shorter than true and false.
        "right": "".join("01"[int(right)] for right in judged.right),
    }


def rival_of(learnt: LabelledTexts, test: LabelledRows, out: Path) -> dict[str, Any]:
    """Fit the better linear model on the same rows; once for a folder."""
    kept = out / "rival.json"
    if not kept.exists():
        labels = [str(label) for label in learnt.labels]
        best = text_rivals(LabelledRows(learnt.texts, labels), test)[0]
        write_json(kept, best.record())
    record: dict[str, Any] = json.loads(kept.read_text("utf-8"))
    return record


def figures(done: Sequence[Fit]) -> dict[str, Any]:
    """Return what the fits come to: each cell over its seeds, and each held against the best one in pairs.

    Of each test row counts the share of seeds that were right; the bootstrap draws rows (metrics.paired_bootstrap), so
    it tells whether other rows could turn a difference, and the spread of seeds stands beside it.
    """
    names = list(dict.fromkeys(fit["cell"] for fit in done))
    groups = {name: [fit for fit in done if fit["cell"] == name] for name in names}
    right = {
        name: np.mean([np.frombuffer(fit["right"].encode(), np.uint8) - ord("0") for fit in group], axis=0)
        for name, group in groups.items()
    }
    best = max(names, key=lambda name: right[name].mean())
    against = {name: paired_bootstrap(right[best], right[name])._asdict() for name in names if name != best}
    return {
        "best": best,
        "cells": [
            {
                "cell": name,
                "accuracy": float(right[name].mean()),
                "least": min(fit["accuracy"] for fit in group),
                "most": max(fit["accuracy"] for fit in group),
                "loss": float(np.mean([fit["loss"] for fit in group])),
                "seconds": float(np.mean([fit["seconds"] for fit in group])),
                "parameters": group[0]["parameters"],
            }
            for name, group in groups.items()
        ],
        "differences": [
            {"cell": name, **{key: float(value) for key, value in told.items()}} for name, told in against.items()
        ],
        "fits": [{key: fit[key] for key in KEPT} for fit in done],
    }
