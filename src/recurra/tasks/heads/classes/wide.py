"""The wide part of a classifier: the log-odds of an NB-SVM over hashed n-grams, weighed beside the net on validation.

Not here: the rival NB-SVM itself (baselines/nb_svm.py), and adding the log-odds up (layers/wide/run.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.nb_svm import fit_against_rest
from recurra.batches import join
from recurra.errors import UsageError, either
from recurra.layers.wide.learn import learn_wide
from recurra.layers.wide.run import wide
from recurra.metrics import log_loss
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.calibration import best_temperature, unfit
from recurra.tasks.heads.classes.run import RunningClassifier

SHARES = (0.0, *(round(float(share), 3) for share in np.geomspace(0.1, 10.0, 41)))
"""Weights tried on validation for the log-odds beside the net's own."""
EVEN = 1.0
"""The weight where validation cannot tell one: both judges count as they are."""


def check_wide(*, labels: int, weighed: bool) -> None:
    """Raise UsageError, before anything is trained, where no wide part can be had."""
    if labels != 2:
        raise UsageError(f"{either('--wide', 'wide=True')} labels two classes only", found=f"{labels} classes")
    if not weighed:
        advice = either("give --validation above 0", "give validation_data, or validation > 0")
        raise UsageError(f"{either('--wide', 'wide=True')} weighs its part on validation", advice=advice)


def with_wide(
    model: RunningClassifier,
    texts: list[str],
    targets: NDArray[np.int64],
    held_texts: list[str],
    held_targets: NDArray[np.int64],
) -> tuple[RunningClassifier, list[str]]:
    """Fit log-odds on the training texts, choose their weight on the held-out texts.

    Returns the model with both, and a warning where no weight could be chosen.
    """
    whole = model.encoder.encode_whole(texts)
    spec, weights = learn_wide(join(whole), targets == 1, fit=fit_against_rest)
    odds = wide(spec, weights, join(model.encoder.encode_whole(held_texts)))
    share, told = _share(model.logits(held_texts), odds, held_targets)
    weights |= {name: weights[name] * np.float32(share) for name in ("weight", "bias")}
    tensors = model.tensors | {f"wide.{name}": value for name, value in weights.items()}
    return replace(model, plan=model.plan.model_copy(update={"wide": spec}), tensors=tensors), told


def _share(logits: NDArray[Any], odds: NDArray[Any], targets: NDArray[np.int64]) -> tuple[float, list[str]]:
    reason = unfit(targets, classes=logits.shape[1])
    if not reason:
        share = _best_share(logits, odds, targets)
        if share < SHARES[-1]:
            return share, []
        reason = "the loss on the validation part falls as far as was tried"
    return EVEN, [f"the wide part was not weighed, it counts as it is: {reason}"]


def _best_share(logits: NDArray[Any], odds: NDArray[Any], targets: NDArray[np.int64]) -> float:
    """Choose by log loss after each mixture's own temperature: a sum of two judges is over-confident as it stands.

    The log loss chooses, and not accuracy, which jumps about on a few thousand rows.
    """
    losses = []
    for share in SHARES:
        mixed = logits.astype(np.float64)
        mixed[:, -1:] += share * odds
        losses.append(log_loss(targets, softmax(mixed / best_temperature(mixed, targets))))
    return SHARES[int(np.argmin(losses))]
