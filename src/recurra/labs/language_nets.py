"""The lab `language`, measured: one net trained, judged and asked for words; the trigram; all figures joined.

Not here: which nets there are (language_recipe.py), the output layer's share of a step (language_output.py), what the
figures say and how they are drawn (language.py).

The record has no figures of a language model, only its recurrence, headed "language model using RNN". So the equation
is what is compared, and the net that has it is judged beside its rivals on the same tokens: the official parts of
WikiText-2, the end of each line counted as the word <eos>.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from recurra.baselines.kneser_ney import KneserNey, fit_kneser_ney
from recurra.batches import Ragged
from recurra.cells.backends.numpy import sigmoid
from recurra.config import Settings
from recurra.estimators.language import LanguageModel
from recurra.labs.lab import LabOptions, LabRecord, NetFigures, Nets, Training, flat, mean, remembered
from recurra.labs.language_output import measure_output
from recurra.labs.language_recipe import FIRST, PROMPTS, TITLES, LabText, Recipe, lab_text
from recurra.layers.layer import Floats, TokenIds, weights_of
from recurra.layers.recurrent.run import recurrent
from recurra.runs.run import check_same_run
from recurra.tasks.heads.next_token.drawing import Drawing
from recurra.tasks.heads.next_token.measure import TRIGRAM
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.stream import detokenise, stream_ids
from recurra.text.vocabulary import EOS

CONTEXTS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Tokens after which the state is forgotten."""
SAMPLE_TOKENS = 60
TEMPERATURES = (1.0, 0.7)
HISTORY = ("epoch", "loss", "val_loss", "val_perplexity", "lr", "seconds")
CHOICES = (
    "embedding_size", "hidden", "layers", "embedding_scale", "embedding_dropout", "word_dropout",
    "recurrent_dropout", "dropout", "epochs", "streams", "steps", "samples", "optimiser", "learning_rate",
    "table_rate", "schedule", "warm_up", "weight_decay", "clip",
)  # fmt: skip
"""The settings that all cells share and the page tells."""
QUESTIONS = ("next_words", "samples", "equation_gap")
"""What only the first seed's net is asked."""


@dataclass(frozen=True)
class Corpus:
    """What all nets share: the text, the sizes, and what was measured before any of them was trained."""

    text: LabText
    recipe: Recipe
    rival: LabRecord
    output_layer: LabRecord


def read_corpus(recipe: Recipe, options: LabOptions) -> tuple[Corpus, dict[str, Any]]:
    """Read the text, fit the trigram, and time the output layer."""
    text = lab_text(recipe)
    # The trigram reads no settings of the nets, so that changing them does not fit it again.
    choices = {**text.fingerprint(), "context_tokens": recipe.context_tokens}
    work = partial(measure_trigram, text, recipe.settings, recipe.context_tokens)
    rival: LabRecord = remembered(options, "trigram", choices, work)
    options.say(f"{rival['name']}: test perplexity {rival['perplexity']:.1f}")
    settings = recipe.of(FIRST)
    choices = {**text.fingerprint(), "settings": settings.model_dump(mode="json"), "steps": recipe.timed_steps}
    timed = partial(measure_output, text, settings, recipe.timed_steps)
    corpus = Corpus(text, recipe, rival, remembered(options, "output-layer", choices, timed))
    return corpus, {"held_tokens": recipe.held_tokens, "streams": recipe.streams, **text.fingerprint()}


def measure_trigram(text: LabText, settings: Settings, context_tokens: int) -> LabRecord:
    """Fit the rival on the same tokens; its perplexities, and what it expects after the prompts."""
    encoder = fit_encoder(text.train, settings.text)
    started = time.perf_counter()
    rival = fit_kneser_ney(stream_ids(text.train, encoder), words=len(encoder.vocabulary))
    seconds = time.perf_counter() - started
    validation, test = (stream_ids(lines, encoder) for lines in (text.validation, text.test))
    return {
        "name": TRIGRAM,
        "perplexity": _trigram_perplexity(rival, test),
        "val_perplexity": _trigram_perplexity(rival, validation),
        "context_perplexity": _trigram_perplexity(rival, validation[: context_tokens + 1]),
        "seconds": round(seconds, 2),
        "next_words": {prompt: _expected(rival, encoder, prompt) for prompt in PROMPTS},
    }


