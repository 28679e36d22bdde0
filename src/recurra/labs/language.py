"""The lab `language`: what is measured. Four cells learn WikiText-2 and are judged beside a trigram.

Not here: the page (language_page.py), one net (language_cells.py), sizes (language_recipe.py).

The record has no figures of a language model, only its recurrence, headed "language model using RNN". So the equation
is what is compared, and the net that has it is judged beside its rivals on the same tokens: the official parts of
WikiText-2, the end of each line counted as the word <eos>.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from recurra.config import Settings
from recurra.labs.language_cells import joined, measure_cell
from recurra.labs.language_experiments import measure_trigram
from recurra.labs.language_observations import judged
from recurra.labs.language_output import measure_output
from recurra.labs.language_recipe import CELLS, FULL, QUICK, LabText, Recipe, lab_text
from recurra.labs.record import LabOptions, remembered
from recurra.runs.versions import versions
from recurra.text.encoder import fit_encoder
from recurra.text.stream import stream_ids

FIRST = "lstm"
"""All seeds of this cell are trained before the others, so that the strongest net stands first."""


def measure(options: LabOptions, *, recipe: Recipe | None = None) -> dict[str, Any]:
    """Run every experiment of the lab and return its record.

    An interrupted lab goes on where it stopped when it is given the same folder. Raises DataError where WikiText-2 is
    not on this machine, UsageError where the folder holds nets of other choices.
    """
    recipe = recipe or (QUICK if options.quick else FULL)
    text = lab_text(recipe)
    options.expect(len(CELLS) * options.seeds)
    rival = _trigram(text, recipe, options)
    options.say(f"{rival['name']}: test perplexity {rival['perplexity']:.1f}")
    output = _output(text, recipe, options)
    runs = {(name, seed): measure_cell(name, seed, text, recipe, options) for name, seed in order_of(options.seeds)}
    cells = {name: joined(name, [runs[name, seed] for seed in range(options.seeds)]) for name in CELLS}
    chosen = min(cells, key=lambda name: cells[name]["val_perplexity"])
    record = {
        "task": "lab",
        "lab": "language",
        "quick": options.quick,
        "seeds": options.seeds,
        "cells": cells,
        "chosen": chosen,
        "test_perplexity": cells[chosen]["test_perplexity"],
        "rival": rival,
        "output_layer": output,
        "data": _data(text, recipe),
        "nets": {name: recipe.of(name).net.model_dump(mode="json") for name in CELLS},
        "settings": told(recipe.settings),
        "versions": versions(),
    }
    return judged(record)


def order_of(seeds: int) -> list[tuple[str, int]]:
    """Return the nets in the order of work: all LSTMs, then the other cells seed by seed."""
    others = [(name, seed) for seed in range(seeds) for name in CELLS if name != FIRST]
    return [*((FIRST, seed) for seed in range(seeds)), *others]


def _trigram(text: LabText, recipe: Recipe, options: LabOptions) -> dict[str, Any]:
    choices = {**text.fingerprint(), "context_tokens": recipe.context_tokens}
    work = partial(measure_trigram, text, recipe.settings, recipe.context_tokens)
    found: dict[str, Any] = remembered(options, "trigram", choices, work)
    return found


def _output(text: LabText, recipe: Recipe, options: LabOptions) -> dict[str, Any]:
    settings = recipe.of(FIRST)
    choices = {**text.fingerprint(), "settings": settings.model_dump(mode="json"), "steps": recipe.timed_steps}
    work = partial(measure_output, text, settings, recipe.timed_steps)
    found: dict[str, Any] = remembered(options, "output-layer", choices, work)
    return found


def _data(text: LabText, recipe: Recipe) -> dict[str, Any]:
    """Count the tokens of each part, <eos> counted, and the words."""
    encoder = fit_encoder(text.train, recipe.settings.text)
    parts = {"train": text.train, "validation": text.validation, "test": text.test}
    counts = {name: len(stream_ids(lines, encoder)) for name, lines in parts.items()}
    return {
        **counts,
        "words": len(encoder.vocabulary),
        "lines": {name: len(lines) for name, lines in parts.items()},
        "whole": not recipe.train_tokens,
        "vectors": text.vectors.name if text.vectors else "",
        "streams": recipe.streams,
        "context_tokens": recipe.context_tokens,
    }


def told(settings: Settings) -> dict[str, Any]:
    """The choices that all cells share, flat."""
    flat = {**settings.net.model_dump(), **settings.training.model_dump()}
    names = (
        "embedding_size", "hidden", "layers", "embedding_scale", "embedding_dropout", "word_dropout",
        "recurrent_dropout", "dropout", "epochs", "streams", "steps", "samples", "optimiser", "learning_rate",
        "table_rate", "schedule", "warm_up", "weight_decay", "clip",
    )  # fmt: skip
    return {name: flat[name] for name in names}
