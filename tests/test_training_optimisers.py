"""Schedules, row-sparse steps, clipping and the moving average."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from recurra.batches import join
from recurra.config import TrainingConfig
from recurra.errors import UsageError
from recurra.nets.learn import tensors_of, to_tensor
from recurra.tasks.heads.classes.learn import Labelled, TextBatch
from recurra.training.descent import (
    Average,
    Constant,
    Cosine,
    Descent,
    OneCycle,
    StepDrop,
    clip,
    optimisers_of,
    schedule_of,
    set_rate,
)
from recurra.training.loop import _descend, fit
from recurra.training.muon import Muon, orthogonal
from small_tasks import NET, TRAINING, language_task, text_task


def test_the_lab_records_schedule_reaches_zero_at_epoch_100_and_never_goes_below() -> None:
    literal = StepDrop(0.001, 1e-4, 10)
    assert [literal.rate(epoch, 200) for epoch in (0, 9.99, 10, 95)] == [0.001, 0.001, 0.0009, 0.0001]
    assert literal.rate(99.9, 200) == 0.0001 and literal.rate(100, 200) == 0.0
    assert all(literal.rate(epoch, 200) == 0.0 for epoch in range(100, 200))
    assert 0.001 - 1e-4 * (190 // 10) < 0
    floored = StepDrop(0.001, 1e-4, 10, min_lr=2e-4)
    assert [floored.rate(epoch, 200) for epoch in (70, 80, 90, 199)] == [0.0003, 2e-4, 2e-4, 2e-4]


def test_one_cycle_rises_to_its_highest_rate_and_falls_to_nearly_nothing() -> None:
    cycle = OneCycle(0.1, warm=0.25)
    rates = [cycle.rate(epoch, 100) for epoch in np.linspace(0, 100, 401)]
    assert rates[0] == pytest.approx(0.1 / 25) and rates[-1] == pytest.approx(0.1 / 1e4)
    assert int(np.argmax(rates)) == 100 and max(rates) == pytest.approx(0.1)
    assert (np.diff(rates[:101]) > 0).all() and (np.diff(rates[100:]) < 0).all()
    assert OneCycle(0.1, warm=0.0).rate(0, 10) == pytest.approx(0.1)


def test_cosine_goes_from_its_highest_rate_over_the_middle_to_its_floor() -> None:
    cosine = Cosine(0.2, min_lr=0.1)
    assert [cosine.rate(epoch, 8) for epoch in (0, 4, 8, 9)] == pytest.approx([0.2, 0.15, 0.1, 0.1])


@pytest.mark.parametrize("schedule", ["constant", "step", "one_cycle", "cosine"])
def test_every_schedule_by_name_stays_between_nothing_and_the_learning_rate(schedule: str) -> None:
    config = TrainingConfig.model_validate({"schedule": schedule, "learning_rate": 0.05, "drop": 0.03, "drop_every": 2})
    rates = [schedule_of(config).rate(epoch, 20) for epoch in np.linspace(0, 20, 81)]
    assert min(rates) >= 0 and max(rates) <= 0.05 + 1e-15
    assert (len(set(rates)) == 1) == isinstance(schedule_of(config), Constant)


def test_a_schedule_moves_within_an_epoch_and_the_history_tells_its_last_rate() -> None:
    config = TRAINING.model_copy(update={"schedule": "cosine"})
    progress = fit(text_task(config), config, seed=0)
    cosine = Cosine(0.01)
    assert [record["lr"] for record in progress.history] == [cosine.rate(epoch + 5 / 6, 3) for epoch in range(3)]


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_a_step_moves_the_rows_it_saw_and_no_other_row_of_a_table(optimiser: str) -> None:
    config = TRAINING.model_copy(update={"optimiser": optimiser, "weight_decay": 0.1, "clip": 1.0})
    train = Labelled([np.array([2, 5, 5], np.int32), np.array([7], np.int32)], np.array([0, 1]), np.ones(2, np.float32))
    task = text_task(config, train=train)
    descent = Descent(task.net, config)
    table = task.net.embedding.weight
    for row, seen in ((0, {2, 5}), (1, {7})):
        before = table.detach().clone()
        batch = TextBatch(np.array([row]), join([train.sequences[row]]), False)
        _descend(task, batch, None, descent)
        moved = (table.detach() != before).any(dim=1)
        # In the second step Adam's moments of rows 2 and 5 are not zero: they must rest all the same.
        assert {int(word) for word in moved.nonzero()} == seen


def test_biases_and_tables_never_decay_and_tables_have_their_own_rate() -> None:
    task = language_task(TrainingConfig(samples=3, steps=5))
    config = TrainingConfig(optimiser="adamw", weight_decay=0.5, table_rate=0.1)
    dense, tables = optimisers_of(task.net, config)
    names = {id(weight): name for name, weight in task.net.named_parameters()}
    decayed = {names[id(weight)] for group in dense.param_groups if group["weight_decay"] for weight in group["params"]}
    assert decayed == {"recurrent.weight_ih_l0", "recurrent.weight_hh_l0", "projection.weight"}
    assert {names[id(weight)] for weight in tables.param_groups[0]["params"]} == {"embedding.weight", "output.bias"}
    assert not tables.param_groups[0].get("weight_decay", 0.0)
    set_rate([dense, tables], 0.2)
    assert [group["lr"] for group in dense.param_groups] == [0.2, 0.2]
    assert tables.param_groups[0]["lr"] == pytest.approx(0.02)


def test_frozen_vectors_stay_as_they_were_and_everything_else_learns() -> None:
    config = TRAINING.model_copy(update={"adversarial": 1.0})
    task = text_task(config, net=NET.model_copy(update={"freeze_embedding": True}))
    before = tensors_of(task.net)
    fit(task, config, seed=0)
    after = tensors_of(task.net)
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {"embedding.weight"}


def test_clipping_measures_dense_and_row_sparse_gradients_together() -> None:
    task = text_task(TRAINING)
    batch = to_tensor(join([np.array([1, 1, 4], np.int32), np.array([1], np.int32)]))
    task.net(batch)[0].square().sum().backward()
    dense = [weight.grad.to_dense().clone() for weight in task.net.parameters() if weight.grad is not None]
    wanted = float(torch.cat([gradient.flatten() for gradient in dense]).norm())
    assert clip(task.net, 0.0) == pytest.approx(wanted, rel=1e-6)
    assert clip(task.net, wanted / 4) == pytest.approx(wanted, rel=1e-6)
    for weight, gradient in zip(task.net.parameters(), dense, strict=True):
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad.to_dense(), gradient / 4, rtol=1e-4, atol=1e-8)
    assert task.net.embedding.weight.grad.is_sparse  # type: ignore[union-attr]
    assert clip(task.net, wanted) == pytest.approx(wanted / 4, rel=1e-4)


def test_the_moving_average_follows_its_formula_and_goes_in_and_out_of_the_net() -> None:
    net = text_task(TRAINING).net
    average = Average(net, 0.9)
    wanted = net.dense.bias.detach().clone()
    for step in range(1, 30):
        with torch.no_grad():
            net.dense.bias.add_(float(step))
        average.update(net)
        decay = min(0.9, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * net.dense.bias.detach()
    own = net.dense.bias.detach().clone()
    with pytest.raises(ZeroDivisionError), average.applied(net):
        torch.testing.assert_close(net.dense.bias.detach(), wanted)
        raise ZeroDivisionError
    assert torch.equal(net.dense.bias, own)


def test_validation_sees_the_average_and_the_average_is_what_is_kept() -> None:
    config = TRAINING.model_copy(update={"ema": 0.8, "epochs": 1})
    task = text_task(config)
    progress = fit(task, config, seed=0)
    plain_config = TRAINING.model_copy(update={"epochs": 1})
    plain = text_task(plain_config)
    fit(plain, plain_config, seed=0)
    loss, accuracy = task.measure(task.validation)  # type: ignore[arg-type]
    assert (progress.history[0]["val_loss"], progress.history[0]["val_accuracy"]) == (loss, accuracy)
    assert not np.array_equal(tensors_of(task.net)["dense.weight"], tensors_of(plain.net)["dense.weight"])


def test_a_fit_with_checkpoints_never_loads_torchs_compiler() -> None:
    program = """
