"""Series to windows and back: scalers, logarithm, differences, windows; NumPy only.

Not here: reading tables and time stamps (datasets) and nets. Scalers are fitted on the training part only; a fitted
`SeriesEncoder` cannot be fitted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from recurra.artefact.reading import json_bytes, parse_record
from recurra.config import SeriesConfig
from recurra.errors import DataError, UsageError
from recurra.records import Frozen

Values = NDArray[np.float64]

FORMAT = 1
LARGEST = 1e300
"""Larger values are refused: their differences and squares would overflow."""

NOISE = 16 * float(np.finfo(np.float64).eps)
"""A spread below this share of the level is rounding noise: the series counts as constant."""
SMALLEST = float(np.finfo(np.float64).tiny)

_FILE = "scaler.json"


class WindowPairs(NamedTuple):
    """Inputs (windows, window) and the targets (windows, horizon) that follow them at once."""

    inputs: Values
    targets: Values


@dataclass(frozen=True)
class Scaler:
    """`(value - center) / scale`; `constant` says that the training part did not move, so that `scale` is its level."""

    center: float = 0.0
    scale: float = 1.0
    constant: bool = False

    def apply(self, values: Values) -> Values:
        """Return scaled values of the same shape."""
        return (values - self.center) / self.scale

    def undo(self, values: Values) -> Values:
        """Return the values that `apply` scaled."""
        return values * self.scale + self.center


class _SavedScaler(Frozen):
    """A scaler as the file holds it."""

    center: float
    scale: float = Field(gt=0)
    constant: bool


class _Saved(Frozen):
    """What `scaler.json` holds."""

    format: Literal[1]
    config: SeriesConfig
    scalers: dict[str, _SavedScaler]


@dataclass(frozen=True, eq=False)
class Examples:
    """What a net learns from or answers.

    inputs (examples, window) and targets (examples, horizon) are float32; targets have no column where the future is
    not known. levels and lasts (examples,) are what `decode` needs: the last value before the horizon, after the
    logarithm, and the last input before `relative` took it away.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    levels: Values
    lasts: Values


