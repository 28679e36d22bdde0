"""The nets of the lab `sentiment`: the record's own, the ladder from there, and what tests the observations.

Not here: their settings (recipes/sentiment.toml), training and measuring them (sentiment_nets.py), and what is claimed
of them (sentiment.py).
"""

from __future__ import annotations

from dataclasses import replace

from recurra.config import Settings
from recurra.estimators.text import TEXT_SETTINGS
from recurra.labs.lab import LabOptions, Variant, variants_of

_GROUPS = variants_of("sentiment", {"": Settings(), "product": TEXT_SETTINGS})
STEPS = _GROUPS["ladder"]
"""The steps of the ladder by name. The last one is measured twice: the net alone, and with log-odds of n-grams."""
LADDER = tuple(STEPS.values())
EXPERIMENTS = tuple(_GROUPS["experiments"].values())
"""What tests the observations; the steps of the ladder are not trained twice."""
LITERAL = STEPS["literal"].settings

WORK = (*(step for step in LADDER if step.name != "recipe"), *EXPERIMENTS, STEPS["recipe"])
"""Every variant in the order of training: what matters most comes first, what takes longest last."""

SHORT = {"literal": "the literal net", "gru": "the GRU", "recipe": "the product's GRU"}
"""What the page calls the nets that it asks."""

QUICK = {"epochs": 2, "max_length": 60, "batch_size": 16, "learning_rate": 3e-3, "hidden": 32, "adversarial": 0.0}
"""What a slice of 1,500 reviews can bear in a minute."""


def needs_vectors(variant: Variant) -> bool:
    """Tell whether a variant is about word vectors, so that it says nothing where there are none."""
    return not variant.more.get("vectors", True) or variant.settings.net.freeze_embedding


def in_size(variant: Variant, options: LabOptions) -> Variant:
    """Return the variant as this lab trains it, quick or whole."""
    return replace(variant, settings=variant.settings.changed(QUICK)) if options.quick else variant


def sentiment_variants(options: LabOptions) -> list[Variant]:
    """Return all nets in the order of work; made-up reviews come without word vectors."""
    # Without vectors, GloVe against random ones or frozen ones would compare a net with itself.
    work = [variant for variant in WORK if not (options.synthetic and needs_vectors(variant))]
    return [in_size(variant, options) for variant in work]
