"""Series of any number and length made ready for the forecaster of panels: its season, its net's shape, its windows.

Nothing is refused for being short: a series gives the windows that it has, and one of a single value is forecast all
the same. Not here: learning and weighing (heads/panel/), nets of windows that know their series (series.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from recurra.artefact.folder import BOX
from recurra.config import SeriesConfig, Settings
from recurra.datasets.series.learnt import learnt_of
from recurra.datasets.series.table import SeriesTable
from recurra.errors import DataError
from recurra.layers.segments.run import SegmentsSpec
from recurra.nets.panels import PanelNet
from recurra.panels.blend import LINEAR, NET, PRETRAINED
from recurra.panels.columns import BesideUnits
from recurra.panels.few import few_long, few_values
from recurra.panels.series import Panel
from recurra.panels.tables import panel_of_table
from recurra.tasks.heads.panel.budget import within
from recurra.tasks.heads.panel.encoder import MOST_NAMES
from recurra.tasks.heads.panel.finish import PanelParts
from recurra.tasks.heads.panel.parts import Taught, held_windows
from recurra.tasks.heads.panel.run import RunningPanel
from recurra.tasks.heads.panel.settling import longer_season_in, season_in, settled, unweighed
from recurra.tasks.heads.panel.shapes import EPOCHS, linear_of, shape_of, taught, told_otherwise
from recurra.tasks.heads.panel.weighing import OFTEN_WINDOWS, weighing_origins
from recurra.tasks.reads import changed_settings
from recurra.tasks.task import Asked, Prepared

CHOSEN: dict[str, Any] = {
    "cell": "gru", "activation": "tanh", "hidden": 128, "dropout": 0.1, "epochs": EPOCHS, "batch_size": 256,
    "optimiser": "adamw", "learning_rate": 2e-3, "weight_decay": 0.01, "ema": 0.995, "patience": 3,
}  # fmt: skip
"""Settings of this forecaster, where nobody chose others."""
MEMBERS = 3
BESIDE: dict[str, Any] = {"learning_rate": 5e-3}
"""The same where nets read what stands beside the values."""
OFTEN_SEEN = 12
"""Times that a net sees each window, beyond which the newest windows tell when to stop."""
MOST_BOXED = 5_000
"""Series beyond which the net of the box is not asked: they teach nets more than that one learnt from."""


def prepare_panel(
    asked: Asked, settings: Settings, table: SeriesTable, given: SeriesTable, units: BesideUnits | None, *, window: int
) -> Prepared:
    """Find season, nets and windows; `units` tell what stands beside, `window` a chosen number of values to be read.

    `given` is the table without what was added to it, as a model is given others.
    """
    season, notes = season_in(table, table.each(), settings.series.season)
    settings = settings.changed({"series.season": season})
    panel, learns = _known_panel(table, units, settings.series), asked.recipe != "classics"
    spec, told = _shaped(panel, table, settings, units, window) if learns else (shape_of(panel, settings), [])
    config = settings.series.model_copy(update={"longer_season": max(spec.longer, 1)})
    settings, notes = settings.model_copy(update={"series": config}), [*notes, *told]
    # Columns beside the values and a long past are read by nets alone: that is worth many windows to find out.
    often = units is not None or few_long(panel, config.horizon)
    backs = weighing_origins(panel, config.horizon, often=often, windows=1 if units else OFTEN_WINDOWS * often)
    scored = asked.settings.training.patience > 0
    whole, before = _windows(panel, spec, settings, backs, scored=scored) if learns else (None, None)
    members = MEMBERS if whole is not None else 0
    if asked.minutes and members and whole is not None:
        members, whole, before = _bounded(asked.minutes, settings, spec, whole, before)
    names = tuple(table.ids) if len(table.ids) <= MOST_NAMES else ()
    box = box_series() if learns and len(table.ids) <= MOST_BOXED else None
    line = linear_of(before, spec) if members else None
    nets = [name for name, there in ((NET, members), (PRETRAINED, box), (LINEAR, line)) if there]
    encoder = replace(unweighed(panel, config, nets), names=names, beside=units if members else None, window=window)
    data = PanelParts(encoder, learnt_of(given), panel, whole, before, box, backs, goes_on=not often)
    return Prepared(
        settings,
        asked.seed,
        PanelNet(member=(spec,) * members, pretrained=box.plan.pretrained if box else None, linear=line),
        data,
        seen=None,
        learnt_from=f"{len(table.ids):,} series; test: {config.horizon} steps",
        by_steps=False,
        head="panel",
        split={"validation": list(backs), "test": config.horizon},
        kept={"test": config.horizon},
        notes=[*notes, *told_of(panel, spec, members, boxed=box is not None), *told_beside(units if members else None)],
    )


def _windows(
    panel: Panel, spec: SegmentsSpec, settings: Settings, backs: Sequence[int], *, scored: bool
) -> tuple[Taught | None, Taught | None]:
    """Return all windows, and those before the newest ones, which weigh.

    The newest also tell when to stop where that was asked for (`scored`), and where nets see the same again and again.
    """
    whole = taught(panel, spec, settings)
    before = taught(panel.without_last(max(backs)), spec, settings) if backs else None
    if before is None or few_values(panel, spec.horizon):
        # Of few values nets learn so little that no score need stop them.
        return whole, before
    again_and_again = before.passes(settings.training) > OFTEN_SEEN
    return whole, replace(before, held=held_windows(panel, backs, spec.season) if scored or again_and_again else None)


def _shaped(
    panel: Panel, table: SeriesTable, settings: Settings, units: BesideUnits | None, window: int
) -> tuple[SegmentsSpec, list[str]]:
    """Return the sizes of a member, with a longer season that was chosen or found, and what is to be said of it."""
    spec, chosen = shape_of(panel, settings, units, window=window), settings.series.longer_season
    longer, told = longer_season_in(table, table.each(), spec.season, chosen=chosen, window=window)
    if longer == 1 or (not chosen and told_otherwise(spec, longer)):
        return spec, []
    return spec.model_copy(update={"longer": longer}), told


def _known_panel(table: SeriesTable, units: BesideUnits | None, config: SeriesConfig) -> Panel:
    """Return the panel of a table; raises DataError where it has no known value."""
    panel = panel_of_table(table, units, season=config.season, ahead=config.horizon)
    if not panel.lengths.any():
        found, allowed = f"{len(table.ids)} series", "one or more with a value"
        raise DataError("no series has a known value", found=found, allowed=allowed)
    return panel


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
