"""A trained forecaster that answers without torch, and its artefact.

Not here: training (estimators/series.py), reading tables (datasets).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.arguments import whole
from recurra.artefact import Artefact, load, require_task, resolve, save
from recurra.config import Precision
from recurra.datasets.series_learnt import Learnt, check_rhythm, scalers_for
from recurra.datasets.series_table import SeriesTable
from recurra.errors import ArtefactError, UsageError
from recurra.models.learnt import read_learnt, written_learnt
from recurra.models.origin import Origin, origin_of
from recurra.models.selftest import check_selftest, series_selftest
from recurra.models.shapes import expected_shapes, in_precision, make_read_only, plan_of
from recurra.nets.plans import ForecastNet
from recurra.nets.run import forecast
from recurra.series import SeriesEncoder

Values = NDArray[np.float64]
MOST_STEPS = 100_000
"""Steps that are forecast at once, at most."""
LEVELS = (50, 80, 90, 95)
"""Percent of the intervals whose widths are kept."""


@dataclass(frozen=True, eq=False)
class RunningForecaster:
    """A net's plan and weights, the fitted scalers, and how wide its intervals are."""

    plan: ForecastNet
    tensors: dict[str, Any]
    encoder: SeriesEncoder
    widths: dict[str, list[float]] = field(default_factory=dict)
    """Half widths by level, one for each step of the horizon, in units of the scaler (logarithms: as they are)."""
    learnt: Learnt = field(default_factory=Learnt)
    """The rhythm, the names and the notation of the series it learnt from."""
    origin: Origin = field(default_factory=Origin)

    def __post_init__(self) -> None:
        """Lock the weights."""
        make_read_only(self.tensors)

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
        recent, answers = known[-reach:], np.zeros(0)
        encoder = self.encoder.after(series_id, known)
        still = encoder.scaler(series_id).constant
        if still and len(recent) == reach and not np.ptp(recent):
            return np.full(steps, known[-1])
        while len(answers) < steps:
            window = encoder.last_window(series_id, recent)
            outputs = np.zeros((1, self.horizon)) if still else self._run(window.inputs)
            coming = encoder.decode(series_id, outputs, window)[0]
            answers = np.concatenate([answers, coming])
            recent = np.concatenate([recent, coming])[-reach:]
        return answers[:steps]

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
        half = self._half(level, len(answers)) * (not scaler.constant)
        if self.encoder.config.log:
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
        return forecast(self.plan, self.tensors, inputs[:, :, None])

    def save(self, folder: str | Path, *, card: str = "") -> None:
        """Write the artefact: the same model gives the same bytes."""
        config = {"net": self.plan.model_dump(mode="json"), "widths": self.widths, **self.origin.told()}
        config |= {"series": written_learnt(self.learnt)} if self.learnt != Learnt() else {}
        files = {"scaler.json": self.encoder.to_json()}
        selftest = series_selftest(self.plan, self.tensors)
        save(Path(folder), Artefact("series", config, self.tensors, files, selftest, card))

    @classmethod
    def load(cls, folder: str | Path, *, precision: Precision | None = None) -> RunningForecaster:
        """Read an artefact, check everything, replay its self-test; `precision` answers in another than it learnt in.

        Raises ArtefactError with what is wrong and what to do.
        """
        loaded = cls.from_artefact(load(resolve(Path(folder)), expected=expected_shapes))
        answering: RunningForecaster = in_precision(loaded, precision)
        return answering

    @classmethod
    def from_artefact(cls, held: Artefact) -> RunningForecaster:
        """Take over an artefact that is in memory and checked; raises ArtefactError for another task's."""
        require_task(held, "series")
        plan = plan_of(held, ForecastNet)
        encoder = SeriesEncoder.from_json(held.files.get("scaler.json", b""))
        if encoder.config.horizon != plan.dense.outputs:
            raise ArtefactError("scaler.json does not fit the net", found=f"horizon {encoder.config.horizon}")
        check_selftest(held.selftest, lambda: series_selftest(plan, held.tensors), plan.recurrent.precision)
        learnt = read_learnt(held.config.get("series"))
        return cls(plan, held.tensors, encoder, _widths(held.config, plan), learnt, origin_of(held.config))


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