@dataclass(frozen=True)
class SeriesEncoder:
    """The fitted way from values to windows and back: logarithm, differences, scaler per series, relative windows."""

    config: SeriesConfig
    scalers: dict[str, Scaler]

    def examples(self, series_id: str, values: ArrayLike, *, first_target: int = 0, stride: int = 1) -> Examples:
        """Return all windows with their targets, whose first target is at position `first_target` or later.

        For the training part give its values alone; for a held-out part give the values of both and the position where
        it begins: its windows then read the past, but no target lies in the training part.
        Raises DataError for values that cannot be learnt, too few values, or an unknown series.
        """
        config, reach = self.config, self.reach
        checked = _checked(values, series_id)
        levels = _logged(checked, series_id) if config.log else checked
        levels = levels[max(first_target - reach, 0) :]
        _need(len(levels), reach + config.horizon, series_id)
        made = windows(self._scaled(series_id, levels), window=config.window, horizon=config.horizon, stride=stride)
        # The last value before each horizon: differences are summed up from there.
        ends = levels[reach - 1 : len(levels) - config.horizon : stride]
        return self._relative(made.inputs, made.targets, ends)

    def last_window(self, series_id: str, values: ArrayLike) -> Examples:
        """Return one example without targets (1, 0), whose inputs are the newest values; raises as `examples` does."""
        checked = _checked(values, series_id)
        _need(len(checked), self.reach, series_id)
        levels = checked[-self.reach :]
        levels = _logged(levels, series_id) if self.config.log else levels
        scaled = self._scaled(series_id, levels)[None, :]
        return self._relative(scaled, np.zeros((1, 0)), levels[-1:])

    def decode(self, series_id: str, outputs: NDArray[np.floating], examples: Examples) -> Values:
        """Return answers (examples, horizon) in the unit of the values: the exact inverse of `examples`."""
        answers = outputs.astype(np.float64)
        if self.config.relative:
            answers = answers + examples.lasts[:, None]
        answers = self.scaler(series_id).undo(answers)
        if self.config.difference:
            answers = undo_differences(answers, examples.levels)
        with np.errstate(over="ignore"):
            return np.exp(answers) if self.config.log else answers

    def scaler(self, series_id: str) -> Scaler:
        """Return the scaler of a series; raises DataError for a series that was not in the training part."""
        if series_id not in self.scalers:
            known = ", ".join(list(self.scalers)[:5])
            raise DataError(
                "series not seen in training", found=repr(series_id), allowed=f"{known} …", advice="fit again"
            )
        return self.scalers[series_id]

    def after(self, series_id: str, values: Values) -> SeriesEncoder:
        """Return the encoder that forecasts after `values` (past,): this one, unless training never saw a movement.

        Such a series has no scale of its own: where it moves now, the movement of its newest `reach` values scales it.
        """
        recent = values[-self.reach :]
        # A scaler with a movement of its own stays: answers must not change with the past that is asked for.
        if not self.scaler(series_id).constant or len(recent) < self.reach:
            return self
        levels = _logged(recent, series_id) if self.config.log else recent
        return replace(self, scalers={**self.scalers, series_id: _scaler_of(levels, self.config)})

    @property
    def reach(self) -> int:
        """Past values that one window needs."""
        return self.config.window + int(self.config.difference)

    def to_json(self) -> bytes:
        """Return the bytes of `scaler.json`; the same encoder gives the same bytes."""
        scalers = {series_id: asdict(scaler) for series_id, scaler in self.scalers.items()}
        record = {"format": FORMAT, "config": self.config.model_dump(mode="json"), "scalers": scalers}
        return json_bytes(record, file=_FILE)

    @classmethod
    def from_json(cls, data: bytes) -> SeriesEncoder:
        """Read what `to_json` wrote; raises ArtefactError for anything else."""
        saved = parse_record(data, _Saved, file=_FILE, called="no scalers")
        return cls(saved.config, {name: Scaler(*dict(entry).values()) for name, entry in saved.scalers.items()})

    def _scaled(self, series_id: str, levels: Values) -> Values:
        return self.scaler(series_id).apply(np.diff(levels) if self.config.difference else levels)

    def _relative(self, inputs: Values, targets: Values, levels: Values) -> Examples:
        lasts = inputs[:, -1].copy()
        if self.config.relative:
            inputs, targets = inputs - lasts[:, None], targets - lasts[:, None]
        return Examples(inputs.astype(np.float32), targets.astype(np.float32), levels.copy(), lasts)


def fit_series_encoder(series: Mapping[str, ArrayLike], config: SeriesConfig) -> SeriesEncoder:
    """Fit one scaler for each series on the values of its training part.

    Raises DataError, naming the series, for values that are not finite, too few, or not positive under a logarithm.
    """
    if not series:
        raise DataError("no series", allowed="one or more")
    scalers = {}
    for series_id, values in series.items():
        checked = _checked(values, series_id)
        _need(len(checked), config.window + int(config.difference) + config.horizon, series_id)
        levels = _logged(checked, series_id) if config.log else checked
        scalers[series_id] = _scaler_of(levels, config)
        if config.scale == "none" and not config.relative:
            _check_unscaled(np.diff(levels) if config.difference else levels, series_id)
    return SeriesEncoder(config, scalers)


