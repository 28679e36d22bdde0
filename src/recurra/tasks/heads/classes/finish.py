"""What is fitted on validation after a classifier was trained: the weight of the wide part, and the temperature.

Not here: training (learn.py), measuring calibration (metrics.py), the rival NB-SVM itself (baselines/nb_svm.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.nb_svm import fit_against_rest
from recurra.batches import join
from recurra.errors import UsageError, either
from recurra.layers.wide.learn import learn_wide
from recurra.layers.wide.run import wide
from recurra.metrics import log_loss
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.run import RunningClassifier, label_kind
from recurra.tasks.heads.classes.stacked import stacked
from recurra.tasks.task import Again, Finished, Prepared, Trained

# Evenly apart in ratio, as a weight works by its ratio to the net's own scores; 0 is the net alone.
SHARES = (0.0, *(round(float(share), 3) for share in np.geomspace(0.1, 10.0, 41)))
"""Weights tried on validation for the log-odds beside the net's own."""
EVEN = 1.0
"""The weight where validation cannot tell one: both judges count as they are."""
GRID = 1.05 ** np.arange(-33, 62)
"""Temperatures that are tried: 0.2 to 20."""
FEWEST = 20
"""Validation rows below which nothing is fitted on them."""


def finish(prepared: Prepared, trained: Trained, again: Again) -> Finished:
    """Make a classifier of trained weights, with what was asked for beside the net, and a temperature."""
    data, classes = prepared.data, prepared.data.classes.tolist()
    labels, kind = tuple(map(str, classes)), label_kind(classes)
    model = RunningClassifier(prepared.plan, trained, data.encoder, labels, kind=kind)
    if data.folds:
        return stacked(prepared, model, again)
    train, validation = data.train, data.validation
    # On the rows that it learnt from a net is right too often: a temperature of those would make it surer still.
    if validation is None:
        return Finished(model)
    warnings: list[str] = []
    # The wide part first: the temperature is that of both together.
    if data.wide:
        model, warnings = with_wide(model, train.texts, train.targets, validation.texts, validation.targets)
    fitted = fit_temperature(model.logits(validation.texts), validation.targets)
    model = model.with_temperature(fitted.value)
    if fitted.doubtful:
        return Finished(model, [*warnings, *fitted.told])
    return Finished(model, warnings, fitted.told)


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
    # Uncut: n-grams behind `max_length`, where the net stops to read, still count.
    whole = model.encoder.encode_whole(texts)
    # Class 1, the last of two: the model adds the log-odds to the last column of its logits.
    spec, weights = learn_wide(join(whole), targets == 1, fit=fit_against_rest)
    odds = wide(spec, weights, join(model.encoder.encode_whole(held_texts)))
    share, told = _share(model.logits(held_texts), odds, held_targets)
    # The weight goes into the tensors themselves; `square` only divides `weight`, and stays.
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
        # Two classes: what the last column gains is what the log-odds between both gain.
        mixed[:, -1:] += share * odds
        losses.append(log_loss(targets, softmax(mixed / best_temperature(mixed, targets))))
    return SHARES[int(np.argmin(losses))]


class Temperature(NamedTuple):
    """What divides the logits; where it is 1 because none could be fitted, why."""

    value: float
    reason: str = ""
    doubtful: bool = False
    """Whether that is worth a warning: few rows alone are not."""

    @property
    def told(self) -> list[str]:
        """The reason as a line, where there is one."""
        return [f"no temperature was fitted, probabilities are the net's own: {self.reason}"] if self.reason else []


def fit_temperature(logits: NDArray[Any], targets: NDArray[np.int64]) -> Temperature:
    """Return the best temperature; or 1, and why there is none.

    Where every row is right a lower temperature is better for ever, and where a class has no row nobody pays for being
    too sure of the others: the loss then falls to the end of what is tried, which is no minimum.
    """
    reason = unfit(targets, classes=logits.shape[1])
    if reason:
        return Temperature(1.0, reason, doubtful=_absent(targets, logits.shape[1]) > 0)
    temperature = best_temperature(logits, targets)
    if GRID[0] < temperature < GRID[-1]:
        return Temperature(temperature)
    falling = f"the loss on the validation part falls as far as was tried, {GRID[0]:.1f} to {GRID[-1]:.0f}"
    return Temperature(1.0, falling, doubtful=True)


def unfit(targets: NDArray[np.int64], *, classes: int) -> str:
    """Tell why nothing may be fitted on a validation part; empty: it may."""
    absent = _absent(targets, classes)
    if absent:
        return f"the validation part has no row of {absent} of {classes} classes"
    return f"the validation part has {len(targets)} rows, {FEWEST} are needed" if len(targets) < FEWEST else ""


def _absent(targets: NDArray[np.int64], classes: int) -> int:
    return int((np.bincount(targets, minlength=classes) == 0).sum())


def best_temperature(logits: NDArray[Any], targets: NDArray[np.int64]) -> float:
    """Return the temperature of lowest log loss on a grid of ratios 1.05 between 0.2 and 20 (Guo et al. 2017)."""
    losses = [log_loss(targets, softmax(logits.astype(np.float64) / value)) for value in GRID]
    best = int(np.argmin(losses))
    # The grid's ends stay what they are, so that they can be told from what lies within.
    return float(GRID[best] if best in (0, len(GRID) - 1) else round(GRID[best], 4))
