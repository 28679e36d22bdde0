"""`recurra lab sentiment|language|next-value|render`: the options.

Not here: the labs (labs/).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli import options
from recurra.cli.options import grouped

if TYPE_CHECKING:
    from recurra.cli.labs import LabChoices

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
class LabCommand:
    """How a lab is run."""

    quick: Annotated[bool, typer.Option("--quick", help="A minute or so on less data; the report says so.")] = False
    out: options.Out = ""
    threads: options.Threads = 0
    quiet: options.Quiet = False
    json_: options.Json = False

    def with_head(self, head: HeadChoices, seeds: int, *, synthetic: bool = False) -> LabChoices:
        """Join all that was given to what a lab is run with."""
        from recurra.cli.labs import LabChoices

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
    from recurra.cli.labs import run_lab

    run_lab("sentiment", run.with_head(head, seeds, synthetic=synthetic))


@lab_app.command("language")
@grouped
def lab_of_language(*, seeds: Seeds = 1, run: LabCommand, head: HeadChoices) -> None:
    """A language model with the same recurrence, on WikiText-2, beside a Kneser-Ney trigram.

    Example:  recurra lab language --quick
    """
    from recurra.cli.labs import run_lab

    run_lab("language", run.with_head(head, seeds))


@lab_app.command("next-value")
@grouped
def next_value(*, seeds: Seeds = 5, run: LabCommand, head: HeadChoices) -> None:
    """An LSTM of 50 ReLU units predicts the next value of a sequence; airline passengers, actual against predicted.

    Example:  recurra lab next-value --seeds 5 --json
    """
    from recurra.cli.labs import run_lab

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
    from recurra.cli.labs import render_lab

    render_lab(record, out, asdict(head))
