"""What a GPU must do: sweep, learn, go on with a run from elsewhere; all of it beside the processor.

The other device is a GPU where there is one. Elsewhere every test is skipped, and tests/test_devices.py, test_packed.py
and test_scan.py hold what a processor can hold of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

import killed_runs
from recurra import nn
from recurra.batches import Ragged
from recurra.cells import CELLS
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, Precision, Settings
from recurra.engine.choose import Route, sweep_layer
from recurra.engine.devices import PROCESSOR, device_of, products
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.training import loop
from recurra.training.progress import Watch
from small_tasks import TRAINING, text_task

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")

KINDS = [CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations]
HIDDEN, FEATURES = 40, 24
BATCHES = {"ragged, some empty": [4, 0, 90, 1, 33, 0, 3], "of one length": [20, 20, 20]}


def drawn(*shape: int, seed: int, device: torch.device, scale: float = 1.0) -> Tensor:
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale
    return values.to(device).requires_grad_()


def everything(
    kind: CellKind, lengths: list[int], sides: int, device: torch.device, route: Route | None, *, double: bool = False
) -> list[Tensor]:
    """Outputs, final states and all gradients, on the processor."""
    gates = kind.gates
    recurrent, bias = kind.recurrent_shapes(HIDDEN)
    leaves = [drawn(sum(lengths), FEATURES, seed=1, device=device)]
    shapes = (((gates * HIDDEN, FEATURES), 0.2), (recurrent, 0.15), ((gates * HIDDEN,), 0.1), (bias, 0.1))
    for side in range(sides):
        leaves += [drawn(*shape, seed=side, device=device, scale=scale) for shape, scale in shapes]
        leaves += [drawn(len(lengths), HIDDEN, seed=9 + side, device=device, scale=0.5) for _ in kind.states]
    if double:
        leaves = [one.detach().double().requires_grad_() for one in leaves]
    width = 4 + len(kind.states)
    each = [leaves[1 + side * width : 1 + (side + 1) * width] for side in range(sides)]
    weights, states = [SweepWeights(*one[:4]) for one in each], [tuple(one[4:]) for one in each]
    inputs = Ragged(leaves[0], np.cumsum([0, *lengths]))
    outputs, final = sweep_layer(kind, inputs, weights, states, route=route)
    found = [outputs.values, *(part for state in final for part in state or ())]
    loss = sum((one * drawn(*one.shape, seed=5, device=device).to(one)).sum() for one in found)
    wanted = [one for one in leaves if one.numel()]
    gradients = torch.autograd.grad(loss, wanted, allow_unused=True, materialize_grads=True)  # type: ignore[arg-type]
    return [one.detach().cpu().double() for one in (*found, *gradients)]


def apart(found: list[Tensor], wanted: list[Tensor]) -> float:
    """Length of the largest difference of any tensor, relative to that tensor's length."""
    pairs = zip(found, wanted, strict=True)
    return max(float((a - b).norm() / b.norm().clamp(min=1e-3)) for a, b in pairs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES)
def test_every_cell_equals_the_equations_of_the_processor(
    kind: CellKind, precision: Precision, sides: int, lengths: list[int]
) -> None:
    kind = kind._replace(precision=precision)
    wanted = everything(kind, lengths, sides, PROCESSOR, "plain", double=precision == "float32")
    with products(device_of("auto"), precision):
        found = everything(kind, lengths, sides, device_of("auto"), None)
        equations = everything(kind, lengths, sides, device_of("auto"), "plain")
    switched = kind.activation == "relu" and precision == "bf16"  # near zero, rounding may switch a ReLU
    largest = 6e-2 if switched else {"float32": 1e-5, "bf16": 1e-2}[precision]
    assert apart(found, wanted) <= largest
    assert apart(equations, wanted) <= largest


def test_the_scan_in_torch_serves_where_there_are_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.engine.scan.has_kernels", lambda: False)
    lengths, kind = BATCHES["ragged, some empty"], CellKind("mingru")
    found = everything(kind, lengths, 2, device_of("auto"), "scan")
    assert apart(found, everything(kind, lengths, 2, PROCESSOR, "plain", double=True)) <= 1e-5


def fitted(task: str, device: str, precision: Precision = "float32") -> Any:
    """A short fit without dropout, whose random numbers differ from device to device."""
    plain = {"word_dropout": 0.0, "embedding_dropout": 0.0, "recurrent_dropout": 0.0, "dropout": 0.0}
    plain |= {"hidden": 16, "embedding_size": 8, "epochs": 3, "device": device, "precision": precision}

    def settings(begun: Settings, **more: Any) -> Settings:
        return begun.changed({**plain, **more})

    if task == "text":
        texts = ["a good film , warm and bright", "a bad film , dull and grey", "not good", "not bad at all"] * 12
        labels = ["good", "bad", "bad", "good"] * 12
        return TextClassifier(config=settings(TEXT_SETTINGS, min_count=1)).fit(texts, labels)
    if task == "language":
        lines = [f"the {first} sees the {second}" for first in "abcdefgh" for second in "ijklmnop"]
        return LanguageModel(config=settings(LANGUAGE_SETTINGS, samples=4, streams=2, steps=5)).fit(lines)
    return Forecaster(horizon=2, config=settings(SERIES_SETTINGS)).fit(np.sin(np.arange(80.0) / 3))


@pytest.mark.parametrize("task", killed_runs.TASKS)
@pytest.mark.parametrize("precision", get_args(Precision))
def test_a_short_fit_ends_where_the_processors_ends(task: str, precision: Precision) -> None:
    here, there = (fitted(task, device, precision) for device in ("cpu", "auto"))
    largest = 1e-3 if precision == "float32" else 5e-2
    for one, other in zip(here.history_, there.history_, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=largest, abs=largest)
    for name, weight in here.model_.tensors.items():
        np.testing.assert_allclose(there.model_.tensors[name], weight, rtol=0, atol=10 * largest)


@pytest.mark.parametrize("way", [("cpu", "auto"), ("auto", "cpu")])
@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_a_run_goes_on_on_another_device(
    way: tuple[str, str], optimiser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BETWEEN_CHECKPOINTS", 0.0)
    configs = [TRAINING.model_copy(update={"optimiser": optimiser, "ema": 0.9, "device": one}) for one in way]
    whole = loop.fit(text_task(configs[1]), configs[1], seed=0)

    def stop(epoch: int, position: int, batches: int, loss: float) -> None:
        if epoch == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loop.fit(text_task(configs[0]), configs[0], seed=0, run=tmp_path, watch=Watch(on_step=stop))
    resumed = loop.fit(text_task(configs[1]), configs[1], seed=0, run=tmp_path)
    assert len(resumed.history) == 3
    for one, other in zip(whole.history, resumed.history, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-3)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("first", [False, True])
def test_torchs_layers_take_lengths_and_empty_sequences(name: str, first: bool) -> None:
    torch.manual_seed(0)
    ours = getattr(nn, name)(6, 10, num_layers=2, bidirectional=True, batch_first=first)
    values = torch.randn(4, 7, 6) if first else torch.randn(7, 4, 6)
    lengths = torch.tensor([4, 0, 7, 1])
    wanted, ends = ours(values, lengths=lengths)
    with products(device_of("auto"), "float32"):
        found, finals = ours.to(device_of("auto"))(values.to(device_of("auto")), lengths=lengths)
    assert found.device.type == device_of("auto").type
    for one, other in zip((found, *_parts(finals)), (wanted, *_parts(ends)), strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=0, atol=1e-5)


def _parts(final: Any) -> tuple[Tensor, ...]:
    return final if isinstance(final, tuple) else (final,)
