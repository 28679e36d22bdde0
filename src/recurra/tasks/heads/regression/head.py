"""The head that answers with numbers: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.regression.finish import finish
from recurra.tasks.heads.regression.measure import number_figures
from recurra.tasks.heads.regression.tell import number_sections
from recurra.tasks.task import Head

HEAD = Head(finish, number_figures, "Regression of texts", "Numbers of {}", number_sections)
