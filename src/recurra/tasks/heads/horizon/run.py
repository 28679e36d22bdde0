"""The values of a horizon as answers: a trained forecaster gives coming values with intervals, without torch.

Not here: training (estimators/series.py), saving and loading (model.py), reading tables (datasets).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from recurra.arguments import whole
from recurra.artefact import Artefact
from recurra.batches import rectangle
from recurra.datasets.series.learnt import LearntSeries, check_rhythm, scalers_for
from recurra.datasets.series.notations import Epoch
from recurra.datasets.series.rhythms import TimeStep
from recurra.datasets.series.table import Impute, SeriesReading, SeriesTable
from recurra.errors import ArtefactError, UsageError
from recurra.layers.layer import Floats
from recurra.model import Model, checked_record, six_digits
from recurra.nets.run import Tensors, run
from recurra.nets.sequences import ForecastNet
from recurra.records import Frozen
from recurra.series import SeriesEncoder, Values

MOST_STEPS = 100_000
"""Steps that are forecast at once, at most."""
FAR = {"standard": 10.0, "minmax": 3.0}
"""Spreads of the learnt values (standard deviations, ranges) beyond which a window is far from them."""
LEVELS = (50, 80, 90, 95)
"""Percent of the intervals whose widths are kept."""


@dataclass(frozen=True, eq=False)
class RunningForecaster(Model):
    """A net's plan and weights, the fitted scalers, and how wide its intervals are."""

    task = "series"
    net = ForecastNet
    file = "scaler.json"
    use = "recurra forecast FOLDER series.csv"
    less_is_better = ("mae", "mase", "smape")

    plan: ForecastNet
    encoder: SeriesEncoder
    widths: dict[str, list[float]] = field(default_factory=dict)
    """Half widths by level, one for each step of the horizon, in units of the scaler (logarithms: as they are)."""
    learnt: LearntSeries = field(default_factory=LearntSeries)
    """The rhythm, the names and the notation of the series it learnt from."""

    @property
    def horizon(self) -> int:
        """Steps the net answers at once."""
        return self.plan.dense.outputs

    def forecast(self, series_id: str, values: ArrayLike, *, steps: int) -> Values:
        """Forecast the `steps` values after `values` (past,): (steps,); beyond the horizon it reads its own answers.

        A series that never moved in training and has not moved since stays where it is (or goes on as it did, where
        differences are learnt).
        """
        steps = whole("steps, the horizon", steps, least=1, most=MOST_STEPS)
        known = np.asarray(values, dtype=np.float64)
        reach = self.encoder.reach
        # Only what a window reads is carried along; a history may have millions of values.
        recent, answers = known[-reach:], np.zeros(0)
        encoder = self.encoder.after(series_id, known)
        still = encoder.scaler(series_id).constant
        # Nothing ever moved: no scale is known, and the last value is the best answer.
        if still and len(recent) == reach and not np.ptp(recent):
            return np.full(steps, known[-1])
        while len(answers) < steps:
            window = encoder.last_window(series_id, recent)
            # In units of the scaler, zero is "as in training"; the net never saw such a series move.
            outputs = np.zeros((1, self.horizon)) if still else self._run(window.inputs)
            coming = encoder.decode(series_id, outputs, window)[0]
            answers = np.concatenate([answers, coming])
            # Beyond the horizon the net reads its own answers.
            recent = np.concatenate([recent, coming])[-reach:]
        return answers[:steps]

    @property
    def series(self) -> list[str]:
        """The names of the series that it knows."""
        return list(self.encoder.scalers)

    def coming(self, table: SeriesTable, *, steps: int, levels: Sequence[int]) -> dict[str, Values]:
        """Return a row of answers for each series, and the ends of its intervals: by `""`, `-lo-80`, `-hi-80`, ….

        Raises DataError for series of another rhythm than the learnt one, and for series that it does not know.
        """
        known, _ = self.names_of(table)
        figures: dict[str, list[Values]] = {"": []}
        for name in table.ids:
            values = table.values[name]
            forecast = self.forecast(known[name], values, steps=steps)
            figures[""].append(forecast)
            for level in levels:
                low, high = self.interval(known[name], values, forecast, level=level)
                figures.setdefault(f"-lo-{level}", []).append(low)
                figures.setdefault(f"-hi-{level}", []).append(high)
        return {name: np.array(rows) for name, rows in figures.items()}

    def far(self, series_id: str, values: ArrayLike) -> str:
        """Tell, as what was learnt, that the net sees in the newest of `values` (past,) what it never saw; else ''.

        Far is a window whose inputs, as the net reads them (after logarithm, differences and `relative`), lie many
        spreads of the learnt values away on average. Without scaling no spread is known.
        """
        known, config = np.asarray(values, dtype=np.float64), self.encoder.config
        scaler, far = self.encoder.scaler(series_id), FAR.get(config.scale, math.inf)
        # A mean over the window: one outlier does not make it far.
        if scaler.constant or np.abs(self.encoder.last_window(series_id, known).inputs).mean() <= far:
            return ""
        # The range of the learnt values: centre ± spread of a standard scaler, minimum and maximum of the other.
        low = scaler.center - scaler.scale * (config.scale == "standard")
        ends = np.array([low, scaler.center + scaler.scale])
        what = f"changes{' of the logarithm' if config.log else ''}" if config.difference else "values"
        ends = np.exp(ends) if config.log and not config.difference else ends
        return f"{what} from about {ends[0]:.6g} to {ends[1]:.6g}"

    def names_of(self, table: SeriesTable) -> tuple[dict[str, str], list[str]]:
        """Return the name by which each series of a table is known here, and warnings.

        Raises DataError for series that were not seen in training, and for another rhythm than the learnt one.
        """
        doubts = check_rhythm(table, self.learnt)
        names, told = scalers_for(table, self.encoder.scalers, self.learnt)
        return names, [*doubts, *told]

    def one_step(self, series_id: str, values: ArrayLike, *, first: int) -> Values:
        """Forecast each value from position `first` on from the true values before it: (len(values) - first,)."""
        known = np.asarray(values, dtype=np.float64)
        # A window stands before a whole horizon of targets; those behind the last value are never read.
        extended = np.concatenate([known, known[-1:].repeat(self.horizon - 1)])
        examples = self.encoder.examples(series_id, extended, first_target=first)
        return self.encoder.decode(series_id, self._run(examples.inputs), examples)[:, 0]

    def interval(self, series_id: str, values: ArrayLike, answers: Values, *, level: int) -> tuple[Values, Values]:
        """Return low and high around the `answers` (steps,) that follow `values` (past,).

        Meant to hold the truth `level` percent of the time: split conformal (Vovk et al. 2005) from the residuals on
        validation; raises UsageError where there are none.
        A series that has never moved has an interval without width.
        """
        scaler = self.encoder.after(series_id, np.asarray(values, dtype=np.float64)).scaler(series_id)
        # Half widths are kept in units of the scaler, so that one row of them serves series of any size.
        half = self._half(level, len(answers)) * (not scaler.constant)
        if self.encoder.config.log:
            # Of logarithms the interval is a factor, and never reaches below zero.
            return answers * np.exp(-half), answers * np.exp(half)
        scaled = half * scaler.scale
        return answers - scaled, answers + scaled

    def _half(self, level: int, steps: int) -> Values:
        if str(level) not in self.widths:
            known = ", ".join(self.widths) or "none: the model was fitted without validation"
            raise UsageError(f"no intervals of {level} %", allowed=known)
        # Beyond the horizon answers lean on answers; the last width grows with the square root of time.
        widths = np.array(self.widths[str(level)])
        beyond = np.arange(1, max(steps - len(widths), 0) + 1)
        return np.concatenate([widths, widths[-1] * np.sqrt(1 + beyond / len(widths))])[:steps]

    def _run(self, inputs: NDArray[np.float32]) -> NDArray[Any]:
        return coming_values(self.plan, self.tensors, inputs[:, :, None])

    def told(self) -> dict[str, Any]:
        """How wide the intervals are, and what is known of the series it learnt from."""
        learnt = {"series": written_learnt(self.learnt)} if self.learnt != LearntSeries() else {}
        return {"widths": self.widths, **learnt}

    def selftest(self) -> dict[str, Any]:
        """Forecasts of synthetic windows."""
        # Five steps, whatever the window: the net takes any length.
        windows = np.random.default_rng(0).standard_normal((3, 5, self.plan.recurrent.inputs)).astype(np.float32)
        return {"forecasts": six_digits(coming_values(self.plan, self.tensors, windows))}

    @property
    def fact(self) -> str:
        """How many series it knows, their rhythm, the window and the horizon."""
        rhythm = f" of {self.learnt.step}" if self.learnt.step else ""
        window = self.encoder.config.window
        return f"{len(self.encoder.scalers)} series{rhythm}, windows of {window}, horizon {self.horizon}."

    @property
    def facts(self) -> dict[str, Any]:
        """How many series it learnt from, how far it looks, and their rhythm."""
        step = self.learnt.step
        return {"series": len(self.encoder.scalers), "horizon": self.horizon, "rhythm": str(step) if step else None}

    @property
    def summary(self) -> str:
        """The same in a line."""
        told = self.facts
        return f"series: {told['series']:,}, horizon {told['horizon']}, rhythm: {told['rhythm'] or 'unknown'}"

    @classmethod
    def read(cls, held: Artefact, plan: ForecastNet) -> Self:
        """Check scalers and widths."""
        encoder = SeriesEncoder.from_json(held.files.get("scaler.json", b""))
        # The two files were made together; a scaler of another model would give wrong values in silence.
        if encoder.config.horizon != plan.dense.outputs:
            raise ArtefactError("scaler.json does not fit the net", found=f"horizon {encoder.config.horizon}")
        return cls(plan, held.tensors, encoder, _widths(held.config, plan), read_learnt(held.config.get("series")))


