"""The page of a comparison of cells: dots of each seed, differences in pairs, how each learnt.

Not here: the fits and their figures (compare.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.report.blocks import Block, Figure, Paragraph, Table
from recurra.report.charts.curves import Line, lines
from recurra.report.charts.labs import dots_and_ranges
from recurra.report.page import Report, Section
from recurra.report.run_sections import RunRecord, settings_sections
from recurra.tasks.reads import readers


def verdict(difference: dict[str, Any], best: str) -> str:
    """Tell a difference of the best cell to another in words."""
    if difference["low"] > 0:
        return f"{best} is better"
    return "no difference that these rows show"


def comparison_report(record: dict[str, Any], histories: dict[str, list[list[dict[str, float]]]]) -> Report:
    """Return the page; `histories` holds those of each cell's seeds."""
    cells, seeds = record["cells"], len({fit["seed"] for fit in record["fits"]})
    best = next(cell for cell in cells if cell["cell"] == record["best"])
    told = f"{record['learnt']:,} texts, measured on {record['rows']:,} {record['part']}; {seeds} seeds"
    left_out = [Paragraph(f"{record['left_out'].capitalize()}.")] if record.get("left_out") else []
    sections = [
        Section("Result", (Paragraph(_sentence(record, best)), *left_out, _dots(record), _cells(cells))),
        *([Section("Differences", (_differences(record),))] if record["differences"] else []),
        *_learning(histories),
        *settings_sections(RunRecord({**record, "settings": _shared(record["settings"])}), readers),
    ]
    return Report(f"Cells on {record['title']}", told, tuple(sections), record)


def _shared(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of all fits: each has a cell of its own."""
    return {**settings, "net": {name: value for name, value in settings["net"].items() if name != "cell"}}


def _sentence(record: dict[str, Any], best: dict[str, Any]) -> str:
    unsure = [one["cell"] for one in record["differences"] if one["low"] <= 0]
    beside = f"; these rows do not tell it from {', '.join(unsure)}" if unsure else ""
    rival = record["rival"]
    linear = f" {rival['name']}, on the same rows: {100 * rival['accuracy']:.1f} %." if rival else ""
    return f"Best: {best['cell']}, {100 * best['accuracy']:.1f} % in the mean of seeds{beside}.{linear}"


def _dots(record: dict[str, Any]) -> Figure:
    names = [cell["cell"] for cell in record["cells"]]
    shares = [[100 * fit["accuracy"] for fit in record["fits"] if fit["cell"] == name] for name in names]
    rival = record["rival"]
    line = (100 * rival["accuracy"], rival["name"]) if rival else None
    svg = dots_and_ranges(names, shares, x_label="accuracy, %", line=line)
    return Figure(svg, "A dot for each seed; beside them their mean.")


def _cells(cells: Sequence[dict[str, Any]]) -> Table:
    keys = ("cell", "accuracy", "least", "most", "loss", "seconds", "parameters")
    header = ("cell", "accuracy", "least", "most", "loss", "seconds a fit", "parameters")
    return Table(header, tuple(tuple(cell[key] for key in keys) for cell in cells), "Means over seeds.")


def _differences(record: dict[str, Any]) -> Table:
    rows = tuple(
        (one["cell"], one["difference"], one["low"], one["high"], one["p"], verdict(one, record["best"]))
        for one in record["differences"]
    )
    caption = (
        f"{record['best']} less each other cell, in accuracy: paired bootstrap over rows, of which each counts by the "
        "share of seeds that were right. Seeds of their own are not drawn: see the dots."
    )
    return Table(("against", "difference", "95 % from", "to", "p", "says"), rows, caption)


def _learning(histories: dict[str, list[list[dict[str, float]]]]) -> list[Section]:
    curves = []
    for name, runs in histories.items():
        # Seeds may stop at different epochs: the mean goes as far as all of them do.
        epochs = min(map(len, runs))
        if epochs and all("val_accuracy" in row for run in runs for row in run):
            mean = np.mean([[row["val_accuracy"] for row in run[:epochs]] for run in runs], axis=0)
            curves.append(Line(name, list(range(1, epochs + 1)), mean.tolist()))
    if not curves:
        return []
    blocks: tuple[Block, ...] = (
        Figure(lines(*curves, x_label="epoch", y_label="validation accuracy"), "Means over seeds."),
    )
    return [Section("Learning", blocks)]
