"""The nets: learning = running in NumPy, alone = in a batch, whatever the order; float32; plans that fit together."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from recurra.batches import Ragged, join, rectangle
from recurra.cells import CELLS
from recurra.cells.cell import Activation
from recurra.config import CellName, NetConfig, Pool
from recurra.errors import UsageError
from recurra.layers.wide.run import WideSpec, ngrams
from recurra.nets.layouts import classifier_net, forecast_net, language_net
from recurra.nets.learn import (
    LearningNet,
    load_tensors,
    tensors_of,
    to_tensor,
)
from recurra.nets.run import ClassifierNet, run, softmax
from recurra.nets.sequences import LanguageNet
from recurra.tasks.heads.classes.run import classify_all
from recurra.tasks.heads.horizon.run import coming_values
from recurra.tasks.heads.next_token.run import next_logits

KINDS: list[tuple[CellName, Activation]] = [
    (cell, activation) for cell in CELLS for activation in CELLS[cell].activations
]
POOLS: list[tuple[Pool, ...]] = [("last",), ("mean",), ("max",), ("attention",), ("last", "mean", "max", "attention")]
WORDS, LABELS = 11, 3
RANDOM = np.random.default_rng(0)
TEXTS = [RANDOM.integers(0, WORDS, length).astype(np.int32) for length in (1, 9, 4, 4, 15, 2)]


def config(cell: CellName, activation: Activation, **more: Any) -> NetConfig:
    return NetConfig(cell=cell, activation=activation, hidden=6, embedding_size=5, heads=2, **more)


def wild(net: LearningNet, *, seed: int = 0) -> LearningNet:
    """Weights large enough that a mistake shows; dropout off."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.4)
    return net.eval()


def close(found: Any, wanted: Any) -> None:
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape and found.size and found.dtype == wanted.dtype == np.float32
    assert (np.abs(found - wanted) <= 5e-6 * np.maximum(1, np.abs(wanted))).all(), np.abs(found - wanted).max()


def text_net(cell: CellName, activation: Activation, **more: Any) -> LearningNet:
    chosen = config(cell, activation, **more)
    return LearningNet(classifier_net(chosen, words=WORDS, labels=LABELS), chosen)


@pytest.mark.parametrize(("cell", "activation"), KINDS)
@pytest.mark.parametrize("pool", POOLS, ids="+".join)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_classifier_learns_and_runs_alike(
    cell: CellName, activation: Activation, pool: tuple[Pool, ...], bidirectional: bool
) -> None:
    net = text_net(cell, activation, pool=pool, bidirectional=bidirectional, layers=2, embedding_scale=2.0)
    wild(net)
    batch = join(TEXTS)
    with torch.no_grad():
        learnt, _ = net(to_tensor(batch))
    close(run(net.plan, tensors_of(net), batch)[0], learnt)


@pytest.mark.parametrize(("cell", "activation"), KINDS)
def test_a_text_alone_gets_the_answer_it_gets_in_any_batch_in_any_order(cell: CellName, activation: Activation) -> None:
    net = text_net(cell, activation, pool=POOLS[-1], bidirectional=True)
    wild(net)
    tensors = tensors_of(net)
    together = run(net.plan, tensors, join(TEXTS))[0]
    with torch.no_grad():
        learnt = net(to_tensor(join(TEXTS)))[0].numpy()
        for row, text in enumerate(TEXTS):
            close(run(net.plan, tensors, join([text]))[0], together[row : row + 1])
            close(net(to_tensor(join([text])))[0], learnt[row : row + 1])
    for order in ([5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]):
        close(run(net.plan, tensors, join([TEXTS[row] for row in order]))[0], together[order])


@pytest.mark.parametrize("batch_tokens", [1, 10, 1000])
def test_answers_come_in_the_order_of_their_rows_however_batches_are_cut(batch_tokens: int) -> None:
    net = text_net("gru", "tanh", pool=("mean", "max"))
    wild(net)
    tensors = tensors_of(net)
    wanted = np.concatenate([run(net.plan, tensors, join([text]))[0] for text in TEXTS])
    close(classify_all(net.plan, tensors, TEXTS, [], batch_tokens=batch_tokens), wanted)


def test_the_wide_part_argues_for_the_last_class_from_the_uncut_text() -> None:
    net = text_net("rnn", "tanh")
    wild(net)
    spec = WideSpec(entries=WORDS, longest=1)
    plan = net.plan.model_copy(update={"wide": spec})
    _, places = ngrams(join([np.arange(WORDS, dtype=np.int32)]), 1)
    odds = {"wide.place": places, "wide.weight": np.arange(WORDS), "wide.square": np.ones(WORDS), "wide.bias": [0.5]}
    tensors = tensors_of(net) | {name: np.array(value, np.float32) for name, value in odds.items()}
    whole = [np.concatenate([text, [3], text[:1]]).astype(np.int32) for text in TEXTS]
    added = classify_all(plan, tensors, TEXTS, whole) - classify_all(net.plan, tensors, TEXTS, whole)
    assert not added[:, :-1].any()
    weight_of = {word: float(np.searchsorted(places, place_of(word))) for word in range(WORDS)}
    for row, text in enumerate(whole):
        # A word that stands twice counts once.
        mine = [weight_of[word] for word in set(text.tolist())]
        assert added[row, -1] == pytest.approx(sum(mine) / np.sqrt(len(mine)) + 0.5, abs=1e-5)


