"""The head that answers with a tag for each token: its files in one record.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.tags.finish import finish
from recurra.tasks.heads.tags.measure import tag_figures
from recurra.tasks.heads.tags.tell import tag_sections
from recurra.tasks.task import Head

HEAD = Head(finish, tag_figures, "Tags of tokens", "Tags of {}", tag_sections)
