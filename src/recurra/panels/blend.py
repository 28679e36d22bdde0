"""What each forecast counts, and how wide intervals must be, by windows before the cut.

Not here: the forecasts (classics.py, layers/segments/).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recurra.panels.series import Mask, Panel, Values
from recurra.panels.windows import scales

NET = "net"
PRETRAINED = "pretrained"
LINEAR = "linear"
TENTHS = 10
TIE = 0.002
"""Scaled error that a share of one of the others must save: near a tie the net alone is simpler."""
ENOUGH = 500
"""Validation points that are believed as much as what is usual."""
SURELY = 3.0
"""Standard errors by which shares must be better than the usual ones to count as much as these."""
USUAL = {NET: 0.7, "theta": 0.2, "holt": 0.1}
USUAL_WITH_BOTH = {NET: 0.5, PRETRAINED: 0.3, "theta": 0.2}
USUAL_WITH_LINE = {NET: 0.5, LINEAR: 0.5}
USUAL_PRETRAINED = {PRETRAINED: 0.5, "theta": 0.5}
USUAL_CLASSICS = {"theta": 0.5, "holt": 0.3, "seasonal naive": 0.2}
"""What forecasts count where nothing was measured."""
BLENDED = ("theta", "holt", "seasonal naive")


def weights_of(
    truths: Values,
    known: Mask,
    parts: Mapping[str, Values],
    scales: Values,
    *,
    alone: bool = False,
    squared: bool = False,
) -> dict[str, float]:
    """Return the shares (in tenths, drawn towards the usual ones) of the forecasts `parts` (rows, horizon).

    Chosen by the mean absolute error over `scales` (rows,), each row counting alike. Few points decide little: a
    window of one series is one throw of a die. `alone` draws towards the net alone where that is better than what is
    usual: for nets that read what no other part knows. `squared` chooses by the mean squared error.
    """
    names = [name for name in (NET, PRETRAINED, LINEAR, *BLENDED) if name in parts]
    usual = {name: usual_shares(parts).get(name, 0.0) for name in names}
    counts = known.sum(axis=1)
    rows = counts > 0
    points = int(counts[rows].sum())
    if not points:
        return usual
    stacked = np.stack([parts[name][rows] for name in names])
    truth, there, units, power = truths[rows], known[rows], scales[rows, None], 2 if squared else 1

    def errors(shares: Values) -> Values:
        gaps = np.where(there, np.abs(np.tensordot(shares, stacked, 1) - truth) / units, 0.0)
        told: Values = (gaps**power).sum(axis=1) / counts[rows]
        return told

    prior = np.array([usual[name] for name in names])
    if alone and NET in names and errors(only := np.eye(len(names))[0]).mean() < errors(prior).mean():
        prior = only
    best = min(_shares(len(names)), key=lambda shares: errors(shares).mean() + TIE * (1 - shares[0]))
    trust = points / (points + ENOUGH) if points < 4 * ENOUGH else 1.0
    trust = min(trust, _surely(errors(prior) - errors(best)))
    drawn = {name: round(float(each), 3) for name, each in zip(names, trust * best + (1 - trust) * prior, strict=True)}
    # What rounding took: shares that sum to 0.999 would lower every forecast.
    return drawn | {names[0]: round(drawn[names[0]] + 1 - sum(drawn.values()), 3)}


def _surely(saved: Values) -> float:
    """Return how much what each row saved (rows,) is believed: half where its mean is three standard errors above 0.

    The best of a thousand shares saves something by chance alone.
    """
    if len(saved) < 3:
        return 1.0
    error = float(saved.std(ddof=1)) / len(saved) ** 0.5
    surely = float(saved.mean()) / error if error else 0.0
    # Steep: two standard errors say little, and eight leave no doubt.
    return surely**4 / (surely**4 + SURELY**4)


def usual_shares(parts: Collection[str]) -> dict[str, float]:
    """Return what the forecasts count where nothing was measured, by which nets are among them."""
    if NET in parts and LINEAR in parts:
        return USUAL_WITH_LINE
    if NET in parts:
        return USUAL_WITH_BOTH if PRETRAINED in parts else USUAL
    return USUAL_PRETRAINED if PRETRAINED in parts else USUAL_CLASSICS


def _shares(count: int) -> list[NDArray[np.float64]]:
    """Return all shares in tenths that sum to 1, the first one's largest first."""
    others = itertools.product(range(TENTHS + 1), repeat=count - 1)
    kept = sorted((rest for rest in others if sum(rest) <= TENTHS), key=sum)
    return [np.array([TENTHS - sum(rest), *rest]) / TENTHS for rest in kept]


