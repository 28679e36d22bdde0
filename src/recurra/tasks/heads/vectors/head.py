"""The head that answers with vectors: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.vectors.finish import finish
from recurra.tasks.heads.vectors.measure import vector_figures
from recurra.tasks.heads.vectors.tell import vector_sections
from recurra.tasks.task import Head

HEAD = Head(finish, vector_figures, "Sentence vectors", "Vectors of {}", vector_sections)
