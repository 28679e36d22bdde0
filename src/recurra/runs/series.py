"""A run of forecasting: fit, save, measure on the last horizon of every series beside the naive rivals, report.

Not here: reading files and printing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recurra.arguments import whole
from recurra.datasets.series.checks import check_lengths
from recurra.datasets.series.table import SeriesTable
from recurra.estimators.series import Forecaster
from recurra.estimators.series_rows import PreparedSeries, prepare_series
from recurra.runs.learning import finished, learnt
from recurra.tasks.heads.horizon.measure import evaluate_series, head
from recurra.tasks.heads.lost import learning_on
from recurra.training.progress import Watch


def unseen(model: Forecaster) -> int:
    """Return the steps that are held out of training: nothing may be filled from them."""
    return whole("validation", model.validation, least=0) + 2 * model.settings().series.horizon - 1


def prepare_past(model: Forecaster, table: SeriesTable) -> PreparedSeries:
    """Leave the test part out, the last horizon of every series, and prepare the rest; raises as `fit` does."""
    settings = model.settings().series
    check_lengths(table, settings, validation=whole("validation", model.validation, least=0))
    return prepare_series(model, head(table, settings.horizon))


def run_series(
    model: Forecaster,
    table: SeriesTable,
    *,
    out: Path,
    title: str,
    watch: Watch,
    prepared: PreparedSeries | None = None,
) -> dict[str, Any]:
    """Do the whole run; the last horizon of every series is the test part, unseen by training and validation.

    `prepared` are the series where they have been prepared already.
    """
    settings, prepared = model.settings().series, prepared or prepare_past(model, table)
    run = learnt(model, prepared, out=out, title=title, watch=watch)
    tries = learning_on(model.history_, model.best_epoch_)
    evaluation = evaluate_series(model.model_, table, season=settings.season, tries=tries)
    learnt_from = f"{len(table.ids):,} series; test: {settings.horizon} steps"
    return finished({**run, "evaluation": evaluation}, out=out, learnt_from=learnt_from)
