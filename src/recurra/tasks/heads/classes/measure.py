"""What is measured of a classifier on labelled texts: one record, ready for JSON and for a report.

Not here: the formulas (metrics.py) and the drawing (report/).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.nb_svm import NBSVM
from recurra.baselines.tf_idf import TfidfLogistic
from recurra.datasets.columns import name_list
from recurra.datasets.labels import as_known, places_of
from recurra.errors import DataError, either
from recurra.layers.layer import Floats
from recurra.metrics import (
    accuracy,
    calibration_bins,
    calibration_error,
    confusion_matrix,
    f1,
    log_loss,
    macro_f1,
    paired_bootstrap,
)
from recurra.report.numbers import number
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.explain import explain
from recurra.tasks.heads.lost import Scored, lost
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.text.encoder import unread_warnings

NGRAMS = "NB-SVM (1- to 3-grams)"
LINEAR: dict[str, Callable[[], Any]] = {NGRAMS: NBSVM, "TF-IDF, logistic regression": TfidfLogistic}
"""The linear rivals of every report."""
WIDE = "`--wide` (the n-grams' log-odds beside the network)", "`wide=True` (the n-grams' log-odds beside the network)"
FORGOTTEN = "the rows this model learnt from are not at hand: the rival is the most frequent label of the rows given"
TOP = 20
"""Rows of highest loss told."""
EXPLAINED, WORDS = 10, 5
"""Of those, rows that are explained, and words told of each."""


@dataclass(frozen=True, eq=False)
class TextEvaluation:
    """A record of figures; `right` (rows,) tells which rows were answered rightly, for paired comparisons."""

    record: dict[str, Any]
    right: NDArray[np.bool_]


def share_right(
    answers: Sequence[object], labels: Sequence[object], *, known: Sequence[object], weights: NDArray[Any] | None
) -> float:
    """Return the share of answers (rows,) that are the labels; a label that is no `known` class is never answered.

    Raises DataError for no rows, and for labels none of which is known.
    """
    if not len(labels):
        raise DataError("no rows to evaluate on")
    # By their places, so that 1, 1.0 and "1" are the same label.
    given, meant = np.array(places_of(answers, known)), np.array(places_of(labels, known))
    # Some unknown labels are rows answered wrongly; unknown ones alone are another set, or labels of another kind.
    if (meant < 0).all():
        raise _unknown(labels, meant, known)
    return float(np.average(given == meant, weights=weights))


def _unknown(labels: Sequence[object], places: NDArray[np.int64], known: Sequence[object]) -> DataError:
    unknown = sorted({str(label) for label, place in zip(labels, places, strict=True) if place < 0})
    allowed = ", ".join(map(str, known))
    return DataError("labels the model does not know", found=", ".join(unknown[:5]), allowed=allowed)


def evaluate_text(
    model: RunningClassifier, texts: Sequence[str], labels: Sequence[object], answers: Floats | None = None
) -> TextEvaluation:
    """Measure; raises DataError for no rows or a label the model does not know.

    `answers` (rows, classes) are given where they are those of models that had not learnt from these rows.
    """
    if not len(texts):
        raise DataError("no rows to evaluate on")
    names, targets = model.labels, np.array(places_of(labels, model.labels))
    # Stricter than a share of right rows: a class that the model lacks has no probability, and its loss no bound.
    if (targets < 0).any():
        raise _unknown(labels, targets, names)
    judged, encoded = model.judged(texts) if answers is None else (answers, model.encoded(texts))
    shares = judged.astype(np.float64)
    predicted = shares.argmax(axis=1)
    absent = [name for place, name in enumerate(names) if place not in targets]
    # Uncut lengths: accuracy by length shows what cutting at `max_length` costs.
    lengths = np.array([len(ids) for ids in model.encoder.encode_whole(texts)])
    record = {
        "task": "text",
        "rows": len(texts),
        "accuracy": accuracy(targets, predicted),
        "loss": log_loss(targets, shares),
        "f1": _f1(targets, predicted, classes=len(names)),
        "ece": calibration_error(targets, shares),
        "labels": list(names),
        # All of the model's classes, those without a row too, so that rows and columns have the names of `labels`.
        "confusion": confusion_matrix(targets, predicted, labels=np.arange(len(names))).tolist(),
        "calibration": [asdict(bin_) for bin_ in calibration_bins(targets, shares)],
        "by_length": _by_length(lengths, predicted == targets),
        "top_losses": _top_losses(names, texts, targets, shares),
        "warnings": [*unread_warnings(encoded.unread, len(encoded.ids)), *_unmeasured(absent, classes=len(names))],
    }
    return TextEvaluation(record, predicted == targets)


def _f1(targets: NDArray[np.int64], predicted: NDArray[np.int64], *, classes: int) -> float | None:
    """F1 of the second of two classes, None where it has no row; else the mean over the classes that occur."""
    if classes != 2:
        return macro_f1(targets, predicted)
    return f1(targets, predicted, positive=1) if targets.any() else None


def _unmeasured(absent: list[str], *, classes: int) -> list[str]:
    if not absent:
        return []
    undefined = "; F1 is not defined" if classes == 2 and len(absent) == 1 else ""
    return [
        f"no row of {len(absent)} of {classes} classes, nothing is measured of them: {name_list(absent)}{undefined}"
    ]


def _by_length(lengths: NDArray[np.int64], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Accuracy in eight groups of equally many rows, from short to long."""
    order = np.argsort(lengths, kind="stable")
    # Of fewer than eight rows some groups are empty.
    groups = [rows for rows in np.array_split(order, 8) if len(rows)]
    return [
        {
            "low": int(lengths[rows[0]]),
            "high": int(lengths[rows[-1]]),
            "rows": len(rows),
            "accuracy": float(right[rows].mean()),
        }
        for rows in groups
    ]


