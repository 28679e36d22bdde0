"""The head that answers with one of several classes, and a probability for each: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.classes.finish import finish
from recurra.tasks.heads.classes.measure import label_figures
from recurra.tasks.heads.classes.tell import text_sections
from recurra.tasks.task import Head

HEAD = Head(finish, label_figures, "Text classification", "Texts of {}", text_sections)
