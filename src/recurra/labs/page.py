"""The page of a lab, put together from its sheet: head, parts in their order, program, output and works cited.

The program is the steps of the pseudocode as runnable code: on the page, as a file and as a notebook.

Not here: what each lab says and draws (its sheet, and the lab), how blocks look (report/).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from recurra.artefact import write_atomically
from recurra.labs.lab import Lab, LabRecord
from recurra.labs.sheet import Claim, Drawn, chunk_blocks, text_of
from recurra.labs.verdicts import observation_block
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.run import Plan
from recurra.report.blocks import Block, Code, Facts, Figure, Paragraph, Points
from recurra.report.drawings.cells import cell_blocks
from recurra.report.drawings.network import network_diagram, summary_table
from recurra.report.numbers import number
from recurra.report.page import Report, Section
from recurra.report.run_sections import cell

TITLE = "Build a recurrent neural network"
"""The record's title line."""
MARK = "# %% "
"""Begins a step; editors show it as a cell."""


@dataclass(frozen=True)
class SheetHead:
    """The optional fields of a lab sheet's head."""

    name: str = ""
    roll: str = ""
    standard: str = ""
    section: str = ""
    subject: str = ""
    course: str = ""
    experiment: str = ""
    date: str = ""

    def given(self) -> dict[str, str]:
        """Return the fields that were given, by their titles."""
        titles = {"roll": "Roll number"}
        return {titles.get(name, name.capitalize()): text for name, text in asdict(self).items() if text}


def page(lab: Lab, record: LabRecord, head: SheetHead) -> Report:
    """Compose the page of a judged record."""
    names = lab.names(record)
    # By the claim's words: a record keeps no names of claims, and its list leaves out what was not tested.
    judged = {row["claim"]: row for group in ("observations", "questions") for row in record.get(group, ())}

    def draw(name: str) -> Drawn:
        return _SHARED[name](lab, record) if name in _SHARED else lab.figures[name](record)

    def blocks(chunk: str | Claim) -> list[Block]:
        if isinstance(chunk, Claim):
            # A claim whose nets were not trained has no verdict, and is left out.
            row = judged.get(chunk.sentence(names))
            return [observation_block(row)] if row else []
        return chunk_blocks(chunk, names, draw)

    shown = {
        title: tuple(block for chunk in chunks for block in blocks(chunk))
        for title, chunks in lab.sheet.parts.items()
        if title not in ("", "output", "conclusion")
    }
    # The conclusion was filled in when the record was judged; here it would lack the verdicts.
    shown["conclusion"] = (Paragraph(record["conclusion"]),)
    sections = [Section(title.capitalize(), found, title) for title, found in shown.items() if found]
    subtitle = lab.sheet.text("", names)
    closing = _closing(lab, record, sections)
    return Report(lab.sheet.title, subtitle, (*sections, closing), record, heading(lab, head, record))


def summary(lab: Lab, record: LabRecord) -> list[tuple[str, str]]:
    """Return the few lines that the command prints."""
    return lab.sheet.pairs("output", lab.names(record))


def output_text(summary: Sequence[tuple[str, str]]) -> str:
    """Write the lines that the command prints, one a figure; the page shows the same."""
    return "\n".join(f"{name:42} {value}" for name, value in summary)


_SHARED: Mapping[str, Callable[[Lab, LabRecord], Drawn]] = {
    "steps": lambda lab, record: Points(tuple(step.title for step in program_steps(lab.name)), ordered=True),
    "program": lambda lab, record: program_blocks(lab.name),
    "output": lambda lab, record: Code(output_text(summary(lab, record)), "Output: what the command prints."),
}
"""What stands on the page of each lab, by its name in the sheet."""


def heading(lab: Lab, head: SheetHead, record: LabRecord) -> tuple[tuple[str, str], ...]:
    """Return the small table on top of the page: the record's lines, the fields given, and when it was run."""
    versions, run = record["versions"], record.get("run", {})
    system = [f"Python {versions['python']}", f"Recurra {versions['recurra']}"]
    # A record that was measured without torch has no version of it to tell.
    system += [f"PyTorch {versions['torch']}"] if "torch" in versions else []
    fields = {
        "Title": TITLE,
        "ALG": lab.algorithm,
        "PLT": f"{', '.join(system)}; {versions['processor']} (read as platform)",
        **head.given(),
    }
    if run:
        fields |= {"Run on": run["date"], "It took": duration(run["seconds"])}
    return tuple(fields.items())


