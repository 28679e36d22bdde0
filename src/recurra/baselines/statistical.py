"""Automatic exponential smoothing and Theta forecasts through statsforecast (extra `series`).

Not here: naive forecasts (naive.py) and networks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.errors import DataError, UsageError

_Floats = NDArray[np.float64]


def auto_ets(history: ArrayLike, *, horizon: int, season: int = 1) -> _Floats:
    """Exponential smoothing with the form chosen by AICc (Hyndman et al. 2008): (steps,) -> (horizon,).

    Raises DataError for very short series and UsageError where statsforecast is not installed.
    """
    return _forecast(_models().AutoETS(season_length=season), history, horizon=horizon)


def auto_theta(history: ArrayLike, *, horizon: int, season: int = 1) -> _Floats:
    """The best of four Theta models (Fiorucci et al. 2016): (steps,) -> (horizon,); raises as `auto_ets`."""
    return _forecast(_models().AutoTheta(season_length=season), history, horizon=horizon)


def _models() -> Any:
    try:
        # An extra that few need; it brings numba, whose first use takes seconds.
        from statsforecast import models
    except ImportError:
        raise UsageError("AutoETS and AutoTheta need statsforecast", advice="pip install 'recurra[series]'") from None
    return models


def _forecast(model: Any, history: ArrayLike, *, horizon: int) -> _Floats:
    # statsforecast fails with messages of its own for what is checked here first.
    values = np.asarray(history, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise DataError("too little history", found=f"shape {values.shape}", allowed="one series of 2 values or more")
    if horizon < 1:
        raise UsageError("no such horizon", found=str(horizon), allowed="1 or more")
    try:
        return np.asarray(model.fit(values).predict(h=horizon)["mean"], dtype=np.float64)
    except NotImplementedError:
        raise DataError("too little history for a statistical model", found=f"{len(values)} values") from None
