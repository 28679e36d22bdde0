"""A few hundred short texts of three opinions each, most of which are those of the label.

Not here: what is learnt from them.
"""

from __future__ import annotations

import numpy as np

GOOD = ("warm", "clever", "lovely", "moving", "funny", "bright")
POOR = ("dull", "cold", "tedious", "stale", "weak", "loud")
THINGS = ("film", "story", "actors", "music", "ending", "dialogue", "camera", "evening", "book", "idea")


def rows(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts of three opinions, of which most are those of the label."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        good = bool(generator.integers(0, 2))
        words = [(GOOD if good == (generator.random() < 0.85) else POOR)[generator.integers(0, 6)] for _ in range(3)]
        texts.append(" and ".join(f"the {THINGS[generator.integers(0, 10)]} was {word}" for word in words))
        labels.append("good" if good else "poor")
    return texts, labels


TEXTS, LABELS = rows(240, 0)
OTHERS, TRUTHS = rows(100, 1)
