"""A run of text classification: fit, save, measure on held-out rows beside the rivals, write the report.

Not here: reading files and printing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.majority import Majority
from recurra.baselines.nb_svm import NBSVM
from recurra.datasets.labels import as_known, check_known_labels, check_training_labels, duplicates_across
from recurra.datasets.texts import TextTable
from recurra.errors import either
from recurra.estimators.text import TextClassifier
from recurra.estimators.text_rows import Given, PreparedText, prepare_text
from recurra.metrics import paired_bootstrap
from recurra.nets.run import ClassifierNet
from recurra.report.numbers import number
from recurra.runs.folder import write_json
from recurra.runs.learning import finished, learnt
from recurra.tasks.heads.classes.measure import TextEvaluation
from recurra.tasks.heads.lost import VECTORS, Scored, learning_on, lost
from recurra.training.progress import Watch

NGRAMS = "NB-SVM (1- to 3-grams)"
WIDE = "`--wide` (the n-grams' log-odds beside the network)", "`wide=True` (the n-grams' log-odds beside the network)"

Labelled = tuple[list[str], list[str]]
"""Texts and labels."""


@dataclass(frozen=True, eq=False)
class Rival:
    """A rival's figures on the same rows."""

    name: str
    right: NDArray[np.bool_]
    seconds: float | None = None
    """None: it had nothing to learn."""

    @property
    def accuracy(self) -> float:
        """The share of rows that it answered rightly."""
        return float(self.right.mean())

    def record(self) -> dict[str, Any]:
        """Return what a report tells."""
        seconds = {} if self.seconds is None else {"seconds": round(self.seconds, 1)}
        return {"name": self.name, "accuracy": self.accuracy, **seconds}


def run_text(
    classifier: TextClassifier,
    train: TextTable,
    test: TextTable | None,
    *,
    out: Path,
    title: str,
    watch: Watch,
    prepared: PreparedText | None = None,
) -> dict[str, Any]:
    """Do the whole run; measure on `test`, else on the part that validation held out, which is then said.

    `prepared` are the rows where they have been prepared already.
    """
    prepared = prepared or prepare_rows(classifier, train)
    run = learnt(classifier, prepared, out=out, title=title, watch=watch)
    if classifier.split_ is not None:
        write_json(out / "split.json", classifier.split_.as_json())
    seen, rows, part = _held_out(classifier, train, test)
    evaluation = _measure(classifier, rows, part)
    tries = [] if classifier.vectors else [either(*VECTORS)]
    tries = [*learning_on(classifier.history_, classifier.best_epoch_), *tries]
    record = {
        **run,
        "evaluated_on": part,
        "evaluation": with_rivals(evaluation, text_rivals(seen, rows), classifier.model_.plan, tries),
        "vector_coverage": classifier.coverage_,
        "warnings": classifier.warnings_,
        "notes": [*classifier.warnings_, *classifier.notes_],
    }
    return finished(record, out=out, learnt_from=f"{len(seen[0]):,} texts, measured on {part}")


def _measure(classifier: TextClassifier, rows: Labelled, part: str) -> TextEvaluation:
    """Measure on the rows; the hardest ones are named by their row in the file, where a reader finds them."""
    evaluation = classifier.judge(*rows)
    if part.startswith("validation") and classifier.split_ is not None:
        for top in evaluation.record["top_losses"]:
            top["row"] = int(classifier.split_.validation[top["row"] - 1]) + 1
    return evaluation


def check_parts(train: TextTable, test: TextTable | None, *, file: str) -> list[str]:
    """Return warnings of the test rows and of those that are in both parts.

    Raises DataError for labels that cannot be learnt, and for test rows of others.
    """
    check_training_labels(train.labels, file=file)
    if test is None:
        return []
    check_known_labels(sorted(set(train.labels or [])), test.labels or [], part="test")
    return [*test.warnings, *duplicates_across(train.texts, test.texts)]


def prepare_rows(classifier: TextClassifier, train: TextTable) -> PreparedText:
    """Check and split the rows of a table, and lay out the net; raises as `fit` does.

    A label of a table was held against the words for missing when it was read.
    """
    given = Given(train.texts, train.labels, groups=train.groups, labels_as_written=True)
    return replace(prepare_text(classifier, given), columns=train.columns)


def _held_out(classifier: TextClassifier, train: TextTable, test: TextTable | None) -> tuple[Labelled, Labelled, str]:
    """Return the rows learnt from, the rows to measure on, and what the latter are called."""
    labels, split = train.labels or [], classifier.split_
    learnt = held = (train.texts, labels)
    if split is not None:
        learnt, held = (
            ([train.texts[row] for row in rows], [labels[row] for row in rows])
            for rows in (split.train, split.validation)
        )
    if test is not None and test.labels is not None:
        return learnt, (test.texts, as_known(test.labels, classifier.model_.labels)), "test"
    if split is None:
        return learnt, held, "training rows (nothing was held out)"
    return learnt, held, "validation (it also chose epoch and temperature: give --test for an untouched figure)"


def text_rivals(learnt: Labelled, rows: Labelled) -> list[Rival]:
    """Fit majority and NB-SVM (1- to 3-grams) on the rows learnt from and measure them on the same rows as the net."""
    rivals = []
    for name, rival in ((NGRAMS, NBSVM()), ("majority", Majority())):
        started = time.perf_counter()
        rival.fit(*learnt)
        right = np.array(rival.predict(rows[0])) == np.array(rows[1])
        rivals.append(Rival(name, right, time.perf_counter() - started))
    return rivals


def with_rivals(
    evaluation: TextEvaluation, rivals: list[Rival], plan: ClassifierNet, tries: Sequence[str] = ()
) -> dict[str, Any]:
    """Join the net's figures with the rivals' and a paired bootstrap against the first of them.

    Where the net lost, one sentence says so: `tries` may help besides what its `plan` lacks, and more rows.
    """
    record = {**evaluation.record, "rivals": [rival.record() for rival in rivals]}
    if rivals:
        record["rival"] = {"name": rivals[0].name, "accuracy": rivals[0].accuracy}
        compared = paired_bootstrap(evaluation.right, rivals[0].right)
        record["against_rival"] = {name: float(value) for name, value in compared._asdict().items()}
    may_be_wide = plan.wide is None and len(record["labels"]) == 2
    own = Scored("Recurra", record["accuracy"], evaluation.right)
    others = [
        Scored(
            rival.name, rival.accuracy, rival.right, (either(*WIDE),) if may_be_wide and rival.name == NGRAMS else ()
        )
        for rival in rivals
    ]
    on = f"{number(record['rows'])} rows"
    return record | lost("accuracy", own, others, on=on, tries=[*tries, "more labelled rows"], share=True)
