"""Where a net learns: the choice, and that everything goes there; torch's meta device stands for a GPU.

A tensor on `meta` has no numbers, but torch refuses to mix it with one of the processor's, as it does a GPU's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pytest
import torch

import recurra.engine.choose
from recurra.cells import CELLS
from recurra.config import CellName, Device, NetConfig, Settings, TrainingConfig
from recurra.engine.devices import PROCESSOR, device_of, home, products, tensor_on
from recurra.errors import UsageError
from recurra.training.descent import Average, Descent
from recurra.training.loop import _descend, fit
from small_tasks import NET, TRAINING, language_task, series_task, text_task

META = torch.device("meta")
HERE = torch.cuda.is_available()


def test_auto_takes_the_gpu_where_there_is_one_and_cpu_never() -> None:
    assert device_of("auto") == torch.device("cuda" if HERE else "cpu")
    assert device_of("cpu") == PROCESSOR
    assert get_args(Device) == ("auto", "cpu", "cuda")


@pytest.mark.skipif(HERE, reason="a GPU is here")
def test_a_gpu_that_is_not_there_is_refused_in_one_line_before_anything_is_learnt() -> None:
    config = TRAINING.model_copy(update={"device": "cuda"})
    with pytest.raises(UsageError, match=r"device cuda; found no GPU .* allowed: auto, cpu; `recurra doctor`"):
        fit(text_task(config), config, seed=0)


def test_where_a_net_learns_is_a_setting_but_not_told_of_what_it_is() -> None:
    settings = Settings().changed({"device": "cpu"})
    assert settings.training.device == "cpu" and "device" not in repr(settings)
    with pytest.raises(UsageError, match=r"training\.device"):
        Settings().changed({"device": "tpu"})


def test_products_are_set_for_a_gpu_only_and_given_back() -> None:
    homes: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn.rnn)
    before = [one.fp32_precision for one in homes]
    with products(PROCESSOR, "bf16"):
        assert [one.fp32_precision for one in homes] == before
    with pytest.raises(ZeroDivisionError), products(torch.device("cuda"), "float32"):
        assert [one.fp32_precision for one in homes] == ["ieee", "ieee"]
        raise ZeroDivisionError
    with products(torch.device("cuda"), "bf16"):
        assert [one.fp32_precision for one in homes] == ["tf32", "tf32"]
    assert [one.fp32_precision for one in homes] == before


def test_after_a_fit_the_net_is_the_processors() -> None:
    task = text_task(TRAINING)
    fit(task, TRAINING, seed=0)
    assert home(task.net) == PROCESSOR
    assert tensor_on(PROCESSOR, np.arange(3)).tolist() == [0, 1, 2]


@pytest.fixture
def numberless(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Where training asks a tensor for its number, give one that lets it go on."""
    monkeypatch.setattr(torch.Tensor, "__float__", lambda tensor: 1.0)
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda tensor: True)
    monkeypatch.setattr(torch, "unique", lambda tensor: tensor)
    monkeypatch.setattr(torch.Tensor, "coalesce", lambda tensor: tensor)
    monkeypatch.setattr(torch.Tensor, "values", torch.Tensor._values)
    yield monkeypatch


RICH = {"embedding_dropout": 0.2, "recurrent_dropout": 0.2, "word_dropout": 0.1, "dropout": 0.1, "bidirectional": True}
RICH |= {"layers": 2, "pool": ("last", "mean", "max", "attention"), "heads": 2}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("route", ["plain", "torch", "packed", "scan"])
def test_a_text_step_mixes_no_devices(cell: CellName, route: str, numberless: pytest.MonkeyPatch) -> None:
    if route not in ("plain", "scan" if cell == "mingru" else "none" if cell == "sru" else "torch", "packed"):
        pytest.skip(f"{route} does not sweep a {cell}")
    if route == "packed" and cell in ("mingru", "sru"):
        pytest.skip("torch does not pack the parallel cells")
    numberless.setattr(recurra.engine.choose, "without_native", lambda kind, device="cpu": route)
    config = TRAINING.model_copy(update={"adversarial": 1.0})
    task = text_task(config, net=NET.model_copy(update={**RICH, "cell": cell}))
    descended(task, config, task.batches(1)[0])
    assert task.validate().keys() == {"val_loss", "val_accuracy"}


@pytest.mark.usefixtures("numberless")
def test_a_language_step_and_its_exact_loss_mix_no_devices() -> None:
    config = TrainingConfig(samples=5, steps=5, optimiser="adamw")
    task = language_task(config)
    first, second = task.batches(0)[:2]
    state = descended(task, config, first).state
    assert all(part.device == META for parts in state for part in parts)
    descended(task, config, second, state)
    assert task.measure(task.train) > 0


@pytest.mark.usefixtures("numberless")
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_series_step_and_an_average_mix_no_devices(optimiser: Any) -> None:
    config = TRAINING.model_copy(update={"optimiser": optimiser, "clip": 1.0})
    task = series_task(config, net=NetConfig(cell="lstm", hidden=6))
    descended(task, config, task.batches(0)[0])
    average = Average(task.net, 0.9)
    average.update(task.net)
    with average.applied(task.net):
        assert home(task.net) == META


def descended(task: Any, config: TrainingConfig, batch: Any, state: Any = None) -> Any:
    """Take one step on the meta device; row-sparse gradients, which meta does not know, stay where they are."""
    task.net.to(META).train()
    descent = Descent(task.net, config, sparse=task.sparse)
    descent.optimisers = descent.optimisers[:1] if task.sparse else descent.optimisers
    return _descend(task, batch, state, descent)