def duration(seconds: float) -> str:
    """Write a duration in the unit that suits it."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        # Below two of a unit the smaller one says more: 100 s, not 1.7 min.
        if seconds >= 2 * size:
            return f"{number(seconds / size, 1)} {unit}"
    return f"{number(float(seconds), 0)} s"


def command_of(record: Mapping[str, Any]) -> str:
    """Return the command that measures the record."""
    words = [f"recurra lab {record['lab']} --seeds {record['seeds']}"]
    words += ["--quick"] if record["quick"] else []
    words += ["--synthetic"] if record.get("made_up") else []
    return " ".join(words)


def _closing(lab: Lab, record: LabRecord, sections: Sequence[Section]) -> Section:
    """Return the last section: the command, settings and versions, and the works that the others cite."""
    made: list[Block] = [
        Paragraph(f"Made by `{command_of(record)}`."),
        Facts(tuple((name, cell(value)) for name, value in lab.settings(record).items())),
        Facts(tuple(record["versions"].items())),
    ]
    works = cited(sections)
    made += [Paragraph("Works cited:"), Points(works)] if works else []
    return Section("Settings and versions", tuple(made), "settings")


def known_works() -> dict[str, str]:
    """Return every work that a sheet or the glossary may cite, by the words that cite it, such as `Elman 1990`."""
    return dict(line.split(" :: ", 1) for line in text_of("works").splitlines())


def cited(sections: Sequence[Section]) -> tuple[str, ...]:
    """Return the works that the sections cite, in alphabetical order; what stands in code and samples cites nothing."""
    # Code and samples are left out: a net that writes “in 1990” cites nobody.
    blocks = [asdict(block) for section in sections for block in section.blocks if not isinstance(block, Code)]
    for block in blocks:
        # A drawing's path data would be megabytes of text to search.
        block.pop("svg", None)
    text = json.dumps(blocks, ensure_ascii=False, default=str)
    return tuple(f"{name}. {work}" for name, work in sorted(known_works().items()) if name in text)


def network_blocks(plan: Plan, layers: Sequence[tuple[str, str, str, str]], *, source: str = "x") -> list[Block]:
    """Return equation, drawings with this network's shapes, and the summary table.

    `layers` are the rows of the unrolled drawing: name, kind, detail and output shape.
    """
    shapes = {name: shape for name, _, _, shape in layers}
    # All nets of the labs have one recurrent layer of one kind; stacked ones share its equations.
    recurrent = next(spec for spec in plan.layers().values() if isinstance(spec, RecurrentSpec))
    rows = [(name, spec.kind, shapes.get(name, ""), plan.parameters[name]) for name, spec in plan.layers().items()]
    unrolled = network_diagram(list(layers), bidirectional=recurrent.bidirectional, source=source)
    return [
        *step_blocks(recurrent, recurrent.cell),
        Figure(unrolled, "The network unrolled through time."),
        summary_table(rows, "Layers, output shapes and parameters."),
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


class ProgramStep(NamedTuple):
    """A step of the pseudocode and its code."""

    title: str
    code: str


def program_text(lab: str) -> str:
    """Return the program of a lab as it stands in its file."""
    return (files("recurra.labs.programs") / f"{lab.replace('-', '_')}.py").read_text(encoding="utf-8")


def program_steps(lab: str) -> list[ProgramStep]:
    """Return the steps of a lab's program in their order."""
    # What stands before the first step is the docstring, which the page does not show.
    _, *steps = program_text(lab).split(f"\n{MARK}")
    return [ProgramStep(title, code.strip()) for title, _, code in (step.partition("\n") for step in steps)]


def program_blocks(lab: str) -> list[Block]:
    """Return the program as the page shows it: the code of each step under its words."""
    steps = program_steps(lab)
    return [Code(step.code, f"{place}. {step.title}") for place, step in enumerate(steps, 1)]


def save_program(lab: str, folder: Path) -> tuple[Path, Path]:
    """Write program.py and program.ipynb into a run's folder; return their paths."""
    script, notebook = folder / "program.py", folder / "program.ipynb"
    write_atomically(script, program_text(lab))
    write_atomically(notebook, _notebook(program_steps(lab)))
    return script, notebook


def _notebook(steps: list[ProgramStep]) -> str:
    """Write the steps as a notebook (nbformat 4.5), the words of each above its code."""
    cells = []
    for place, step in enumerate(steps, 1):
        # nbformat 4.5 asks for an id in each cell; made from the place, it is the same when the file is written again.
        words = {"cell_type": "markdown", "id": f"step-{place}", "metadata": {}, "source": f"{place}. {step.title}"}
        code = {"cell_type": "code", "id": f"code-{place}", "metadata": {}, "source": step.code}
        cells += [words, {**code, "execution_count": None, "outputs": []}]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
