"""The loop and its tasks: every target once, early stopping with the best weights, the same end from the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recurra.config import CellName, NetConfig, TrainingConfig
from recurra.engine.native import engine
from recurra.engine.processors import threads
from recurra.errors import RecurraError
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.layouts import forecast_net
from recurra.nets.learn import LearningNet, tensors_of
from recurra.tasks.heads.classes.learn import Labelled
from recurra.tasks.heads.horizon.learn import HorizonLearner
from recurra.training.loop import SMALL, fit, threads_for, torch_work
from recurra.training.progress import Watch
from small_tasks import NET, TRAINING, language_task, series_task, text_task, texts


@pytest.mark.parametrize("steps", [1, 7, 59, 200])
def test_a_language_epoch_predicts_every_token_once_from_a_start_that_moves(steps: int) -> None:
    task = language_task(TrainingConfig(steps=steps))
    starts = set()
    for epoch in range(6):
        chunks = task.batches(epoch)
        assert [place for start, stop, _ in chunks for place in range(start, stop)] == list(range(59))
        assert max(stop - start for start, stop, _ in chunks) <= steps
        assert chunks == task.batches(epoch)
        starts.add(chunks[0][1])
    assert len(starts) > 1 or steps == 1 or steps == 200


@pytest.mark.parametrize(("samples", "sparse"), [(0, False), (5, True), (100, False)])
def test_a_language_model_learns_with_sampled_and_with_full_softmax(samples: int, sparse: bool) -> None:
    config = TrainingConfig(samples=samples, steps=5, epochs=3, learning_rate=0.03, optimiser="adamw")
    task = language_task(config)
    assert task.sparse is sparse
    before = task.validate()["val_loss"]
    progress = fit(task, config, seed=0)
    assert progress.history[-1]["val_loss"] < before
    assert progress.history[-1]["val_perplexity"] == pytest.approx(np.exp(progress.history[-1]["val_loss"]))


def test_a_tasks_measure_is_a_mean_over_rows_however_they_are_batched() -> None:
    task = text_task(TRAINING)
    part = texts(30, seed=3)
    one_by_one = [task.measure(Labelled([text], part.labels[[row]], part.weights[[row]]))
                  for row, text in enumerate(part.sequences)]  # fmt: skip
    assert task.measure(part) == pytest.approx(tuple(np.mean(one_by_one, axis=0)), rel=1e-5)


def test_a_series_epoch_takes_every_window_once_in_another_order() -> None:
    task = series_task(TRAINING)
    orders = [np.concatenate(task.batches(epoch)).tolist() for epoch in range(2)]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert [len(batch) for batch in task.batches(0)] == [4, 4, 2]
    assert task.validate() == {} and task.score == "loss"


def test_early_stopping_waits_for_its_patience_and_keeps_the_best_weights() -> None:
    config = TRAINING.model_copy(update={"epochs": 60, "patience": 4, "learning_rate": 0.05})
    random = np.random.default_rng(5)
    noise = Labelled(texts(24).sequences, random.integers(0, 2, 24), np.ones(24, np.float32))
    task = text_task(config, train=noise)
    progress = fit(task, config, seed=0)
    curve = [record["val_loss"] for record in progress.history]
    assert progress.best_epoch == int(np.argmin(curve)) + 1 < len(curve) == progress.best_epoch + 4 < 60
    loss, _ = task.measure(task.validation)  # type: ignore[arg-type]
    assert loss == min(curve) != curve[-1]
    assert progress.history[-1]["epoch"] == len(curve) == progress.epoch and not task.net.training


def test_accuracy_can_decide_instead_of_the_loss() -> None:
    config = TRAINING.model_copy(update={"epochs": 8, "monitor": "val_accuracy", "learning_rate": 0.03})
    progress = fit(text_task(config), config, seed=0)
    curve = [record["val_accuracy"] for record in progress.history]
    assert progress.best_epoch == int(np.argmax(curve)) + 1


def test_training_that_diverges_says_so_at_once() -> None:
    config = TRAINING.model_copy(update={"optimiser": "sgd", "learning_rate": 100.0, "epochs": 50})
    net = NetConfig(cell="rnn", activation="relu", hidden=6)
    torch.manual_seed(0)
    made = LearningNet(forecast_net(net, horizon=1), net)
    values = np.random.default_rng(0).standard_normal((20, 4, 1)).astype(np.float32) * 10
    task = HorizonLearner(made, (values, values[:, -1]), None, config, 0)
    with pytest.raises(RecurraError, match=r"training diverged in epoch \d+; found loss (nan|inf).*smaller learning_r"):
        fit(task, config, seed=0)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    net = NET.model_copy(update={"dropout": 0.5, "embedding_dropout": 0.3, "word_dropout": 0.1})
    ends = []
    for seed in (0, 0, 1):
        torch.manual_seed(99)
        task = text_task(TRAINING, net=net)
        fit(task, TRAINING, seed=seed)
        torch.rand(seed + 1)
        ends.append(tensors_of(task.net))
    assert all(np.array_equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert not np.array_equal(ends[0]["dense.weight"], ends[2]["dense.weight"])


def test_whoever_watches_is_told_every_step_and_every_epoch() -> None:
    steps: list[tuple[int, int, int]] = []
    epochs: list[Any] = []
    watch = Watch(lambda epoch, place, of, loss: steps.append((epoch, place, of)), epochs.append)
    progress = fit(text_task(TRAINING), TRAINING, seed=0, watch=watch)
    assert steps == [(epoch, place, 6) for epoch in (1, 2, 3) for place in range(1, 7)]
    assert epochs == progress.history
    assert list(epochs[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "lr", "seconds"]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    task = text_task(TRAINING)
    first = fit(task, TRAINING, seed=0, run=tmp_path)
    told: list[Any] = []
    again = text_task(TRAINING)
    second = fit(again, TRAINING, seed=0, run=tmp_path, watch=Watch(None, told.append))
    assert not told and second.history == first.history and second.best_epoch == first.best_epoch
    assert all(np.array_equal(value, tensors_of(task.net)[name]) for name, value in tensors_of(again.net).items())


def test_torchs_small_operations_take_one_thread_and_the_engine_keeps_its_own() -> None:
    before, engines = torch.get_num_threads(), threads()
    with threads_for(SMALL - 1):
        assert (torch.get_num_threads(), threads()) == (1, engines)
    with threads_for(SMALL):
        assert (torch.get_num_threads(), threads()) == (before, engines)
    with pytest.raises(ZeroDivisionError), threads_for(0):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("cell", "hidden", "torchs"), [("gru", 64, 0), ("gru", 512, 0), ("lstm", 512, 512 * 512 * 90)])
def test_sweeps_count_as_torchs_where_the_engine_leaves_them_to_it(cell: CellName, hidden: int, torchs: int) -> None:
    spec = RecurrentSpec(cell=cell, inputs=100, hidden=hidden)
    ours = engine().library is not None
    assert torch_work(spec, sequences=9, tokens=90, rest=7) == 7 + (torchs if ours else hidden * max(hidden, 100) * 90)
