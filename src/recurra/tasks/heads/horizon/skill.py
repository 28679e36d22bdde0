"""How good forecasts from origins are: errors by series and over all, intervals, and skill against each rival.

Skill is 1 - MASE / the rival's MASE. A difference of MASE has the 95 % interval of a bootstrap that draws whole series,
since the errors of one series are alike. Not here: the formulas (metrics.py), the forecasts (origins.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.answers import ANSWER
from recurra.errors import DataError
from recurra.metrics import PairedDifference, coverage, mae, owa, paired_bootstrap, pinball, smape
from recurra.panels.series import Values
from recurra.report.numbers import number
from recurra.tasks.heads.horizon.origins import REFERENCE, Forecasts

MEASURES = ("mae", "mase", "smape")
LAGS = {"naive": "the last value", "seasonal naive": "the last season"}
"""What each of the simplest rivals repeats."""
ECHO = 0.1
"""A forecast that differs from a lag by less than so much of the lag's own error is hardly more than that lag."""
NONE = 1e-9
"""Errors below it are none, in units of MASE and in percent."""
DRAWS = 2_000_000
"""Parts that a bootstrap draws in all, from 1,000 times each to 10,000 times: of many, fewer draws tell as much."""


@dataclass(frozen=True, eq=False)
class Scores:
    """The `MEASURES` of each row (rows, 3), and the scaled errors of its steps (rows, horizon), NaN if unknown."""

    rows: Values
    steps: Values


@dataclass(frozen=True, eq=False)
class Skill:
    """Forecasts whose truth is known, with the scores of the model, of each rival and of Naive 2."""

    told: Forecasts
    scores: Mapping[str, Scores]

    @cached_property
    def series(self) -> list[str]:
        """The names of the series, each once."""
        return list(dict.fromkeys(self.told.names))

    @property
    def values(self) -> int:
        """How many values are judged."""
        return int(np.isfinite(self.told.truths).sum())

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Which series each row is of: (rows,)."""
        of = {name: place for place, name in enumerate(self.series)}
        return np.array([of[name] for name in self.told.names], np.int64)

    def by_series(self, who: str) -> Values:
        """Return the `MEASURES` of each series, means over its origins: (series, 3)."""
        rows, counts = self.scores[who].rows, np.bincount(self.places)
        # By the places, since series may have different numbers of origins.
        sums = [np.bincount(self.places, weights=column) / counts for column in rows.T]
        return np.column_stack(sums)

    def means(self, who: str) -> dict[str, float]:
        """Return the `MEASURES`, means over series, and OWA."""
        told = dict(zip(MEASURES, self.by_series(who).mean(axis=0).tolist(), strict=True))
        reference = self.by_series(REFERENCE).mean(axis=0)
        return told | {"owa": _owa(told["smape"], told["mase"], reference)}

    def parts(self, who: str) -> Values:
        """Return what MASE is the mean of: that of each series, of each origin of a single one, or of its steps."""
        if len(self.series) > 1:
            return self.by_series(who)[:, MEASURES.index("mase")]
        scores = self.scores[who]
        return scores.rows[:, 1] if len(scores.rows) > 1 else scores.steps[np.isfinite(scores.steps)]

    @property
    def drawn(self) -> str:
        """What the bootstrap draws."""
        return "series" if len(self.series) > 1 else "origins" if len(self.told.names) > 1 else "steps"

    @cached_property
    def differences(self) -> dict[str, PairedDifference | None]:
        """The difference in MASE to each rival; None where a single part cannot be drawn again."""
        own = self.parts(ANSWER)
        draws = int(np.clip(DRAWS // len(own), 1_000, 10_000))
        return {
            rival: paired_bootstrap(own, self.parts(rival), draws=draws) if len(own) > 1 else None
            for rival in self.told.answers
            if rival != ANSWER
        }


def skill_of(told: Forecasts) -> Skill:
    """Score forecasts; raises DataError where no truth is known."""
    known = np.isfinite(told.truths)
    if not known.any():
        raise DataError("every value to measure on is missing", advice="bring a series whose end is known")
    told = told.taken(np.flatnonzero(known.any(axis=1)))
    every = {**told.answers, REFERENCE: told.reference}
    return Skill(told, {who: _scores(told, forecast) for who, forecast in every.items()})


def _scores(told: Forecasts, forecast: Values) -> Scores:
    steps = np.abs(told.truths - forecast) / told.scales[:, None]
    rows = []
    for truth, answer, errors in zip(told.truths, forecast, steps, strict=True):
        known = np.isfinite(truth)
        rows.append((mae(truth[known], answer[known]), errors[known].mean(), smape(truth[known], answer[known])))
    return Scores(np.array(rows), steps)


def figures_of(skill: Skill) -> dict[str, Any]:
    """Return the figures of all series: errors, pinball, coverage, and each rival with the model's skill against it."""
    rivals = [who for who in skill.told.answers if who != ANSWER]
    return {
        **skill.means(ANSWER),
        **intervals_of(skill.told),
        **thirds_of(skill.told),
        "rivals": [{"name": who, **skill.means(who), **_beside(skill, who)} for who in rivals],
        "by_horizon": by_horizon(skill),
        **lag_of(skill),
    }


def _beside(skill: Skill, rival: str) -> dict[str, Any]:
    """Return the model's skill against a rival and the difference in MASE with its interval."""
    own, other = skill.means(ANSWER)["mase"], skill.means(rival)["mase"]
    apart = skill.differences[rival]
    told = {"difference": own - other, "low": apart.low, "high": apart.high} if apart else {"difference": own - other}
    return {**({"skill": 1 - own / other} if other else {}), **told}


