"""The head that answers with the coming values of a series: its files in one record.

Not here: those files; learn.py alone needs torch, and is imported when somebody learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recurra.tasks.heads.horizon.finish import finish
from recurra.tasks.heads.horizon.measure import horizon_figures
from recurra.tasks.heads.horizon.run import RunningForecaster
from recurra.tasks.heads.horizon.tell import series_sections
from recurra.tasks.task import Head, Prepared

if TYPE_CHECKING:
    from recurra.nets.learn import LearningNet
    from recurra.tasks.heads.horizon.learn import HorizonLearner


def _learner(net: LearningNet, prepared: Prepared) -> HorizonLearner:
    from recurra.tasks.heads.horizon.learn import learner

    return learner(net, prepared)


HEAD = Head(RunningForecaster, _learner, finish, horizon_figures, "Forecast", "Forecasts of {}", series_sections)
