"""The head that answers with one of several classes in an order: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.ordinal.finish import finish
from recurra.tasks.heads.ordinal.measure import order_figures
from recurra.tasks.heads.ordinal.tell import order_sections
from recurra.tasks.task import Head

HEAD = Head(finish, order_figures, "Classes in order", "Steps of {}", order_sections)