def intervals_of(told: Forecasts) -> dict[str, float]:
    """Return the share of truths inside each interval, `coverage_80`, and the scaled pinball loss of all quantiles.

    The quantiles are the middle and the ends of each interval; the loss is in the unit of MASE.
    """
    known = np.isfinite(told.truths)
    levels = [end.removeprefix("-lo-") for end in told.ends if end.startswith("-lo-")]
    figures: dict[str, float] = {}
    quantiles = {0.5: told.answers[ANSWER]}
    for level in levels:
        low, high = told.ends[f"-lo-{level}"], told.ends[f"-hi-{level}"]
        figures[f"coverage_{level}"] = coverage(told.truths[known], low[known], high[known])
        quantiles |= {0.5 - int(level) / 200: low, 0.5 + int(level) / 200: high}
    if not levels:
        return {}
    units = np.broadcast_to(told.scales[:, None], known.shape)[known]
    losses = [
        pinball(told.truths[known] / units, answer[known] / units, quantile=quantile)
        for quantile, answer in quantiles.items()
    ]
    return {"pinball": float(np.mean(losses)), **figures}


def thirds_of(told: Forecasts) -> dict[str, list[float]]:
    """Return {"inside_80": the share inside the 80 % interval for each third of the horizon}, if there is one."""
    if "-lo-80" not in told.ends:
        return {}
    inside = (told.truths >= told.ends["-lo-80"]) & (told.truths <= told.ends["-hi-80"])
    known = np.isfinite(told.truths)
    thirds = np.array_split(np.arange(known.shape[1]), 3)
    return {"inside_80": [float(inside[:, part][known[:, part]].mean()) for part in thirds if known[:, part].any()]}


def by_horizon(skill: Skill) -> list[dict[str, Any]]:
    """Return, for each step ahead, the mean scaled error of the model (`mase`) and of each rival by its name.

    Also the model's mean scaled residual, truth less forecast, and what 80 % of them lie between.
    """
    known = np.isfinite(skill.told.truths)
    steps = [step for step in range(known.shape[1]) if known[:, step].any()]
    # Of a step that no series tells there is no mean.
    means = {who: np.nanmean(skill.scores[who].steps[:, steps], axis=0) for who in skill.told.answers}
    named = {("mase" if who == ANSWER else who): column for who, column in means.items()}
    apart = residuals(skill)[:, steps]
    low, high = np.nanquantile(apart, [0.1, 0.9], axis=0)
    named |= {"residual": np.nanmean(apart, axis=0), "residual_low": low, "residual_high": high}
    return [
        {"step": step + 1, **{name: float(column[place]) for name, column in named.items()}}
        for place, step in enumerate(steps)
    ]


def residuals(skill: Skill) -> Values:
    """Return truth less forecast in the unit of MASE: (rows, horizon), NaN if unknown."""
    apart: Values = (skill.told.truths - skill.told.answers[ANSWER]) / skill.told.scales[:, None]
    return apart


def series_rows(skill: Skill) -> list[dict[str, Any]]:
    """Return the figures of each series: its errors, pinball, coverage, and the skill against each rival."""
    own, reference = skill.by_series(ANSWER), skill.by_series(REFERENCE)
    others = {who: skill.by_series(who)[:, 1] for who in skill.told.answers if who != ANSWER}
    rows = []
    for place, name in enumerate(skill.series):
        errors = dict(zip(MEASURES, own[place].tolist(), strict=True))
        beaten = {who: 1 - errors["mase"] / float(column[place]) for who, column in others.items() if column[place]}
        rows.append(
            {
                "unique_id": name,
                **errors,
                "owa": _owa(errors["smape"], errors["mase"], reference[place]),
                **intervals_of(skill.told.taken(np.flatnonzero(skill.places == place))),
                "skill": beaten,
            }
        )
    return rows


def _owa(smape: float, mase: float, reference: Values) -> float | None:
    # An error of rounding size is none: a ratio to it would tell nothing.
    _, reference_mase, reference_smape = np.where(reference < NONE, 0.0, reference).tolist()
    told = owa(smape=smape, mase=mase, reference_smape=reference_smape, reference_mase=reference_mase)
    # Against a perfect reference there is no ratio, and JSON knows no infinity.
    return told if math.isfinite(told) else None


def lag_of(skill: Skill) -> dict[str, str]:
    """Return {"lag": a plain sentence} where the model is no better than repeating the past, else an empty record."""
    told = [sentence for rival in LAGS if rival in skill.told.answers for sentence in _lag(skill, rival)]
    return {"lag": " ".join(told)} if told else {}


def _lag(skill: Skill, rival: str) -> list[str]:
    alike = np.allclose(skill.told.answers[rival], skill.told.answers["naive"]) and rival != "naive"
    own, other = (float(skill.means(who)["mase"]) for who in (ANSWER, rival))
    apart = skill.differences[rival]
    told: list[str] = []
    # Without a season both rivals are one, and are told as one.
    if alike:
        return told
    figures = f"repeating {LAGS[rival]}: MASE {number(own)} against {number(other)}"
    doubt = f"; 95 % of the difference: {number(apart.low)} to {number(apart.high)}" if apart else ""
    if own >= other:
        told.append(f"No better than {figures}{doubt}.")
    elif apart is None or apart.high >= 0:
        told.append(f"Perhaps no better than {figures}, which may be chance{doubt}.")
    between = np.abs(skill.told.answers[ANSWER] - skill.told.answers[rival]) / skill.told.scales[:, None]
    if other and float(between.mean()) < ECHO * other:
        told.append(f"The forecasts hardly differ from {LAGS[rival]}, repeated.")
    return told
