"""The task of forecasting series: its defaults, and its series from a file to a judged model.

Not here: scalers and windows (recurra/series.py), what a step learns (heads/horizon/learn.py), the fit (training/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from recurra.config import SeriesConfig, Settings
from recurra.datasets.series.checks import check_lengths
from recurra.datasets.series.table import SeriesTable, imputed
from recurra.nets.layouts import forecast_net
from recurra.runs.sources import mending, raw_series
from recurra.series import Examples, SeriesEncoder, fit_series_encoder
from recurra.tasks.heads.horizon.head import HEAD
from recurra.tasks.heads.horizon.measure import evaluate_series, head
from recurra.tasks.heads.horizon.run import RunningForecaster
from recurra.tasks.inputs.series import TableSeries
from recurra.tasks.task import Asked, Figures, Parts, Prepared, Rows, Source, Task

SETTINGS = Settings().changed(
    {"hidden": 50, "epochs": 200, "learning_rate": 3e-3, "batch_size": 64, "schedule": "cosine", "clip": 1.0}
)
"""The defaults of forecasting."""


@dataclass(frozen=True)
class WindowParts:
    """What the head learns from; `cuts` tells where the part begins that `held` windows of validation fill."""

    table: SeriesTable
    held: int
    cuts: dict[str, int]
    encoder: SeriesEncoder
    train: dict[str, Examples]
    validation: dict[str, Examples]


def read(source: Source, asked: Asked | None) -> Rows:
    """Read series; nothing is filled from the steps that training, or a forecast, may not see."""
    file, reading, model = source.files[0], source.series, source.model
    # The rows of a run are asked for by rivals alone, and naive forecasts learn from none.
    if source.kept:
        return Rows(None, file)
    learnt = None if model is None else model.learnt
    whole = raw_series(file, reading, learnt=learnt, **source.texts.options())
    # A model is measured on the last horizon alone; a fit chooses its epoch by the windows before it, too.
    hidden = model.horizon if asked is None else unseen(asked, whole)
    table = imputed(whole, unseen=hidden)
    # A known set has no note of its reading, and no columns that could have been guessed.
    guessed = table.note and not (reading.ds and (reading.y or reading.wide))
    return Rows(
        table,
        file,
        f"{len(table.ids):,} series, {table.rows:,} values",
        [*table.warnings, *(model.names_of(table)[1] if model is not None else [])],
        mending(reading, learnt) if learnt is not None else [],
        str(table.columns) if guessed else "",
        reading=asdict(reading) | source.texts.options(),
        measured=table,
    )


def unseen(asked: Asked, table: SeriesTable) -> int:
    """Return the steps at the end of each series that are held out of training: to choose by, and to measure on."""
    horizon = asked.settings.series.horizon
    # Windows overlap: the targets of n windows reach over n + horizon - 1 steps, the test part over a horizon more.
    return held_windows(asked, table, test=True) + 2 * horizon - 1


def held_windows(asked: Asked, table: SeriesTable, *, test: bool) -> int:
    """Return how many windows of each series are held out to choose by; a share is one of the shortest series'."""
    config = asked.settings.series
    shortest = min((len(values) for values in table.values.values()), default=0)
    # All windows of the shortest series: a share of the longest could leave this one nothing to learn from.
    count = shortest - config.window - config.horizon * (2 if test else 1) + 1
    if asked.validation >= 1:
        return int(asked.validation)
    return max(1, int(asked.validation * count)) if asked.validation else 0


def hold(asked: Asked, rows: Rows) -> Parts:
    """Hold the last horizon of every series out to be measured on; raises DataError for series that are too short."""
    table, config = rows.table, asked.settings.series
    # Before `head` cuts: it would only miss the test part, and this names what all three parts need together.
    check_lengths(table, config, validation=held_windows(asked, table, test=True))
    return Parts(head(table, config.horizon), table)


def prepare(asked: Asked, table: SeriesTable) -> Prepared:
    """Hold windows out, fit the scalers on what is before them, and lay the net out."""
    settings = asked.settings
    # The table ends before the test part by now, so that no room is kept for one.
    config, held = settings.series, held_windows(asked, table, test=False)
    check_lengths(table, config, validation=held, test=False)
    data = _cut(table, config, held)
    return Prepared(
        settings,
        asked.seed,
        forecast_net(settings.net, horizon=config.horizon),
        data,
        seen=None,
        learnt_from=f"{len(table.ids):,} series; test: {config.horizon} steps",
        split={"train": data.cuts, "validation": held, "test": config.horizon},
        kept={"test": config.horizon},
        attributes={"table_": table, "given_": TableSeries(table)},
    )


def _cut(table: SeriesTable, config: SeriesConfig, held: int) -> WindowParts:
    """Cut windows; those of validation may reach back into training's values, their targets never do."""
    # The first held-out window takes a horizon of targets, each further one a single step.
    behind = held + config.horizon - 1 if held else 0
    cuts = {name: len(table.values[name]) - behind for name in table.ids}
    train = {name: table.values[name][: cuts[name]] for name in table.ids}
    # Scaled by what training sees: the mean of a whole series would tell the net where it goes later.
    encoder = fit_series_encoder(train, config)
    learnt = {name: encoder.examples(name, values) for name, values in train.items()}
    kept = {name: encoder.examples(name, table.values[name], first_target=cuts[name]) for name in table.ids if held}
    return WindowParts(table, held, cuts, encoder, learnt, kept)


def judge(model: RunningForecaster, table: SeriesTable, learnt: Any, tries: Sequence[str]) -> Figures:
    """Measure on the last horizon of every series, beside naive forecasts, which learn nothing."""
    return evaluate_series(model, table, season=model.encoder.config.season, tries=tries)


TASK = Task("series", SETTINGS, frozenset({"batches", "windows"}), HEAD, read, hold, prepare, judge)
