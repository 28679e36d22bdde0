"""`recurra lab sentiment|language|next-value`: the options.

Not here: the labs (labs/).
"""

from __future__ import annotations

from typing import Annotated

import typer

from recurra.cli import options

lab_app = typer.Typer(
    help="The classic lab records, run live: recorded figures beside measured ones.", no_args_is_help=True
)

Quick = Annotated[bool, typer.Option("--quick", help="Under a minute on less data; the report says so.")]
Synthetic = Annotated[
    bool, typer.Option("--synthetic", help="Learn offline, on made-up reviews: needs neither IMDB nor GloVe.")
]
Seeds = Annotated[int, typer.Option("--seeds", min=1, max=100, help="Repetitions with different seeds.")]
Name = Annotated[str, typer.Option("--name", help="Name on the record.")]
Roll = Annotated[str, typer.Option("--roll", help="Roll number on the record.")]
Date = Annotated[str, typer.Option("--date", help="Date on the record.")]
Experiment = Annotated[str, typer.Option("--experiment", help="Experiment number on the record.")]


@lab_app.command()
def sentiment(
    quick: Quick = False,
    synthetic: Synthetic = False,
    seeds: Seeds = 1,
    out: options.Out = "",
    name: Name = "",
    roll: Roll = "",
    date: Date = "",
    experiment: Experiment = "",
    threads: options.Threads = 0,
    quiet: options.Quiet = False,
    json_: options.Json = False,
) -> None:
    """IMDB sentiment with a simple RNN and pre-trained word vectors, and a ladder of steps up from it.

    Example:  recurra lab sentiment --seeds 3 --name "A. Student" --experiment 8
    """
    from recurra.cli.labs import LabChoices, run_lab

    head = (name, roll, date, experiment)
    run_lab("sentiment", LabChoices(quick, seeds, out, head, threads, quiet, json_, synthetic))


@lab_app.command()
def language(
    quick: Quick = False,
    seeds: Seeds = 1,
    out: options.Out = "",
    name: Name = "",
    roll: Roll = "",
    date: Date = "",
    experiment: Experiment = "",
    threads: options.Threads = 0,
    quiet: options.Quiet = False,
    json_: options.Json = False,
) -> None:
    """A language model with the same recurrence, on WikiText-2, beside a Kneser-Ney trigram.

    Example:  recurra lab language --quick
    """
    from recurra.cli.labs import LabChoices, run_lab

    run_lab("language", LabChoices(quick, seeds, out, (name, roll, date, experiment), threads, quiet, json_))


@lab_app.command("next-value")
def next_value(
    quick: Quick = False,
    seeds: Seeds = 5,
    out: options.Out = "",
    name: Name = "",
    roll: Roll = "",
    date: Date = "",
    experiment: Experiment = "",
    threads: options.Threads = 0,
    quiet: options.Quiet = False,
    json_: options.Json = False,
) -> None:
    """An LSTM of 50 ReLU units predicts the next value of a sequence; airline passengers, actual against predicted.

    Example:  recurra lab next-value --seeds 5 --json
    """
    from recurra.cli.labs import LabChoices, run_lab

    run_lab("next-value", LabChoices(quick, seeds, out, (name, roll, date, experiment), threads, quiet, json_))
