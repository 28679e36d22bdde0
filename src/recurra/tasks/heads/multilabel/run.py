"""Labels as answers, none, one or several for each text: those whose probability reaches the label's threshold.

Not here: training (learn.py), the columns of scores (targets/run.py), how thresholds are chosen (finish.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.artefact import Artefact
from recurra.errors import ArtefactError, printable
from recurra.nets.run import TargetNet
from recurra.nets.stepping import Finish
from recurra.tasks.heads.targets.run import RunningTargets, TargetAnswer, numbers_of, sigmoid
from recurra.text.encoder import Encoded


@dataclass(frozen=True, eq=False)
class RunningLabeller(RunningTargets):
    """The net's columns are the log-odds of the labels, `names`."""

    task = "multilabel"
    more_is_better = ("f1_micro", "f1_macro", "subset_accuracy", "ranking_precision", "rows")
    less_is_better = ("loss",)

    thresholds: tuple[float, ...] = ()
    """The probability from which on each label is said."""
    separator: str = "|"
    """What parts labels in a cell of a file."""

    @property
    def reading(self) -> dict[str, Any]:
        """Cells are parted as they were."""
        return {"separator": self.separator}

    def shares(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], Encoded]:
        """Return each label's probability (rows, labels), and what the encoder could read of each text."""
        scores, encoded = self.scores(texts)
        return sigmoid(scores), encoded

    def chosen(self, shares: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which labels are said: (rows, labels)."""
        return np.asarray(shares >= np.array(self.thresholds))

    @property
    def finish(self) -> tuple[Finish, float]:
        """Scores become probabilities, each by itself."""
        return "sigmoid", 1.0

    def answers(self, texts: Sequence[str]) -> list[TargetAnswer]:
        """Answer each text, in order; the most probable label first."""
        shares, encoded = self.shares(texts)
        lines = []
        for row, said in zip(shares, self.chosen(shares), strict=True):
            names = [self.names[place] for place in np.argsort(-row, kind="stable") if said[place]]
            told = {"labels": names, "probabilities": dict(zip(self.names, map(float, row), strict=True))}
            lines.append((self.separator.join(map(printable, names)), told))
        return self.answers_of(lines, encoded)

    def told(self) -> dict[str, Any]:
        """The labels with their thresholds, and what parts them."""
        return {**super().told(), "thresholds": list(self.thresholds), "separator": self.separator}

    @property
    def fact(self) -> str:
        """The labels."""
        return f"Labels, any number of them: {', '.join(self.names)}."

    @property
    def summary(self) -> str:
        """The labels with their thresholds."""
        rows = zip(self.names, self.thresholds, strict=True)
        return "labels: " + ", ".join(f"{name!r} (from {threshold:.2f})" for name, threshold in rows)

    @classmethod
    def read(cls, held: Artefact, plan: TargetNet) -> Self:
        """Check words, labels, thresholds and separator."""
        encoder, names, read_from = cls.checked(held, plan)
        thresholds, separator = numbers_of(held, "thresholds", len(names)), held.config.get("separator")
        if not ((thresholds > 0) & (thresholds <= 1)).all():
            raise ArtefactError("recurra.json: thresholds", found=str(thresholds.min()), allowed="above 0, up to 1")
        if not isinstance(separator, str) or not separator:
            raise ArtefactError("recurra.json: separator", found=repr(separator)[:60], allowed="a text")
        return cls(plan, held.tensors, encoder, names, read_from, tuple(thresholds.tolist()), separator)


MODEL = RunningLabeller
