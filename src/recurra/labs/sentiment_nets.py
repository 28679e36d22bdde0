"""One net of the lab `sentiment`: train a variant from a seed, keep it, read the test part once, tell its figures.

Not here: which variants there are (sentiment_recipe.py) and their comparison (sentiment.py).
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from recurra.artefact import load_checkpoint
from recurra.estimators.text import TextClassifier
from recurra.labs.record import LabOptions, remembered
from recurra.labs.sentiment_data import Part, SentimentData, shuffled
from recurra.labs.sentiment_recipe import Variant, in_quick
from recurra.tasks.heads.classes.run import RunningClassifier

Figures = dict[str, Any]


def folder_of(options: LabOptions, name: str, seed: int = 0) -> Path:
    """Return where a variant's net lies; its artefact is kept for the first seed."""
    return options.out / "runs" / f"{name}-{seed}"


def chosen(options: LabOptions, variant: Variant) -> Variant:
    """Return the variant as this lab trains it."""
    return in_quick(variant) if options.quick else variant


def kept_net(options: LabOptions, name: str) -> RunningClassifier:
    """Return the net that the first seed of a variant has kept, without its wide part."""
    return alone(RunningClassifier.load(folder_of(options, name) / "artefact"))


def alone(model: RunningClassifier) -> RunningClassifier:
    """Return the net without the log-odds of n-grams beside it."""
    return replace(model, plan=model.plan.model_copy(update={"wide": None}))


def trained(options: LabOptions, data: SentimentData, variant: Variant, seed: int) -> Figures:
    """Return the figures of a variant from one seed, measured now or in an earlier, interrupted lab."""
    variant = chosen(options, variant)
    choices = {**variant.choices, "seed": seed, "rows": data.rows}
    work = partial(_train, options, data, variant, seed)
    figures: Figures = remembered(options, f"{variant.name}-{seed}", choices, work, trainings=1)
    return figures


def _train(options: LabOptions, data: SentimentData, variant: Variant, seed: int) -> Figures:
    folder = folder_of(options, variant.name, seed)
    if variant.shuffled:
        data = shuffled(data, variant.settings.text, seed)
    vectors = data.vectors if variant.vectors else None
    model = TextClassifier(vectors=vectors, wide=variant.wide, random_state=seed, config=variant.settings)
    with options.watch(f"{variant.title}, seed {seed}") as watch:
        model.fit(*data.train, validation_data=data.validation, run=folder, watch=watch)
    if seed == 0:
        model.save(folder / "artefact")
    figures = _figures(model, folder, data)
    shutil.rmtree(folder / "checkpoints")  # nothing goes on from here, and each takes 140 MB
    return figures


def _figures(model: TextClassifier, folder: Path, data: SentimentData) -> Figures:
    """Measure the kept epoch on the test part, alone and with its wide part; and the last epoch's weights."""
    net = alone(model.model_)
    last = replace(net, tensors={**net.tensors, **_last_weights(folder)})
    right = rights(net, data.test)
    kept, end = model.history_[model.best_epoch_ - 1], model.history_[-1]
    return {
        "history": model.history_,
        "best_epoch": model.best_epoch_,
        "train_accuracy": end["accuracy"],
        "train_loss": end["loss"],
        "val_accuracy": kept["val_accuracy"],
        "last_val_accuracy": end["val_accuracy"],
        "test_accuracy": float(np.mean(right)),
        "last_test_accuracy": float(np.mean(rights(last, data.test))),
        "wide_test_accuracy": float(np.mean(rights(model.model_, data.test))) if model.wide else None,
        "right": right,
        "seconds": round(sum(epoch["seconds"] for epoch in model.history_), 1),
        "parameters": sum(spec.parameters for spec in net.plan.layers().values()),
        "recurrent_parameters": net.plan.recurrent.parameters,
        "words": net.plan.embedding.words,
        "vector_coverage": model.coverage_,
    }


def _last_weights(folder: Path) -> dict[str, Any]:
    """Weights after the last epoch, not averaged, as the newest checkpoint holds them."""
    checkpoint = load_checkpoint(folder)
    tensors = checkpoint.tensors if checkpoint else {}
    return {name.removeprefix("net."): value for name, value in tensors.items() if name.startswith("net.")}


def rights(model: RunningClassifier, part: Part) -> list[bool]:
    """Tell of each text whether the model gives it its label."""
    chosen = model.predict_proba(part[0]).argmax(axis=1)
    return [model.labels[place] == label for place, label in zip(chosen, part[1], strict=True)]