def place_of(word: int) -> int:
    return int(ngrams(join([np.array([word], np.int32)]), 1)[1][0])


@pytest.mark.parametrize(("cell", "activation"), KINDS)
def test_a_language_model_learns_and_runs_alike_whole_and_in_chunks(cell: CellName, activation: Activation) -> None:
    chosen = config(cell, activation, layers=2, embedding_scale=3.0)
    net = LearningNet(language_net(chosen, words=WORDS), chosen)
    wild(net)
    tensors, streams = tensors_of(net), np.stack([TEXTS[4], TEXTS[4][::-1]])
    whole = Ragged(streams.ravel(), np.array([0, 15, 30]))
    with torch.no_grad():
        hidden, _ = net(to_tensor(whole), None)
        learnt = net.output(hidden, net.embedding.weight).view(2, 15, WORDS).numpy()
    projected, _ = run(net.plan, tensors, whole, ())
    close(next_logits(tensors, projected).reshape(2, 15, WORDS), learnt)
    states, parts = None, []
    for start, stop in ((0, 1), (1, 9), (9, 15)):
        chunk = Ragged(streams[:, start:stop].ravel(), np.array([0, 1, 2]) * (stop - start))
        projected, states = run(net.plan, tensors, chunk, states)
        parts.append(next_logits(tensors, projected).reshape(2, stop - start, WORDS))
    close(np.concatenate(parts, axis=1), learnt)


@pytest.mark.parametrize(("cell", "activation"), KINDS)
def test_a_forecaster_learns_and_runs_alike_and_each_window_for_itself(cell: CellName, activation: Activation) -> None:
    chosen = config(cell, activation, layers=2, bidirectional=cell == "gru")
    net = LearningNet(forecast_net(chosen, horizon=4, features=2), chosen)
    wild(net)
    tensors = tensors_of(net)
    windows = np.random.default_rng(2).standard_normal((7, 6, 2)).astype(np.float32)
    with torch.no_grad():
        learnt = net(rectangle(torch.from_numpy(windows)))[0].numpy()
    ran = coming_values(net.plan, tensors, windows)
    close(ran, learnt)
    assert ran.shape == (7, 4)
    for row in range(7):
        close(coming_values(net.plan, tensors, windows[row : row + 1]), ran[row : row + 1])
    close(coming_values(net.plan, tensors, windows[::-1]), ran[::-1])


def test_every_weight_has_the_name_and_shape_its_plan_tells_and_is_float32() -> None:
    chosen = config("lstm", "tanh", pool=POOLS[-1], bidirectional=True, layers=2)
    reader = chosen.model_copy(update={"bidirectional": False})
    nets: list[LearningNet] = [
        LearningNet(classifier_net(chosen, words=WORDS, labels=LABELS), chosen),
        LearningNet(language_net(reader, words=WORDS), reader),
        LearningNet(forecast_net(chosen, horizon=3), chosen),
    ]
    for net in nets:
        tensors = tensors_of(net)
        assert {name: value.shape for name, value in tensors.items()} == net.plan.weights()
        assert {value.dtype for value in tensors.values()} == {np.dtype(np.float32)}
        other = wild(type(net)(net.plan, chosen), seed=9)  # type: ignore[arg-type]
        load_tensors(other, tensors)
        assert all(np.array_equal(value, tensors[name]) for name, value in tensors_of(other).items())


def test_a_nets_weights_are_copies_that_training_does_not_move() -> None:
    net = text_net("rnn", "tanh")
    held = tensors_of(net)
    before = held["dense.bias"].copy()
    with torch.no_grad():
        net.dense.bias.add_(1.0)
    assert np.array_equal(held["dense.bias"], before)


def test_dropout_is_for_training_only() -> None:
    net = text_net("gru", "tanh", dropout=0.5, embedding_dropout=0.5, word_dropout=0.5, recurrent_dropout=0.5)
    wild(net)
    batch = to_tensor(join(TEXTS))
    with torch.no_grad():
        still = net(batch)[0]
        assert torch.equal(net(batch)[0], still)
        net.train()
        torch.manual_seed(0)
        first = net(batch)[0]
        assert not torch.equal(first, still) and not torch.equal(net(batch)[0], first)
        torch.manual_seed(0)
        assert torch.equal(net(batch)[0], first)


