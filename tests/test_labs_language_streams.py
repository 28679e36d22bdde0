"""A language model reads a text in one stream or in several side by side, and both are what a hand would work out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from recurra.config import NetConfig, TextConfig
from recurra.errors import UsageError
from recurra.labs.language_nets import equation_gap, measure_contexts
from recurra.nets.layouts import language_net
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.encoder import TextEncoder
from recurra.text.vocabulary import build_vocabulary


def random_model(cell: str, *, words: int = 30, seed: int = 0) -> RunningLanguage:
    random = np.random.default_rng(seed)
    encoder = TextEncoder(TextConfig(tokens="space", min_count=1), build_vocabulary(
        {f"w{number}": 2 for number in range(words - 4)}, max_words=100, min_count=1
    ))  # fmt: skip
    plan = language_net(NetConfig(cell=cell, embedding_size=6, hidden=9), words=len(encoder.vocabulary))
    tensors = {name: (random.standard_normal(shape) * 0.3).astype(np.float32) for name, shape in plan.weights().items()}
    return RunningLanguage(plan, tensors, encoder)


def random_ids(count: int, *, words: int = 30, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(4, words, count).astype(np.int32)


def by_hand(model: RunningLanguage, ids: np.ndarray) -> np.ndarray:
    """The tanh RNN's log probabilities token by token in float64, without any of the package's layers."""
    weight = {name: value.astype(np.float64) for name, value in model.tensors.items()}
    hidden, found = np.zeros(model.plan.recurrent.hidden), []
    for now, following in pairwise(ids):
        inner = weight["recurrent.weight_ih_l0"] @ weight["embedding.weight"][now] + weight["recurrent.bias_ih_l0"]
        inner = inner + weight["recurrent.weight_hh_l0"] @ hidden + weight["recurrent.bias_hh_l0"]
        hidden = np.tanh(inner)
        projected = weight["projection.weight"] @ hidden + weight["projection.bias"]
        logits = weight["embedding.weight"] @ projected + weight["output.bias"][:, 0]
        found.append(logits[following] - np.log(np.exp(logits).sum()))
    return np.array(found)


def test_one_stream_gives_what_each_token_by_hand_gives() -> None:
    model, ids = random_model("rnn"), random_ids(1300)
    np.testing.assert_allclose(model.log_probabilities(ids), by_hand(model, ids), rtol=5e-6, atol=5e-6)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_several_streams_are_the_parts_of_the_text_read_apart(cell: str) -> None:
    model, ids, streams = random_model(cell), random_ids(1301), 7
    bounds = np.arange(streams + 1) * 1300 // streams
    apart = [model.log_probabilities(ids[first : last + 1]) for first, last in pairwise(bounds)]
    np.testing.assert_allclose(
        model.log_probabilities(ids, streams=streams), np.concatenate(apart), rtol=5e-6, atol=5e-6
    )


def test_four_streams_change_the_perplexity_of_a_long_text_by_less_than_two_per_cent() -> None:
    model = random_model("lstm")
    texts = [" ".join(model.encoder.vocabulary.words[word] for word in random_ids(4000))]
    one, four = model.perplexity(texts), model.perplexity(texts, streams=4)
    assert one != four
    assert four == pytest.approx(one, rel=0.02)


def test_more_streams_than_tokens_read_each_token_after_its_neighbour_alone() -> None:
    model, ids = random_model("gru"), random_ids(6)
    alone = [model.log_probabilities(ids[place : place + 2])[0] for place in range(5)]
    np.testing.assert_allclose(model.log_probabilities(ids, streams=99), alone, atol=1e-6)


def test_less_than_one_stream_is_refused() -> None:
    with pytest.raises(UsageError, match="streams"):
        random_model("gru").log_probabilities(random_ids(6), streams=0)


def test_forgetting_after_every_token_is_a_model_of_neighbouring_words() -> None:
    model, ids = random_model("lstm"), random_ids(65)
    told = measure_contexts(model, ids)
    alone = [model.log_probabilities(ids[place : place + 2])[0] for place in range(64)]
    assert told["lengths"] == [1, 2, 4, 8, 16, 32, 64]
    assert told["perplexities"][0] == pytest.approx(np.exp(-np.mean(alone)), rel=1e-5)
    assert told["perplexities"][-1] == pytest.approx(np.exp(-model.log_probabilities(ids).mean()), rel=1e-5)


def test_the_recorded_equation_by_hand_tells_another_recurrence_apart() -> None:
    model, ids = random_model("rnn"), random_ids(40)
    assert equation_gap(model, ids) < 1e-5
    other = RunningLanguage(
        model.plan.model_copy(update={"recurrent": model.plan.recurrent.model_copy(update={"activation": "relu"})}),
        model.tensors,
        model.encoder,
    )
    assert equation_gap(other, ids) > 0.1