def _top_losses(
    names: Sequence[str], texts: Sequence[str], targets: NDArray[np.int64], shares: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """The rows the model was most confidently wrong about, counted from 1."""
    # A probability that was rounded to 0 would lose infinitely much, which JSON cannot hold.
    losses = -np.log(np.maximum(shares[np.arange(len(targets)), targets], 1e-15))
    worst = np.argsort(-losses, kind="stable")[:TOP]
    return [
        {
            "row": int(row) + 1,
            "label": names[targets[row]],
            "predicted": names[int(shares[row].argmax())],
            "probability": float(shares[row].max()),
            "loss": float(losses[row]),
            "excerpt": texts[row][:160],
        }
        for row in worst
    ]


def label_figures(model: RunningClassifier, rows: LabelledRows) -> dict[str, Any]:
    """Measure a model by itself; raises DataError for no rows or a label the model does not know."""
    return _evaluated(model, rows).record


def judge_labels(
    model: RunningClassifier, rows: LabelledRows, learnt: LabelledRows | None, tries: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure a model beside the rivals: majority and NB-SVM where the rows `learnt` from are at hand, else majority.

    Raises DataError for no rows or a label the model does not know.
    """
    evaluation = _evaluated(model, rows)
    explain_hardest(model, evaluation, rows)
    if learnt is not None:
        return with_rivals(evaluation, text_rivals(learnt, rows), model, tries)
    return {**with_rivals(evaluation, [_most_frequent(rows)], model, tries), "notes": [FORGOTTEN]}


def _evaluated(model: RunningClassifier, rows: LabelledRows) -> TextEvaluation:
    # A file may write 1.0 for the class 1: the record tells labels as the model writes them.
    evaluation = evaluate_text(model, rows.texts, as_known(rows.labels or [], model.labels))
    if rows.numbers is not None:
        # Validation rows were shuffled: their place here says nothing to a reader of the file.
        for top in evaluation.record["top_losses"]:
            top["row"] = int(rows.numbers[top["row"] - 1]) + 1
    return evaluation


def explain_hardest(model: RunningClassifier, evaluation: TextEvaluation, rows: LabelledRows) -> None:
    """Add to the hardest rows the words that did most for what was predicted."""
    # A row is told by its number in the file, the text by its place here.
    numbers = range(len(rows.texts)) if rows.numbers is None else rows.numbers
    places = {int(number) + 1: place for place, number in enumerate(numbers)}
    for top in evaluation.record["top_losses"][:EXPLAINED]:
        told = explain(model, rows.texts[places[top["row"]]], top["predicted"])
        strongest = sorted(told.words, key=lambda word: -word.effect)[:WORDS]
        top["words"] = [[word.text, round(word.effect, 4)] for word in strongest if word.effect > 0]


def _most_frequent(rows: LabelledRows) -> Rival:
    most = commonest(rows.labels or [])
    return Rival(f"majority ({most})", np.array(rows.labels) == most)


def commonest(labels: Sequence[str]) -> str:
    """Return the commonest label: of equals the alphabetically first, so that every run takes the same one."""
    counts = Counter(labels)
    return max(sorted(counts), key=counts.__getitem__)


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


def text_rivals(learnt: LabelledRows, rows: LabelledRows) -> list[Rival]:
    """Fit NB-SVM and TF-IDF on the rows learnt from, and measure them and the majority on the same rows as the net."""
    labels, truths = learnt.labels or [], np.array(rows.labels)
    linear = [rival for name, make in LINEAR.items() for rival in _measured(name, make(), learnt, rows)]
    # The better one goes first: the first rival is the one that the net is compared with in pairs.
    linear.sort(key=lambda rival: -rival.accuracy)
    return [*linear, Rival("majority", truths == commonest(labels), seconds=0.0)]


def _measured(name: str, model: Any, learnt: LabelledRows, rows: LabelledRows) -> list[Rival]:
    """Return the rival, or none where it finds nothing in these texts to learn from, such as a word."""
    started = time.perf_counter()
    try:
        answers = model.fit(learnt.texts, learnt.labels or []).predict(rows.texts)
    except DataError:
        return []
    return [Rival(name, np.array(answers) == np.array(rows.labels), time.perf_counter() - started)]


def with_rivals(
    evaluation: TextEvaluation, rivals: list[Rival], model: RunningClassifier, tries: Sequence[str] = ()
) -> dict[str, Any]:
    """Join the net's figures with the rivals' and a paired bootstrap against the first of them.

    Where the net lost, one sentence says so: `tries` may help besides what the `model` lacks, and more rows.
    """
    record = {**evaluation.record, "rivals": [rival.record() for rival in rivals]}
    if rivals:
        record["rival"] = {"name": rivals[0].name, "accuracy": rivals[0].accuracy}
        compared = paired_bootstrap(evaluation.right, rivals[0].right)
        record["against_rival"] = {name: float(value) for name, value in compared._asdict().items()}
    # The wide part is NB-SVM's own log-odds, of two classes only: advised where just this rival won. A net that began
    # with a language model refuses it.
    may_be_wide = (
        model.plan.wide is None and len(record["labels"]) == 2 and not model.origin.parameters.get("init_from")
    )
    own = Scored("Recurra", record["accuracy"], evaluation.right)
    others = [
        Scored(
            rival.name, rival.accuracy, rival.right, (either(*WIDE),) if may_be_wide and rival.name == NGRAMS else ()
        )
        for rival in rivals
    ]
    on = f"{number(record['rows'])} rows"
    who = "The model" if model.plan.grams else "The network"
    more = [*tries, "more labelled rows"]
    return record | lost("accuracy", own, others, on=on, tries=more, share=True, who=who)
