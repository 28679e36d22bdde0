"""What the three lab records share: options, the head of the page, remembered parts, spreads, settings.

Not here: experiments.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from recurra.layers.specs import RecurrentSpec, parameters
from recurra.nets.plans import Plan
from recurra.report.blocks import Block, Equation, Facts, Figure, Paragraph, Points
from recurra.report.cell_diagrams import cell_diagram
from recurra.report.diagrams import network_diagram, summary_table
from recurra.report.equations import cell_equations
from recurra.report.page import Report, Section
from recurra.runs.folder import write_json
from recurra.training.progress import Watch

QUICK_NOTE = "This is the quick version of the record: less data or fewer epochs, so figures are below the full ones."


@dataclass(frozen=True)
class LabOptions:
    """How a lab is run."""

    quick: bool
    seeds: int
    out: Path
    watch: Callable[[str], AbstractContextManager[Watch]]
    """Opens the progress display of a training with that title."""
    say: Callable[[str], None]
    synthetic: bool = False
    """Whether the lab learns from made-up data, offline; only the lab sentiment has any."""
    expect: Callable[[int], None] = lambda trainings: None
    """Told once how many trainings there will be, those taken from an earlier run among them."""
    passed: Callable[[int, float], None] = lambda trainings, seconds: None
    """Told of a part taken from an earlier run: how many trainings it is, and the seconds that they took."""


@dataclass(frozen=True)
class Head:
    """The optional fields of a lab sheet."""

    name: str = ""
    roll: str = ""
    date: str = ""
    experiment: str = ""

    def heading(self) -> tuple[tuple[str, str], ...]:
        """Return the fields that were given, as the page's small table."""
        named = {"experiment": "Experiment", "name": "Name", "roll": "Roll number", "date": "Date"}
        given = asdict(self)
        return tuple((title, given[field]) for field, title in named.items() if given[field])


def remembered(
    options: LabOptions, name: str, choices: dict[str, Any], work: Callable[[], Any], *, trainings: int = 0
) -> Any:
    """Return what `work` measures, or what an earlier, interrupted run of the same choices already measured.

    Each part of a lab is written to OUT/parts/NAME.json as soon as it is done, so that hours are never lost.
    `trainings` says how many of those that the lab announced the part is.
    """
    path = options.out / "parts" / f"{name}.json"
    asked = json.loads(json.dumps(choices, default=str))
    if path.is_file():
        held = json.loads(path.read_text())
        if held["choices"] == asked:
            options.passed(trainings, held.get("seconds", 0.0))
            return held["result"]
    started = time.perf_counter()
    result = work()
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = round(time.perf_counter() - started, 3)
    write_json(path, {"choices": asked, "result": result, "seconds": seconds})
    return json.loads(path.read_text())["result"]


def mean(values: Sequence[float]) -> float:
    """Mean over seeds."""
    return float(np.mean(values))


def network_blocks(plan: Plan, drawn: Sequence[tuple[str, str, str, str]], *, source: str = "x") -> list[Block]:
    """Return equation, drawings with this network's shapes, and the summary table.

    `drawn` are the rows of the unrolled drawing: name, kind, detail and output shape.
    """
    shapes = {name: shape for name, _, _, shape in drawn}
    recurrent = next(spec for spec in plan.layers().values() if isinstance(spec, RecurrentSpec))
    summary = [(name, spec.kind, shapes.get(name, ""), parameters(spec)) for name, spec in plan.layers().items()]
    drawing = cell_diagram(
        recurrent.cell,
        inputs=recurrent.inputs,
        hidden=recurrent.hidden,
        activation=recurrent.activation,
        reset_after=recurrent.reset_after,
    )
    unrolled = network_diagram(list(drawn), bidirectional=recurrent.bidirectional, source=source)
    return [
        _equation(recurrent),
        Figure(drawing, f"One step of the {recurrent.cell} with this network's shapes."),
        Figure(unrolled, "The network unrolled through time."),
        summary_table(summary, "Layers, output shapes and parameters."),
    ]


def _equation(recurrent: RecurrentSpec) -> Equation:
    return cell_equations(recurrent.cell, recurrent.activation, reset_after=recurrent.reset_after)


@dataclass(frozen=True, kw_only=True)
class LabPage:
    """What a lab sheet says, part by part, in the one order all labs keep."""

    aim: str
    objective: Sequence[str]
    algorithm: Sequence[Block]
    data: Sequence[Block]
    pseudocode: Sequence[str]
    program: Sequence[Block] = ()
    network: Sequence[Block]
    training: Sequence[Block]
    curves: Sequence[Block]
    result: Sequence[Block]
    observations: Sequence[Block]
    conclusion: str

    def sections(self) -> list[Section]:
        """Return the parts as sections; texts become paragraphs, objectives points, pseudocode a numbered list."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("aim", "conclusion"):
            shown[name] = (Paragraph(shown[name]),)
        shown["objective"] = (Points(tuple(self.objective)),)
        shown["pseudocode"] = (Points(tuple(self.pseudocode), ordered=True),)
        return [Section(name.capitalize(), tuple(blocks), name) for name, blocks in shown.items() if blocks]


def output_text(summary: Sequence[tuple[str, str]]) -> str:
    """Write the lines that the command prints, one a figure; the page shows the same."""
    return "\n".join(f"{name:42} {value}" for name, value in summary)


def lab_report(
    titles: tuple[str, str], page: LabPage, record: dict[str, Any], *, head: Head, settings: dict[str, Any]
) -> Report:
    """Return the page of a lab: title and subtitle, the parts, and what it was made with."""
    command = f"recurra lab {record['lab']} --seeds {record['seeds']}{' --quick' if record['quick'] else ''}"
    command += " --synthetic" if record.get("made_up") else ""
    choices = Facts(tuple((name, str(value)) for name, value in settings.items()))
    made = (Paragraph(f"Made by `{command}`."), choices, Facts(tuple(record["versions"].items())))
    closing = Section("Settings and versions", made, "settings")
    title, subtitle = titles
    return Report(title, subtitle, (*page.sections(), closing), record, head.heading())