def _trigram_perplexity(rival: KneserNey, ids: TokenIds) -> float:
    """Perplexity of every token after the first, as the nets are judged."""
    # The first token has nothing before it; the nets do not predict it either, and both count the same tokens.
    return rival.perplexity(ids[1:], context=ids[:1].tolist())


def _expected(rival: KneserNey, encoder: TextEncoder, prompt: str, count: int = 5) -> list[tuple[str, float]]:
    # A prompt begins a line, so that the token before it is the end of the line before.
    shares = rival.next_probabilities([EOS, *encoder.encode_whole([prompt])[0].tolist()])
    best = np.argsort(-shares, kind="stable")[:count]
    return [(encoder.vocabulary.words[place], float(shares[place])) for place in best]


def train_language(training: Training) -> NetFigures:
    """Train, going on from the run's newest checkpoint, save and judge; the first seed is also asked for words.

    Its run, with checkpoints while it trains and the artefact afterwards, lies in OUT/runs/NAME-SEED.
    """
    shared, run = training.shared, training.folder
    text = shared.text
    run.mkdir(parents=True, exist_ok=True)
    # Checkpoints lie in this folder from the first epoch on: a lab of other choices must not go on from them.
    check_same_run(run, training.choices)
    model = LanguageModel(vectors=text.vectors, random_state=training.seed, config=training.variant.settings)
    model.fit(text.train, validation_data=text.validation, run=run, watch=training.watch)
    model.save(run / "artefact")
    # The net that answers is measured, the one that is saved: figures are those of what `recurra generate` reads.
    net, history = model.model_, [{key: epoch[key] for key in HISTORY} for epoch in model.history_]
    validation = stream_ids(text.validation, net.encoder)
    figures = {
        "history": history,
        "best_epoch": model.best_epoch_,
        "seconds": sum(epoch["seconds"] for epoch in history),
        # Read once, and by the kept epoch's weights: validation chose it.
        "test_perplexity": net.perplexity(text.test, streams=shared.recipe.streams),
        "parameters": sum(net.plan.parameters.values()),
        "words": len(net.encoder.vocabulary),
        "context": measure_contexts(net, validation[: shared.recipe.context_tokens + 1]),
    }
    return figures | (_questions(net, validation) if training.seed == 0 else {})


def _questions(model: RunningLanguage, validation: TokenIds) -> NetFigures:
    """Samples, next words, and for a simple RNN the recorded equation by hand."""
    answers: NetFigures = {
        "next_words": {prompt: model.next_words(prompt, count=5) for prompt in PROMPTS},
        "samples": [_sample(model, PROMPTS[0], temperature) for temperature in TEMPERATURES],
    }
    if (model.plan.recurrent.cell, model.plan.recurrent.layers) == ("rnn", 1):
        answers["equation_gap"] = equation_gap(model, validation[:100])
    return answers


def _sample(model: RunningLanguage, prompt: str, temperature: float) -> NetFigures:
    """Draw words after a prompt; WikiText's ` @-@ `, a sign inside a word or number, becomes plain again."""
    drawn = model.generated(prompt, tokens=SAMPLE_TOKENS, seed=1, drawing=Drawing(temperature))
    text = detokenise([*prompt.split(), *drawn], model.encoder.config)
    for sign in "-,.":
        # WikiText parts hyphens, commas and points inside words so that numbers become several tokens.
        text = text.replace(f" @{sign}@ ", sign)
    return {"prompt": prompt, "temperature": temperature, "seed": 1, "text": text}


