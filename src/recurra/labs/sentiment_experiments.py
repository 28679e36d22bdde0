"""The record's observations on sentiment as experiments that could refute them.

Not here: the record's own networks (sentiment.py) and the page.

All experiments share one setting, smaller than the record's: its simple RNN, texts cut at 200 tokens, four epochs. Only
the named choice differs, so each difference is read against `base` and not against the record's figures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from recurra.config import Settings
from recurra.estimators.text import TextClassifier
from recurra.labs.record import LabOptions, remembered
from recurra.labs.sentiment_data import Part, SentimentData, cut
from recurra.labs.sentiment_recipe import EXPERIMENT, EXPERIMENT_QUICK
from recurra.layers.specs import parameters
from recurra.metrics import paired_bootstrap

PLAIN = {"embedding_dropout": 0.0, "word_dropout": 0.0, "dropout": 0.0, "weight_decay": 0.0, "ema": 0.0}
"""Nothing that regularises."""
VARIANTS: dict[str, dict[str, Any]] = {
    "base": {},
    "shuffled": {},
    "plain": PLAIN,
    "random": {"embedding_size": 100},
    "frozen": {"freeze_embedding": True},
    "gru": {"cell": "gru"},
}
"""base; word order shuffled in every part; no regularisation; random vectors; vectors not learned further; a GRU."""


PAIR = (("rnn", "base"), ("gru", "gru"))


def experiments(options: LabOptions, data: SentimentData) -> dict[str, Any]:
    """Run the variants and compare each with the base on the same reviews."""
    base = EXPERIMENT.changed(EXPERIMENT_QUICK) if options.quick else EXPERIMENT
    found = {}
    for name, changes in VARIANTS.items():
        settings = base.changed(changes)
        choices = {"settings": settings.model_dump(mode="json"), "rows": data.facts}
        work: Callable[[], Any] = partial(_variant, options, data, settings, name)
        found[name] = remembered(options, f"experiment-{name}", choices, work)
    reference = np.array(found["base"]["right"])
    for name, one in found.items():
        compared = paired_bootstrap(reference, np.array(one.pop("right")))
        if name != "base":
            one["base_minus_this"] = {key: float(value) for key, value in compared._asdict().items()}
    names = ("parameters", "seconds", "test_accuracy")
    found["simpler_than_gru"] = {cell: {name: found[one][name] for name in names} for cell, one in PAIR}
    return found


def _variant(options: LabOptions, data: SentimentData, settings: Settings, name: str) -> dict[str, Any]:
    train, validation, test = (
        cut(part, settings.text, shuffle=seed if name == "shuffled" else None)
        for seed, part in enumerate((data.train, data.validation, data.test))
    )
    vectors = None if name == "random" else data.vectors
    model = TextClassifier(vectors=vectors, config=settings)
    with options.watch(f"experiment: {name}") as watch:
        model.fit(*train, validation_data=validation, run=options.out / "runs" / f"experiment-{name}", watch=watch)
    right = _right(model, test)
    best = model.history_[model.best_epoch_ - 1]
    return {
        "test_accuracy": float(np.mean(right)),
        "val_accuracy": best["val_accuracy"],
        "train_accuracy": model.history_[-1]["accuracy"],
        "seconds": round(sum(record["seconds"] for record in model.history_), 1),
        "parameters": sum(parameters(spec) for spec in model.model_.plan.layers().values()),
        "right": right,
    }


def _right(model: TextClassifier, test: Part) -> list[bool]:
    return [bool(answer == label) for answer, label in zip(model.predict(test[0]), test[1], strict=True)]
