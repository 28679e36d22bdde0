"""`recurra lab …`: run a lab, write its page and its JSON, print the figures.

Not here: the labs (labs/).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.cli.fitting import prepare_training
from recurra.cli.output import emit_json, say
from recurra.cli.progress import progress
from recurra.runs.folder import new_run

Measured = tuple[dict[str, Any], Any]


@dataclass(frozen=True)
class LabChoices:
    """The options of the command."""

    quick: bool
    seeds: int
    out: str
    head: tuple[str, str, str, str]
    threads: int
    quiet: bool
    as_json: bool
    synthetic: bool = False


def run_lab(lab: str, choices: LabChoices) -> None:
    """Run one lab from start to page."""
    prepare_training(choices.threads)
    _require_data(lab, choices)
    from recurra.labs.program import PROGRAMS, save_program
    from recurra.labs.record import Head, LabOptions, output_text
    from recurra.report.page import save

    out = new_run(f"lab-{lab}{_kind(choices)}", out=choices.out, resume=bool(choices.out))
    shown: Callable[[str], AbstractContextManager[Any]] = lambda title: progress(title, quiet=choices.quiet)  # noqa: E731
    talk = (lambda line: None) if choices.quiet else say
    options = LabOptions(choices.quick, choices.seeds, Path(out), shown, talk, choices.synthetic)
    measure, page, summary = _lab(lab)
    record = measure(options)
    if lab in PROGRAMS:
        save_program(lab, out)
    report = out / "report.html"
    save(page(record, Head(*choices.head)), report)
    if choices.as_json:
        emit_json({**record, "report": str(report)})
        return
    if choices.synthetic:
        print("made-up reviews: this shows how the lab works, and says nothing of IMDB")
    if choices.quick:
        print("quick version: less data and fewer epochs than the full lab")
    print(output_text([*summary(record), ("report", str(report))]))


def _kind(choices: LabChoices) -> str:
    """Name what is not the full lab, so that its folder is not taken for the full one's."""
    return ("-synthetic" if choices.synthetic else "") + ("-quick" if choices.quick else "")


def _require_data(lab: str, choices: LabChoices) -> None:
    """Raise DataError for all data that the lab misses, before any folder is made."""
    if lab == "sentiment" and not choices.synthetic:
        from recurra.labs.sentiment_data import require_data

        require_data()


def _lab(lab: str) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """Return what a lab measures, its page and its summary; imported only when it runs."""
    if lab == "sentiment":
        from recurra.labs import sentiment, sentiment_page

        return sentiment.measure, sentiment_page.page, sentiment_page.summary
    if lab == "language":
        from recurra.labs import language, language_page

        return language.measure, language_page.page, language_page.summary
    from recurra.labs import next_value, next_value_page

    return next_value.measure, next_value_page.page, next_value_page.summary