def test_a_batch_does_without_a_share_of_the_recurrent_weights_while_it_learns() -> None:
    net = wild(text_net("lstm", "tanh", layers=2, weight_drop=0.5)).train()
    batch = to_tensor(join(TEXTS))
    torch.manual_seed(0)
    first = net(batch)[0]
    first.sum().backward()  # type: ignore[no-untyped-call]
    assert not torch.equal(first, net(batch)[0])
    gradient = net.recurrent.weight_hh_l1.grad
    # A weight that a batch did without gets no gradient from it; 144 weights, so 0.5 ± 0.2 is five deviations.
    assert gradient is not None and 0.3 < float((gradient == 0).float().mean()) < 0.7
    assert torch.equal(net.eval()(batch)[0], net(batch)[0])


def test_probabilities_add_up_to_one_however_large_the_scores() -> None:
    shares = softmax(np.array([[1e4, 0.0, -1e4], [0.0, 0.0, 0.0]], np.float32))
    assert shares.sum(axis=1).tolist() == pytest.approx([1.0, 1.0]) and shares[0].tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("part", ["recurrent", "pooling", "dense"])
def test_a_plan_whose_layers_do_not_fit_is_refused_by_name(part: str) -> None:
    plan = classifier_net(config("gru", "tanh"), words=WORDS, labels=LABELS).model_dump()
    plan[part]["inputs"] += 2
    with pytest.raises(ValidationError, match=rf"{part}\.inputs is \d+, but the layer before gives \d+"):
        ClassifierNet.model_validate(plan)


def test_a_language_model_that_reads_backwards_is_refused() -> None:
    with pytest.raises(UsageError, match="reads in one direction"):
        language_net(config("gru", "tanh", bidirectional=True), words=WORDS)
    plan = language_net(config("gru", "tanh"), words=WORDS).model_dump()
    plan["output"]["words"] += 1
    with pytest.raises(ValidationError, match=r"output\.words is 12"):
        LanguageNet.model_validate(plan)


def test_heads_must_share_the_features_evenly_where_there_is_attention() -> None:
    chosen = NetConfig(hidden=5, heads=4, pool=("attention",))
    with pytest.raises(UsageError, match="4 heads do not share 5 features evenly"):
        classifier_net(chosen, words=WORDS, labels=2)
    without = classifier_net(chosen.model_copy(update={"pool": ("mean",)}), words=WORDS, labels=2)
    assert without.pooling.weights() == {}


@pytest.mark.parametrize(("cell", "activation"), list(product(["rnn", "gru", "lstm"], ["tanh", "relu", "sigmoid"])))
def test_a_cell_takes_the_activations_it_has_and_no_other(cell: CellName, activation: Activation) -> None:
    chosen = NetConfig(cell=cell, activation=activation, hidden=2)
    if activation in CELLS[cell].activations:
        assert forecast_net(chosen, horizon=1).recurrent.activation == activation
    else:
        with pytest.raises(UsageError, match=f"activation of {cell}: one of"):
            forecast_net(chosen, horizon=1)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_words_multiplied_once_learn_the_same_as_every_token_by_itself(precision: Any) -> None:
    net = wild(text_net("gru", "tanh", bidirectional=True, precision=precision))
    ids = to_tensor(join(TEXTS))
    told = []
    for logits in (net(ids)[0], net.judge(net.vectors(ids))[0]):
        net.zero_grad(set_to_none=True)
        logits.square().sum().backward()
        gradients = [weight.grad for weight in net.parameters() if weight.grad is not None]
        told.append([logits.detach(), *(one.to_dense() for one in gradients)])
    assert torch.equal(told[0][0], told[1][0]) and len(told[0]) == len(told[1])
    for found, wanted in zip(*told, strict=True):
        close(found, wanted)


@pytest.mark.parametrize("cell", ["gru", "lstm", "sru"])
@pytest.mark.parametrize("masked", [0.0, 0.5])
def test_last_states_come_from_the_ends_of_the_sweeps_and_learn_as_from_the_outputs(
    cell: CellName, masked: float
) -> None:
    net = wild(text_net(cell, "tanh", bidirectional=True, layers=2, dropout=0.0, recurrent_dropout=masked)).train()
    ids = to_tensor(join(TEXTS))

    def by_outputs() -> torch.Tensor:
        states, _ = net.recurrent(net.vectors(ids), between=masked)
        return net.dense(net.pooling(states))  # type: ignore[no-any-return]

    told = []
    for way in (lambda: net(ids)[0], by_outputs):
        torch.manual_seed(0)
        net.zero_grad(set_to_none=True)
        logits = way()
        logits.square().sum().backward()
        told.append([logits.detach(), *(weight.grad.to_dense() for weight in net.parameters())])
    assert torch.equal(told[0][0], told[1][0])
    for found, wanted in zip(*told, strict=True):
        close(found, wanted)
