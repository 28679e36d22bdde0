"""`recurra lab …`: run a lab, write its page and its JSON, print the figures; make a page from a saved record.

What measures and draws is imported only when a command runs: `recurra --help` loads this file too.

Not here: the labs (labs/), and how far one has come (progress.py).
"""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.console import emit_json, say
from recurra.cli.options import grouped
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.labs.catalogue import LabName
    from recurra.labs.lab import Lab

lab_app = typer.Typer(
    help="The classic lab records, run live: recorded figures beside measured ones.", no_args_is_help=True
)

Seeds = Annotated[int, typer.Option("--seeds", min=1, max=100, help="Repetitions with different seeds.")]
Synthetic = Annotated[
    bool, typer.Option("--synthetic", help="Learn offline, on made-up reviews: needs neither IMDB nor GloVe.")
]


@dataclass(frozen=True)
class HeadChoices:
    """The fields of a lab sheet's head."""

    # Each field is called like its option and its place in SheetHead: `going_on` and `render` rely on that.
    name: Annotated[str, typer.Option("--name", help="Name on the record.")] = ""
    roll: Annotated[str, typer.Option("--roll", help="Roll number on the record.")] = ""
    standard: Annotated[str, typer.Option("--standard", help="Standard or year on the record.")] = ""
    section: Annotated[str, typer.Option("--section", help="Section on the record.")] = ""
    subject: Annotated[str, typer.Option("--subject", help="Subject on the record.")] = ""
    course: Annotated[str, typer.Option("--course", help="Course on the record.")] = ""
    experiment: Annotated[str, typer.Option("--experiment", help="Experiment number on the record.")] = ""
    date: Annotated[str, typer.Option("--date", help="Date on the record.")] = ""


@dataclass(frozen=True)
class LabChoices:
    """The options of the command, whichever lab it runs."""

    quick: bool
    seeds: int
    out: str
    head: dict[str, str]
    threads: int
    quiet: bool
    as_json: bool
    synthetic: bool = False


@dataclass(frozen=True)
class LabCommand:
    """How a lab is run."""

    quick: Annotated[bool, typer.Option("--quick", help="A minute or so on less data; the report says so.")] = False
    out: options.Out = ""
    threads: options.Threads = 0
    quiet: options.Quiet = False
    json_: options.Json = False

    def with_head(self, head: HeadChoices, seeds: int, *, synthetic: bool = False) -> LabChoices:
        """Join all that was given to what a lab is run with."""
        # A lab without made-up reviews has no such flag; to `run_lab` all labs are alike.
        return LabChoices(
            self.quick, seeds, self.out, asdict(head), self.threads, self.quiet, self.json_, synthetic=synthetic
        )


@lab_app.command()
@grouped
def sentiment(*, seeds: Seeds = 1, synthetic: Synthetic = False, run: LabCommand, head: HeadChoices) -> None:
    """IMDB sentiment with a simple RNN and pre-trained word vectors, and a ladder of steps up from it.

    Example:  recurra lab sentiment --seeds 3 --name "A. Student" --experiment 8
    """
    run_lab("sentiment", run.with_head(head, seeds, synthetic=synthetic))


@lab_app.command("language")
@grouped
def lab_of_language(*, seeds: Seeds = 1, run: LabCommand, head: HeadChoices) -> None:
    """A language model with the same recurrence, on WikiText-2, beside a Kneser-Ney trigram.

    Example:  recurra lab language --quick
    """
    run_lab("language", run.with_head(head, seeds))


@lab_app.command("next-value")
@grouped
def next_value(*, seeds: Seeds = 5, run: LabCommand, head: HeadChoices) -> None:
    """An LSTM of 50 ReLU units predicts the next value of a sequence; airline passengers, actual against predicted.

    Example:  recurra lab next-value --seeds 5 --json
    """
    run_lab("next-value", run.with_head(head, seeds))


@lab_app.command()
@grouped
def render(
    record: Annotated[str, typer.Argument(metavar="RUN|JSON", help="A lab's folder, or the JSON of its figures.")],
    # Not options.Out, which is a folder: this one is a file.
    out: Annotated[str, typer.Option("--out", metavar="PAGE", help="The page. [default: beside the record]")] = "",
    *,
    head: HeadChoices,
) -> None:
    """Make the page of a lab from what it has saved: nothing is measured.

    Example:  recurra lab render runs/lab-next-value --name "A. Student" --section B
    """
    from recurra.artefact import write_atomically
    from recurra.labs.catalogue import rendered
    from recurra.labs.page import SheetHead
    from recurra.report.page import to_html

    given = Path(record)
    # A page lies beside its record, whose JSON a wrong --out must never write over: hence the ending that is asked for.
    page = Path(out) if out else given / "report.html" if given.is_dir() else given.with_suffix(".html")
    if page.suffix.lower() not in (".html", ".htm") or page.is_dir():
        raise UsageError("--out", found=str(page), allowed="a file name that ends in .html")
    # The page is whole before its folder is made: a refused record leaves nothing behind.
    html = to_html(rendered(given, SheetHead(**asdict(head))))
    page.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(page, html)
    print(page)


def run_lab(name: LabName, choices: LabChoices) -> None:
    """Run one lab from start to page."""
    from recurra.engine.processors import prepare_training

    prepare_training(choices.threads)
    from recurra.labs.catalogue import lab_named
    from recurra.labs.page import SheetHead, page
    from recurra.report.page import save
    from recurra.runs.run import new_run

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
    from recurra.cli.progress import Course
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
