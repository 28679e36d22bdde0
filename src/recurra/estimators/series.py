"""Forecaster: predict the coming values of series with a recurrent network, one net for all series.

Not here: the loop (training/), answering (models/series.py), reading tables (datasets).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import Activation, Cell, Settings
from recurra.datasets.series_frames import SeriesColumns, SeriesTable
from recurra.datasets.series_from_frames import series_from_frame
from recurra.datasets.steps import grid, positions
from recurra.errors import UsageError
from recurra.estimators.estimator import Estimator
from recurra.estimators.params import require_fitted
from recurra.models.series import RunningForecaster

if TYPE_CHECKING:
    from recurra.training.progress import Watch

SERIES_SETTINGS = Settings().changed(
    {"hidden": 50, "epochs": 200, "learning_rate": 3e-3, "batch_size": 64, "schedule": "cosine", "clip": 1.0}
)
"""The defaults of forecasting."""

ANSWER = "Recurra"
"""The column of the forecasts; intervals are Recurra-lo-80, Recurra-hi-80 and so on, as Nixtla names them."""


class Forecaster(Estimator):
    """A recurrent forecaster for many series.

    Arguments left at None keep the value of `config` (default: `SERIES_SETTINGS`). `season` is the number of steps in a
    season; the rivals and MASE use it. `validation` windows at the end of each series choose the epoch and the
    intervals' widths; 0 holds nothing out.

    >>> fc = Forecaster(cell="lstm", horizon=24).fit(frame); fc.predict(level=[80, 95])  # doctest: +SKIP
    """

    defaults = SERIES_SETTINGS
    flat = ("cell", "horizon", "window", "season", "hidden", "activation", "epochs", "learning_rate")
    running = RunningForecaster
    model_: RunningForecaster

    def __init__(
        self,
        cell: Cell | None = None,
        *,
        horizon: int | None = None,
        window: int | None = None,
        season: int | None = None,
        hidden: int | None = None,
        activation: Activation | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        validation: int = 12,
        random_state: int = 0,
        config: Settings | None = None,
    ) -> None:
        """Store the choices; nothing is checked before fit."""
        self.cell = cell
        self.horizon = horizon
        self.window = window
        self.season = season
        self.hidden = hidden
        self.activation = activation
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.validation = validation
        self.random_state = random_state
        self.config = config

    def fit(
        self, frame: Any, y: None = None, *, run: str | Path | None = None, watch: Watch | None = None
    ) -> Forecaster:
        """Learn from a long frame (unique_id, ds, y; pandas or polars), a SeriesTable, or one series of numbers.

        Scalers are fitted on the training part of each series only. Raises DataError for what cannot be learnt.
        """
        from recurra.estimators.series_fit import fit_forecaster

        self.table_ = as_table(frame)
        self.frame_ = frame
        progress, self.model_ = fit_forecaster(self, self.table_, Path(run) if run else None, watch)
        self.history_, self.best_epoch_ = progress.history, progress.best_epoch
        return self

    def predict(self, frame: Any = None, *, steps: int | None = None, level: Sequence[int] = ()) -> Any:
        """Forecast the coming values of every series of `frame` (default: those of fit) as the same kind of frame.

        Columns: unique_id, ds, Recurra, and Recurra-lo-L, Recurra-hi-L for each level L. A plain series of numbers
        gives an array (steps,).
        """
        require_fitted(self)
        if frame is None and not hasattr(self, "frame_"):
            raise UsageError("a loaded forecaster holds no series", advice="give predict a frame")
        given = self.frame_ if frame is None else frame
        table = self.table_ if frame is None else as_table(frame)
        columns = forecast_columns(self.model_, table, steps=steps or self.model_.horizon, level=level)
        if isinstance(given, SeriesTable):
            return columns
        if hasattr(given, "columns"):
            import narwhals as nw

            return nw.from_dict(columns, backend=nw.from_native(given, eager_only=True).implementation).to_native()
        return columns[ANSWER]


def as_table(frame: Any) -> SeriesTable:
    """Take series from a table, a long frame, or one sequence of numbers."""
    if isinstance(frame, SeriesTable):
        return frame
    if hasattr(frame, "columns"):
        return series_from_frame(frame)
    values = np.asarray(frame, dtype=np.float64)
    times = np.arange(len(values), dtype=np.int64)
    columns = SeriesColumns("", "", "")
    return SeriesTable(["series"], {"series": times}, {"series": values}, {"series": np.isnan(values)}, columns)


def coming_times(times: NDArray[Any], steps: int) -> NDArray[Any]:
    """Return the `steps` times that follow, in the series' own rhythm."""
    places, step = positions(times)
    return np.asarray(grid(times, np.array([places[-1] + steps]), step)[-steps:])


def forecast_columns(
    model: RunningForecaster, table: SeriesTable, *, steps: int, level: Sequence[int] = ()
) -> dict[str, Any]:
    """Return the columns unique_id, ds, Recurra and the intervals, all series one below the other."""
    columns: dict[str, list[Any]] = {
        table.columns.unique_id or "unique_id": [],
        table.columns.ds or "ds": [],
        ANSWER: [],
    }
    names = list(columns)
    for series_id in table.ids:
        answers = model.forecast(series_id, table.values[series_id], steps=steps)
        columns[names[0]] += [series_id] * steps
        columns[names[1]] += list(coming_times(table.times[series_id], steps))
        columns[ANSWER] += answers.tolist()
        for percent in level:
            low, high = model.interval(series_id, table.values[series_id], answers, level=percent)
            columns.setdefault(f"{ANSWER}-lo-{percent}", []).extend(low.tolist())
            columns.setdefault(f"{ANSWER}-hi-{percent}", []).extend(high.tolist())
    return {name: np.array(cells) for name, cells in columns.items()}
