"""The program of a lab sheet: each pseudocode step as runnable code, on the page, as a file and as a notebook.

Not here: the programs themselves (programs/) and running them.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from recurra.artefact import write_atomically
from recurra.report.blocks import Block, Code

MARK = "# %% "
"""Begins a step; editors show it as a cell."""


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
