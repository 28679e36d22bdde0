"""`recurra fit` of further kinds of answers.

Not here: texts, language and series, and what all fits share (app_fit.py); tasks without options of their own (app.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from recurra.cli import options
from recurra.cli.app_fit import LearningChoices, RunChoices, fit_app, fit_task
from recurra.cli.options import FileChoices, grouped


@fit_app.command()
@grouped
def tags(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Tagged tokens, as CoNLL has them.")],
    test: options.TestRows = "",
    token: options.TokenColumn = "",
    label: Annotated[
        str,
        typer.Option("--label", metavar="COLUMN", help="Column of the tags: a number, or a name. [default: the last]"),
    ] = "",
    encoding: options.Encoding = "utf-8",
    validation: options.Validation = None,
    *,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn a tag for each token: names in text (BIO, IOBES), parts of speech.

    Examples:  recurra fit tags train.conll --test test.conll

               recurra fit tags en-train.conllu --label UPOS --fail-under accuracy=0.9
    """
    from recurra.datasets.conll import TagReading
    from recurra.datasets.formats import TextReading
    from recurra.tasks.task import Source

    reading = TagReading(token, label, encoding)
    source = Source(files, TextReading(encoding=encoding), tags=reading, test=test)
    fit_task("tags", source, learning, run, validation=validation)


@fit_app.command()
@grouped
def regression(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Texts with one number or several.")],
    test: options.TestRows = "",
    text: options.TextColumn = "",
    label: options.LabelColumns = [],  # noqa: B006 - typer copies it
    *,
    written: FileChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn a number for each text, or several: stars, prices, scores; all rows are answered out of fold.

    Examples:  recurra fit regression reviews.csv --text body --label stars

               recurra fit regression essays.csv --label style --label grammar --test new.csv
    """
    from recurra.datasets.targets import TargetReading
    from recurra.tasks.task import Source

    source = Source(files, written.reading(text=text), targets=TargetReading(tuple(label)), test=test)
    fit_task("regression", source, learning, run)


@fit_app.command()
@grouped
def multilabel(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Texts, each with any number of labels.")],
    test: options.TestRows = "",
    text: options.TextColumn = "",
    label: options.LabelColumns = [],  # noqa: B006 - typer copies it
    separator: options.Separator = "|",
    labels_as_written: options.LabelsAsWritten = False,
    *,
    written: FileChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn any number of labels for each text: in one column (a|b|c, or a list of JSON), or in columns of 0 and 1.

    Examples:  recurra fit multilabel articles.csv --text body --label topics --separator ";"

               recurra fit multilabel films.csv --label comedy --label drama --label war
    """
    from recurra.datasets.targets import TargetReading
    from recurra.tasks.task import Source

    reading = written.reading(text=text, as_written=labels_as_written)
    source = Source(files, reading, targets=TargetReading(tuple(label), separator), test=test)
    fit_task("multilabel", source, learning, run)


@fit_app.command()
@grouped
def ordinal(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Texts, each with one class of an order.")],
    test: options.TestRows = "",
    text: options.TextColumn = "",
    label: options.LabelColumn = "",
    order: options.Order = "",
    labels_as_written: options.LabelsAsWritten = False,
    *,
    written: FileChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn classes in an order, where to be wrong by one step costs less than by two.

    Examples:  recurra fit ordinal reviews.csv --text body --label stars

               recurra fit ordinal tickets.csv --label urgency --order low,mid,high
    """
    from recurra.datasets.targets import TargetReading
    from recurra.tasks.task import Source

    reading = written.reading(text=text, as_written=labels_as_written)
    targets = TargetReading((label,) if label else (), order=options.order_of(order))
    fit_task("ordinal", Source(files, reading, targets=targets, test=test), learning, run)


kinds_app = fit_app
"""`recurra fit` with all its commands."""
