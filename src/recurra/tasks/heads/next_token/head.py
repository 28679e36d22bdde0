"""The head that answers with the next token: its files in one record.

Not here: those files; learn.py alone needs torch, and is imported when somebody learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recurra.tasks.heads.next_token.finish import finish
from recurra.tasks.heads.next_token.measure import samples
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.tasks.heads.next_token.tell import language_sections
from recurra.tasks.task import Head, Prepared

if TYPE_CHECKING:
    from recurra.nets.learn import LearningNet
    from recurra.tasks.heads.next_token.learn import TokenLearner


def _learner(net: LearningNet, prepared: Prepared) -> TokenLearner:
    from recurra.tasks.heads.next_token.learn import learner

    return learner(net, prepared)


HEAD = Head(
    RunningLanguage,
    _learner,
    finish,
    RunningLanguage.figures,
    "Language model",
    "The language of {}",
    language_sections,
    samples,
)
