"""The best of GRU and LSTM on IMDB: chosen on validation, repeated with several seeds, beside NB-SVM on the same rows.

Not here: the recipe, which is the default of `TextClassifier`. Every finished part is kept under runs/benchmarks/imdb,
so a measurement that was stopped goes on; the test part is read once by each kept model.
Run: `RECURRA_DATA=… python benchmarks/imdb.py --seeds 3`.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from writing import PARTS, over_seeds, write_result

from recurra.cli.output import say
from recurra.cli.progress import progress
from recurra.config import Cell, Settings, read_settings
from recurra.datasets.imdb import load_imdb
from recurra.datasets.known import find
from recurra.datasets.records import TextTable
from recurra.datasets.splits import Split, split
from recurra.errors import DataError, RecurraError
from recurra.labs.record import LabOptions, remembered
from recurra.memory import keep_buffers
from recurra.metrics import paired_bootstrap

CELLS: tuple[Cell, ...] = ("lstm", "gru")
Part = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Job:
    """The rows, once split by film, and the recipe."""

    train: Part
    validation: Part
    test: Part
    settings: Settings
    options: LabOptions


def main() -> int:
    """Measure what is not yet measured and write results/imdb.json."""
    keep_buffers()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change the recipe")
    arguments = parser.parse_args()
    try:
        figures = measure(prepare(arguments.set, arguments.seeds))
    except RecurraError as problem:
        say(f"imdb: {problem}")
        return problem.exit_code
    write_result("imdb", figures, seeds=range(arguments.seeds))
    return 0


def prepare(changes: list[str], seeds: int) -> Job:
    """Load IMDB and hold out a tenth of its training films."""
    from recurra.estimators.text import TEXT_SETTINGS

    imdb = load_imdb()
    held = split(len(imdb.train), labels=imdb.train.labels, groups=imdb.train.groups, share=0.1, seed=0)
    options = LabOptions(False, seeds, PARTS / "imdb", progress, say)
    settings = TEXT_SETTINGS.changed(read_settings(changes))
    return Job(*_parts(imdb.train, held), (imdb.test.texts, imdb.test.labels or []), settings, options)


def _parts(table: TextTable, held: Split) -> tuple[Part, Part]:
    labels = table.labels or []
    train, validation = (
        ([table.texts[row] for row in rows], [labels[row] for row in rows]) for rows in (held.train, held.validation)
    )
    return train, validation


def measure(job: Job) -> dict[str, Any]:
    """Choose the cell with seed 0, repeat it with the other seeds, and compare with the rival."""
    first = {cell: _fit(job, cell, 0) for cell in CELLS}
    best = max(CELLS, key=lambda cell: first[cell]["val_accuracy"])
    runs = [first[best], *(_fit(job, best, seed) for seed in range(1, job.options.seeds))]
    rival = remembered(job.options, "rival", {"rows": len(job.train[0])}, partial(_rival, job))
    other = np.array(rival["right"])
    return {
        "rows": {"train": len(job.train[0]), "validation": len(job.validation[0]), "test": len(job.test[0])},
        "chosen": best,
        "val_accuracy": {cell: first[cell]["val_accuracy"] for cell in CELLS},
        "alone": _figures(runs, "right", other),
        "wide": _figures(runs, "wide_right", other),
        "seconds": over_seeds([run["seconds"] for run in runs]),
        "parameters": runs[0]["parameters"],
        "vector_coverage": runs[0]["vector_coverage"],
        "rival": {"name": rival["name"], "accuracy": float(other.mean()), "seconds": rival["seconds"]},
        "majority": rival["majority"],
        "settings": job.settings.changed({"cell": best}).model_dump(mode="json"),
    }


def _figures(runs: list[dict[str, Any]], name: str, rival: NDArray[np.bool_]) -> dict[str, Any]:
    """Test accuracy over seeds, and the paired bootstrap of each seed against the rival on the same rows."""
    right = [np.array(run[name]) for run in runs]
    against = [{key: float(value) for key, value in paired_bootstrap(one, rival)._asdict().items()} for one in right]
    return {"accuracy": over_seeds([float(one.mean()) for one in right]), "against_rival": against}


def _fit(job: Job, cell: Cell, seed: int) -> dict[str, Any]:
    settings = job.settings.changed({"cell": cell})
    choices = {"settings": settings.model_dump(mode="json"), "seed": seed, "rows": len(job.train[0])}
    name = f"{cell}-{seed}"
    return cast(dict[str, Any], remembered(job.options, name, choices, partial(_train, job, settings, seed, name)))


def _train(job: Job, settings: Settings, seed: int, name: str) -> dict[str, Any]:
    """Train one net; measure it alone and with the wide part, which is fitted beside the finished net."""
    from dataclasses import replace

    from recurra.estimators.text import TextClassifier
    from recurra.layers.specs import parameters

    vectors = find("glove")
    if vectors is None:
        raise DataError("GloVe is not on this machine", advice="run `recurra data get glove` or set RECURRA_DATA")
    model = TextClassifier(vectors=vectors, wide=True, random_state=seed, config=settings)
    started = time.perf_counter()
    with progress(f"IMDB, {name}") as watch:
        model.fit(*job.train, validation_data=job.validation, run=job.options.out / "runs" / name, watch=watch)
    seconds = time.perf_counter() - started
    model.save(job.options.out / "runs" / name / "artefact")
    alone = replace(model.model_, plan=model.model_.plan.model_copy(update={"wide": None}))
    return {
        "seconds": round(seconds, 1),
        "val_accuracy": model.history_[model.best_epoch_ - 1]["val_accuracy"],
        "right": _right(alone, job.test),
        "wide_right": _right(model.model_, job.test),
        "parameters": sum(parameters(spec) for spec in alone.plan.layers().values()),
        "vector_coverage": model.coverage_,
    }


def _right(model: Any, part: Part) -> list[bool]:
    chosen = model.predict_proba(part[0]).argmax(axis=1)
    return [model.labels[place] == label for place, label in zip(chosen, part[1], strict=True)]


def _rival(job: Job) -> dict[str, Any]:
    """NB-SVM and majority, fitted on the same training rows as the nets."""
    from recurra.runs.text import text_rivals

    strong, majority = text_rivals(job.train, job.test)
    return {**strong.record(), "right": strong.right.tolist(), "majority": majority.accuracy}


if __name__ == "__main__":
    sys.exit(main())
