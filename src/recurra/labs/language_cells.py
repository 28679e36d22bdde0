"""One net of the lab `language`: trained, saved, judged on the test part, and asked for words.

Not here: which nets there are (language_recipe.py) and experiments around them (language_experiments.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from recurra.estimators.language import LanguageModel
from recurra.labs.language_experiments import equation_gap, measure_contexts
from recurra.labs.language_recipe import PROMPTS, TITLES, LabText, Recipe
from recurra.labs.record import LabOptions, mean, remembered
from recurra.layers.layer import Ids
from recurra.runs.folder import check_same_run
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.stream import detokenise, stream_ids

SAMPLE_TOKENS = 60
TEMPERATURES = (1.0, 0.7)
HISTORY = ("epoch", "loss", "val_loss", "val_perplexity", "lr", "seconds")


def measure_cell(name: str, seed: int, text: LabText, recipe: Recipe, options: LabOptions) -> dict[str, Any]:
    """Return one net's figures, taken from an earlier run of the same choices where there is one.

    Its run, with checkpoints while it trains and the artefact afterwards, lies in OUT/runs/NAME-SEED.
    """
    choices = {
        "settings": recipe.of(name).model_dump(mode="json"),
        "seed": seed,
        "held_tokens": recipe.held_tokens,
        "streams": recipe.streams,
        **text.fingerprint(),
    }
    run = options.out / "runs" / f"{name}-{seed}"
    work = partial(_trained, name, seed, text, recipe, options, run, choices)
    figures: dict[str, Any] = remembered(options, f"{name}-{seed}", choices, work, trainings=1)
    # The figures are written down, so nothing will go on from here; moments are several times the artefact's size.
    shutil.rmtree(run / "checkpoints", ignore_errors=True)
    return figures


def _trained(
    name: str, seed: int, text: LabText, recipe: Recipe, options: LabOptions, run: Path, choices: dict[str, Any]
) -> dict[str, Any]:
    """Train, going on from the run's newest checkpoint, save and judge; the first seed is also asked for words."""
    run.mkdir(parents=True, exist_ok=True)
    check_same_run(run, choices)
    model = LanguageModel(vectors=text.vectors, random_state=seed, config=recipe.of(name))
    with options.watch(f"{TITLES[name]}, seed {seed}") as watch:
        model.fit(text.train, validation_data=text.validation, run=run, watch=watch)
    model.save(run / "artefact")
    history = [{key: record[key] for key in HISTORY} for record in model.history_]
    figures = {
        "history": history,
        "best_epoch": model.best_epoch_,
        "seconds": sum(record["seconds"] for record in history),
        "test_perplexity": model.model_.perplexity(text.test, streams=recipe.streams),
        "parameters": sum(spec.parameters for spec in model.model_.plan.layers().values()),
        "words": len(model.model_.encoder.vocabulary),
        "context": measure_contexts(model.model_, _validation(model.model_, text)[: recipe.context_tokens + 1]),
    }
    return figures | (_questions(model.model_, text) if seed == 0 else {})


def _questions(model: RunningLanguage, text: LabText) -> dict[str, Any]:
    """Samples, next words, and for a simple RNN the recorded equation by hand."""
    found: dict[str, Any] = {
        "next_words": {prompt: model.next_words(prompt, count=5) for prompt in PROMPTS},
        "samples": [_sample(model, PROMPTS[0], temperature) for temperature in TEMPERATURES],
    }
    if (model.plan.recurrent.cell, model.plan.recurrent.layers) == ("rnn", 1):
        found["equation_gap"] = equation_gap(model, _validation(model, text)[:100])
    return found


def _validation(model: RunningLanguage, text: LabText) -> Ids:
    return stream_ids(text.validation, model.encoder)


def _sample(model: RunningLanguage, prompt: str, temperature: float) -> dict[str, Any]:
    """Draw words after a prompt; WikiText's ` @-@ `, a sign inside a word or number, becomes plain again."""
    drawn = model.generated(prompt, tokens=SAMPLE_TOKENS, seed=1, temperature=temperature)
    text = detokenise([*prompt.split(), *drawn], model.encoder.config)
    for sign in "-,.":
        text = text.replace(f" @{sign}@ ", sign)
    return {"prompt": prompt, "temperature": temperature, "seed": 1, "text": text}


def joined(name: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join a cell's runs: means over seeds, each seed's figures, and what the first was asked."""
    kept = [run["history"][run["best_epoch"] - 1] for run in runs]
    tests = [run["test_perplexity"] for run in runs]
    asked = {key: value for key, value in runs[0].items() if key in QUESTIONS}
    return {
        "title": TITLES[name],
        "test_perplexity": mean(tests),
        "test_perplexities": tests,
        "test_loss": mean([float(np.log(test)) for test in tests]),
        "val_perplexity": mean([epoch["val_perplexity"] for epoch in kept]),
        "val_perplexities": [epoch["val_perplexity"] for epoch in kept],
        "val_loss": mean([epoch["val_loss"] for epoch in kept]),
        "val_losses": [epoch["val_loss"] for epoch in kept],
        "seconds": mean([run["seconds"] for run in runs]),
        "parameters": runs[0]["parameters"],
        "best_epochs": [run["best_epoch"] for run in runs],
        "histories": [run["history"] for run in runs],
        "contexts": [run["context"] for run in runs],
        **asked,
    }


QUESTIONS = ("next_words", "samples", "equation_gap")
"""What only the first seed's net is asked."""