def fit_scaler(values: Values, kind: Literal["none", "standard", "minmax"], *, noise: float = 0.0) -> Scaler:
    """Return the scaler of finite values (steps,): mean and standard deviation, or minimum and range.

    A range within the rounding of float64, or within `noise`, is none: then the level itself (1 for a level of 0)
    scales, so that a series that starts to move later gives its relative change and no explosion. Any other movement
    is scaled, however small beside the level. Raises DataError for no value at all.
    """
    _need(len(values), 1, "")
    if kind == "none":
        return Scaler()
    # Subtracting any value of the series first keeps the digits that a high level would swallow.
    first = float(values[0])
    moved = values - first  # small movements around a high level stay exact
    largest = float(np.abs(moved).max()) or 1.0
    unit = moved / largest  # squares of 1e200 would overflow, those of 1e-200 vanish
    center, spread = (unit.mean(), unit.std()) if kind == "standard" else (unit.min(), np.ptp(unit))
    scale = float(spread) * largest
    if np.ptp(moved) <= max(noise, NOISE * float(np.abs(values).max())) or scale < SMALLEST:
        return Scaler(first, abs(first) or 1.0, constant=True)
    return Scaler(first + float(center) * largest, scale)


def _scaler_of(levels: Values, config: SeriesConfig) -> Scaler:
    """Fit what the configuration asks for; levels after the logarithm are known no better than float64 rounds them."""
    if not config.difference:
        return fit_scaler(levels, config.scale, noise=NOISE * config.log)
    # A difference is known no better than the levels it is made of.
    known_to = NOISE * max(float(np.abs(levels).max()), float(config.log))
    return fit_scaler(np.diff(levels), config.scale, noise=known_to)


def _check_unscaled(values: Values, series_id: str) -> None:
    """Refuse a movement that float32, in which the net computes, would round away."""
    level, moved = float(np.abs(values).max()), float(np.ptp(values))
    if 0 < moved < 64 * float(np.finfo(np.float32).eps) * level:
        raise DataError(
            f"series {series_id!r} moves by {moved:g} around {level:g}: float32 does not hold that without scaling",
            advice="set scale=standard, difference=true or relative=true",
        )


def undo_differences(changes: Values, levels: Values) -> Values:
    """Return the values (rows, steps) whose differences are `changes` (rows, steps), after the `levels` (rows,)."""
    return levels[:, None] + np.cumsum(changes, axis=1)


def windows(values: Values, *, window: int, horizon: int, stride: int = 1) -> WindowPairs:
    """Cut a series (steps,) into every window and the targets after it, `stride` steps apart, oldest first.

    The arrays are read-only views: 50 million values take no more memory. All values used lie in `values`, so windows
    of a training part never touch what comes after it. Raises DataError for too few values, UsageError for sizes < 1.
    """
    for name, size in (("window", window), ("horizon", horizon), ("stride", stride)):
        if size < 1:
            raise UsageError(f"bad {name}", found=str(size), allowed="1 or more")
    _need(len(values), window + horizon, "")
    views = sliding_window_view(values, window + horizon)[::stride]
    return WindowPairs(views[:, :window], views[:, window:])


def _checked(values: ArrayLike, series_id: str) -> Values:
    try:
        checked = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"series {series_id!r}: a value is no number") from None
    if checked.ndim != 1:
        raise DataError(f"series {series_id!r}: not one column", found=f"shape {checked.shape}", allowed="(steps,)")
    # Asked so that NaN, which compares as false, is found, too.
    wrong = np.flatnonzero(~(np.abs(checked) <= LARGEST))
    if len(wrong):
        found = f"{checked[wrong[0]]} at step {wrong[0] + 1}, {len(wrong)} in all"
        raise DataError(
            f"series {series_id!r}: values not finite or too large", found=found, allowed=f"up to {LARGEST:g}"
        )
    return checked


def _logged(values: Values, series_id: str) -> Values:
    wrong = np.flatnonzero(values <= 0)
    if len(wrong):
        found = f"{values[wrong[0]]} at step {wrong[0] + 1}"
        raise DataError(f"series {series_id!r}: no logarithm", found=found, allowed="above 0", advice="set log=false")
    return np.log(values)


def _need(have: int, need: int, series_id: str) -> None:
    if have < need:
        of = f"series {series_id!r}: " if series_id else ""
        raise DataError(
            f"{of}too few values: need {need}, have {have}", advice="a shorter window or horizon, or more data"
        )
