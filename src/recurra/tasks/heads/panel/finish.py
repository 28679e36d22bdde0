"""A forecaster of a panel: a net that learnt before the newest windows weighs all parts on them, others learn it all.

Not here: how a net learns (learn.py), the shares (panels/blend.py), answers (run.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from recurra.datasets.series.learnt import LearntSeries
from recurra.layers.segments.run import MIDDLE
from recurra.nets.panels import PanelNet
from recurra.panels.blend import NET, blended, factors_of, weights_of
from recurra.panels.classics import classics
from recurra.panels.series import Mask, Panel, Values
from recurra.panels.windows import scales, windows_at
from recurra.tasks.heads.panel.encoder import PanelEncoder
from recurra.tasks.heads.panel.parts import Taught
from recurra.tasks.heads.panel.run import RunningPanel
from recurra.tasks.task import Again, Finished, Prepared, Trained


@dataclass(frozen=True, eq=False)
class PanelParts:
    """A panel made ready: all of it, what is before the newest windows, and where these begin."""

    encoder: PanelEncoder
    learnt: LearntSeries
    panel: Panel
    whole: Taught | None
    """All windows; None: too few to learn from."""
    before: Taught | None
    """Windows that end before those that weigh; None: there are none."""
    backs: tuple[int, ...]
    """How many steps before its end the weighing windows of a series begin, the newest last."""


@dataclass(frozen=True, eq=False)
class _Weighed:
    """Newest windows with what each part forecast of them before it saw them."""

    truths: Values
    known: Mask
    parts: dict[str, Values]
    quantiles: Values | None
    scales: Values


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Weigh by a first net, then let as many as the plan has learn from all windows."""
    data: PanelParts = prepared.data
    members = len(prepared.plan.member)
    begins = members > 0 and data.before is not None
    nets = members + begins
    first = again(_alone(prepared, data.before, 100), 1, nets) if begins else {}
    # Without a first net nobody can tell what nets are worth: then they keep their usual share.
    weigh = begins or not members
    encoder = _judged(data.encoder, _weighed(prepared, data, first)) if weigh else data.encoder
    tensors: Trained = {}
    for number in range(members):
        each = again(_alone(prepared, data.whole, number), number + 1 + nets - members, nets)
        tensors |= {name.replace("member0.", f"member{number}.", 1): value for name, value in each.items()}
    notes = [f"what each counts in the forecast: {encoder.told}"]
    return Finished(RunningPanel(prepared.plan, tensors, encoder, data.learnt), notes=notes)


def _alone(prepared: Prepared, taught: Taught | None, number: int) -> Prepared:
    """Return what one member learns from, by a seed of its own."""
    return replace(prepared, plan=prepared.plan.alone(), data=taught, seed=prepared.seed + 1000 * number, head="panel")


def _weighed(prepared: Prepared, data: PanelParts, first: Trained) -> _Weighed:
    """Forecast the newest windows from what is before each."""
    plan: PanelNet = prepared.plan.alone() if first else prepared.plan.model_copy(update={"member": ()})
    model = RunningPanel(plan, dict(first), data.encoder)
    horizon, season = data.encoder.config.horizon, data.encoder.config.season
    rows: list[_Weighed] = []
    for back in data.backs:
        past = data.panel.without_last(back)
        asked = np.flatnonzero(past.lengths >= max(season + 2, 3))
        if not len(asked):
            continue
        past = past.taken(asked)
        cut = windows_at(data.panel, asked, past.lengths, length=1, horizon=horizon, season=season)
        parts = classics(past, season=season, horizon=horizon)
        quantiles = model.members(past) if first else None
        if quantiles is not None:
            parts[NET] = quantiles[:, :, MIDDLE]
        rows.append(_Weighed(cut.targets, cut.asked, parts, quantiles, scales(past, season)))
    return _joined(rows, horizon)


def _joined(rows: list[_Weighed], horizon: int) -> _Weighed:
    if not rows:
        return _Weighed(np.zeros((0, horizon)), np.zeros((0, horizon), np.bool_), {}, None, np.zeros(0))
    quantiles = [row.quantiles for row in rows if row.quantiles is not None]
    return _Weighed(
        np.concatenate([row.truths for row in rows]),
        np.concatenate([row.known for row in rows]),
        {name: np.concatenate([row.parts[name] for row in rows]) for name in rows[0].parts},
        np.concatenate(quantiles) if quantiles else None,
        np.concatenate([row.scales for row in rows]),
    )


def _judged(encoder: PanelEncoder, weighed: _Weighed) -> PanelEncoder:
    """Return the encoder with what the newest windows speak for; as it is, where there are none."""
    if not weighed.known.any():
        return encoder
    shares = weights_of(weighed.truths, weighed.known, weighed.parts, weighed.scales)
    encoder = replace(encoder, shares=shares)
    if weighed.quantiles is None:
        return encoder
    middle = blended(weighed.parts, shares)
    moved = weighed.quantiles + (middle - weighed.quantiles[:, :, MIDDLE])[:, :, None]
    factors = factors_of(weighed.truths, weighed.known, moved, independent=len(weighed.truths))
    return replace(encoder, factors=tuple(round(factor, 4) for factor in factors))  # type: ignore[arg-type]
