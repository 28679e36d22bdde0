"""The head that answers with the coming values of a series: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.horizon.finish import finish
from recurra.tasks.heads.horizon.measure import horizon_figures
from recurra.tasks.heads.horizon.tell import series_sections
from recurra.tasks.task import Head

HEAD = Head(finish, horizon_figures, "Forecast", "Forecasts of {}", series_sections)
