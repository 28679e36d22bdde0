"""The page of a lab, put together: its head, its parts in their one order, its program, output and works cited.

Not here: what each lab says (sentiment_page.py and its like), how blocks look (report/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from recurra.labs.program import program_blocks
from recurra.labs.record import Head
from recurra.labs.works import cited
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.run import Plan
from recurra.report.blocks import Block, Code, Facts, Figure, Paragraph, Points
from recurra.report.cell_step import cell_blocks
from recurra.report.diagrams import network_diagram, summary_table
from recurra.report.numbers import number
from recurra.report.page import Report, Section
from recurra.report.run_record import cell

Record = dict[str, Any]

QUICK_NOTE = "This is the quick version of the record: less data or fewer epochs, so figures are below the full ones."
TITLE = "Build a recurrent neural network"
"""The record's title line."""
ALGORITHMS = {
    "sentiment": "simple RNN, back-propagation through time",
    "language": "RNN as a language model, back-propagation through time",
    "next-value": "LSTM, back-propagation through time",
}
"""What stands behind the record's ALG."""


def heading(head: Head, record: Record) -> tuple[tuple[str, str], ...]:
    """Return the small table on top of the page: the record's lines, the fields given, and when it was run."""
    versions, run = record["versions"], record.get("run", {})
    system = [f"Python {versions['python']}", f"Recurra {versions['recurra']}"]
    system += [f"PyTorch {versions['torch']}"] if "torch" in versions else []
    told = {
        "Title": TITLE,
        "ALG": ALGORITHMS[record["lab"]],
        "PLT": f"{', '.join(system)}; {versions['processor']} (read as platform)",
        **head.given(),
    }
    if run:
        told |= {"Run on": run["date"], "It took": duration(run["seconds"])}
    return tuple(told.items())


def duration(seconds: float) -> str:
    """Write a duration in the unit that suits it."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{number(seconds / size, 1)} {unit}"
    return f"{number(float(seconds), 0)} s"


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


def network_blocks(plan: Plan, drawn: Sequence[tuple[str, str, str, str]], *, source: str = "x") -> list[Block]:
    """Return equation, drawings with this network's shapes, and the summary table.

    `drawn` are the rows of the unrolled drawing: name, kind, detail and output shape.
    """
    shapes = {name: shape for name, _, _, shape in drawn}
    recurrent = next(spec for spec in plan.layers().values() if isinstance(spec, RecurrentSpec))
    summary = [(name, spec.kind, shapes.get(name, ""), spec.parameters) for name, spec in plan.layers().items()]
    unrolled = network_diagram(list(drawn), bidirectional=recurrent.bidirectional, source=source)
    return [
        *step_blocks(recurrent, recurrent.cell),
        Figure(unrolled, "The network unrolled through time."),
        summary_table(summary, "Layers, output shapes and parameters."),
    ]


def step_blocks(recurrent: RecurrentSpec, title: str) -> list[Block]:
    """Return the equations and the drawing of a layer's cell."""
    return cell_blocks(
        recurrent.cell,
        inputs=recurrent.inputs,
        hidden=recurrent.hidden,
        activation=recurrent.activation,
        reset_after=recurrent.reset_after,
        caption=f"One step of the {title} with this network's shapes.",
    )


def program_part(lab: str) -> list[Block]:
    """Return the section of the lab's program."""
    return [
        Paragraph(
            "The steps as runnable code, with public names only: the record's own net from one seed. The lab writes "
            "the same into its folder as `program.py` and as `program.ipynb`."
        ),
        *program_blocks(lab),
    ]


def output_text(summary: Sequence[tuple[str, str]]) -> str:
    """Write the lines that the command prints, one a figure; the page shows the same."""
    return "\n".join(f"{name:42} {value}" for name, value in summary)


def output_block(summary: Sequence[tuple[str, str]]) -> Code:
    """Return what the command prints, as the page shows it."""
    return Code(output_text(summary), "Output: what the command prints.")


def try_it(commands: Sequence[str]) -> Code:
    """Return commands that ask the nets which the lab has kept."""
    return Code("\n".join(commands), "Try it, in the lab's folder: the nets are kept there.")


def command_of(record: Mapping[str, Any]) -> str:
    """Return the command that measures the record."""
    words = [f"recurra lab {record['lab']} --seeds {record['seeds']}"]
    words += ["--quick"] if record["quick"] else []
    words += ["--synthetic"] if record.get("made_up") else []
    return " ".join(words)


def lab_report(
    titles: tuple[str, str], page: LabPage, record: Record, *, head: Head, settings: Mapping[str, Any]
) -> Report:
    """Return the page of a lab: title and subtitle, the parts, and what it was made with."""
    sections = page.sections()
    choices = Facts(tuple((name, cell(value)) for name, value in settings.items()))
    made: list[Block] = [
        Paragraph(f"Made by `{command_of(record)}`."),
        choices,
        Facts(tuple(record["versions"].items())),
    ]
    works = cited(sections)
    made += [Paragraph("Works cited:"), Points(works)] if works else []
    closing = Section("Settings and versions", tuple(made), "settings")
    title, subtitle = titles
    return Report(title, subtitle, (*sections, closing), record, heading(head, record))
