"""What the parts of a panel's forecast were worth on the newest windows, each told from what was before it; NumPy.

Not here: the shares that follow (panels/blend.py), and the nets that are asked (run.py, finish.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recurra.layers.segments.run import MIDDLE
from recurra.panels.blend import ENOUGH, PRETRAINED, blended, factors_of, joined, weights_of
from recurra.panels.classics import classics
from recurra.panels.few import few_values, shares_of_few, widths_of_few
from recurra.panels.marks import known_again
from recurra.panels.series import Mask, Panel, Values
from recurra.panels.windows import least_past, scales, windows_at
from recurra.tasks.heads.panel.encoder import PanelEncoder

MOST_ORIGINS = 5
OFTEN_ORIGINS = 50
"""The same where nets read what stands beside the values, and of a few long series."""
OFTEN_WINDOWS = 350
"""Windows of a few long series, of all together."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """Newest windows with what each part forecast of them before it saw them."""

    truths: Values
    known: Mask
    parts: dict[str, Values]
    nets: dict[str, Values]
    """Quantiles of those parts that tell them."""
    scales: Values
    independent: float
    """How many windows there are that do not overlap."""
    few: bool = False
    """Whether the panel holds so little that priors decide (panels/few.py)."""


def weighing_origins(panel: Panel, horizon: int, *, often: bool = False, windows: int = 1) -> tuple[int, ...]:
    """Return how far before the end the windows begin that weigh: one of many series, up to five of a few.

    They take no more than a third of the median series; none where that is not even one horizon. `often` asks for as
    many as are believed without a prior: nets that read covariates, or a long past, know what classical forecasts do
    not; `windows` for so many of all series together.
    """
    median = float(np.median(panel.lengths)) if len(panel) else 0.0
    points = len(panel) * horizon
    enough, most = (4 * ENOUGH, OFTEN_ORIGINS) if often else (ENOUGH, MOST_ORIGINS)
    # The points of one window are right or wrong together: a long horizon does not make up for few windows.
    wanted = min(most, max(1, -(-enough // max(points, 1)), -(-windows // max(len(panel), 1))))
    stride = max(1, horizon // 2)
    if often:
        # Over a quarter of a long history: the last three weeks of a year are no usual ones.
        stride = int(np.clip((median / 4 - horizon) // wanted, stride, max(1, 5 * horizon // 2)))
    backs = [horizon + number * stride for number in range(wanted)]
    kept = [back for back in backs if back <= median / 3 or (back == horizon and median > 2 * horizon)]
    # The newest window last, as time goes.
    return tuple(reversed(kept))


def weighed(
    panel: Panel,
    backs: Sequence[int],
    encoder: PanelEncoder,
    model: Any,
    marks: Sequence[int] = (),
) -> Weighed:
    """Forecast the windows that begin `backs` steps before the end, by classics and by the nets of a model.

    Series with one of the `marks` are left out: the net of the box learnt from them, and would seem too good. Where all
    have one, it is left out itself; of few values, it still tells how wide intervals are.
    """
    horizon, season = encoder.config.horizon, encoder.config.season
    few = few_values(panel, horizon)
    rows: list[Weighed] = []
    learnt = known_again(panel.series(), marks)
    for back in backs:
        past = panel.without_last(back)
        asked = np.flatnonzero((past.lengths >= least_past(season)) & (~learnt | learnt.all()))
        if not len(asked):
            continue
        past = past.taken(asked)
        cut = windows_at(panel, asked, past.lengths, length=1, horizon=horizon, season=season)
        units, past = scales(past, season), past.newest(encoder.window)
        nets = model.nets(past)
        unseen = {name: each for name, each in nets.items() if name != PRETRAINED or not learnt.all()}
        parts = classics(past, season=season, horizon=horizon) | model.straight(past)
        parts |= {name: each[:, :, MIDDLE] for name, each in unseen.items()}
        rows.append(Weighed(cut.targets, cut.asked, parts, nets if few else unseen, units, float(len(asked)), few))
    return _together(rows, horizon, max(backs, default=0))


def _together(rows: list[Weighed], horizon: int, reach: int) -> Weighed:
    """Join windows, which overlap where they reach over less than their horizons side by side."""
    if not rows:
        return Weighed(np.zeros((0, horizon)), np.zeros((0, horizon), np.bool_), {}, {}, np.zeros(0), 0.0)
    return Weighed(
        np.concatenate([row.truths for row in rows]),
        np.concatenate([row.known for row in rows]),
        {name: np.concatenate([row.parts[name] for row in rows]) for name in rows[0].parts},
        {name: np.concatenate([row.nets[name] for row in rows]) for name in rows[0].nets},
        np.concatenate([row.scales for row in rows]),
        sum(row.independent for row in rows) * min(1.0, reach / (horizon * len(rows))),
        rows[0].few,
    )


def judged(encoder: PanelEncoder, weighed: Weighed) -> PanelEncoder:
    """Return the encoder with what the newest windows speak for; as it is, where there are none."""
    if not weighed.known.any():
        return encoder
    shares = _shares(encoder, weighed)
    encoder = replace(encoder, shares=shares)
    if not weighed.nets:
        return encoder
    told = joined(weighed.nets, shares)
    # A part that was not measured counts as much as it would elsewhere.
    there = {name: share for name, share in shares.items() if name in weighed.parts}
    total = sum(there.values()) if weighed.few else 0.0
    middle = blended(weighed.parts, there) / (total or 1.0)
    moved = told + (middle - told[:, :, MIDDLE])[:, :, None]
    if weighed.few:
        given, usual = (weighed.truths, weighed.known, moved), encoder.factors[0]
        factors = widths_of_few(*given, independent=weighed.independent, usual=usual)
    else:
        factors = factors_of(weighed.truths, weighed.known, moved, independent=len(weighed.truths))
    return replace(encoder, factors=tuple(round(factor, 4) for factor in factors))  # type: ignore[arg-type]


def _shares(encoder: PanelEncoder, weighed: Weighed) -> dict[str, float]:
    given = weighed.truths, weighed.known, weighed.parts, weighed.scales
    squared = encoder.config.loss == "squared"
    if weighed.few:
        return shares_of_few(*given, encoder.shares, squared=squared)
    # One net weighs, three answer: beside parts that know no column, it must not be doubted for a few windows.
    return weights_of(*given, alone=encoder.beside is not None, squared=squared)
