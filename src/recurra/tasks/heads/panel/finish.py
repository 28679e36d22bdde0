"""A forecaster of a panel: a net that learnt before the newest windows weighs all parts on them, others learn it all.

Not here: how a net learns (learn.py), what parts are worth (weighing.py), answers (run.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from recurra.datasets.series.learnt import LearntSeries
from recurra.nets.panels import PanelNet
from recurra.panels.blend import PRETRAINED
from recurra.panels.linear import line_of
from recurra.panels.series import Panel
from recurra.tasks.heads.panel.encoder import PanelEncoder
from recurra.tasks.heads.panel.parts import Taught
from recurra.tasks.heads.panel.run import RunningPanel
from recurra.tasks.heads.panel.weighing import judged, weighed
from recurra.tasks.task import Again, Finished, Prepared, Trained, TrainedAgain


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
    box: RunningPanel | None
    """The net that learnt from other series before; None: it is not asked."""
    backs: tuple[int, ...]
    """How many steps before its end the weighing windows of a series begin, the newest last."""
    goes_on: bool = True
    """Whether members go on from the net that weighed; else each begins anew."""


SHORTER = 0.4
"""Share of the epochs that a member learns which goes on from the first net."""


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Weigh by a first net, then let as many as the plan has learn from all windows."""
    data: PanelParts = prepared.data
    members = len(prepared.plan.member)
    begins = members > 0 and data.before is not None
    nets = members + begins
    first = again(_alone(prepared, data.before, 100), 1, nets) if begins else None
    # Without a first net nobody can tell what nets are worth: then they keep their usual share.
    weigh = begins or not members
    encoder = _judged(prepared, data, first or {}) if weigh else data.encoder
    plan, tensors = _kept_box(prepared.plan, data.box, encoder)
    tensors |= _line(plan, data.whole)
    lesson, notes = _lesson(prepared, data, first)
    for number in range(members):
        each = again(_alone(lesson, data.whole, number), number + 1 + nets - members, nets)
        tensors |= {name.replace("member0.", f"member{number}.", 1): value for name, value in each.items()}
    notes = [*notes, f"what each counts in the forecast: {encoder.told}"]
    return Finished(RunningPanel(plan, tensors, encoder, data.learnt), notes=notes)


def _judged(prepared: Prepared, data: PanelParts, first: Trained) -> PanelEncoder:
    """Weigh by what the first net, the net of the box and classics tell of the newest windows."""
    plan: PanelNet = prepared.plan.model_copy(update={"member": prepared.plan.member[:1] if first else ()})
    plan = plan if first else plan.model_copy(update={"linear": None})
    tensors, marks = (data.box.tensors, data.box.encoder.marks) if data.box else ({}, ())
    model = RunningPanel(plan, dict(first) | tensors | _line(plan, data.before), data.encoder)
    return judged(data.encoder, weighed(data.panel, data.backs, data.encoder, model, marks))


def _kept_box(plan: PanelNet, box: RunningPanel | None, encoder: PanelEncoder) -> tuple[PanelNet, Trained]:
    """Return the plan with the net of the box and its weights, where that counts anything; else without."""
    if box is None or not encoder.shares.get(PRETRAINED):
        return plan.model_copy(update={"pretrained": None}), {}
    return plan, dict(box.tensors)


def _line(plan: PanelNet, taught: Taught | None) -> dict[str, Any]:
    """Return the weights of the linear forecast, fitted on all windows of what is learnt from."""
    if plan.linear is None or taught is None or not plan.member:
        return {}
    spec = plan.member[0]
    sizes = {"length": spec.length, "horizon": spec.horizon, "season": spec.season}
    weight, bias = line_of(taught.panel, **sizes, among=spec.among or (0.0, 1.0))
    return {"linear.weight": weight, "linear.bias": bias}


def _lesson(prepared: Prepared, data: PanelParts, first: TrainedAgain | None) -> tuple[Prepared, list[str]]:
    """Return how members learn, and what is to be said of it: as long as the first net was best at newer windows.

    They go on from it, for most of the windows are the same; but nets that learn days by heart are good together for
    that each began elsewhere.
    """
    if first is None:
        return prepared, []
    epochs, notes = prepared.settings.training.epochs, list[str]()
    if data.before is not None and data.before.held is not None:
        notes = [f"a first net was best at the newest windows after {first.epoch} of {epochs} epochs"]
        epochs = first.epoch
    if data.goes_on:
        prepared, epochs = replace(prepared, start=dict(first)), max(1, round(SHORTER * epochs))
    return replace(prepared, settings=prepared.settings.changed({"epochs": epochs})), notes


def _alone(prepared: Prepared, taught: Taught | None, number: int) -> Prepared:
    """Return what one member learns from, by a seed of its own."""
    return replace(prepared, plan=prepared.plan.alone(), data=taught, seed=prepared.seed + 1000 * number, head="panel")
