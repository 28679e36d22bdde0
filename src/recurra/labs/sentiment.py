"""The lab `sentiment`: what is measured. IMDB reviews, a simple RNN with pre-trained word vectors, GRU and LSTM beside.

Not here: the choices (sentiment_recipe.py), the data, the experiments on the observations, the page.

Every choice was made on the validation films; each kept model reads the test part once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from recurra.config import Cell, Settings
from recurra.estimators.text import TextClassifier
from recurra.estimators.text_fit import pretrained
from recurra.labs.gradients import gradient_record
from recurra.labs.record import LabOptions, mean, remembered
from recurra.labs.sentiment_data import SentimentData, padded_example, sentiment_data
from recurra.labs.sentiment_experiments import experiments
from recurra.labs.sentiment_recipe import CELLS, settings_for
from recurra.layers.specs import parameters
from recurra.metrics import paired_bootstrap
from recurra.models.text import RunningClassifier
from recurra.runs.text import text_rivals
from recurra.runs.versions import versions
from recurra.text.vectors import neighbours

ASKED = ("good", "bad", "boring", "brilliant", "plot")
"""Words whose neighbours are told before and after training."""


def measure(options: LabOptions) -> dict[str, Any]:
    """Run every experiment of the lab and return its record."""
    data = sentiment_data(quick=options.quick)
    cells: dict[str, list[dict[str, Any]]] = {cell: [] for cell in CELLS}
    for seed in range(options.seeds):
        for cell in CELLS:
            cells[cell].append(_cell(options, data, cell, seed))
    rival = remembered(options, "rival", {"quick": options.quick}, partial(_rivals, data))
    told = {cell: _over_seeds(runs) for cell, runs in cells.items()}
    best = "lstm" if told["lstm"]["val_accuracy"] >= told["gru"]["val_accuracy"] else "gru"
    against = paired_bootstrap(np.array(cells[best][0]["right"]), np.array(rival["right"]))
    return {
        "task": "lab",
        "lab": "sentiment",
        "quick": options.quick,
        "seeds": options.seeds,
        "data": data.facts,
        "padding": padded_example(),
        "cells": told,
        "best": best,
        "against_rival": {name: float(value) for name, value in against._asdict().items()},
        "rival": {"name": rival["name"], "accuracy": rival["accuracy"], "seconds": rival["seconds"]},
        "majority": rival["majority"],
        "observations": experiments(options, data),
        "neighbours": cells["rnn"][0]["neighbours"],
        "gradients": gradient_record(options, {cell: _folder(options, cell, 0) for cell in CELLS}, data),
        "settings": {cell: settings_for(cell, quick=options.quick).model_dump(mode="json") for cell in CELLS},
        "versions": versions(),
    }


def _folder(options: LabOptions, cell: str, seed: int) -> Any:
    return options.out / "runs" / f"{cell}-{seed}"


def _cell(options: LabOptions, data: SentimentData, cell: Cell, seed: int) -> dict[str, Any]:
    settings = settings_for(cell, quick=options.quick)
    choices = {"settings": settings.model_dump(mode="json"), "rows": data.facts}
    found: dict[str, Any] = remembered(
        options, f"{cell}-{seed}", choices, partial(_train, options, data, settings, cell, seed)
    )
    return found


def _train(options: LabOptions, data: SentimentData, settings: Settings, cell: Cell, seed: int) -> dict[str, Any]:
    """Train one net, keep it, and read the test part once: the net alone, and with the wide part."""
    folder = _folder(options, cell, seed)
    wide = cell != "rnn"
    model = TextClassifier(vectors=data.vectors, wide=wide, random_state=seed, config=settings)
    started = time.perf_counter()
    with options.watch(f"{cell}, seed {seed}") as watch:
        model.fit(*data.train, validation_data=data.validation, run=folder, watch=watch)
    model.save(folder / "artefact")
    alone = replace(model.model_, plan=model.model_.plan.model_copy(update={"wide": None}))
    right = _right(alone, data)
    last, best = model.history_[-1], model.history_[model.best_epoch_ - 1]
    return {
        "seconds": round(sum(record["seconds"] for record in model.history_), 1),
        "seconds_in_all": round(time.perf_counter() - started, 1),
        "history": model.history_,
        "best_epoch": model.best_epoch_,
        "train_accuracy": last["accuracy"],
        "train_loss": last["loss"],
        "val_accuracy": best["val_accuracy"],
        "test_accuracy": float(np.mean(right)),
        "wide_test_accuracy": float(np.mean(_right(model.model_, data))) if wide else None,
        "right": right,
        "parameters": sum(parameters(spec) for spec in alone.plan.layers().values()),
        "words": alone.plan.embedding.words,
        "vector_coverage": model.coverage_,
        "neighbours": _neighbours(alone, data) if cell == "rnn" else None,
    }


def _right(model: RunningClassifier, data: SentimentData) -> list[bool]:
    chosen = model.predict_proba(data.test[0]).argmax(axis=1)
    return [model.labels[place] == label for place, label in zip(chosen, data.test[1], strict=True)]


def _neighbours(model: RunningClassifier, data: SentimentData) -> dict[str, Any]:
    """Nearest words of a few words, by cosine, before and after training."""
    vocabulary = model.encoder.vocabulary
    before = pretrained(data.vectors, vocabulary).matrix
    after = model.tensors["embedding.weight"]
    words = [word for word in ASKED if word in vocabulary.index]
    return {
        word: {
            "before": [near for near, _ in neighbours(before, vocabulary, word, 6)],
            "after": [near for near, _ in neighbours(after, vocabulary, word, 6)],
        }
        for word in words
    }


def _rivals(data: SentimentData) -> dict[str, Any]:
    """Fit the rivals on the same training rows and measure them on the same test rows."""
    strong, majority = text_rivals(data.train, data.test)
    return {**strong.record(), "right": strong.right.tolist(), "majority": majority.accuracy}


def _over_seeds(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds, with the single values beside them."""
    names = ("train_accuracy", "train_loss", "val_accuracy", "test_accuracy", "seconds")
    told: dict[str, Any] = {name: mean([run[name] for run in runs]) for name in names}
    told |= {f"{name}_by_seed": [run[name] for run in runs] for name in names}
    if runs[0]["wide_test_accuracy"] is not None:
        told["wide_test_accuracy"] = mean([run["wide_test_accuracy"] for run in runs])
        told["wide_test_accuracy_by_seed"] = [run["wide_test_accuracy"] for run in runs]
    told |= {name: runs[0][name] for name in ("parameters", "words", "history", "best_epoch", "vector_coverage")}
    return told
