"""The head that answers with one of several classes, and a probability for each: its files in one record.

Not here: those files; learn.py alone needs torch, and is imported when somebody learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recurra.tasks.heads.classes.finish import finish
from recurra.tasks.heads.classes.measure import label_figures
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.classes.tell import text_sections
from recurra.tasks.task import Head, Prepared

if TYPE_CHECKING:
    from recurra.nets.learn import LearningNet
    from recurra.tasks.heads.classes.learn import ClassLearner


def _learner(net: LearningNet, prepared: Prepared) -> ClassLearner:
    from recurra.tasks.heads.classes.learn import learner

    return learner(net, prepared)


HEAD = Head(RunningClassifier, _learner, finish, label_figures, "Text classification", "Texts of {}", text_sections)
