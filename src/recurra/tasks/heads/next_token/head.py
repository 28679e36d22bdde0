"""The head that answers with the next token: its files in one record; nothing is fitted on validation.

Not here: those files; and run.py and learn.py, which task.py finds by their folder.
"""

from __future__ import annotations

from recurra.tasks.heads.next_token.measure import dynamic_figures, samples
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.tasks.heads.next_token.tell import language_sections
from recurra.tasks.task import Finished, Head

HEAD = Head(
    lambda prepared, trained, _: Finished(RunningLanguage(prepared.plan, trained, prepared.data.encoder)),
    RunningLanguage.figures,
    "Language model",
    "The language of {}",
    language_sections,
    samples,
    dynamic_figures,
)
