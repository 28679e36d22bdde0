"""The experiments of the lab `language`: the trigram, forgetting, the recorded equation by hand.

Not here: training the cells (language_cells.py), the output layer's share of a step (language_output.py).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from recurra.baselines.kneser_ney import KneserNey, fit_kneser_ney
from recurra.batches import Ragged
from recurra.cells.backends.numpy import sigmoid
from recurra.config import Settings
from recurra.labs.language_recipe import PROMPTS, LabText
from recurra.layers.layer import Floats, Ids
from recurra.layers.recurrent.run import recurrent
from recurra.nets.run import weights_of
from recurra.tasks.heads.next_token.measure import TRIGRAM
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.stream import stream_ids
from recurra.text.vocabulary import EOS

CONTEXTS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Tokens after which the state is forgotten."""


def measure_trigram(text: LabText, settings: Settings, context_tokens: int) -> dict[str, Any]:
    """Fit the rival on the same tokens; its perplexities, and what it expects after the prompts."""
    encoder = fit_encoder(text.train, settings.text)
    started = time.perf_counter()
    rival = fit_kneser_ney(stream_ids(text.train, encoder), words=len(encoder.vocabulary))
    seconds = time.perf_counter() - started
    validation, test = (stream_ids(lines, encoder) for lines in (text.validation, text.test))
    return {
        "name": TRIGRAM,
        "perplexity": _judged(rival, test),
        "val_perplexity": _judged(rival, validation),
        "context_perplexity": _judged(rival, validation[: context_tokens + 1]),
        "seconds": round(seconds, 2),
        "next_words": {prompt: _expected(rival, encoder, prompt) for prompt in PROMPTS},
    }


def _judged(rival: KneserNey, ids: Ids) -> float:
    """Perplexity of every token after the first, as the nets are judged."""
    return rival.perplexity(ids[1:], context=ids[:1].tolist())


def _expected(rival: KneserNey, encoder: TextEncoder, prompt: str, count: int = 5) -> list[tuple[str, float]]:
    shares = rival.next_probabilities([EOS, *encoder.encode_whole([prompt])[0].tolist()])
    best = np.argsort(-shares, kind="stable")[:count]
    return [(encoder.vocabulary.words[place], float(shares[place])) for place in best]


def measure_contexts(model: RunningLanguage, ids: Ids) -> dict[str, list[float]]:
    """Perplexity when the state is forgotten every 1, 2, 4, … tokens: how far back does the net look?"""
    count = len(ids) - 1
    lengths = [length for length in CONTEXTS if length <= count]
    found = [model.log_probabilities(ids, streams=count // length).mean() for length in lengths]
    return {"lengths": list(map(float, lengths)), "perplexities": [float(np.exp(-one)) for one in found]}


def equation_gap(model: RunningLanguage, ids: Ids) -> float:
    """Largest difference between a trained net's states and the recorded equation worked out by hand in float64.

    h(t) = f(W_h h(t−1) + W_e e(t) + b), b being the sum of the two biases that torch keeps; f is σ, or tanh.
    """
    weights = {name: value.astype(np.float64) for name, value in weights_of(model.tensors, "recurrent").items()}
    vectors = model.tensors["embedding.weight"][ids] * np.float32(model.plan.embedding.scale)
    whole = Ragged(vectors, np.array([0, len(ids)], np.int64))
    states, _ = recurrent(model.plan.recurrent, weights_of(model.tensors, "recurrent"), whole)
    function = sigmoid if model.plan.recurrent.activation == "sigmoid" else np.tanh
    bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    hidden: Floats = np.zeros(model.plan.recurrent.hidden)
    gap = 0.0
    for vector, state in zip(vectors.astype(np.float64), states.values, strict=True):
        hidden = function(weights["weight_hh_l0"] @ hidden + weights["weight_ih_l0"] @ vector + bias)
        gap = max(gap, float(np.abs(hidden - state).max()))
    return gap
