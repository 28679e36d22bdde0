"""Forecaster: predict the coming values of series with a recurrent network, one net for all series.

Not here: the loop (training/), answering (tasks/heads/horizon/run.py), reading tables (datasets).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.arguments import positive, truth, whole
from recurra.cells.cell import Activation
from recurra.config import CellName, Settings
from recurra.datasets.series.ahead import reading_ahead, with_ahead
from recurra.datasets.series.answers import ANSWER
from recurra.datasets.series.checks import VALIDATION
from recurra.datasets.series.table import SeriesReading, SeriesTable, imputed
from recurra.errors import UsageError, either, warn
from recurra.estimators.backtests import Backtest, backtested
from recurra.estimators.estimator import Estimator, require_fitted
from recurra.tasks.heads.horizon.origins import Origins
from recurra.tasks.inputs.series import GivenSeries, WrittenSeries, given_series
from recurra.tasks.series import TASK, prepare, recipe_of, unseen
from recurra.tasks.task import Asked

if TYPE_CHECKING:
    from recurra.training.progress import Watch

SERIES_SETTINGS = TASK.settings
CLASSICS = "classics"


@dataclass(eq=False, repr=False)
class Forecaster(Estimator):
    """A recurrent forecaster for many series.

    Arguments left at None keep the value of `config` (default: `SERIES_SETTINGS`). `cell="none"` is as
    `recipe="classics"`: classical forecasts alone, and nothing is trained. `season` is the number of steps in a
    season; the rivals and MASE use it. `validation` windows at the end of each series, or a share of the
    shortest series', choose the epoch and the intervals' widths; 0 holds nothing out. `holidays` is the code of a
    country whose public holidays the nets of a panel know ahead (US, DE-BY). `past`, `future` and `static`
    name columns beside the values: numbers known up to now, numbers known ahead, what never changes within a series.

    >>> visits = [100 + 10 * (day % 7) for day in range(120)]
    >>> recurra.Forecaster(horizon=7, season=7, epochs=2).fit(visits).predict().shape
    (7,)
    """

    task = TASK
    no_net = "none"
    flat = ("cell", "horizon", "window", "season", "holidays", "hidden", "activation", "epochs", "learning_rate")

    cell: CellName | None = None
    _: KW_ONLY
    horizon: int | None = None
    window: int | None = None
    season: int | None = None
    holidays: str | None = None
    hidden: int | None = None
    activation: Activation | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    validation: float = VALIDATION
    recipe: str = "auto"
    minutes: float = 0.0
    past: Sequence[str] = ()
    future: Sequence[str] = ()
    static: Sequence[str] = ()
    random_state: int = 0
    config: Settings | None = None

    model_: Any = field(init=False)
    given_: GivenSeries = field(init=False)
    table_: SeriesTable = field(init=False)
    backtest_: dict[str, Any] = field(init=False)

    def asked(self) -> Asked:
        """Return what a fit is asked for; raises UsageError for what is out of its range."""
        minutes = float(self.minutes) if self.minutes == 0 else positive("minutes", self.minutes)
        asked = replace(super().asked(), recipe=self._recipe(), minutes=minutes)
        recipe_of(asked)
        return asked

    def _recipe(self) -> str:
        """Return the recipe, which `cell` may say; raises UsageError where both say it differently."""
        if self.cell != self.no_net:
            return self.recipe
        if self.recipe not in ("auto", CLASSICS):
            said = either("--cell none", "cell='none'")
            found, advice = f"recipe {self.recipe}", f"leave one out, or choose recipe {CLASSICS}"
            raise UsageError(f"{said} has classical forecasts alone", found=found, advice=advice)
        return CLASSICS

    def _reading(self, given: SeriesReading | None) -> SeriesReading:
        """Return how series are read: as is said, with the columns beside the values that this estimator names."""
        reading = given or SeriesReading()
        named = {name: getattr(self, name) for name in ("past", "future", "static") if getattr(self, name)}
        return replace(reading, **named)

    def fit(
        self,
        frame: Any,
        y: None = None,
        *,
        reading: SeriesReading | None = None,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> Forecaster:
        """Learn from a long frame (unique_id, ds, y; pandas or polars), a SeriesTable, or one series of numbers.

        A pandas index of times is read too. `reading` names columns and says what is mended. Scalers are fitted on the
        training part of each series only. Warns of what is doubtful; raises DataError for what cannot be learnt.
        """
        given = given_series(frame, self._reading(reading).keeping())
        table = self._imputed(given.table)
        warn(_doubts(frame, table))
        self.fit_prepared(prepare(self.asked(), table), run=run, watch=watch)
        # The task knows a table alone: answers are to come back as the kind of data that the caller gave.
        self.given_ = given
        return self

    def _imputed(self, table: SeriesTable) -> SeriesTable:
        asked = self.asked()
        return imputed(table, unseen=unseen(asked, table, test=False), unknown=recipe_of(asked) != "net")

    def predict(
        self,
        frame: Any = None,
        *,
        steps: int | None = None,
        level: int | Sequence[int] = (),
        future: Any = None,
        reading: SeriesReading | None = None,
    ) -> Any:
        """Forecast the coming values of every series of `frame` (default: those of fit) as the same kind of frame.

        Columns: unique_id, ds, Recurra, and Recurra-lo-L, Recurra-hi-L for each level L; names and times in the types
        and the zone in which they came. A plain series of numbers gives an array (steps,). What `reading` leaves open
        is read as in fit. `future` is a frame of coming rows with the columns known ahead; they may stand at the end of
        `frame`, too, with the value blank, and are done without where nobody gives any. Raises DataError for series of
        another rhythm, for series that fit did not see, and where some of the coming rows are missing.
        """
        require_fitted(self)
        # An artefact holds rhythms and scalers, never the series.
        if frame is None and not hasattr(self, "given_"):
            raise UsageError("a loaded forecaster holds no series", advice="give predict a frame")
        given, table = (self.given_, self.table_) if frame is None else self._read(frame, reading)
        if future is not None:
            coming = given_series(future, *reading_ahead(reading or SeriesReading(), self.model_.learnt))
            table = with_ahead(table, coming.table)
        steps = self.model_.horizon if steps is None else steps
        names, times, figures, told = answers(self.model_, table, steps=steps, level=level)
        warn([*_doubts(frame, table), *told])
        return given.answered(names, times, figures)

    def evaluate(self, frame: Any, *, reading: SeriesReading | None = None) -> dict[str, Any]:
        """Forecast the last horizon of every series from what is before it: MAE, MASE, sMAPE beside the naive rivals.

        MASE is in units of the seasonal naive's error before the cut. Warns and raises DataError as `predict` does.
        """
        from recurra.tasks.heads.horizon.measure import evaluate_series

        require_fitted(self)
        _, table = self._read(frame, reading)
        _, told = self.model_.names_of(table)
        warn([*_doubts(frame, table), *told])
        return evaluate_series(self.model_, table, season=self.model_.encoder.config.season)

    def cross_validate(
        self,
        frame: Any,
        *,
        h: int | None = None,
        n_windows: int = 3,
        step: int | None = None,
        gap: int = 0,
        refit: bool = False,
        level: int | Sequence[int] | None = None,
        reading: SeriesReading | None = None,
    ) -> Any:
        """Forecast `h` steps (default: the horizon) from `n_windows` origins in the past, `step` (default: h) apart.

        A copy is fitted on what is before the oldest origin, or (`refit`) before each; this forecaster stays as it is.
        `gap` steps behind an origin are left out. Returns the same kind of frame with the columns unique_id, ds,
        cutoff, y, Recurra, Recurra-lo-80, …, Naive, SeasonalNaive, Theta, DampedHolt, which utilsforecast's `evaluate`
        takes; `backtest_` has the figures. Raises DataError where no series is long enough, UsageError for bad numbers.
        """
        given = given_series(frame, self._reading(reading).keeping())
        warn(_doubts(frame, given.table))
        origins = Origins(self.settings().series.horizon if h is None else h, n_windows, step, gap)
        levels = None if level is None else levels_of(level)
        done = self.backtest(given.table, origins, refit=truth("refit", refit), levels=levels)
        warn(done.warnings)
        self.backtest_ = done.figures()
        return done.answered(given)

    def backtest(
        self,
        table: SeriesTable,
        origins: Origins,
        *,
        refit: bool = False,
        levels: Sequence[int] | None = None,
        watching: Callable[[int], AbstractContextManager[Watch | None]] | None = None,
    ) -> Backtest:
        """Return the forecasts at origins of the past with their figures; `watching` is told each fit's number."""
        told: list[str] = []

        def fitted(past: SeriesTable, number: int) -> Any:
            # Of a copy: what this forecaster has learnt, and its own horizon, stay.
            copy = type(self)(**self.get_params() | {"config": self.settings(), "horizon": origins.ahead})
            with watching(number) if watching else nullcontext() as watch:
                copy.fit_prepared(prepare(copy.asked(), copy._imputed(past)), watch=watch)
            told.extend(line for line in copy.warnings_ if line not in told)
            return copy.model_

        done = backtested(fitted, table, origins, refit=refit, levels=levels)
        return replace(done, warnings=[*told, *done.warnings])

    def _read(self, frame: Any, reading: SeriesReading | None) -> tuple[GivenSeries, SeriesTable]:
        given = given_series(frame, (reading or SeriesReading()).keeping(), self.model_.learnt)
        return given, imputed(given.table, unknown=self.model_.plan.kind == "panel")


