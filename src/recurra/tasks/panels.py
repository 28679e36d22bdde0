"""Series of any number and length made ready for the forecaster of panels: its season, its net's shape, its windows.

Nothing is refused for being short: a series gives the windows that it has, and one of a single value is forecast all
the same. Not here: learning and weighing (heads/panel/), nets of windows that know their series (series.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.config import Settings
from recurra.datasets.series.learnt import learnt_of
from recurra.datasets.series.rhythms import TimeStep
from recurra.datasets.series.table import SeriesTable
from recurra.errors import DataError, either
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.run import SegmentsSpec
from recurra.nets.panels import PanelNet
from recurra.panels.blend import ENOUGH, USUAL, USUAL_CLASSICS
from recurra.panels.columns import BesideUnits
from recurra.panels.seasons import season_of
from recurra.panels.series import Panel, Values, bridged
from recurra.panels.tables import panel_of_table, units_of
from recurra.panels.windows import scales
from recurra.tasks.heads.panel.encoder import MOST_NAMES, PanelEncoder
from recurra.tasks.heads.panel.finish import PanelParts
from recurra.tasks.heads.panel.parts import Taught
from recurra.tasks.heads.panel.run import RunningPanel
from recurra.tasks.inputs.series import TableSeries
from recurra.tasks.reads import changed_settings
from recurra.tasks.task import Asked, Prepared

CHOSEN: dict[str, Any] = {
    "cell": "gru", "activation": "tanh", "hidden": 128, "dropout": 0.1, "epochs": 10, "batch_size": 256,
    "optimiser": "adamw", "learning_rate": 2e-3, "weight_decay": 0.01, "ema": 0.995,
}  # fmt: skip
"""Settings of this forecaster, where nobody chose others."""
MEMBERS = 3
PASSES = 8
"""How often each window is drawn, about."""
STEPS = (300, 3600)
"""Batches, at least and at most."""
LEAST_WINDOWS = 12
"""Windows without which no net learns."""
LARGEST_SEGMENT = 96
MOST_ORIGINS = 5
OFTEN_ORIGINS = 50
"""The same where nets read what stands beside the values."""
USUAL_SEASONS = {
    "Y": (), "M": (12,), "D": (7, 365), "business day": (5,), "h": (24, 168), "m": (1440, 10_080), "s": (60, 3600),
}  # fmt: skip
"""Seasons of each unit of time, in units."""


def prepare_panel(asked: Asked, settings: Settings, table: SeriesTable) -> Prepared:
    """Find the season, choose the shape of the net, and count the windows; `settings` has what was not chosen, too."""
    values = table.each()
    season, notes = found_season(settings, table, values)
    config = settings.series.model_copy(update={"season": season})
    settings = settings.model_copy(update={"series": config})
    units = units_of(table, config.calendar) if asked.recipe != "classics" else None
    panel = panel_of_table(table, units, season=season, ahead=config.horizon)
    if not panel.lengths.any():
        raise DataError(
            "no series has a known value", found=f"{len(values)} series", allowed="one or more with a value"
        )
    spec = shape_of(panel, settings, units)
    whole = taught(panel, spec, settings)
    backs = weighing_origins(panel, config.horizon, often=units is not None)
    before = taught(panel.without_last(max(backs)), spec, settings) if backs else None
    members = MEMBERS if whole is not None and asked.recipe != "classics" else 0
    names = tuple(table.ids) if len(table.ids) <= MOST_NAMES else ()
    shares = dict(USUAL if members else USUAL_CLASSICS)
    encoder = PanelEncoder(config, shares, names=names, beside=units if members else None)
    data = PanelParts(encoder, learnt_of(table), panel, whole, before, backs)
    return Prepared(
        settings,
        asked.seed,
        PanelNet(member=(spec,) * members),
        data,
        seen=None,
        learnt_from=f"{len(table.ids):,} series; test: {config.horizon} steps",
        by_steps=False,
        head="panel",
        split={"validation": list(backs), "test": config.horizon},
        kept={"test": config.horizon},
        attributes={"table_": table, "given_": TableSeries(table)},
        notes=[*notes, *told_of(panel, spec, members), *told_beside(units if members else None)],
    )


def untaught(table: SeriesTable, *, horizon: int, season: int = 0) -> tuple[RunningPanel, list[str]]:
    """Return a forecaster that learnt nothing, classical forecasts in their usual shares, and what is to be said of it.

    Raises DataError for series of different rhythms.
    """
    settings = Settings().changed({"horizon": horizon, "series.season": season})
    values = table.each()
    found, notes = found_season(settings, table, values)
    config = settings.series.model_copy(update={"season": found})
    encoder = PanelEncoder(config, dict(USUAL_CLASSICS))
    told = f"classical forecasts alone, nothing is learnt: {encoder.told}"
    return RunningPanel(PanelNet(), {}, encoder, learnt_of(table)), [*notes, told]


def found_season(settings: Settings, table: SeriesTable, values: list[Values]) -> tuple[int, list[str]]:
    """Return the season that was chosen, else the one that the series show, with a line that says so."""
    if settings.series.season:
        return settings.series.season, []
    rhythms = {rhythm.step for rhythm in table.rhythms.values()}
    usual = usual_seasons(next(iter(rhythms))) if len(rhythms) == 1 and not table.counted else ()
    season = season_of([bridged(each) for each in values], usual)
    told = f"a season of {season} steps was found" if season > 1 else "no season was found"
    return season, [f"{told}; {either('--season', 'season')} chooses another"]


def usual_seasons(step: TimeStep) -> tuple[int, ...]:
    """Return how many steps the usual seasons of a rhythm have: 48 and 336 of half hours."""
    if step.unit == "D" and step.every % 7 == 0:
        return (52 // (step.every // 7),) if step.every <= 91 else ()
    lengths: tuple[int, ...] = USUAL_SEASONS.get(step.unit, ())
    return tuple(length // step.every for length in lengths if length % step.every == 0 and length // step.every > 1)


def shape_of(panel: Panel, settings: Settings, units: BesideUnits | None = None) -> SegmentsSpec:
    """Return the sizes of a member: segments of a season or of a piece of one, over two to fourteen seasons."""
    season, horizon = settings.series.season, settings.series.horizon
    median = float(np.median(panel.lengths)) if len(panel) else 0.0
    if season > 1:
        pieces = [size for size in range(1, min(season, LARGEST_SEGMENT) + 1) if season % size == 0]
        segment = pieces[-1] if pieces[-1] >= min(season, 4) else min(season, 24)
        length = max(int(2.5 * max(horizon, season)), 2 * season)
        # Two weeks of hours: with a long history, the day a week ago is read too.
        length = max(length, 14 * season) if median >= 28 * season else length
    else:
        long = median >= 20 * horizon
        segment = min(horizon, LARGEST_SEGMENT) if long else max(1, min(4, horizon // 2))
        length = 10 * horizon if long else max(int(2.5 * horizon), 8)
    least = min((float(values.min()) for values in panel.series() if len(values)), default=0.0)
    net, beside = settings.net, (units or BesideUnits()).sizes
    recurrent = RecurrentSpec(
        cell=net.cell, activation=net.activation, reset_after=net.reset_after, precision=net.precision,
        inputs=net.hidden, hidden=net.hidden, layers=net.layers,
    )  # fmt: skip
    return SegmentsSpec(
        segment=segment, segments=-(-length // segment), season=season, horizon=horizon, log=least > 0,
        recurrent=recurrent, past=beside["past"], future=beside["future"], calendar=beside["calendar"],
        static=beside["static"],
    )  # fmt: skip


def taught(panel: Panel, spec: SegmentsSpec, settings: Settings) -> Taught | None:
    """Return the windows that a panel has; None where they are too few to learn from.

    A short series gives windows of parts of the horizon, each with at least one value to tell.
    """
    least = min(spec.season + 2, spec.length) if spec.season > 1 else 5
    firsts = np.minimum(least, np.maximum(panel.lengths - spec.horizon, 2))
    counts = panel.lengths - firsts
    kept = np.flatnonzero(counts > 0)
    if counts[kept].sum() < LEAST_WINDOWS:
        return None
    panel, training = panel.taken(kept), settings.training
    batches = int(np.clip(PASSES * counts[kept].sum() / training.batch_size, *STEPS))
    return Taught(
        panel,
        firsts[kept],
        counts[kept],
        scales(panel, spec.season),
        max(1, batches // CHOSEN["epochs"]),
    )


def weighing_origins(panel: Panel, horizon: int, *, often: bool = False) -> tuple[int, ...]:
    """Return how far before the end the windows begin that weigh: one of many series, up to five of a few.

    They take no more than a third of the median series; none where that is not even one horizon. `often` asks for as
    many as are believed without a prior: nets that read covariates know what no classical forecast does.
    """
    median = float(np.median(panel.lengths)) if len(panel) else 0.0
    points = len(panel) * horizon
    enough, most = (4 * ENOUGH, OFTEN_ORIGINS) if often else (ENOUGH, MOST_ORIGINS)
    wanted = min(most, max(1, -(-enough // max(points, 1))))
    stride = max(1, horizon // 2)
    backs = [horizon + number * stride for number in range(wanted)]
    kept = [back for back in backs if back <= median / 3 or (back == horizon and median > 2 * horizon)]
    # The newest window last, as time goes.
    return tuple(reversed(kept))


def told_of(panel: Panel, spec: SegmentsSpec, members: int) -> list[str]:
    """Say what the net reads, and which series are too short to be learnt from."""
    short = int((panel.lengths < 3).sum())
    told = [f"{short:,} series have fewer than 3 values: forecast, and hardly learnt from"] if short else []
    if not members:
        return [*told, "too few values for a net, or none was asked for: classical forecasts alone"]
    scale = "logarithms of values" if spec.log else "values"
    return [*told, f"{members} nets of {spec.segments} segments of {spec.segment} {scale}"]


def told_beside(units: BesideUnits | None) -> list[str]:
    """Say what the nets read beside the values."""
    if units is None:
        return []
    parts: dict[str, Any] = {"known up to now": units.past, "known ahead": units.future, "of each series": units.static}
    told = [f"{what}: {', '.join(each.name for each in columns)}" for what, columns in parts.items() if columns]
    told += [f"the calendar: {', '.join(units.calendar)}"] if units.calendar else []
    return [f"beside the values the nets read {'; '.join(told)}"]


def panel_settings(asked: Asked, usual: Settings) -> Settings:
    """Return the settings of this forecaster with what was chosen in place of its own."""
    changed = changed_settings(asked.settings, usual).values()
    chosen = {name for values in changed for name in values} | set(asked.named)
    return asked.settings.changed({name: value for name, value in CHOSEN.items() if name not in chosen})
