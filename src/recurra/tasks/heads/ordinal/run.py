"""Classes in an order as answers: the chance of more than each class, and the class in the middle of these chances.

A net has one column fewer than there are classes: the log-odds that a text's class lies above each but the last (Frank
& Hall 2001; Niu et al. 2016). Chances of more must not rise with the class; where columns contradict each other, each
takes the least of those before it. The answer is the median class, which has the least expected error in steps.

Not here: training (learn.py), the columns of scores (targets/run.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.artefact import Artefact
from recurra.errors import ArtefactError, printable
from recurra.layers.layer import Floats
from recurra.nets.run import TargetNet
from recurra.tasks.heads.classes.run import READ, Label, LabelKind
from recurra.tasks.heads.targets.run import RunningTargets, TargetAnswer, sigmoid
from recurra.text.encoder import Encoded


def shares_of(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each class's probability (rows, classes) of the log-odds of more (rows, classes - 1)."""
    above = np.minimum.accumulate(sigmoid(scores), axis=1)
    edge = np.ones((len(scores), 1))
    # More than none is sure, more than the last is impossible.
    return -np.diff(np.concatenate([edge, above, 0 * edge], axis=1), axis=1)


def medians(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the median class of each row: the first up to which lies half of the probability."""
    # A little less than a half, so that rounding does not move a row of even chances.
    return np.asarray((np.cumsum(shares, axis=1) < 0.5 - 1e-9).sum(axis=1), np.int64)


@dataclass(frozen=True, eq=False)
class RunningOrdinal(RunningTargets):
    """The net's columns are the log-odds of more than each class but the last; `names` are the classes in order."""

    task = "ordinal"
    more_is_better = ("accuracy", "kappa", "within_one", "rows")
    less_is_better = ("mae", "loss")
    columns_of = 1

    kind: LabelKind = "str"
    """What the labels were where they were learnt."""

    @property
    def reading(self) -> dict[str, Any]:
        """The order is that of the classes."""
        return {"order": self.names}

    @property
    def classes(self) -> list[Label]:
        """The classes in the type in which they were learnt."""
        return [READ[self.kind](name) for name in self.names]

    def shares(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], Encoded]:
        """Return each class's probability (rows, classes), and what the encoder could read of each text."""
        scores, encoded = self.scores(texts)
        return shares_of(scores), encoded

    def answered(self, answers: Floats) -> Floats:
        """As probabilities of the classes."""
        return shares_of(answers.astype(np.float64))

    def answers(self, texts: Sequence[str]) -> list[TargetAnswer]:
        """Answer each text, in order."""
        shares, encoded = self.shares(texts)
        lines = []
        for row, place in zip(shares, medians(shares), strict=True):
            told = {"label": self.names[place], "probabilities": dict(zip(self.names, map(float, row), strict=True))}
            lines.append((f"{printable(self.names[place])}\t{row[place]:.4f}", told))
        return self.answers_of(lines, encoded)

    def told(self) -> dict[str, Any]:
        """The classes in order, and what they were."""
        return {**super().told(), "label_kind": self.kind}

    @property
    def fact(self) -> str:
        """The classes."""
        return f"Classes in order: {', '.join(self.names)}."

    @property
    def summary(self) -> str:
        """The classes."""
        return f"classes in order: {', '.join(map(repr, self.names))}"

    @classmethod
    def read(cls, held: Artefact, plan: TargetNet) -> Self:
        """Check words and classes."""
        encoder, names, read_from = cls.checked(held, plan)
        kind: Any = held.config.get("label_kind")
        try:
            for name in names:
                READ[kind](name)
        except (KeyError, ValueError, TypeError):
            raise ArtefactError("recurra.json: label_kind", found=repr(kind)[:60], allowed=", ".join(READ)) from None
        return cls(plan, held.tensors, encoder, names, read_from, kind)


MODEL = RunningOrdinal
