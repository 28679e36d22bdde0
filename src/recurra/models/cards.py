"""The model card (README.md) that lies in an artefact: what it is, how it was trained, how to use it.

Not here: users' data; a card tells figures, never rows.
"""

from __future__ import annotations

from recurra.layers.specs import parameters
from recurra.models.model import Model

Record = dict[str, float]


def card_of(model: Model, history: list[Record], epoch: int) -> str:
    """Describe a model of any task."""
    told = model.described()
    rows = [f"| {name} | {spec.kind} | {parameters(spec):,} |" for name, spec in model.plan.layers().items()]
    table = ["| layer | kind | parameters |", "|---|---|---|", *rows]
    kept = _kept(history, epoch)
    return "\n".join([f"# {told.title}", "", told.fact, "", *table, "", *kept, f"Use it: {told.use}.", ""])


def _kept(history: list[Record], epoch: int) -> list[str]:
    if not history:
        return []
    told = ", ".join(f"{name} {value:.4g}" for name, value in history[epoch - 1].items() if name != "seconds")
    return [f"The epoch that was kept: {told}.", ""]