def _widths(config: dict[str, Any], plan: ForecastNet) -> dict[str, list[float]]:
    widths = config.get("widths", {})
    sound = isinstance(widths, dict) and all(
        isinstance(row, list)
        and len(row) == plan.dense.outputs
        and all(isinstance(value, int | float) and value >= 0 for value in row)
        for row in widths.values()
    )
    if not sound:
        raise ArtefactError("recurra.json: widths", allowed="for each level one number of at least 0 per step")
    return dict(widths)


Unit = Literal["step", "Y", "M", "business day", "D", "h", "m", "s", "ms", "us", "ns"]
_Columns = str | tuple[str, ...] | None


class StepRecord(Frozen):
    """One step of the series."""

    unit: Unit
    every: int = Field(ge=1, le=10**12)
    week: str = Field(default="", pattern="^([01]{7})?$")
    day: int = Field(default=0, ge=0, le=33)


class SeriesRecord(Frozen):
    """Rhythm, names, notation, and what was mended."""

    step: StepRecord | None = None
    unnamed: bool | None = None
    unique_id: _Columns = None
    ds: _Columns = None
    y: _Columns = None
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    wide: bool = False
    date_format: str | None = None
    epoch: Epoch | None = None
    zone: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: str | None = Field(default=None, max_length=1)
    missing_words: tuple[str, ...] = ()
    counted: bool = False
    """Rows are plain steps."""
    filled: bool = False
    """Missing times were added."""
    sort: Literal[True] | None = None
    duplicates: Literal["first", "mean"] | None = None
    impute: Impute | None = None


