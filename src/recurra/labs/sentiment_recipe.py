"""The nets of the lab `sentiment`: the record's own, the ladder from there, and what tests the observations.

Not here: training and measuring them (sentiment_nets.py), and what is claimed of them (sentiment.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recurra.config import CellName, Settings
from recurra.estimators.text import TEXT_SETTINGS
from recurra.labs.lab import LabOptions, Variant

LITERAL = Settings().changed(
    {
        "cell": "rnn",
        "activation": "sigmoid",
        "hidden": 64,
        "bidirectional": False,
        "pool": ["last"],
        "max_length": 200,
        "truncate": "tail",
        "batch_size": 32,
        "optimiser": "adam",
        "learning_rate": 1e-3,
        "schedule": "constant",
        "clip": 1.0,
        "monitor": "val_accuracy",
        "epochs": 20,
    }
)
"""The record's recipe, with nothing that regularises. Open in the record, and read as a textbook's program has it:
64 units, the last 200 words of a review (`pad_sequences` keeps the tail), batches of 32, Adam at 0.001 throughout. One
guard is ours: a gradient longer than 1 is shortened, for a try without it fell back half way, from 87 % to 74 %."""

REGULARISED = {
    "word_dropout": 0.1,
    "embedding_dropout": 0.3,
    "dropout": 0.5,
    "optimiser": "adamw",
    "weight_decay": 0.01,
    "ema": 0.998,
}
"""The product's own: three dropouts, weight decay, and the average of the weights."""

EPOCHS = 8
"""Epochs of every step but the first and the last: validation keeps an early one, so that more would change little."""


def needs_vectors(variant: Variant) -> bool:
    """Tell whether a variant is about word vectors, so that it says nothing where there are none."""
    return not variant.more.get("vectors", True) or variant.settings.net.freeze_embedding


def _changed(start: Variant, name: str, title: str, changes: dict[str, Any] | None = None, **more: bool) -> Variant:
    """Return a variant that changes one thing of the one it starts from: settings, `vectors`, or `shuffled`.

    `vectors` tells whether the table of words starts from GloVe; `shuffled` whether the words of every review, in all
    parts, come in random order.
    """
    return Variant(name, title, start.settings.changed(changes or {}), start.name, more)


def _ladder() -> tuple[Variant, ...]:
    """From the record's net to the product's own recipe, in steps of one thing each."""
    literal = Variant("literal", "literal: simple RNN, σ, last state", LITERAL)
    tanh = _changed(literal, "tanh", "tanh in place of σ", {"activation": "tanh", "epochs": EPOCHS})
    both = _changed(tanh, "both", "both directions", {"bidirectional": True})
    pooled = _changed(both, "pooled", "mean and maximum of all states", {"pool": ["mean", "max"]})
    regularised = _changed(pooled, "regularised", "dropout, decay, averaging", REGULARISED)
    gru = _changed(regularised, "gru", "gates: a GRU", {"cell": "gru"})
    lstm = _changed(regularised, "lstm", "gates: an LSTM", {"cell": "lstm"})
    # Not one change but the product's own settings: the page says that this step changes several things at once.
    # `wide`: log-odds of n-grams stand beside the net.
    recipe = Variant(
        "recipe", "the product's recipe, GRU", TEXT_SETTINGS.changed({"cell": "gru"}), "gru", {"wide": True}
    )
    return literal, tanh, both, pooled, regularised, gru, lstm, recipe


SHORT = {"literal": "the literal net", "gru": "the GRU", "recipe": "the product's GRU"}
"""What the page calls the nets that it asks."""

LADDER = _ladder()
"""The steps in their order; gru and lstm are two answers to the same step. The last one is measured twice: the net
alone, and with log-odds of n-grams beside it."""

STEPS = {step.name: step for step in LADDER}

EXPERIMENTS = (
    _changed(STEPS["literal"], "literal-shuffled", "literal, words shuffled", shuffled=True),
    _changed(STEPS["literal"], "literal-random", "literal, random vectors", {"embedding_size": 100}, vectors=False),
    _changed(STEPS["literal"], "literal-frozen", "literal, GloVe frozen", {"freeze_embedding": True}),
    _changed(STEPS["regularised"], "regularised-shuffled", "regularised, words shuffled", shuffled=True),
    _changed(STEPS["gru"], "gru-shuffled", "GRU, words shuffled", shuffled=True),
)
"""What tests the observations; the steps of the ladder are not trained twice."""

WORK = (*(step for step in LADDER if step.name != "recipe"), *EXPERIMENTS, STEPS["recipe"])
"""Every variant in the order of training: what matters most comes first, what takes longest last."""

QUICK = {"epochs": 2, "max_length": 60, "batch_size": 16, "learning_rate": 3e-3, "hidden": 32, "adversarial": 0.0}
"""What a slice of 1,500 reviews can bear in a minute."""


def in_size(variant: Variant, options: LabOptions) -> Variant:
    """Return the variant as this lab trains it, quick or whole."""
    return replace(variant, settings=variant.settings.changed(QUICK)) if options.quick else variant


def sentiment_variants(options: LabOptions) -> list[Variant]:
    """Return all nets in the order of work; made-up reviews come without word vectors."""
    # Without vectors, GloVe against random ones or frozen ones would compare a net with itself.
    work = [variant for variant in WORK if not (options.synthetic and needs_vectors(variant))]
    return [in_size(variant, options) for variant in work]


def settings_for(cell: CellName) -> Settings:
    """Return the product's recipe with another cell."""
    return TEXT_SETTINGS.changed({"cell": cell})
