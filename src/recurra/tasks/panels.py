"""Series of any number and length made ready for the forecaster of panels: its season, its net's shape, its windows.

Nothing is refused for being short: a series gives the windows that it has, and one of a single value is forecast all
the same. Not here: learning and weighing (heads/panel/), nets of windows that know their series (series.py).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from recurra.artefact.folder import BOX
from recurra.config import Settings
from recurra.datasets.series.learnt import learnt_of
from recurra.datasets.series.table import SeriesTable
from recurra.errors import DataError
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.run import SegmentsSpec
from recurra.nets.panels import PanelNet
from recurra.panels.blend import NET, PRETRAINED, usual_shares
from recurra.panels.columns import BesideUnits
from recurra.panels.series import Panel
from recurra.panels.tables import panel_of_table
from recurra.panels.windows import scales
from recurra.tasks.heads.panel.budget import within
from recurra.tasks.heads.panel.encoder import MOST_NAMES, PanelEncoder
from recurra.tasks.heads.panel.finish import PanelParts
from recurra.tasks.heads.panel.parts import Taught
from recurra.tasks.heads.panel.run import RunningPanel
from recurra.tasks.heads.panel.settling import season_in, settled
from recurra.tasks.heads.panel.weighing import weighing_origins
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
BESIDE: dict[str, Any] = {"learning_rate": 5e-3}
BESIDE_PASSES = 3
"""The same of nets that read what stands beside the values: many small steps learn days by heart."""
STEPS = (300, 3600)
"""Batches, at least and at most."""
LEAST_WINDOWS = 12
"""Windows without which no net learns."""
LARGEST_SEGMENT = 96
MOST_BOXED = 5_000
"""Series beyond which the net of the box is not asked: they teach nets more than that one learnt from."""


def prepare_panel(asked: Asked, settings: Settings, table: SeriesTable, units: BesideUnits | None = None) -> Prepared:
    """Find the season, shape of the net and windows; `settings` has what was not chosen, `units` what stands beside."""
    values = table.each()
    season, notes = season_in(table, values, settings.series.season)
    config = settings.series.model_copy(update={"season": season})
    settings = settings.model_copy(update={"series": config})
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
    if asked.minutes and members and whole is not None:
        members, whole, before = _bounded(asked.minutes, settings, spec, whole, before)
    names = tuple(table.ids) if len(table.ids) <= MOST_NAMES else ()
    box = box_series() if asked.recipe != "classics" and len(table.ids) <= MOST_BOXED else None
    nets = [name for name, there in ((NET, members), (PRETRAINED, box)) if there]
    encoder = PanelEncoder(config, dict(usual_shares(nets)), names=names, beside=units if members else None)
    data = PanelParts(encoder, learnt_of(table), panel, whole, before, box, backs)
    return Prepared(
        settings,
        asked.seed,
        PanelNet(member=(spec,) * members, pretrained=box.plan.pretrained if box else None),
        data,
        seen=None,
        learnt_from=f"{len(table.ids):,} series; test: {config.horizon} steps",
        by_steps=False,
        head="panel",
        split={"validation": list(backs), "test": config.horizon},
        kept={"test": config.horizon},
        attributes={"table_": table, "given_": TableSeries(table)},
        notes=[*notes, *told_of(panel, spec, members, boxed=box is not None), *told_beside(units if members else None)],
    )


def _bounded(
    minutes: float, settings: Settings, spec: SegmentsSpec, whole: Taught, before: Taught | None
) -> tuple[int, Taught, Taught | None]:
    """Return how many members learn within so many minutes, and windows with so few batches."""
    rows, epochs = settings.training.batch_size, settings.training.epochs
    weighs = before is not None
    members, most = within(minutes, whole, spec, rows=rows, epochs=epochs, members=MEMBERS, weighs=weighs)
    fewer = [one and replace(one, batches=min(one.batches, most)) for one in (whole, before)]
    return members, fewer[0] or whole, fewer[1]


def untaught(table: SeriesTable, *, horizon: int, season: int = 0) -> tuple[RunningPanel, list[str]]:
    """Return the forecaster of the box, settled for a table by its newest values, and what is to be said of it.

    Raises DataError for series of different rhythms, and for a table without any known value.
    """
    model, notes = settled(box_series(), table, horizon=horizon, season=season)
    return model, [*notes, f"nothing is learnt; what each counts in the forecast: {model.encoder.told}"]


@cache
def box_series() -> RunningPanel:
    """Load the forecaster in the box."""
    return RunningPanel.load(BOX / "series")


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
    passes = BESIDE_PASSES if any(spec.beside.values()) else PASSES
    batches = int(np.clip(passes * counts[kept].sum() / training.batch_size, *STEPS))
    return Taught(
        panel,
        firsts[kept],
        counts[kept],
        scales(panel, spec.season),
        max(1, batches // CHOSEN["epochs"]),
    )


def told_of(panel: Panel, spec: SegmentsSpec, members: int, *, boxed: bool) -> list[str]:
    """Say what the net reads, and which series are too short to be learnt from."""
    short = int((panel.lengths < 3).sum())
    told = [f"{short:,} series have fewer than 3 values: forecast, and hardly learnt from"] if short else []
    if not members:
        alone = (
            "too few values or too little time for a net to learn: the one in the box and classical forecasts answer"
        )
        return [*told, alone if boxed else "classical forecasts alone"]
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


def panel_settings(asked: Asked, usual: Settings, units: BesideUnits | None = None) -> Settings:
    """Return the settings of this forecaster with what was chosen in place of its own."""
    own = CHOSEN | (BESIDE if units else {})
    changed = changed_settings(asked.settings, usual).values()
    chosen = {name for values in changed for name in values} | set(asked.named)
    return asked.settings.changed({name: value for name, value in own.items() if name not in chosen})