def blended(parts: Mapping[str, Values], weights: Mapping[str, float]) -> Values:
    """Return the weighted sum of forecasts."""
    # In one order, whatever file the shares come from: sums of floats depend on it.
    summed: Values = np.sum([share * parts[name] for name, share in sorted(weights.items()) if share], axis=0)
    return summed


def joined(nets: Mapping[str, Values], shares: Mapping[str, float]) -> Values:
    """Return the mean of the nets' quantiles (rows, horizon, 9), each as it counts; all alike where none counts."""
    counts = {name: shares.get(name, 0.0) for name in sorted(nets)}
    total = sum(counts.values())
    each = [(counts[name] / total if total else 1 / len(counts)) * nets[name] for name in counts]
    summed: Values = np.sum(each, axis=0)
    return summed


def factors_of(truths: Values, known: Mask, quantiles: Values, *, independent: int, level: float = 0.8) -> list[float]:
    """Return what each third of the horizon's intervals must be stretched by: (3,).

    What would narrow them is drawn towards 1 where few windows speak (`independent`).
    """
    # An interval too narrow is the worse mistake: few windows may widen it, and hardly narrow it.
    trust = independent / (independent + 10)
    return [found if found > 1 else found**trust for found in needed_widths(truths, known, quantiles, level=level)]


def needed_widths(truths: Values, known: Mask, quantiles: Values, *, level: float = 0.8) -> list[float]:
    """Return what would stretch each third's intervals to hold `level` of the truths (rows, horizon): (3,).

    Split conformal, scaled (Vovk et al. 2005; Romano et al. 2019): the level's quantile of how many half widths the
    truth lies from the middle; 1 where nothing is known.
    """
    middle = quantiles.shape[2] // 2
    low, mid, high = quantiles[:, :, 0], quantiles[:, :, middle], quantiles[:, :, -1]
    tiny = 1e-9 * np.maximum(np.abs(mid), 1e-300)
    half = np.where(truths >= mid, high - mid, mid - low)
    ratios = np.where(known, np.abs(truths - mid) / np.maximum(half, tiny), np.nan)
    thirds = np.array_split(np.arange(truths.shape[1]), 3)
    each = [ratios[:, part][known[:, part]] for part in thirds]
    return [float(np.clip(np.quantile(part, level), 0.25, 4.0)) if part.size else 1.0 for part in each]


def stretched(quantiles: Values, factors: list[float]) -> Values:
    """Return quantiles (rows, horizon, 9) with each third of the horizon stretched around its middle."""
    middle = quantiles[:, :, quantiles.shape[2] // 2, None]
    thirds = np.array_split(np.ones(quantiles.shape[1]), 3)
    each = np.concatenate([third * factor for third, factor in zip(thirds, factors, strict=True)])
    wider: Values = middle + (quantiles - middle) * each[None, :, None]
    return wider


def around(panel: Panel, middle: Values, season: int, levels: Sequence[float]) -> Values:
    """Return quantiles (series, horizon, levels) around classical forecasts: as wide as the series' own steps a season.

    They widen by the root of time; `levels` are how many standard deviations each lies from the middle.
    """
    steps = np.sqrt(1 + np.arange(middle.shape[1]) // max(season, 1))
    widths = 1.25 * scales(panel, season)[:, None, None] * steps[None, :, None] * np.array(levels)
    told: Values = middle[:, :, None] + widths
    return told
