"""The head that answers with the coming values of many series: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from typing import Any

from recurra.tasks.heads.horizon.finish import finish as finish_windows
from recurra.tasks.heads.horizon.measure import horizon_figures
from recurra.tasks.heads.horizon.tell import series_sections
from recurra.tasks.heads.panel.finish import finish as finish_panel
from recurra.tasks.task import Again, Figures, Finished, Head, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Finish what was made ready: a panel, or the windows of a net alone."""
    return (finish_windows if prepared.head == "horizon" else finish_panel)(prepared, trained, again)


def shown(model: Any) -> Figures:
    """Return what each part of a blend counts and how far its intervals are stretched; nothing of a net alone."""
    if model.plan.kind != "panel":
        return {}
    return {"shares": dict(model.encoder.shares), "factors": list(model.encoder.factors)}


HEAD = Head(finish, horizon_figures, "Forecast", "Forecasts of {}", series_sections, shown)
