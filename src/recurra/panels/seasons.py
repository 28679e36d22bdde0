"""The season of a panel, found in its values: peaks of the spectrum that chance does not explain, one vote a series.

Peaks: Fisher's test on the largest share of a periodogram (Fisher 1929), over a running median, so that a trend's slow
waves and noise of any colour are no peaks. Not here: what a season is used for (classics.py, windows.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.rhythms import TimeStep
from recurra.panels.classics import autocorrelations
from recurra.panels.series import Values

CHANCE = 1e-3
"""How often noise alone may look like a peak."""
USUAL_CHANCE = 0.05
"""The same where a peak of any other season is not believed: that of a rhythm is expected."""
PEAKS = 6
"""Peaks that are looked for in one series."""
ASKED = 400
"""Series that vote, at most: the longest."""
SHORTEST = 16
"""A shorter series has too few waves to tell."""
LEAST = 0.15
"""The share of votes that a season needs."""
OWN = 0.03
"""The share of these that must be its own, and no divisor's."""
MORE_ALIKE, SURELY = 0.05, 2.0
"""Autocorrelation that a whole season must have more than a part of it that was found, and standard errors besides."""

USUAL_SEASONS = {
    "Y": (), "M": (12,), "D": (7, 365), "business day": (5,), "h": (24, 168), "m": (1440, 10_080), "s": (60, 3600),
}  # fmt: skip
"""Seasons of each unit of time, in units."""


def season_of(series: Sequence[Values], usual: Sequence[int] = ()) -> int:
    """Return the steps of one season that most of the series show; 1: none.

    `usual` are the seasons of their rhythm, such as 24 and 168 of hours: a peak near one of them is taken for it.
    """
    longest = sorted(series, key=len, reverse=True)[:ASKED]
    asked = sum(len(values) >= SHORTEST for values in longest)
    found = [_season(values, usual, CHANCE) for values in longest]
    best = _voted([one for one in found if one], LEAST * asked)
    if best == 1 and usual:
        # Forty values say little each, and a season that many of them hint at is one all the same.
        hinted = [_season(values, usual, USUAL_CHANCE) for values in longest]
        best = _voted([one for one in hinted if one in usual], LEAST * asked)
    return _whole(best, usual, longest) if best > 1 else best


def _whole(part: int, usual: Sequence[int], series: Sequence[Values]) -> int:
    """Return the season, of which `part` is a half, a third, …, where movements are surely more alike after all of it.

    The sun's power is nothing by night: half a day stands higher in its spectrum than the day, and tells the opposite.
    """
    steps = [np.diff(values) for values in series]
    for whole in [*(one for one in usual[:1] if one > part and one % part == 0), 2 * part, 3 * part]:
        asked = [each for each in steps if len(each) > 3 * whole and np.ptp(each) > 0]
        alike = [autocorrelations(each, (whole, part)) for each in asked]
        gains = [after - before - SURELY / np.sqrt(len(each) - whole)
                 for each, (after, before) in zip(asked, alike, strict=True)]  # fmt: skip
        if 2 * len(asked) >= len(steps) and float(np.median(gains)) > MORE_ALIKE:
            return whole
    return part


def _voted(found: Sequence[int], least: float) -> int:
    votes = Counter(found)
    if not votes:
        return 1
    # Half a year says a year, too: a divisor's votes count for its multiples.
    counted = {one: sum(count for other, count in votes.items() if one % other == 0) for one in votes}
    # One odd vote for three days must not outdo hundreds for a day.
    own = [one for one in votes if votes[one] >= OWN * counted[one]]
    best = max(own or votes, key=lambda one: (counted[one], votes[one], -one))
    return best if counted[best] >= least else 1


def _season(values: Values, usual: Sequence[int], chance: float) -> int:
    """Return the season of one series (steps,), 0 where it shows none."""
    if len(values) < SHORTEST:
        return 0
    peaks = _peaks(values, chance)
    if not len(peaks):
        return 0
    count = len(values)
    # A harmonic may stand higher than the season itself: the first one to the sixth are asked.
    asked = {round(times / peak) for peak in peaks for times in range(1, 7)} | set(usual)
    told = sorted(one for one in asked if 2 <= one <= count / 2)
    shares = {one: _explained(peaks, one, count) for one in told}
    most = max(shares.values(), default=0)
    if not most:
        return 0
    usually = [one for one in usual if shares.get(one) == most]
    return usually[0] if usually else next(one for one in told if shares[one] == most)


def _explained(peaks: NDArray[np.float64], season: int, count: int) -> int:
    """Count the peaks that are the season or one of its harmonics, as sharply as so many values can tell."""
    waves = peaks * season
    nearest = np.maximum(np.round(waves), 1)
    # Filled gaps, and days that a year has more, widen a peak.
    close = np.abs(waves - nearest) <= max(0.75 * season / count, 0.03)
    return int((close & (nearest <= 6)).sum())


def _peaks(values: Values, chance: float) -> NDArray[np.float64]:
    """Return the frequencies (waves a step) of what no noise explains, the highest first."""
    # Waves that grow with the level have sharper peaks as factors.
    steps = np.diff(np.log(values) if values.min() > 0 else values)
    spread = 1.4826 * np.median(np.abs(steps - np.median(steps))) or steps.std()
    if not spread > 0:
        return np.zeros(0)
    clipped = np.clip((steps - np.median(steps)) / spread, -4, 4)
    power = np.abs(np.fft.rfft(clipped - clipped.mean()))[1:] ** 2
    flat = power / _running_median(power)
    found: list[float] = []
    left = np.ones(len(flat), np.bool_)
    while len(found) < PEAKS and left.sum() > 8:
        top = int(np.argmax(np.where(left, flat, 0)))
        share = flat[top] / flat[left].sum()
        # The chance that the largest of so many shares is this large (first term of Fisher's sum).
        if left.sum() * (1 - share) ** (left.sum() - 1) > chance:
            break
        found.append((top + 1 + _beside(power, top)) / len(clipped))
        left[max(top - 1, 0) : top + 2] = False
    return np.array(found)


def _beside(power: NDArray[np.float64], top: int) -> float:
    """Return how far from its bin a peak truly stands: the top of a parabola through three logarithms, ±0.5 at most."""
    if not 0 < top < len(power) - 1:
        return 0.0
    left, middle, right = np.log(power[top - 1 : top + 2] + 1e-300)
    bend = left - 2 * middle + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _running_median(power: NDArray[np.float64]) -> NDArray[np.float64]:
    width = min(max(11, len(power) // 8) | 1, len(power) - 1 + len(power) % 2)
    half = width // 2
    padded = np.concatenate([power[half:0:-1], power, power[-2 : -2 - half : -1]])
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    smoothed: NDArray[np.float64] = np.maximum(medians[: len(power)], 1e-12 * power.max() + 1e-300)
    return smoothed


def usual_seasons(step: TimeStep) -> tuple[int, ...]:
    """Return how many steps the usual seasons of a rhythm have: 48 and 336 of half hours."""
    if step.unit == "D" and step.every % 7 == 0:
        return (52 // (step.every // 7),) if step.every <= 91 else ()
    lengths: tuple[int, ...] = USUAL_SEASONS.get(step.unit, ())
    return tuple(length // step.every for length in lengths if length % step.every == 0 and length // step.every > 1)
