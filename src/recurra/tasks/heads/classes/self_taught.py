"""Texts that nobody has labelled are labelled by a stack, and all its judges learn again from those answers.

Self-training (Scudder 1965; Xie et al. 2020, "Self-training with noisy student"): what n-grams and the net agree on
teaches either of them words that the labelled rows do not hold. Labels are soft: how probable each class is. The texts
are labelled once for each part, by judges that never saw the labels of the rows which that part's judges then answer.
Not here: the judges (stacked_net.py, heads/judges.py), and whether they are kept (stacked.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recurra.config import Settings
from recurra.layers.layer import Floats
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.choose import STEP, Choice, Facts
from recurra.tasks.heads.classes.stack import Stack, fit_stack
from recurra.tasks.heads.judges import parts_of
from recurra.tasks.inputs.labelled import LabelledParts
from recurra.tasks.inputs.texts import Part

MOST = 150_000
"""Texts that all parts of a round together may learn from: 25,000 of them for five folds and all rows."""
FEWEST = 200
"""Texts below which a round is not worth its time."""
TOKENS = 5_000_000
"""About how many tokens a net reads of them in all passes."""
PASSES = (2, 6)
"""Passes over them: the fewest and the most."""
SIXTH = 5
"""Labelled rows together count for a sixth of all at least: so many parts of the others for one of theirs."""


class Lesson(NamedTuple):
    """Texts that judges are to label themselves, and what a user hears of them."""

    texts: list[str]
    told: list[str]


def lesson(texts: Sequence[str], choice: Choice, facts: Facts, parts: int, minutes: float, seed: int) -> Lesson:
    """Choose the texts: some of them where there are many, and none where half the `minutes` are not enough.

    `parts` are how many judges of each kind a round has.
    """
    training = choice.settings.training
    if not (texts and training.self_training):
        return Lesson([], [])
    most = min(len(texts), MOST // parts)
    if minutes:
        most = min(most, _affordable(choice, facts, parts * training.self_training, minutes / 2))
        if most < FEWEST:
            return Lesson([], [f"{minutes:g} minutes are too few for the stack to label texts itself"])
    rows = np.sort(np.random.default_rng([seed, 7]).permutation(len(texts))[:most])
    told = f"{most:,} of {len(texts):,} texts without labels" if most < len(texts) else f"{most:,} texts without labels"
    return Lesson([texts[row] for row in rows], [f"the stack labels {told} itself, and learns from them too"])


def _affordable(choice: Choice, facts: Facts, nets: int, minutes: float) -> int:
    """Texts that so many nets can answer and learn from in that time, with the n-grams beside them."""
    read = min(facts.length, choice.window) if choice.window else facts.length
    # Each text is answered whole, and its n-grams take about as long; what is learnt from are windows of it.
    tokens = 2 * facts.length + STEP * PASSES[0] * read
    return int(60 * minutes / max(nets * facts.seconds * tokens, 1e-9))


def settings_of(settings: Settings, part: Part, way: str, window: int) -> Settings:
    """Return the settings by which a net learns from a part with such texts."""
    if way == "fresh":
        # As many steps as were chosen for the labelled rows; each text is met less often.
        return settings.changed({"epochs": max(2, (settings.training.epochs + 1) // 2)})
    words = [len(text.split()) for text in part.texts]
    tokens = float(np.minimum(words, window).sum() if window else sum(words))
    return settings.changed({"epochs": int(np.clip(round(TOKENS / max(tokens, 1.0)), *PASSES))})


def labels_for_parts(
    data: LabelledParts, stack: Stack, scores: Sequence[Floats], free: Sequence[Floats]
) -> list[Floats]:
    """How probable the judges of each part think the classes of the texts: (texts, classes) for each part.

    `scores` (rows, classes) and `free` (parts, texts, classes) are those of each judge. A fold's judges are weighed on
    the other folds' rows alone: the labels of its own rows must not reach the texts by any way.
    """
    train, folds = data.train, data.folds
    labels: list[Floats] = []
    for number, rows in enumerate(parts_of(folds, len(train.texts))):
        weighed = stack
        if len(folds) > 1 and number < len(folds):
            weighed = fit_stack([one[rows] for one in scores], train.targets[rows], train.weights[rows])
        labels.append(softmax(weighed.scores([one[number] for one in free])).astype(np.float32))
    return labels


def with_labels(train: Part, texts: Sequence[str], labels: Floats) -> Part:
    """Labelled rows, and behind them texts with soft labels (texts, classes)."""
    weight = max(1.0, len(texts) / (SIXTH * len(train.texts)))
    known = Part(
        train.texts, train.targets, (train.weights * weight).astype(np.float32),
        np.eye(labels.shape[1], dtype=np.float32)[train.targets],
    )  # fmt: skip
    return known.joined(Part([*texts], labels.argmax(axis=1), np.ones(len(texts), np.float32), labels))
