"""Coming values of many series as answers: members, classical forecasts and intervals joined, without torch.

Any series can be forecast, also one that was not learnt from: a window is read in units of its own. Not here: training
(learn.py, finish.py), reading tables (datasets), nets of windows that know their series (heads/horizon/run.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any, Self

import numpy as np

from recurra.arguments import whole
from recurra.artefact import Artefact
from recurra.datasets.series.ahead import ahead_doubts, check_ahead
from recurra.datasets.series.holidays import with_holidays
from recurra.datasets.series.learnt import LearntSeries, check_rhythm
from recurra.datasets.series.table import SeriesTable
from recurra.errors import ArtefactError, DataError, either
from recurra.layers.layer import weights_of
from recurra.layers.segments.run import MIDDLE, NORMAL, QUANTILES, answered, cut_windows, read_windows, segments
from recurra.model import Model, six_digits
from recurra.nets.panels import PanelNet
from recurra.panels.blend import LINEAR, NET, PRETRAINED, around, blended, joined, stretched
from recurra.panels.classics import classics
from recurra.panels.columns import BesideUnits, drawn
from recurra.panels.linear import along
from recurra.panels.series import Panel, Values, panel_of
from recurra.panels.tables import is_dated, panel_of_table
from recurra.tasks.heads.horizon.run import MOST_STEPS, RunningForecaster, read_learnt, written_learnt
from recurra.tasks.heads.panel.encoder import PanelEncoder
from recurra.tasks.heads.panel.pretrained import Pretrained
from recurra.tasks.heads.panel.settling import settled

AT_ONCE = 4_000_000
"""Numbers of features that are held at once."""


@dataclass(frozen=True, eq=False)
class RunningPanel(Model):
    """Members that tell quantiles, the classical forecasts beside them, and how wide intervals are."""

    task = "series"
    net = PanelNet
    file = "panel.json"
    use = "recurra forecast FOLDER series.csv"
    less_is_better = ("mae", "mase", "smape")

    plan: PanelNet
    encoder: PanelEncoder
    learnt: LearntSeries = field(default_factory=LearntSeries)
    """The rhythm and the notation of the series it learnt from."""

    @property
    def coarse(self) -> tuple[str, ...]:
        """The net of the box."""
        return ("pretrained.",)

    @property
    def horizon(self) -> int:
        """Steps that are answered at once."""
        return self.encoder.config.horizon

    @property
    def series(self) -> list[str]:
        """The names of the series that it learnt from, where these are not very many."""
        return list(self.encoder.names)

    def forecasts(self, table: SeriesTable, *, steps: int) -> tuple[Values, Values]:
        """Return the middle (series, steps) and the quantiles (series, steps, 9) of what follows each series.

        Beyond the horizon it reads its own answers. Raises DataError for a series without any value.
        """
        steps = whole("steps, the horizon", steps, least=1, most=MOST_STEPS)
        if not self.encoder.config.season:
            model: RunningPanel = settled(self, table, horizon=steps)[0]
            return model.forecasts(table, steps=steps)
        season, units = self.encoder.config.season, self.encoder.beside
        self._check_beside(table, steps)
        if units is not None:
            table = with_holidays(table, self.encoder.config.holidays, ahead=steps + self.horizon)
        panel = panel_of_table(table, units, season=season, ahead=steps + self.horizon)
        told = np.zeros((len(table.ids), 0, len(QUANTILES)))
        if not panel.lengths.all():
            empty = table.ids[int(np.argmin(panel.lengths))]
            raise DataError(f"series {empty!r} has no known value", advice="leave it out")
        while told.shape[1] < steps:
            told = np.concatenate([told, self.quantiles(panel)], axis=1)
            if told.shape[1] < steps:
                answers = told[:, -self.horizon :, MIDDLE]
                series = [np.concatenate(pair) for pair in zip(panel.series(), answers, strict=True)]
                panel = replace(panel_of(series, season), beside=panel.beside)
        return told[:, :steps, MIDDLE], self._widened(told[:, :steps])

    def _check_beside(self, table: SeriesTable, steps: int) -> None:
        """Raise DataError where the calendar cannot be read, or only some of the coming rows are there."""
        units = self.encoder.beside
        if units is None:
            return
        check_ahead(table, [each.name for each in self.encoder.given.future], steps)
        if units.calendar and not is_dated(table):
            advice = f"give a table with times; or fit with {either('--set calendar=never', 'calendar=never')}"
            raise DataError("the model reads the calendar, and these series have no times", advice=advice)

    def quantiles(self, panel: Panel) -> Values:
        """Return the quantiles of the next horizon of each series, blended and stretched: (series, horizon, 9)."""
        season, shares = self.encoder.config.season, self.encoder.shares
        panel = panel.newest(self.encoder.window)
        # A net that counts alone needs no others beside it.
        parts = classics(panel, season=season, horizon=self.horizon) if self.encoder.classics else {}
        parts |= self.straight(panel)
        nets = self.nets(panel)
        middle = blended({name: each[:, :, MIDDLE] for name, each in nets.items()} | parts, shares)
        if nets:
            told = joined(nets, shares)
            told = told + (middle - told[:, :, MIDDLE])[:, :, None]
        else:
            told = around(panel, middle, season, NORMAL)
        told = stretched(told, list(self.encoder.factors))
        # Nets take a single value for one that never moves: nothing is known of that.
        alone = np.flatnonzero(panel.lengths == 1)
        if len(alone):
            told[alone] = around(panel.taken(alone), middle[alone], season, NORMAL)
        # What never moved and was never below zero goes on so.
        lows, highs = (np.array([kind(values) for values in panel.series()]) for kind in (np.min, np.max))
        told = np.where((lows >= 0)[:, None, None], np.maximum(told, 0), told)
        still = (lows == highs) & (panel.lengths > 1)
        return np.where(still[:, None, None], lows[:, None, None], told)

    def straight(self, panel: Panel) -> dict[str, Values]:
        """Return the linear forecast (series, horizon), where there is one."""
        if self.plan.linear is None:
            return {}
        spec, weights = self.plan.member[0], weights_of(self.tensors, "linear")
        told = along(weights["weight"], weights["bias"], panel, season=spec.season, among=spec.among or (0.0, 1.0))
        return {LINEAR: told}

    def nets(self, panel: Panel) -> dict[str, Values]:
        """Return the quantiles that each net of the plan tells: (series, horizon, 9)."""
        told = {NET: self.members(panel)} if self.plan.member else {}
        if self.plan.pretrained is not None:
            one = Pretrained(self.plan.pretrained, weights_of(self.tensors, "pretrained"))
            told[PRETRAINED] = one.quantiles(panel, season=self.encoder.config.season, horizon=self.horizon)
        return told

    def members(self, panel: Panel) -> Values:
        """Return the members' mean quantiles, as they learnt them: (series, horizon, 9)."""
        spec = self.plan.member[0]
        beside = panel.beside
        # Without columns beside and a longer season, nothing is read step by step.
        ahead = spec.horizon if beside or spec.longer else 1
        columns = 3 + (3 * len(beside.finer) + beside.calendar.shape[1] if beside else 0)
        at_once = max(1, AT_ONCE // max(columns * spec.length, spec.horizon * (len(QUANTILES) + spec.ahead)))
        told = np.zeros((len(panel), spec.horizon, len(QUANTILES)))
        for start in range(0, len(panel), at_once):
            rows = np.arange(start, min(start + at_once, len(panel)))
            read = read_windows(spec, cut_windows(spec, panel, rows, panel.lengths[rows], horizon=ahead))
            for number, member in enumerate(self.plan.member):
                each = segments(member, weights_of(self.tensors, f"member{number}"), read)
                told[rows] += answered(member, each, read) / len(self.plan.member)
        return told

    def _widened(self, told: Values) -> Values:
        """Widen intervals beyond the horizon by the root of time: answers lean on answers there."""
        beyond = np.arange(told.shape[1]) // self.horizon
        wider = np.sqrt(1 + beyond)[None, :, None]
        middle = told[:, :, MIDDLE, None]
        return middle + (told - middle) * wider

    def coming(self, table: SeriesTable, *, steps: int, levels: Sequence[int]) -> dict[str, Values]:
        """Return a row of answers for each series, and the ends of its intervals: by `""`, `-lo-80`, `-hi-80`, ….

        Raises DataError for series of another rhythm than the learnt one, or without a value.
        """
        middle, quantiles = self.forecasts(table, steps=steps)
        figures = {"": middle}
        for level in levels:
            low, high = interval(quantiles, level)
            figures |= {f"-lo-{level}": low, f"-hi-{level}": high}
        return figures

    def names_of(self, table: SeriesTable) -> tuple[dict[str, str], list[str]]:
        """Return the series' names, and warnings: of the rhythm, of series that it did not learn from.

        Raises DataError for another rhythm than the learnt one.
        """
        told = check_rhythm(table, self.learnt)
        known = set(self.encoder.names)
        told = [*told, *self._lacking(table)]
        others = [name for name in table.ids if known and name not in known and not table.unnamed]
        if others:
            told = [*told, f"{len(others):,} series were not learnt from, such as {others[0]!r}: forecast all the same"]
        return {name: name for name in table.ids}, told

    def _lacking(self, table: SeriesTable) -> list[str]:
        """Warn of columns that the model learnt from and the table lacks."""
        found = table.covariates.names.all if table.covariates else ()
        lacking = ", ".join(repr(name) for name in self.encoder.given.names if name not in found)
        return [f"columns {lacking} are not there: the model answers without, which is less sure"] if lacking else []

    def doubts(self, table: SeriesTable) -> list[str]:
        """Warn where nothing is known of coming steps although the model reads it."""
        return ahead_doubts(table, [each.name for each in self.encoder.given.future])

    def far(self, series_id: str, values: Values) -> str:
        """Nothing is far: a window is read in units of its own."""
        return ""

    def told(self) -> dict[str, Any]:
        """What is known of the series it learnt from."""
        return {"series": written_learnt(self.learnt)} if self.learnt != LearntSeries() else {}

    def selftest(self) -> dict[str, Any]:
        """Forecasts of synthetic series."""
        random = np.random.default_rng(0)
        lengths = (1, 7, 3 * max(self.encoder.config.season, 8) + 5)
        panel = panel_of([np.abs(random.standard_normal(length)).cumsum() + 1 for length in lengths])
        if self.encoder.beside is not None:
            panel = replace(panel, beside=drawn(self.encoder.beside, np.array(lengths) + self.horizon))
        # One that finds its season in each table is asked with that of months.
        config = self.encoder.config
        config = config if config.season else config.model_copy(update={"season": 12})
        asked = replace(self, encoder=replace(self.encoder, config=config))
        return {"forecasts": six_digits(asked.quantiles(panel)[:, :, MIDDLE])}

    @property
    def fact(self) -> str:
        """How many series it learnt from, their rhythm, what counts and how far it looks."""
        rhythm = f" of {self.learnt.step}" if self.learnt.step else ""
        season, seen = self.encoder.config.season, len(self.encoder.names)
        return f"{seen:,} series{rhythm}, season {season}, horizon {self.horizon}; {self.encoder.told}."

    @property
    def facts(self) -> dict[str, Any]:
        """How many series it learnt from, how far it looks, their rhythm and season, and what counts."""
        step, config = self.learnt.step, self.encoder.config
        shared = {"horizon": config.horizon, "season": config.season, "shares": self.encoder.shares}
        return {"series": len(self.encoder.names), **shared, "rhythm": str(step) if step else None}

    @property
    def summary(self) -> str:
        """The same in a line."""
        told = self.facts
        seen = f"series: {told['series']:,}, horizon {told['horizon']}, season {told['season']}"
        return f"{seen}, rhythm: {told['rhythm'] or 'unknown'}"

    @classmethod
    def shapes(cls, config: dict[str, Any], task: str) -> Any:
        """As `Model.shapes`; a net of windows names its own."""
        return super().shapes(config, task) if _is_panel(config) else RunningForecaster.shapes(config, task)

    @classmethod
    def from_artefact(cls, held: Artefact) -> Any:
        """As `Model.from_artefact`; a net of windows comes as what it is."""
        return super().from_artefact(held) if _is_panel(held.config) else RunningForecaster.from_artefact(held)

    @classmethod
    def read(cls, held: Artefact, plan: PanelNet) -> Self:
        """Check how panels are read."""
        encoder = PanelEncoder.from_json(held.files.get("panel.json", b""))
        spec = plan.member[0] if plan.member else None
        config = encoder.config
        if spec is not None and (spec.horizon, spec.season) != (config.horizon, config.season):
            raise ArtefactError("panel.json does not fit the net", found=f"horizon {config.horizon}")
        if spec is not None and (encoder.beside or BesideUnits()).sizes != spec.beside:
            raise ArtefactError("panel.json does not fit the net", found="other columns beside the values")
        return cls(plan, held.tensors, encoder, read_learnt(held.config.get("series")))


def interval(quantiles: Values, level: int) -> tuple[Values, Values]:
    """Return low and high (rows, steps) of an interval meant to hold `level` percent, of quantiles (rows, steps, 9)."""
    # Of a normal distribution: how many standard deviations the ends lie from the middle.
    reach = NormalDist().inv_cdf(0.5 + level / 200)
    if reach >= NORMAL[-1]:
        middle, wider = quantiles[:, :, MIDDLE], reach / NORMAL[-1]
        low, high = quantiles[:, :, 0], quantiles[:, :, -1]
        return middle - (middle - low) * wider, middle + (high - middle) * wider
    ends = []
    for end in (-reach, reach):
        above = int(np.clip(np.searchsorted(NORMAL, end), 1, len(NORMAL) - 1))
        part = (end - NORMAL[above - 1]) / (NORMAL[above] - NORMAL[above - 1])
        ends.append(quantiles[:, :, above - 1] * (1 - part) + quantiles[:, :, above] * part)
    return ends[0], ends[1]


def _is_panel(config: dict[str, Any]) -> bool:
    net = config.get("net")
    return isinstance(net, dict) and net.get("kind") == "panel"


MODEL = RunningPanel
