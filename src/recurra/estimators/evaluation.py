"""What is measured of a classifier on labelled texts: one record, ready for JSON and for a report.

Not here: the formulas (metrics.py) and the drawing (report/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError
from recurra.metrics import accuracy, calibration_bins, calibration_error, confusion_matrix, f1, log_loss, macro_f1
from recurra.models.text import RunningClassifier

TOP = 20
"""Rows of highest loss told."""


@dataclass(frozen=True, eq=False)
class TextEvaluation:
    """A record of figures; `right` (rows,) tells which rows were answered rightly, for paired comparisons."""

    record: dict[str, Any]
    right: NDArray[np.bool_]


def evaluate_text(model: RunningClassifier, texts: Sequence[str], labels: Sequence[str]) -> TextEvaluation:
    """Measure; raises DataError for no rows or a label the model does not know."""
    if not len(texts):
        raise DataError("no rows to evaluate on")
    unknown = sorted(set(labels) - set(model.labels))
    if unknown:
        raise DataError("labels the model does not know", found=", ".join(unknown[:5]), allowed=", ".join(model.labels))
    place = {label: number for number, label in enumerate(model.labels)}
    targets = np.array([place[label] for label in labels])
    shares = model.predict_proba(texts).astype(np.float64)
    predicted = shares.argmax(axis=1)
    lengths = np.array([len(ids) for ids in model.encoder.encode_whole(texts)])
    record = {
        "task": "text",
        "rows": len(texts),
        "accuracy": accuracy(targets, predicted),
        "loss": log_loss(targets, shares),
        "f1": f1(targets, predicted, positive=1) if len(model.labels) == 2 else macro_f1(targets, predicted),
        "ece": calibration_error(targets, shares),
        "labels": list(model.labels),
        "confusion": confusion_matrix(targets, predicted, labels=np.arange(len(model.labels))).tolist(),
        "calibration": [asdict(bin_) for bin_ in calibration_bins(targets, shares)],
        "by_length": _by_length(lengths, predicted == targets),
        "top_losses": _top_losses(model, texts, targets, shares),
    }
    return TextEvaluation(record, predicted == targets)


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
    model: RunningClassifier, texts: Sequence[str], targets: NDArray[np.int64], shares: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """The rows the model was most confidently wrong about, counted from 1."""
    losses = -np.log(np.maximum(shares[np.arange(len(targets)), targets], 1e-15))
    worst = np.argsort(-losses, kind="stable")[:TOP]
    return [
        {
            "row": int(row) + 1,
            "label": model.labels[targets[row]],
            "predicted": model.labels[int(shares[row].argmax())],
            "probability": float(shares[row].max()),
            "loss": float(losses[row]),
            "excerpt": texts[row][:160],
        }
        for row in worst
    ]
