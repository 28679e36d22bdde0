"""The sections of a report on labelling texts: scores, confusion, calibration, lengths, the hardest rows.

Not here: training and network, which all tasks share (run_sections.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra.errors import UsageError
from recurra.report.blocks import Align, Block, Figure, Paragraph, SideBySide, Table
from recurra.report.charts.scores import MOST_LABELS, bars, calibration, confusion
from recurra.report.numbers import Shown, number
from recurra.report.page import Section
from recurra.report.run_sections import (
    RunRecord,
    RunRows,
    cell,
    counted,
    network_section,
    result_section,
    section,
    training_section,
)

SCORES = (
    ("accuracy", "accuracy", True),
    ("f1", "F1", False),
    ("auc", "area under the curve", False),
    ("loss", "loss", False),
    ("ece", "calibration error", False),
)
"""Key, label, and whether it is a share, of the figures on top."""
RIVAL_SCORES = {"accuracy": "accuracy", "f1": "F1", "loss": "loss", "seconds": "seconds to train"}
PAIRS = 15
"""Confused pairs listed where there are too many labels for a chart."""


def text_sections(record: RunRecord) -> list[Section]:
    """Return what the record of a text run holds, in the order one reads it."""
    scores = record.part("evaluation")
    count = scores.counted("rows")
    judged = Paragraph(f"Judged on {number(count)} rows.") if count else None
    return [
        *result_section(record, judged, SCORES, RIVAL_SCORES, "rows"),
        *section("What each judge is worth", [_members(scores.rows("members"))]),
        *training_section(record),
        *_mistakes(scores),
        *_hardest(scores.rows("top_losses")),
        *network_section(record),
    ]


def _members(members: RunRows) -> Table | None:
    """Return the judges of a stack: what each counts, its own accuracy, and the loss without it."""
    if not members:
        return None
    lines = tuple(
        (str(one.get("name") or ""), one.measured("weight"), one.measured("accuracy"), one.measured("loss"))
        for one in members
    )
    caption = "Weights are of log-probabilities; all figures are of rows that the judge had not learnt from."
    return Table(("judge", "weight", "accuracy", "loss without it, more by"), lines, caption)


def _mistakes(scores: RunRecord) -> list[Section]:
    """Return confusion and calibration, beside one another where the labels are few, and accuracy by length."""
    labels = [str(name) for name in scores.listed("labels")]
    matrix = _matrix(scores.listed("confusion"), labels)
    found = [picture for picture in (_confusion(matrix, labels), _calibration(scores.rows("calibration"))) if picture]
    # A matrix of more labels needs the width of the page.
    beside = len(found) == 2 and len(labels) <= 5
    pictures: list[Block] = [SideBySide(tuple(found))] if beside else list(found)
    return section("Mistakes", [*pictures, *_classes(matrix, labels), _by_length(scores.rows("by_length"))])


def _matrix(given: Sequence[Any], labels: Sequence[str]) -> list[list[int]]:
    """Return the confusion matrix as whole numbers, empty where it is missing."""
    lines = [row if isinstance(row, list | tuple) else () for row in given]
    # A value that is no count leaves its row too short, and the check below refuses it.
    matrix = [[count for value in row if (count := counted(value)) is not None] for row in lines]
    if matrix and [len(row) for row in matrix] != [len(labels)] * len(labels):
        raise UsageError(
            "record.evaluation.confusion", found=f"{len(matrix)} rows", allowed=f"{len(labels)} by as many"
        )
    return matrix


def _confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> Figure | None:
    # Too many squares to read: `_classes` lists the pairs that are confused most.
    if not matrix or len(labels) > MOST_LABELS:
        return None
    return Figure(confusion(matrix, labels), "True labels (down) against predicted ones (across): rows counted.")


def _calibration(bins: RunRows) -> Figure | None:
    # Without a row in any bin nothing can be drawn, and the chart refuses it.
    if not bins.has("count") or not any(bins.column("count")):
        return None
    columns = [[value or 0.0 for value in bins.column(key)] for key in ("confidence", "accuracy", "count")]
    svg = calibration(columns[0], columns[1], [counted(count) or 0 for count in columns[2]])
    return Figure(svg, "Accuracy by confidence; on the line a model is as sure as it is right. Areas: rows.")


def _classes(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> list[Block]:
    """Return precision and recall of each label, and the most confused pairs where no chart shows them."""
    # Of two labels the picture of the matrix already tells all.
    if not matrix or len(labels) < 3:
        return []
    lines = []
    for place, name in enumerate(labels):
        # A row of the matrix adds up to what truly is this label, a column to what was said to be it.
        right, truly, said = matrix[place][place], sum(matrix[place]), sum(row[place] for row in matrix)
        # 2 TP / (2 TP + FP + FN): both sums count the hits. A label without rows has none: 0 would look like a failure.
        f1 = 2 * right / (truly + said) if truly + said else None
        lines.append((name, truly, right / said if said else None, right / truly if truly else None, f1))
    table = Table(("label", "rows", "precision", "recall", "F1"), tuple(lines), "Each label by itself.")
    return [table, _pairs(matrix, labels)] if len(labels) > MOST_LABELS else [table]


def _pairs(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> Table:
    found = [
        (count, labels[true], labels[said])
        for true, row in enumerate(matrix)
        for said, count in enumerate(row)
        if true != said and count
    ]
    # By the count alone: sorting is stable, and pairs of one count stay in the order of the labels.
    body = tuple((true, said, count) for count, true, said in sorted(found, key=lambda pair: -pair[0])[:PAIRS])
    return Table(("true", "predicted", "rows"), body, "The pairs that are confused most.")


def _by_length(bins: RunRows) -> Figure | None:
    filled = [row for row in bins if row.counted("rows") and row.measured("accuracy") is not None]
    if not filled:
        return None
    names = [f"{_span(row)} · {number(int(row['rows']))} rows" for row in filled]
    svg = bars(names, [float(row["accuracy"]) for row in filled], x_label="accuracy", decimals=3)
    return Figure(svg, "Accuracy by the length of the text, in tokens.")


def _span(row: RunRecord) -> str:
    low, high = row.counted("low"), row.counted("high")
    if low is None or high is None:
        return f"from {number(low)}" if low is not None else "all lengths"
    return f"{number(low)}–{number(high)}"


def _hardest(losses: RunRows) -> list[Section]:
    """Return the rows with the largest losses; their words only where the record holds any."""
    if not losses:
        return []
    keys = {"row": "row", "label": "true", "predicted": "predicted", "probability": "probability", "loss": "loss"}
    if any(row.get("excerpt") for row in losses):
        keys["excerpt"] = "text"
    if any(row.get("words") for row in losses):
        keys["words"] = "what did most for the prediction"
    # The number of a row is its name, to be searched for: as an amount it would get spaces between thousands.
    body = tuple(tuple(_shown(row, key) for key in keys) for row in losses)
    words = Paragraph("The rows with the largest losses: mislabelled, ambiguous, or what the network has yet to learn.")
    align: tuple[Align, ...] = tuple("right" if key in ("row", "probability", "loss") else "left" for key in keys)
    return section("Hardest rows", [words, Table(tuple(keys.values()), body, "", align)])


def _shown(row: RunRecord, key: str) -> Shown:
    if key == "words":
        return ", ".join(f"{word} {effect:+.2f}" for word, effect in row.get(key) or ())
    return str(row.get(key, "")) if key == "row" else cell(row.get(key))
