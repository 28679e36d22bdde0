"""The page of a search for settings: each trial's score, the best ones, and how they learnt.

Not here: the trials (tune.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from recurra.report.blocks import Block, Code, Figure, Paragraph, Table
from recurra.report.charts.curves import Line, lines
from recurra.report.page import Report, Section
from recurra.report.run_sections import RunRecord, settings_sections
from recurra.runs.tune import failed
from recurra.tasks.reads import readers

BEST = 5
"""Trials whose epochs are drawn."""


def tuning_report(record: dict[str, Any]) -> Report:
    """Return the page of a record: title, learnt, best, trials, settings."""
    trials = record["trials"]
    scored = sorted((one for one in trials if one["state"] == "done"), key=lambda one: -one["score"])
    early = sum(one["state"] == "ended early" for one in trials)
    told = f"{record['learnt']:,} texts; {len(trials)} trials, {early} of them ended early"
    told_failed = failed(trials)
    sections = [
        Section("Result", tuple(_result(record, trials))),
        *([Section("Learning", (_curves(scored[:BEST]),))] if any(len(one["history"]) > 1 for one in scored) else []),
        Section("Trials", (_table(trials), *([Paragraph(f"{told_failed}.")] if told_failed else []))),
        *settings_sections(RunRecord(record), readers),
    ]
    return Report(f"Settings for {record['title']}", told, tuple(sections), record)


def _result(record: dict[str, Any], trials: Sequence[dict[str, Any]]) -> list[Block]:
    best = record["best"]
    if best is None:
        return [Paragraph("No trial came to its end.")]
    words = f"Best: trial {best['trial']}, {100 * best['val_accuracy']:.2f} % on the validation part, which chose it: "
    advice = "on untouched rows it will be a little lower (`recurra evaluate`)."
    done = [one for one in trials if one["score"] is not None]
    places, scores = [one["trial"] for one in done], [one["score"] for one in done]
    highest = [max(scores[: place + 1]) for place in range(len(scores))]
    blocks: list[Block] = [Paragraph(words + advice), Code(record["fit"], "It fits with these settings.")]
    if len(done) > 1:
        svg = lines(
            Line("each trial", places, scores), Line("best so far", places, highest, dashed=True),
            x_label="trial", y_label="validation accuracy",
        )  # fmt: skip
        blocks.append(Figure(svg, "The best epoch of each trial."))
    return blocks


def _curves(best: Sequence[dict[str, Any]]) -> Figure:
    curves = [
        Line(f"trial {one['trial']}", [row["epoch"] for row in one["history"]],
             [row["val_accuracy"] for row in one["history"]])
        for one in best
    ]  # fmt: skip
    return Figure(lines(*curves, x_label="epoch", y_label="validation accuracy"), "The best trials, epoch by epoch.")


def _table(trials: Sequence[dict[str, Any]]) -> Table:
    rows = tuple(
        (one["trial"], one["state"], one["score"], one["epochs"], one["seconds"], _settings(one["settings"]))
        for one in trials
    )
    return Table(("trial", "state", "score", "epochs", "seconds", "settings"), rows, "All trials, in their order.")


def _settings(chosen: dict[str, Any]) -> str:
    told = {name: value if isinstance(value, str) else json.dumps(value) for name, value in chosen.items()}
    return ", ".join(f"{name} {value}" for name, value in told.items())
