"""Forecasts by the pre-trained net: each series read as it is, whatever its length and rhythm, without torch.

Not here: what it reads (panels/patches.py), its arithmetic (layers/patches/), and its share in a blend (run.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recurra.layers.layer import Weights
from recurra.layers.patches.run import PatchesSpec, patches_net
from recurra.layers.segments.run import MIDDLE, QUANTILES
from recurra.panels.patches import patches
from recurra.panels.series import Panel, Values, panel_of
from recurra.panels.windows import Places, windows_at

LENGTHS = (32, 64, 128, 256, 512)
"""Steps that it reads: the least that hold a series, at most the last; it learnt from these."""
SECONDS = {7: 365, 24: 168, 48: 336}
"""The longer period that goes with a season: a year of days, a week of hours."""
YEARS = (52, 365)
"""Seasons that repeat too rarely to be one's first: the steps before say more."""
AT_ONCE = 256
"""Series that are read at once."""
WIDEST = 1e4
"""How many times as large as the smallest the largest value may be, for logarithms to be read."""


@dataclass(frozen=True)
class Pretrained:
    """A net that learnt from many series, and its weights."""

    spec: PatchesSpec
    weights: Weights

    def quantiles(self, panel: Panel, *, season: int, horizon: int) -> Values:
        """Return quantiles of the coming values: (series, horizon, 9); every series has a value.

        Beyond the steps that it learnt to tell it reads its own answers, and its intervals never narrow.
        """
        told = np.zeros((len(panel), 0, len(QUANTILES)))
        while told.shape[1] < horizon:
            steps = min(self.spec.horizon, horizon - told.shape[1])
            each = self._next(panel, season, steps)
            if told.shape[1]:
                each = _no_narrower(each, told[:, -1])
            told = np.concatenate([told, each], axis=1)
            if told.shape[1] < horizon:
                answers = zip(panel.series(), each[:, :, MIDDLE], strict=True)
                panel = panel_of([np.concatenate(pair) for pair in answers], season)
        return told

    def _next(self, panel: Panel, season: int, horizon: int) -> Values:
        """Return the quantiles of the next steps; series of one length and scale are read together."""
        told = np.zeros((len(panel), horizon, len(QUANTILES)))
        first, second = rhythm_of(season)
        least = max(2 * first, 32)
        lengths = np.array([_read(int(steps), least) for steps in panel.lengths])
        logs = np.array([_spans(values[-length:]) for values, length in zip(panel.series(), lengths, strict=True)])
        for length in np.unique(lengths):
            for log in (False, True):
                rows = np.flatnonzero((lengths == length) & (logs == log))
                for start in range(0, len(rows), AT_ONCE):
                    some = rows[start : start + AT_ONCE]
                    told[some] = self._group(panel, some, int(length), first, second, horizon, log)
        return told

    def _group(
        self, panel: Panel, rows: Places, length: int, season: int, second: int, horizon: int, log: bool
    ) -> Values:
        cut = windows_at(panel, rows, panel.lengths[rows], length=length, horizon=1, season=season)
        second = second if second + season <= length else 0
        read = patches(cut.contexts, cut.there, season=season, second=second, horizon=horizon, log=log)
        return read.answered(patches_net(self.spec, self.weights, read), log)


def rhythm_of(season: int) -> tuple[int, int]:
    """Return the season that a net reads by, and a longer period beside it; 0: none."""
    if season in YEARS:
        return 1, season
    return season, SECONDS.get(season, 0)


def _read(steps: int, least: int) -> int:
    """Return how many steps are read of a series of so many: whole patches, and two seasons."""
    held = next((length for length in LENGTHS if length >= steps), LENGTHS[-1])
    return next((length for length in LENGTHS if length >= max(held, least)), -(-least // 16) * 16)


def _spans(values: Values) -> bool:
    """Whether logarithms are read: of positive values that do not differ beyond all measure."""
    least = float(values.min())
    return least > 0 and float(values.max()) < WIDEST * least


def _no_narrower(each: Values, last: Values) -> Values:
    """Return quantiles (series, steps, 9) that lie at least as far from their middle as those before (series, 9)."""
    reach = each - each[:, :, MIDDLE, None]
    before = (last - last[:, MIDDLE, None])[:, None]
    told: Values = each[:, :, MIDDLE, None] + np.where(np.abs(reach) > np.abs(before), reach, before)
    return told