import sys, tempfile
from recurra import LANGUAGE_SETTINGS, LanguageModel
settings = LANGUAGE_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "samples": 2, "streams": 2, "epochs": 1})
with tempfile.TemporaryDirectory() as run:
    for _ in ("begun", "gone on with"):
        LanguageModel(config=settings).fit(["the film was good", "the sea was near"] * 20, run=run)
print("torch" in sys.modules, "torch._dynamo" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 48, 16), (1, 16, 48)])
def test_newton_and_schulz_make_all_directions_nearly_alike(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    # Singular values from 0.1 to 1: each comes near 1, whatever it was.
    left, _, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    made = orthogonal(left @ torch.diag_embed(torch.linspace(0.1, 1, left.shape[-1]).expand(shape[0], -1)) @ right)
    assert torch.linalg.svdvals(made).min() > 0.6 and torch.linalg.svdvals(made).max() < 1.25
    assert torch.equal(orthogonal(torch.zeros(shape)), torch.zeros(shape))


@pytest.mark.parametrize("gates", [True, False])
def test_muon_moves_each_gate_alike_where_gates_are_apart(gates: bool) -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(32, 8))
    weight.grad = torch.randn(32, 8) * torch.tensor([1.0, 1e-3, 1.0, 1.0]).repeat_interleave(8)[:, None]
    Muon([{"params": [weight]}], 0.1, gates=gates).step()
    weak, strong = weight.detach()[8:16].norm(), weight.detach()[:8].norm()
    assert (weak > 0.8 * strong) == gates
    # A step at a rate of 1 has a mean square of 0.2 squared.
    assert weight.detach().square().mean().sqrt() == pytest.approx(0.1 * 0.2, rel=0.25)


def test_muon_moves_recurrent_matrices_alone_and_refuses_a_net_without_one() -> None:
    config = TRAINING.model_copy(update={"optimiser": "muon", "recurrent_rate": 0.5, "learning_rate": 0.1})
    task = text_task(config)
    muon = next(one for one in optimisers_of(task.net, config) if isinstance(one, Muon))
    names = {id(weight): name for name, weight in task.net.named_parameters()}
    moved = {names[id(weight)] for group in muon.param_groups for weight in group["params"]}
    assert moved == {name for name in names.values() if "weight_hh" in name}
    set_rate([muon], 0.1)
    assert {group["lr"] for group in muon.param_groups} == {0.05}
    scan = text_task(config, net=NET.model_copy(update={"cell": "mingru"}))
    with pytest.raises(UsageError, match="optimiser=muon; found no recurrent matrix in this net"):
        optimisers_of(scan.net, config)