KEPT = SeriesRecord.model_fields.keys() & {part.name for part in fields(SeriesReading)}
"""What is told as it was read."""


def written_learnt(learnt: LearntSeries) -> dict[str, Any]:
    """Return the record of what was learnt from; what says nothing is left out."""
    step, reading = learnt.step, learnt.reading
    record = SeriesRecord(
        # The unit is a plain text there; pydantic checks it against the list.
        step=StepRecord(unit=step.unit, every=step.every, week=step.week, day=step.day) if step else None,  # type: ignore[arg-type]
        unnamed=learnt.unnamed,
        counted=reading.gaps == "ignore",
        filled=reading.gaps == "fill",
        **{name: getattr(reading, name) for name in KEPT},
    )
    return record.model_dump(mode="json", exclude_defaults=True)


def read_learnt(record: Any) -> LearntSeries:
    """Return what an artefact tells of its series, nothing where it tells nothing; raises ArtefactError."""
    if record is None:
        return LearntSeries()
    series = checked_record(SeriesRecord, record, "series")
    # Only after the record was checked: TimeStep believes what it is given.
    step = TimeStep(**series.step.model_dump()) if series.step else None
    reading = SeriesReading(
        **{name: getattr(series, name) for name in KEPT},
        gaps="ignore" if series.counted else "fill" if series.filled else None,
    )
    return LearntSeries(step, series.unnamed, reading)


def coming_values(plan: ForecastNet, tensors: Tensors, windows: Floats) -> Floats:
    """Windows (sequences, steps, features) -> the coming values as the net tells them: (sequences, horizon)."""
    return run(plan, tensors, rectangle(windows))[0]
