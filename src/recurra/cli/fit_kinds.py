"""`recurra fit` of further kinds of answers.

Not here: texts, language and series, and what all fits share (app_fit.py); tasks without options of their own (app.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from recurra.cli import options
from recurra.cli.app_fit import LearningChoices, RunChoices, fit_app, fit_task
from recurra.cli.options import grouped


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


kinds_app = fit_app
"""`recurra fit` with all its commands."""
