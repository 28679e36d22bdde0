"""What each forecast counts, and how wide intervals are, for one series or a few: little speaks there, so priors do.

A net learns one short series by heart, and one or two newest windows say little of what it is worth. So a net counts by
how long the history is, forecasts count by their inverse errors (Bates & Granger 1969), and widths are drawn towards a
usual one. The constants were chosen on judge windows before the test parts of 85 series, and on 629 for what is told
without nets. Not here: panels of many values (blend.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from recurra.panels.blend import LINEAR, NET, PRETRAINED, needed_widths, usual_shares
from recurra.panels.series import Mask, Panel, Values

FEW = 30
"""Series, at most, of a panel that is one of a few."""
LONG = 20
"""Horizons that a long series has, at least."""
MOST_HORIZONS = 300
"""Horizons that a panel of few values holds at most, all series together; with more, nets learn no window by heart."""
NET_AT_MOST = 0.9
"""What nets count before anything is measured, of an endless history."""
HALFWAY = 20.0
"""Seasons of a series with which they count half of that; horizons, where there is no season."""
SEASON = 12
"""Values that a season counts as, at least: nine of four quarters teach a net no more than three of twelve months."""
BESIDE_NETS = {PRETRAINED: 0.7, "theta": 0.15, "holt": 0.15}
"""How the rest is shared out."""
POWER = 3.0
"""Of the inverse error that a share is multiplied by, after many windows; after one half of it."""
FLOOR = 0.02
"""Share of the mean error that is added to each: none is without."""
USUAL_WIDTH = 1.15
"""What intervals of the nets must be stretched by, for what they learnt by heart and for the spread of the blend."""
SHORTER = 4.0
"""Values of a series that is stretched twice as far: so few do not tell how far it swings."""
WINDOWS = 10.0
"""Windows that do not overlap which are believed as much as this."""


def few_values(panel: Panel, horizon: int) -> bool:
    """Tell whether a panel holds so little that its nets may learn it by heart: one series, or a few short ones.

    One with columns beside the values is none: nets read there what no other part knows.
    """
    beside = panel.beside
    if beside is not None and (len(beside.finer) or beside.statics.shape[1]):
        return False
    return 0 < len(panel) <= FEW and float(panel.lengths.sum()) <= MOST_HORIZONS * horizon


def is_long(panel: Panel, horizon: int) -> bool:
    """Tell whether the median series has many horizons."""
    return len(panel) > 0 and float(np.median(panel.lengths)) >= LONG * horizon


def few_long(panel: Panel, horizon: int) -> bool:
    """Tell whether a panel is a few long series."""
    return len(panel) <= FEW and is_long(panel, horizon)


def usual_of_few(parts: Collection[str], panel: Panel, *, season: int, horizon: int) -> dict[str, float]:
    """Return what the forecasts count where nothing was measured: nets more, the more seasons a series has.

    Without a season it is horizons: nets of a dozen yearly values learn next to nothing.
    """
    if PRETRAINED not in parts:
        return dict(usual_shares(parts))
    seasons = float(panel.lengths.mean()) / (max(season, SEASON) if season > 1 else horizon)
    net = round(NET_AT_MOST * seasons / (seasons + HALFWAY), 3) if NET in parts else 0.0
    usual = {NET: net} if NET in parts else {}
    if LINEAR in parts:
        usual = {NET: net / 2, LINEAR: net / 2}
    return usual | {name: (1 - net) * share for name, share in BESIDE_NETS.items()}


def shares_of_few(
    truths: Values,
    known: Mask,
    parts: Mapping[str, Values],
    scales: Values,
    usual: Mapping[str, float],
    *,
    squared: bool = False,
) -> dict[str, float]:
    """Return `usual` shares times the inverse errors of forecasts `parts` (rows, horizon) to a power, summing to 1.

    Errors are mean absolute ones over `scales` (rows,), or roots of mean `squared` ones, each row counting alike. A
    part of `usual` that was not measured counts as one of a mean error.
    """
    counts = known.sum(axis=1)
    rows = counts > 0
    order = 2 if squared else 1

    def wrong(told: Values) -> float:
        gaps = np.where(known, np.abs(told - truths) / scales[:, None], 0.0)[rows]
        return float(((gaps**order).sum(axis=1) / counts[rows]).sum() ** (1 / order))

    errors = {name: wrong(told) for name, told in parts.items() if name in usual}
    windows = int(rows.sum())
    mean = float(np.mean(list(errors.values()))) if errors and windows else 0.0
    drawn = dict(usual)
    if mean > 0:
        power = POWER * windows / (windows + 1)
        for name, error in errors.items():
            drawn[name] *= (error / mean + FLOOR) ** -power
    total = sum(drawn.values())
    rounded = {name: round(share / total, 3) for name, share in drawn.items()}
    largest = max(rounded, key=lambda name: rounded[name])
    # What rounding took: shares that sum to 0.999 would lower every forecast.
    return rounded | {largest: round(rounded[largest] + 1 - sum(rounded.values()), 3)}


def usual_width(panel: Panel) -> float:
    """Return what intervals of the nets are stretched by before anything is measured: more, where series are short."""
    return USUAL_WIDTH * (1 + SHORTER / max(float(panel.lengths.mean()), SHORTER))


def widths_of_few(truths: Values, known: Mask, quantiles: Values, *, independent: float, usual: float) -> list[float]:
    """Return what each third of the horizon's intervals must be stretched by: (3,), drawn towards the usual width.

    `independent` counts the windows that do not overlap.
    """
    trust = independent / (independent + WINDOWS)
    return [usual * (found / usual) ** trust for found in needed_widths(truths, known, quantiles)]
