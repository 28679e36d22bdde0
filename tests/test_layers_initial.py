"""First weights: gate by gate as ever, as Keras draws them, as torch.nn draws them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from recurra import Forecaster, LanguageModel, TextClassifier
from recurra.config import CellName, Init
from recurra.layers.matrix.learn import Dense
from recurra.layers.matrix.run import DenseSpec
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.recurrent.run import RecurrentSpec

INPUTS, HIDDEN = 3, 5


def drawn(cell: CellName, init: Init) -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    return dict(Recurrent(RecurrentSpec(cell=cell, inputs=INPUTS, hidden=HIDDEN), init=init).named_parameters())


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_by_default_each_gate_is_glorot_and_orthogonal_by_itself(cell: CellName) -> None:
    weights = drawn(cell, "gates")
    for gate in weights["weight_hh_l0"].detach().split(HIDDEN):
        torch.testing.assert_close(gate @ gate.T, torch.eye(HIDDEN), atol=1e-5, rtol=0)
    for gate in weights["weight_ih_l0"].detach().split(HIDDEN):
        assert gate.abs().max() <= math.sqrt(6 / (INPUTS + HIDDEN))
    torch.manual_seed(7)
    plain = Recurrent(RecurrentSpec(cell=cell, inputs=INPUTS, hidden=HIDDEN))
    assert all(torch.equal(weight, weights[name]) for name, weight in plain.named_parameters())


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_keras_draws_all_gates_at_once_and_opens_the_forget_gate(cell: CellName, gates: int) -> None:
    weights = drawn(cell, "keras")
    recurrent = weights["weight_hh_l0"].detach()
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(HIDDEN), atol=1e-5, rtol=0)
    bound = math.sqrt(6 / (INPUTS + gates * HIDDEN))
    assert 0.7 * bound < weights["weight_ih_l0"].abs().max() <= bound
    biases = (weights["bias_ih_l0"] + weights["bias_hh_l0"]).detach().split(HIDDEN)
    expected = [1.0 if cell == "lstm" and place == 1 else 0.0 for place in range(gates)]
    assert [bias.unique().tolist() for bias in biases] == [[value] for value in expected]


@pytest.mark.parametrize(("cell", "layer"), [("rnn", nn.RNN), ("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_torch_draws_what_torch_nn_draws_from_the_same_seed(cell: CellName, layer: type[nn.RNNBase]) -> None:
    torch.manual_seed(7)
    theirs = dict(layer(INPUTS, HIDDEN).named_parameters())
    mine = drawn(cell, "torch")
    assert set(mine) == set(theirs) and all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_a_dense_layer_starts_as_each_library_starts_it() -> None:
    spec = DenseSpec(inputs=40, outputs=2)
    torch.manual_seed(7)
    theirs = nn.Linear(40, 2)
    torch.manual_seed(7)
    as_torch = Dense(spec, init="torch")
    assert torch.equal(as_torch.weight, theirs.weight) and torch.equal(as_torch.bias, theirs.bias)
    for init, bound in (("gates", 40**-0.5), ("keras", math.sqrt(6 / 42))):
        dense = Dense(spec, init=init)  # type: ignore[arg-type]
        assert 0.9 * bound < dense.weight.abs().max() <= bound and not dense.bias.any()


@pytest.mark.parametrize("cell", ["mingru", "sru"])
@pytest.mark.parametrize("init", ["torch", "keras"])
def test_vectors_on_the_state_of_the_parallel_cells_start_at_zero_in_all_ways(cell: CellName, init: Init) -> None:
    for name, weight in drawn(cell, init).items():
        assert bool(weight.any()) == name.startswith("weight_ih")


def answers(task: str, init: str) -> np.ndarray:
    from recurra.config import Settings

    further = {"text": {"embedding_size": 4}, "language": {"embedding_size": 4, "streams": 2}, "series": {}}[task]
    settings = Settings().changed({"init": init, "hidden": 4, "epochs": 1, **further})
    if task == "text":
        model = TextClassifier(config=settings)
        return model.fit(["good film", "bad film"] * 10, ["a", "b"] * 10).predict_proba(["good"])
    if task == "language":
        return np.array(LanguageModel(config=settings).fit(["a film was good", "a river"] * 30).perplexity(["a film"]))
    return np.array(Forecaster(config=settings, validation=0, recipe="net").fit(np.arange(30.0)).predict())


@pytest.mark.parametrize("task", ["text", "language", "series"])
def test_fits_of_all_tasks_start_as_they_are_told(task: str) -> None:
    found = [answers(task, init) for init in ("gates", "torch", "keras")]
    assert all(not np.array_equal(first, second) for first, second in zip(found, [*found[1:], found[0]], strict=True))
