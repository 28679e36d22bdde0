"""Several judges of a text become one: a net, and linear models of its n-grams, each counting as cross-fitting says.

Each judge answers rows that it did not learn from, fold by fold; weights of at least 0 and a bias for each class then
make the log loss of those answers least (Wolpert 1992; Breiman 1996: non-negative weights never lose by much to the
best judge). In the end every judge learns from all rows. A judge's scores only count by their differences, so the sum
of weighted scores is the log of a product of the judges' probabilities, and one temperature is part of the weights.

Not here: the judges themselves (heads/judges.py, learn.py), which net a file is given (choose.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.layers.layer import Floats
from recurra.metrics import log_loss
from recurra.nets.run import softmax
from recurra.tasks.heads.judges import Fitted, Linear, Places, Texts, counted_grams, least
from recurra.tasks.inputs.texts import Part


def fitted(judge: Linear, texts: Texts, train: Part, rows: Places, classes: int) -> Fitted:
    """Fit a judge on some rows; of those that nobody has labelled each counts by how sure its likeliest class is."""
    part, weights = counted_grams(judge, texts, rows), train.weights[rows]
    if train.shares is not None:
        best = np.sort(train.shares[rows], axis=1)
        weights = weights * (best[:, -1] - best[:, -2])
        # Of mean 1: the penalty is to hold as many rows as there are.
        weights = weights / weights.mean()
    return judge.fit(part, train.targets[rows], weights, classes)


@dataclass(frozen=True)
class Stack:
    """How much each judge counts, and what is added to each class."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, judges: Sequence[Floats]) -> NDArray[np.float64]:
        """The weighted sum of scores (rows, classes)."""
        summed: NDArray[np.float64] = sum(
            (weight * centred(scores) for weight, scores in zip(self.weights, judges, strict=True)), self.bias
        )
        return summed


def centred(scores: Floats) -> NDArray[np.float64]:
    """Log-probabilities that scores stand for: what all classes share says nothing."""
    return np.log(np.maximum(softmax(scores.astype(np.float64)), 1e-12))


def fit_stack(judges: Sequence[Floats], targets: Places, weights: NDArray[Any]) -> Stack:
    """Weights of at least 0 and biases of least log loss."""
    logs = np.stack([centred(scores) for scores in judges])
    count, rows, classes = logs.shape
    share = weights / weights.sum()
    truth = np.eye(classes)[targets]
    # Of a class that no fold holds out nothing is known: its bias stays 0.
    seen = np.bincount(targets, minlength=classes) > 0

    def told(counts: NDArray[np.float64], bias: NDArray[np.float64]) -> tuple[float, Any, Any]:
        summed = np.tensordot(counts, logs, 1) + bias
        shares, right = softmax(summed), summed[np.arange(rows), targets]
        # Each row counts by its weight, in the loss and in the gradient. No share is cut off: where the loss stays as
        # it is and its gradient does not, the search for the least ends at once.
        apart = (shares - truth) * share[:, None]
        highest = summed.max(1)
        loss = float(share @ (np.log(np.exp(summed - highest[:, None]).sum(1)) + highest - right))
        return loss, np.tensordot(logs, apart, 2), apart.sum(0) * seen

    return Stack(*least(told, count, classes))


def worth(names: Sequence[str], judges: Sequence[Floats], targets: Places, stack: Stack) -> list[dict[str, Any]]:
    """What each judge is worth: its weight, its own accuracy out of fold, and the loss of the stack without it."""
    whole = log_loss(targets, softmax(stack.scores(judges)))
    told: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        others = [scores for other, scores in enumerate(judges) if other != place]
        left = fit_stack(others, targets, np.ones(len(targets))) if others else None
        without = log_loss(targets, softmax(left.scores(others))) if left else float(np.log(judges[0].shape[1]))
        right = float((judges[place].argmax(1) == targets).mean())
        told.append({"name": name, "weight": float(stack.weights[place]), "accuracy": right, "loss": without - whole})
    return told
