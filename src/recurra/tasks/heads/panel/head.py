"""The head that answers with the coming values of many series: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.horizon.finish import finish as finish_windows
from recurra.tasks.heads.horizon.measure import horizon_figures
from recurra.tasks.heads.horizon.tell import series_sections
from recurra.tasks.heads.panel.finish import finish as finish_panel
from recurra.tasks.task import Again, Finished, Head, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Finish what was made ready: a panel, or the windows of a net alone."""
    return (finish_windows if prepared.head == "horizon" else finish_panel)(prepared, trained, again)


HEAD = Head(finish, horizon_figures, "Forecast", "Forecasts of {}", series_sections)
