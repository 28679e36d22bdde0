"""What Forecaster.fit makes of its series before anything is trained: windows held out, scalers fitted, a net laid out.

Not here: training (series_fit.py). `recurra data check` takes these very steps, so it refuses what fit refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recurra.arguments import seed_of, whole
from recurra.config import Settings
from recurra.datasets.series.checks import check_lengths
from recurra.datasets.series.table import SeriesTable
from recurra.nets.run import ForecastNet, forecast_net
from recurra.series import Examples, SeriesEncoder, fit_series

if TYPE_CHECKING:
    from recurra.estimators.series import Forecaster


@dataclass(frozen=True)
class PreparedSeries:
    """Everything that training needs; `cuts` tells where the part begins that `held` windows of validation fill."""

    table: SeriesTable
    settings: Settings
    seed: int
    held: int
    cuts: dict[str, int]
    encoder: SeriesEncoder
    train: dict[str, Examples]
    validation: dict[str, Examples]
    plan: ForecastNet


def prepare_series(estimator: Forecaster, table: SeriesTable) -> PreparedSeries:
    """Take the steps before training in their order.

    Raises UsageError for choices, DataError for series, with which there is nothing to learn.
    """
    settings, seed = estimator.settings(), seed_of("random_state", estimator.random_state)
    held = whole("validation", estimator.validation, least=0)
    check_lengths(table, settings.series, validation=held, test=False)
    behind = held + settings.series.horizon - 1 if held else 0
    cuts = {name: len(table.values[name]) - behind for name in table.ids}
    train = {name: table.values[name][: cuts[name]] for name in table.ids}
    encoder = fit_series(train, settings.series)
    learnt = {name: encoder.examples(name, values) for name, values in train.items()}
    kept = {name: encoder.examples(name, table.values[name], first_target=cuts[name]) for name in table.ids if held}
    plan = forecast_net(settings.net, horizon=settings.series.horizon)
    return PreparedSeries(table, settings, seed, held, cuts, encoder, learnt, kept, plan)
