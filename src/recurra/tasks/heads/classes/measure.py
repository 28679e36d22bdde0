"""What is measured of a classifier on labelled texts: one record, ready for JSON and for a report.

Not here: the formulas (metrics.py) and the drawing (report/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import name_list
from recurra.datasets.labels import places_of
from recurra.errors import DataError
from recurra.metrics import accuracy, calibration_bins, calibration_error, confusion_matrix, f1, log_loss, macro_f1
from recurra.tasks.heads.classes.run import RunningClassifier, unread_warnings

TOP = 20
"""Rows of highest loss told."""


@dataclass(frozen=True, eq=False)
class TextEvaluation:
    """A record of figures; `right` (rows,) tells which rows were answered rightly, for paired comparisons."""

    record: dict[str, Any]
    right: NDArray[np.bool_]


def share_right(
    answers: Sequence[object], labels: Sequence[object], *, known: Sequence[object], weights: Sequence[float] | None
) -> float:
    """Return the share of answers (rows,) that are the labels; a label that is no `known` class is never answered.

    Raises DataError for no rows, labels none of which is known, and weights that are all 0.
    """
    if not len(labels):
        raise DataError("no rows to evaluate on")
    given, meant = np.array(places_of(answers, known)), np.array(places_of(labels, known))
    if (meant < 0).all():
        raise _unknown(labels, meant, known)
    if weights is not None and not np.any(weights):
        raise DataError("sample_weight", found="zeros alone", allowed="a weight above 0")
    return float(np.average(given == meant, weights=weights))


def _unknown(labels: Sequence[object], places: NDArray[np.int64], known: Sequence[object]) -> DataError:
    unknown = sorted({str(label) for label, place in zip(labels, places, strict=True) if place < 0})
    allowed = ", ".join(map(str, known))
    return DataError("labels the model does not know", found=", ".join(unknown[:5]), allowed=allowed)


def evaluate_text(model: RunningClassifier, texts: Sequence[str], labels: Sequence[object]) -> TextEvaluation:
    """Measure; raises DataError for no rows or a label the model does not know."""
    if not len(texts):
        raise DataError("no rows to evaluate on")
    names, targets = model.labels, np.array(places_of(labels, model.labels))
    if (targets < 0).any():
        raise _unknown(labels, targets, names)
    judged, encoded = model.judged(texts)
    shares = judged.astype(np.float64)
    predicted = shares.argmax(axis=1)
    absent = [name for place, name in enumerate(names) if place not in targets]
    lengths = np.array([len(ids) for ids in model.encoder.encode_whole(texts)])
    record = {
        "task": "text",
        "rows": len(texts),
        "accuracy": accuracy(targets, predicted),
        "loss": log_loss(targets, shares),
        "f1": _f1(targets, predicted, classes=len(names)),
        "ece": calibration_error(targets, shares),
        "labels": list(names),
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
