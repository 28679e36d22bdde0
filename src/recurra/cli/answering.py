"""`recurra forecast|generate|inspect`: answers from an artefact, without torch.

What reads and answers is imported only when a command runs: `recurra --help` loads this file too.

Not here: labels of texts (predicting.py), and measuring answers (judging.py).
"""

from __future__ import annotations

import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.console import emit_json, emit_table, harmless, say, say_warnings
from recurra.cli.options import FileChoices, grouped
from recurra.cli.series_options import ForecastChoices, SeriesChoices
from recurra.cli.series_tables import csv_parts, rows_of, write_table
from recurra.errors import DataError, Place, UsageError

if TYPE_CHECKING:
    from recurra.datasets.series.table import SeriesReading, SeriesTable


NewestValues = Annotated[
    str, typer.Option("--values", metavar="NUMBERS", help="Instead the newest values of the model's only series.")
]


@grouped
def forecast(
    artefact: Annotated[
        str, typer.Argument(metavar="ARTEFACT", help="An artefact's folder, or a run's; or a file of series alone.")
    ],
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="Series up to now: unique_id, ds, y.")] = "",
    values: NewestValues = "",
    *,
    ahead: ForecastChoices,
    written: FileChoices,
    series: SeriesChoices,
    precision: options.PrecisionName = "",
    json_: options.Json = False,
) -> None:
    """Forecast the coming values of every series in a file, as CSV on stdout.

    Without an artefact the forecaster in the box answers at once: it learnt from other series.

    Examples:  recurra forecast runs/series-sales sales.csv --level 80 --level 95 -o forecast.csv

               recurra forecast sales.csv --horizon 28

               recurra forecast runs/series-demand demand.csv --future next-days.csv

               recurra forecast runs/lab-next-value/runs/improved --values 20,21,22
    """
    # The options are read before the model, so that a wrong word is refused at once.
    reading, form, kind = series.reading(), written.options(), options.precision(precision)
    if not (file or values) and (artefact == "airline" or Path(artefact).is_file()):
        columns, notes = _untaught(artefact, reading, form, ahead)
    else:
        columns, notes = _taught(artefact, file, values, reading, form, ahead, kind)
    for note in notes:
        say(note)
    if ahead.output:
        write_table(columns, ahead.output, as_json=json_)
    elif json_:
        emit_json({"task": "series", "rows": rows_of(columns)})
    else:
        sys.stdout.writelines(csv_parts(columns))


def _taught(
    artefact: str, file: str, values: str, reading: SeriesReading, form: Any, ahead: ForecastChoices, kind: Any
) -> tuple[dict[str, Any], list[str]]:
    """Answer by a model: the columns, and what is to be said of them."""
    from recurra.artefact import resolve
    from recurra.datasets.series.ahead import reading_ahead, with_ahead
    from recurra.estimators.series import forecast_columns
    from recurra.runs.sources import mending, raw_series, series_table
    from recurra.tasks.heads.panel.run import RunningPanel

    # Both or neither: exactly one of them says what to forecast.
    if bool(file) == bool(values):
        if not (file or Path(artefact).exists()):
            raise DataError("no such file or run", place=Place(artefact))
        given = "both" if file else "neither"
        raise UsageError("what to forecast", found=given, allowed="a file of series, or --values 20,21,22")
    if ahead.season is not None:
        raise UsageError("--season", found="an artefact that has a season of its own", advice="leave it out")
    model = RunningPanel.load(resolve(Path(artefact)), precision=kind)
    unknown = model.plan.kind == "panel"
    table = (
        series_table(file, reading, unknown=unknown, learnt=model.learnt, **form)
        if file
        else _only_series(model, values)
    )
    if ahead.future:
        said, learnt = reading_ahead(reading, model.learnt)
        table = with_ahead(table, raw_series(ahead.future, said, learnt=learnt, **form))
    steps = model.horizon if ahead.steps is None else ahead.steps
    columns, told = forecast_columns(model, table, steps=steps, level=ahead.level)
    say_warnings([*table.warnings, *told])
    return columns, list(mending(reading, model.learnt)) if file else []


def _untaught(file: str, reading: SeriesReading, form: Any, ahead: ForecastChoices) -> tuple[dict[str, Any], list[str]]:
    """Answer a file without any model: the columns, and what is to be said of them."""
    from recurra.estimators.series import forecast_columns
    from recurra.runs.sources import series_table
    from recurra.tasks.panels import untaught

    if ahead.steps is None:
        raise UsageError("how far to forecast", found="no model that knows", advice="give --horizon 24, or a run first")
    if ahead.future:
        raise UsageError("--future", found="no model that learnt from columns", advice="leave it out, or fit a model")
    table = series_table(file, reading, unknown=True, **form)
    model, notes = untaught(table, horizon=ahead.steps, season=ahead.season or 0)
    columns, told = forecast_columns(model, table, steps=ahead.steps, level=ahead.level)
    say_warnings([*table.warnings, *told])
    return columns, notes


def _only_series(model: Any, text: str) -> SeriesTable:
    """Take the values on the command line for the newest ones of the model's only series, numbered from 0."""
    import numpy as np

    from recurra.datasets.series.table import SeriesColumns, SeriesTable

    names = model.series
    if len(names) != 1:
        advice = "give a file whose rows name the series"
        raise UsageError("--values", found=f"a model of {len(names)} series", allowed="a model of one", advice=advice)
    # Commas or spaces, as somebody would type or copy them.
    values = np.array([_value(item) for item in (text.split(",") if "," in text else text.split())])
    # Without a file there are no times: the values are plain steps.
    steps, missing = np.arange(len(values)), np.zeros(len(values), bool)
    return SeriesTable(names, {names[0]: steps}, {names[0]: values}, {names[0]: missing}, SeriesColumns("", "", ""))