def measure_contexts(model: RunningLanguage, ids: TokenIds) -> dict[str, list[float]]:
    """Perplexity when the state is forgotten every 1, 2, 4, … tokens: how far back does the net look?"""
    count = len(ids) - 1
    # A validation part shorter than the longest context, as in a test, leaves those out.
    lengths = [length for length in CONTEXTS if length <= count]
    # As many streams as there are pieces: each starts from a state of zeros, which is what forgetting means.
    means = [model.log_probabilities(ids, streams=count // length).mean() for length in lengths]
    return {"lengths": list(map(float, lengths)), "perplexities": [float(np.exp(-mean)) for mean in means]}


def equation_gap(model: RunningLanguage, ids: TokenIds) -> float:
    """Largest difference between a trained net's states and the recorded equation worked out by hand in float64.

    h(t) = f(W_h h(t−1) + W_e e(t) + b), b being the sum of the two biases that torch keeps; f is σ, or tanh.
    """
    weights = {name: value.astype(np.float64) for name, value in weights_of(model.tensors, "recurrent").items()}
    # The net scales its vectors in float32; scaled in float64 they would differ before any recurrence.
    vectors = model.tensors["embedding.weight"][ids] * np.float32(model.plan.embedding.scale)
    whole = Ragged(vectors, np.array([0, len(ids)], np.int64))
    # The states as the net makes them, all steps at once, through whatever kernel the machine has.
    states, _ = recurrent(model.plan.recurrent, weights_of(model.tensors, "recurrent"), whole)
    function = sigmoid if model.plan.recurrent.activation == "sigmoid" else np.tanh
    bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    hidden: Floats = np.zeros(model.plan.recurrent.hidden)
    gap = 0.0
    for vector, state in zip(vectors.astype(np.float64), states.values, strict=True):
        # One step by hand, straight from the record's formula: no gate, no fused product, no layer of ours.
        hidden = function(weights["weight_hh_l0"] @ hidden + weights["weight_ih_l0"] @ vector + bias)
        gap = max(gap, float(np.abs(hidden - state).max()))
    return gap


def language_record(options: LabOptions, shared: Corpus, nets: Nets) -> LabRecord:
    """Join the figures of all nets to the record of the lab."""
    cells = {name: _cell(name, runs) for name, runs in nets.items()}
    # On validation: the test part must not choose what is told of it.
    chosen = min(cells, key=lambda name: cells[name]["val_perplexity"])
    recipe = shared.recipe
    return {
        "cells": cells,
        "chosen": chosen,
        "test_perplexity": cells[chosen]["test_perplexity"],
        "rival": shared.rival,
        "output_layer": shared.output_layer,
        "data": _data(shared.text, recipe),
        "nets": {name: recipe.of(name).net.model_dump(mode="json") for name in nets},
        "settings": flat(recipe.settings, *CHOICES),
    }


def _cell(name: str, runs: Sequence[NetFigures]) -> LabRecord:
    """Join a cell's runs: means over seeds, each seed's figures, and what the first was asked."""
    # Epochs count from 1, places in the history from 0.
    kept = [run["history"][run["best_epoch"] - 1] for run in runs]
    tests = [run["test_perplexity"] for run in runs]
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
        **{key: value for key, value in runs[0].items() if key in QUESTIONS},
    }


def _data(text: LabText, recipe: Recipe) -> LabRecord:
    """Count the tokens of each part, <eos> counted, and the words."""
    encoder = fit_encoder(text.train, recipe.settings.text)
    return {
        **{name: len(stream_ids(lines, encoder)) for name, lines in text.parts.items()},
        "words": len(encoder.vocabulary),
        "lines": {name: len(lines) for name, lines in text.parts.items()},
        "whole": not recipe.train_tokens,
        "vectors": text.vectors.name if text.vectors else "",
        "streams": recipe.streams,
        "context_tokens": recipe.context_tokens,
    }
