"""The head that answers with any number of labels: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.multilabel.finish import finish
from recurra.tasks.heads.multilabel.measure import labels_figures
from recurra.tasks.heads.multilabel.tell import labels_sections
from recurra.tasks.task import Head

HEAD = Head(finish, labels_figures, "Several labels of texts", "Labels of {}", labels_sections)