def _value(text: str) -> float:
    """Read one number of --values; raises UsageError."""
    from recurra.datasets.series.numbers import LARGEST

    try:
        value = float(text)
    except ValueError:
        # NaN fails the comparison below, as nan, inf and 1e999 do.
        value = math.nan
    if not abs(value) <= LARGEST:
        allowed = f"finite numbers up to {LARGEST:g} apart by commas, such as 20,21,22"
        raise UsageError("--values", found=repr(text), allowed=allowed)
    return value


def generate(
    artefact: options.Folder,
    prompt: Annotated[str, typer.Argument(help="What the text begins with.")],
    tokens: Annotated[int, typer.Option("--tokens", min=1, max=100_000, help="Tokens to write.")] = 50,
    temperature: Annotated[float, typer.Option("--temperature", help="Below 1: safer; above: bolder.")] = 1.0,
    top_k: Annotated[int, typer.Option("--top-k", min=0, help="Draw of the K most probable tokens; 0: of all.")] = 0,
    top_p: Annotated[
        float, typer.Option("--top-p", help="Draw of the fewest tokens whose shares reach P (nucleus).")
    ] = 1.0,
    stop: Annotated[list[str] | None, typer.Option("--stop", help="End before this text; may come again.")] = None,
    next_words: Annotated[
        int | None, typer.Option("--next", min=1, help="Instead show the N most probable next words.")
    ] = None,
    seed: options.Seed = 0,
    precision: options.PrecisionName = "",
    json_: options.Json = False,
) -> None:
    """Go on from a prompt with a language model.

    Examples:  recurra generate runs/language-wiki "the film" --tokens 30 --seed 1

               recurra generate runs/language-wiki "the film" --top-p 0.9 --stop "."
    """
    from recurra.artefact import resolve
    from recurra.tasks.heads.next_token.drawing import Drawing
    from recurra.tasks.heads.next_token.run import RunningLanguage

    model = RunningLanguage.load(resolve(Path(artefact)), precision=options.precision(precision))
    if next_words is not None:
        _tell_next(prompt, model.next_words(prompt, count=next_words), as_json=json_)
        return
    drawing = Drawing(temperature, top_k, top_p)
    text = model.generate(
        prompt, tokens=tokens, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p, stop=stop or ()
    )
    if json_:
        emit_json({"prompt": prompt, "text": text, "seed": seed, **asdict(drawing), "stop": stop or []})
    else:
        # Not `printable`: line ends and every script are part of what was written.
        print(harmless(text))


def _tell_next(prompt: str, found: list[tuple[str, float]], *, as_json: bool) -> None:
    if as_json:
        emit_json({"prompt": prompt, "next": [{"word": word, "probability": share} for word, share in found]})
    else:
        emit_table(("word", "probability"), found)


def score(
    artefact: options.Folder,
    text: Annotated[str, typer.Argument(help="The text to score.")],
    precision: options.PrecisionName = "",
    json_: options.Json = False,
) -> None:
    """Tell the log probability, in nats, of each token of a text given all before it.

    Example:  recurra score runs/language-wiki "the film was good"
    """
    from recurra.artefact import resolve
    from recurra.tasks.heads.next_token.run import RunningLanguage

    model = RunningLanguage.load(resolve(Path(artefact)), precision=options.precision(precision))
    scores = model.token_scores(text)
    total = math.fsum(value for _, value in scores)
    if json_:
        tokens = [{"token": token, "log_probability": value} for token, value in scores]
        emit_json({"task": "language", "text": text, "log_probability": total, "tokens": tokens})
        return
    # A character may be a line feed or a space, which a table would not show.
    shown = [(token if token.strip() and token.isprintable() else repr(token), value) for token, value in scores]
    emit_table(("token", "log_probability"), [*shown, ("all together", total)])


def inspect(artefact: options.Folder, json_: options.Json = False) -> None:
    """Tell what an artefact holds: task, layers, parameters, labels, size.

    Example:  recurra inspect runs/text-imdb
    """
    from recurra.artefact import resolve
    from recurra.model import load_any

    # A run's folder stands for the artefact in it.
    folder = resolve(Path(artefact))
    model = load_any(folder)
    layers = [
        {"name": name, **spec.model_dump(mode="json"), "parameters": model.plan.parameters[name]}
        for name, spec in model.plan.layers().items()
    ]
    # All files, as somebody who copies the folder pays for them.
    size = sum(path.stat().st_size for path in folder.iterdir())
    record: dict[str, Any] = {"task": model.plan.task, "folder": str(folder), "bytes": size, "layers": layers}
    record["parameters"] = sum(layer["parameters"] for layer in layers)
    record |= model.facts
    if json_:
        emit_json(record)
        return
    print(f"{record['task']}, {record['parameters']:,} parameters, {size / 1e6:.1f} MB")
    if model.summary:
        print(model.summary)
    rows = [(layer["name"], layer["kind"], _spec_line(layer), f"{layer['parameters']:,}") for layer in layers]
    emit_table(("layer", "kind", "sizes", "parameters"), rows)


def _spec_line(layer: dict[str, Any]) -> str:
    """Tell a layer's sizes in one line."""
    return ", ".join(f"{name} {value}" for name, value in layer.items() if name not in ("name", "kind", "parameters"))
