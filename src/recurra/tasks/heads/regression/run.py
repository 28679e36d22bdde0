"""Numbers as answers: a trained regressor gives each text a number for each target, in the target's unit.

Not here: training (learn.py), the columns of scores (targets/run.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.artefact import Artefact
from recurra.errors import ArtefactError
from recurra.layers.layer import Floats
from recurra.nets.run import TargetNet
from recurra.tasks.heads.targets.run import RunningTargets, TargetAnswer, numbers_of
from recurra.text.encoder import Encoded


@dataclass(frozen=True, eq=False)
class RunningRegressor(RunningTargets):
    """The net's columns are numbers of mean 0 and spread 1: `mean` and `spread` (targets,) bring them back."""

    task = "regression"
    more_is_better = ("r2", "spearman", "rows")
    less_is_better = ("mae", "rmse")

    mean: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    def numbers(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], Encoded]:
        """Return the numbers (rows, targets), and what the encoder could read of each text."""
        scores, encoded = self.scores(texts)
        return scores * np.array(self.spread) + np.array(self.mean), encoded

    def answered(self, answers: Floats) -> Floats:
        """In the targets' units."""
        numbers: Floats = answers * np.array(self.spread) + np.array(self.mean)
        return numbers

    def answers(self, texts: Sequence[str]) -> list[TargetAnswer]:
        """Answer each text, in order."""
        numbers, encoded = self.numbers(texts)
        rows = [dict(zip(self.names, map(float, row), strict=True)) for row in numbers]
        lines = [("\t".join(f"{value:.6g}" for value in row.values()), {"numbers": row}) for row in rows]
        return self.answers_of(lines, encoded)

    def told(self) -> dict[str, Any]:
        """The names, mean and spread of the targets."""
        return {**super().told(), "mean": list(self.mean), "spread": list(self.spread)}

    @property
    def fact(self) -> str:
        """The targets."""
        return f"Numbers: {', '.join(self.names)}."

    @property
    def summary(self) -> str:
        """Each target with its mean and spread in training."""
        rows = zip(self.names, self.mean, self.spread, strict=True)
        return "numbers: " + ", ".join(
            f"{name!r} (mean {mean:.4g}, spread {spread:.4g})" for name, mean, spread in rows
        )

    @classmethod
    def read(cls, held: Artefact, plan: TargetNet) -> Self:
        """Check words, names, means and spreads."""
        encoder, names, read_from = cls.checked(held, plan)
        mean, spread = (numbers_of(held, key, len(names)) for key in ("mean", "spread"))
        if not (spread > 0).all():
            raise ArtefactError("recurra.json: spread", found=str(spread.min()), allowed="numbers above 0")
        return cls(plan, held.tensors, encoder, names, read_from, tuple(mean.tolist()), tuple(spread.tolist()))


MODEL = RunningRegressor
