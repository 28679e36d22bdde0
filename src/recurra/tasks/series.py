"""The task of forecasting series: its defaults, and its series from a file to a judged model.

Not here: scalers and windows (recurra/series.py), what a step learns (heads/horizon/learn.py), the fit (training/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from recurra.config import SeriesConfig, Settings
from recurra.datasets.series.checks import VALIDATION, check_lengths
from recurra.datasets.series.holidays import with_holidays
from recurra.datasets.series.table import SeriesTable, imputed, longer_than, subset, to_last_given, without_last
from recurra.errors import DataError, UsageError, either
from recurra.nets.layouts import forecast_net
from recurra.panels.tables import beside_units
from recurra.runs.sources import mending, raw_series
from recurra.series import Examples, SeriesEncoder, fit_series_encoder
from recurra.tasks.fitted import fitted_of
from recurra.tasks.heads.horizon.measure import evaluate_series, head
from recurra.tasks.heads.panel.head import HEAD
from recurra.tasks.heads.panel.settling import season_in
from recurra.tasks.inputs.series import TableSeries
from recurra.tasks.panels import panel_settings, prepare_panel
from recurra.tasks.reads import changed_settings
from recurra.tasks.task import Asked, Figures, Parts, Prepared, Rows, Source, Task

SETTINGS = Settings().changed(
    {"hidden": 50, "epochs": 200, "learning_rate": 3e-3, "batch_size": 64, "schedule": "cosine", "clip": 1.0}
)
"""The defaults of forecasting."""
RECIPES = ("auto", "panel", "classics", "net")
WINDOWED = {"window", "scale", "difference", "log", "relative", "activation"}
"""Settings that a net of windows reads alone."""


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
    whole = raw_series(file, reading.keeping(), learnt=learnt, **source.texts.options())
    # A model is measured on the last horizon alone; a fit chooses its epoch by the windows before it, too.
    hidden = model.horizon if asked is None else unseen(asked, whole)
    unknown = model.plan.kind == "panel" if asked is None else recipe_of(asked) != "net"
    table = imputed(whole, unseen=hidden, unknown=unknown)
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


def recipe_of(asked: Asked) -> str:
    """Return how a forecaster comes about: as a panel's, unless a choice was made that a net of windows alone reads.

    Raises UsageError for a recipe that is none, and for choices that it does not read.
    """
    changed = changed_settings(asked.settings, SETTINGS)
    named = changed["series"].keys() | changed["net"].keys() | set(asked.named)
    chosen = sorted(named & WINDOWED)
    recipe = asked.recipe or "auto"
    if recipe not in RECIPES:
        raise UsageError("recipe", found=repr(recipe), allowed=", ".join(RECIPES))
    # A net of a panel reads as many values as it is told; that alone does not ask for one.
    chosen = [name for name in chosen if (recipe, name) != ("panel", "window")]
    if recipe in ("panel", "classics") and chosen:
        found, advice = f"recipe {recipe}", "leave it out, or choose recipe net"
        raise UsageError(f"{', '.join(chosen)}: read by a net of windows alone", found=found, advice=advice)
    recipe = ("net" if chosen or asked.validation != VALIDATION else "panel") if recipe == "auto" else recipe
    if recipe == "net" and asked.minutes:
        advice = f"leave it out, or {either('--recipe panel', 'recipe panel')}"
        raise UsageError(f"{either('--minutes', 'minutes')}: of a panel alone", found="recipe net", advice=advice)
    return recipe


def window_of(asked: Asked) -> int:
    """Return how many past values the nets of a panel are to read; 0: nobody chose."""
    chosen = "window" in changed_settings(asked.settings, SETTINGS)["series"] or "window" in asked.named
    return asked.settings.series.window if chosen else 0


def unseen(asked: Asked, table: SeriesTable, *, test: bool = True) -> int:
    """Return the steps at the end of each series that are held out of training: to choose by, and to measure on."""
    horizon = asked.settings.series.horizon
    if recipe_of(asked) != "net":
        return horizon * (1 + test)
    held = held_windows(asked, table, test=test)
    # Windows overlap: the targets of n windows reach over n + horizon - 1 steps, the test part over a horizon more.
    # Without any, nothing is hidden.
    return held + 2 * horizon - 1 if test else held and held + horizon - 1


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
    """Hold the last horizon of every series out to be measured on; raises DataError for series that are too short.

    A panel's forecaster learns from what is there: a series that is not longer than the horizon is not measured on.
    """
    table, config = rows.table, asked.settings.series
    if recipe_of(asked) != "net":
        return _held_panel(table, config.horizon)
    # Before `head` cuts: it would only miss the test part, and this names what all three parts need together.
    check_lengths(table, config, validation=held_windows(asked, table, test=True))
    return Parts(head(table, config.horizon), table)


def _held_panel(table: SeriesTable, horizon: int) -> Parts:
    # Blanks at the end are no truth: a series is measured on what is before them.
    whole, table = table, to_last_given(table)
    longer = longer_than(table, horizon)
    if not longer:
        longest = max((len(values) for values in table.values.values()), default=0)
        found = f"{longest} value{'s' * (longest != 1)}"
        allowed, advice = f"more than {horizon}", "choose a shorter horizon, or bring a longer series"
        raise DataError("too short: no series is longer than the horizon", found=found, allowed=allowed, advice=advice)
    ended = [name for name in table.ids if len(table.values[name]) < len(whole.values[name])]
    kept = set(longer)
    short = [name for name in table.ids if name not in kept]
    told = [f"{len(ended):,} series end with blanks, such as {ended[0]!r}: measured on what is before"] if ended else []
    if short:
        few = f"{len(short):,} series have no more than {horizon} values, such as {short[0]!r}: not measured on"
        told = [*told, few]
    # Short ones are learnt from as far as they go.
    return Parts(without_last(table, horizon, longer), subset(table, longer), told)


def prepare(asked: Asked, table: SeriesTable) -> Prepared:
    """Make a panel ready, or the windows of a net; `recurra data check` takes these very steps."""
    recipe, config = recipe_of(asked), asked.settings.series
    check_beside(asked, table, recipe)
    if recipe != "net":
        whole = with_holidays(table, config.holidays, ahead=config.horizon)
        units = None if recipe == "classics" else beside_units(whole, config.calendar)
        settings = panel_settings(asked, SETTINGS, units)
        # Each forecast adds its own holidays to what is given, which is read as it was without them.
        prepared = prepare_panel(replace(asked, recipe=recipe), settings, whole, table, units, window=window_of(asked))
        return replace(prepared, attributes={"table_": table, "given_": TableSeries(table)})
    return _prepare_windows(asked, table)


def check_beside(asked: Asked, table: SeriesTable, recipe: str) -> None:
    """Raise UsageError for covariates, and a calendar that was asked for, where no net of a panel reads them."""
    if recipe in ("auto", "panel"):
        return
    config = asked.settings.series
    asks = ["holidays"] * bool(config.holidays) + ["the calendar"] * (config.calendar == "always")
    asks += ["a longer season"] * (config.longer_season > 1) + ["loss squared"] * (config.loss == "squared")
    named = table.covariates.names.all if table.covariates else ()
    if named or asks:
        what = f"columns {', '.join(map(repr, named))} beside the values" if named else asks[0]
        allowed, advice = "recipe panel, and no setting of windows", "leave them out, or choose recipe panel"
        raise UsageError(f"{what}: read by the nets of a panel alone", found=f"recipe {recipe}", allowed=allowed,
                         advice=advice)  # fmt: skip


def _prepare_windows(asked: Asked, table: SeriesTable) -> Prepared:
    """Hold windows out, fit the scalers on what is before them, and lay the net out."""
    # The table ends before the test part by now, so that no room is kept for one.
    held = held_windows(asked, table, test=False)
    check_lengths(table, asked.settings.series, validation=held, test=False)
    season, notes = season_in(table, list(table.values.values()), asked.settings.series.season)
    settings = asked.settings.changed({"series.season": season})
    config = settings.series
    data = _cut(table, config, held)
    return Prepared(
        settings,
        asked.seed,
        forecast_net(settings.net, horizon=config.horizon),
        data,
        seen=None,
        learnt_from=f"{len(table.ids):,} series; test: {config.horizon} steps",
        head="horizon",
        split={"train": data.cuts, "validation": held, "test": config.horizon},
        kept={"test": config.horizon},
        attributes={"table_": table, "given_": TableSeries(table)},
        notes=notes,
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


def judge(model: Any, table: SeriesTable, learnt: Any, tries: Sequence[str]) -> Figures:
    """Measure on the last horizon of every series, beside naive forecasts, which learn nothing."""
    return evaluate_series(model, table, season=model.encoder.config.season, tries=tries)


TASK = Task("series", SETTINGS, frozenset({"batches", "windows"}), HEAD, read, hold, prepare, judge, fitted_of)
