"""`recurra lab …`: run a lab, write its page and its JSON, print the figures; make a page from a saved record.

Not here: the labs (labs/), and how far one has come (lab_progress.py).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.artefact import write_atomically
from recurra.cli.console import emit_json, say
from recurra.cli.lab_progress import Course
from recurra.engine.processors import prepare_training
from recurra.errors import UsageError
from recurra.runs.run import new_run

if TYPE_CHECKING:
    from recurra.labs.catalogue import LabName
    from recurra.labs.lab import Lab


@dataclass(frozen=True)
class LabChoices:
    """The options of the command."""

    quick: bool
    seeds: int
    out: str
    head: dict[str, str]
    threads: int
    quiet: bool
    as_json: bool
    synthetic: bool = False


def run_lab(name: LabName, choices: LabChoices) -> None:
    """Run one lab from start to page."""
    prepare_training(choices.threads)
    from recurra.labs.catalogue import lab_named
    from recurra.labs.page import SheetHead, page
    from recurra.report.page import save

    lab = lab_named(name)
    # Before a folder is made: missing data leave none behind.
    if not choices.synthetic:
        lab.require()
    # A folder that is named is always gone on with: each part in it tells its choices, and others are measured anew.
    out = new_run(f"lab-{name}{_kind(choices)}", out=choices.out, resume=bool(choices.out))
    record = _measured(lab, choices, out)
    report = out / "report.html"
    save(page(lab, record, SheetHead(**choices.head)), report)
    if choices.as_json:
        emit_json({**record, "report": str(report)})
        return
    for line in _told(lab, record, choices, report):
        print(line)


def _measured(lab: Lab, choices: LabChoices, out: Path) -> dict[str, Any]:
    """Run the lab under its bar; where it is interrupted, tell the command that goes on."""
    from recurra.labs.catalogue import measure_and_save
    from recurra.labs.lab import LabOptions

    course = Course(lab.beside, quiet=choices.quiet)
    options = LabOptions(
        choices.quick, choices.seeds, out, course.watch, course.say, choices.synthetic, course.expect, course.passed
    )
    try:
        # Within the `try`, so that the bar is gone when the line below is told.
        with course:
            return measure_and_save(lab, options)
    except BaseException as problem:
        # Only where somebody stopped it (Ctrl-C, SIGTERM): after an error the same command would end in the same error.
        if not isinstance(problem, Exception):
            say(f"go on with: {going_on(lab.name, choices, out)}")
        raise


def going_on(name: str, choices: LabChoices, out: Path) -> str:
    """Return the command that goes on with an interrupted lab: the one that was given, and its folder."""
    # The folder stands in it even where none was given: without it, a new one would be begun.
    words = ["recurra", "lab", name, "--seeds", str(choices.seeds), "--out", str(out)]
    flags = {"--quick": choices.quick, "--synthetic": choices.synthetic, "--quiet": choices.quiet}
    words += [flag for flag, is_so in {**flags, "--json": choices.as_json}.items() if is_so]
    words += ["--threads", str(choices.threads)] if choices.threads else []
    for field, text in choices.head.items():
        words += [f"--{field}", text] if text else []
    return shlex.join(words)


def _told(lab: Lab, record: dict[str, Any], choices: LabChoices, report: Path) -> list[str]:
    from recurra.labs.page import output_text, summary

    notes = ["made-up reviews: this shows how the lab works, and says nothing of IMDB"] if choices.synthetic else []
    notes += ["quick version: less data and fewer epochs than the full lab"] if choices.quick else []
    return [*notes, output_text([*summary(lab, record), ("report", str(report))])]


def _kind(choices: LabChoices) -> str:
    """Name what is not the full lab, so that its folder is not taken for the full one's."""
    return ("-synthetic" if choices.synthetic else "") + ("-quick" if choices.quick else "")


def render_lab(record: str, out: str, head: dict[str, str]) -> None:
    """Make the page of a saved record: in the lab's folder, beside its JSON, or where `out` says."""
    from recurra.labs.catalogue import rendered
    from recurra.labs.page import SheetHead
    from recurra.report.page import to_html

    given = Path(record)
    # A page lies beside its record, whose JSON a wrong --out must never write over: hence the ending that is asked for.
    page = Path(out) if out else given / "report.html" if given.is_dir() else given.with_suffix(".html")
    if page.suffix.lower() not in (".html", ".htm") or page.is_dir():
        raise UsageError("--out", found=str(page), allowed="a file name that ends in .html")
    # The page is whole before its folder is made: a refused record leaves nothing behind.
    html = to_html(rendered(given, SheetHead(**head)))
    page.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(page, html)
    print(page)