def _doubts(frame: Any, table: SeriesTable) -> list[str]:
    """Return the warnings of reading a frame; those of a table, or of the fit's own series, were told before."""
    return [] if frame is None or isinstance(frame, SeriesTable) else table.warnings


def levels_of(level: int | Sequence[int]) -> list[int]:
    """Return the levels of intervals in percent, each once; raises UsageError for what is no whole number in range."""
    # A text can be gone through, too: "80" would ask for the levels 8 and 0.
    if isinstance(level, str):
        raise UsageError("level", found=repr(level), allowed="whole numbers, such as [80, 95]")
    given = level if isinstance(level, Iterable) else [level]
    return list(dict.fromkeys(whole("level", percent, least=1, most=99) for percent in given))


def answers(
    model: Any, table: SeriesTable, *, steps: int, level: int | Sequence[int] = ()
) -> tuple[list[str], list[Any], dict[str, Any], list[str]]:
    """Return the series' names, their coming times, columns of forecasts and intervals one below the other, warnings.

    Raises DataError for series of another rhythm than the model learnt, and for series that it does not know.
    """
    # All series are looked at before the first forecast: a table is answered as a whole or refused.
    known, told = model.names_of(table)
    levels = levels_of(level)
    figures = {f"{ANSWER}{end}": rows.ravel() for end, rows in model.coming(table, steps=steps, levels=levels).items()}
    times = [table.coming(name, steps) for name in table.ids]
    # Nets of windows read values alone.
    doubts = model.doubts(table) if model.plan.kind == "panel" else []
    told = [*told, *doubts, *_far(model, table, known)]
    return list(table.ids), times, figures, told


def _far(model: Any, table: SeriesTable, known: dict[str, str]) -> list[str]:
    """Warn of the first series whose newest values are far from what the model learnt, and count the others."""
    learnt = {name: model.far(known[name], table.values[name]) for name in table.ids}
    far = [name for name in table.ids if learnt[name]]
    if not far:
        return []
    others = f" (and those of {len(far) - 1:,} other series)" if len(far) > 1 else ""
    newest = f"series {far[0]!r}: its newest values{others} are far from what the model learnt"
    return [
        f"{newest}: the last is {table.values[far[0]][-1]:.6g}, it learnt {learnt[far[0]]}; "
        "the forecast is a guess: fit a model on values like these"
    ]


def forecast_columns(
    model: Any, table: SeriesTable, *, steps: int, level: int | Sequence[int] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Return the columns unique_id, ds (as the file writes times), Recurra and the intervals; and warnings."""
    names, times, figures, told = answers(model, table, steps=steps, level=level)
    return WrittenSeries(table).answered(names, times, figures), told
