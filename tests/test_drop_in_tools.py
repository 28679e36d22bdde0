"""Torch's compiler, quantiser and trainers over many processes take recurra.nn's layers as they take torch.nn's.

Not here: all that needs no such tool (test_drop_in.py).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import recurra.nn
from recurra.batches import Ragged
from recurra.config import CellKind
from recurra.engine import native
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.recurrent.run import RecurrentSpec

pytestmark = pytest.mark.skipif(native.engine().library is None, reason="the native engine was not built here")
NAMES = ("RNN", "GRU", "LSTM")
IDS = torch.tensor([[0, 4, 8, 1], [2, 2, 7, 3]])


class Net(nn.Module):
    """A layer between layers that torch knows."""

    def __init__(self, home: Any, name: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.output = nn.Embedding(9, 5), nn.Linear(14, 2)
        self.recurrent = getattr(home, name)(5, 7, batch_first=True, bidirectional=True)

    def forward(self, ids: Tensor) -> Tensor:
        """Score each sequence."""
        found: Tensor = self.output(self.recurrent(self.embedding(ids))[0][:, -1])
        return found


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """One thread; what torch says of its own tools is not ours."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(threads)


def slopes(net: nn.Module, outputs: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(outputs.square().sum(), list(net.parameters())))


def near(found: list[Tensor], wanted: list[Tensor]) -> None:
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_the_layers_are_there_without_torchs_compiler() -> None:
    program = "import recurra.nn, sys; print('torch._dynamo' in sys.modules, 'torch._inductor' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", NAMES)
def test_compiled_nets_keep_the_engine_behind_a_break_of_the_graph(name: str) -> None:
    torch._dynamo.reset()
    net, wanted = Net(recurra.nn, name), Net(nn, name)
    compiled = torch.compile(net, backend="eager")
    for ids in (IDS, IDS[:1], IDS[:, :3]):
        outputs, expected = compiled(ids), wanted(ids)
        near([outputs, *slopes(net, outputs)], [expected, *slopes(wanted, expected)])
    assert torch.equal(compiled(IDS), net(IDS))  # the bits of the engine


@pytest.mark.parametrize("home", [recurra.nn, nn])
def test_one_whole_graph_is_refused_for_both(home: Any) -> None:
    torch._dynamo.reset()
    with pytest.raises(torch._dynamo.exc.Unsupported, match="RNN, GRU, or LSTM"):
        torch.compile(Net(home, "GRU"), backend="eager", fullgraph=True)(IDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_compiled_step_of_training_moves_the_weights_as_one_that_is_not(name: str) -> None:
    told = []
    for compiled in (False, True):
        torch._dynamo.reset()
        net = Net(recurra.nn, name)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1)

        def step(net: Net = net, optimiser: torch.optim.SGD = optimiser) -> None:
            optimiser.zero_grad()
            net(IDS).square().sum().backward()
            optimiser.step()

        run = torch.compile(step, backend="eager") if compiled else step
        run(), run()
        told.append(list(net.parameters()))
    near(*told)


def test_a_compiler_that_takes_recurrent_layers_whole_finds_torchs() -> None:
    torch._dynamo.reset()
    net, wanted = Net(recurra.nn, "GRU"), Net(nn, "GRU")
    with torch._dynamo.config.patch(allow_rnn=True):
        outputs, expected = torch.compile(net, backend="eager", fullgraph=True)(IDS), wanted(IDS)
    near([outputs, *slopes(net, outputs)], [expected, *slopes(wanted, expected)])


def test_our_own_layers_compile_too() -> None:
    torch._dynamo.reset()
    layer = Recurrent(RecurrentSpec(cell="gru", inputs=5, hidden=7))
    values, offsets = torch.randn(6, 5), torch.tensor([0, 2, 6]).numpy()

    def forward(values: Tensor) -> Tensor:
        return layer(Ragged(values, offsets))[0].values

    near([torch.compile(forward, backend="eager")(values)], [forward(values)])
    assert layer.spec.computed == CellKind("gru")


@pytest.mark.slow
@pytest.mark.skipif(not any(shutil.which(name) for name in ("c++", "g++", "clang++")), reason="no compiler is here")
def test_torchs_own_code_generator_compiles_around_the_layers() -> None:
    torch._dynamo.reset()
    net, wanted = Net(recurra.nn, "LSTM"), Net(nn, "LSTM")
    outputs, expected = torch.compile(net)(IDS), wanted(IDS)
    near([outputs, *slopes(net, outputs)], [expected, *slopes(wanted, expected)])


@pytest.mark.parametrize("name", ["GRU", "LSTM"])
@pytest.mark.parametrize("how", ["by torch's type", "by our type", "by name", "by default"])
def test_a_quantised_net_is_torchs(name: str, how: str) -> None:
    quantise = torch.ao.quantization.quantize_dynamic
    told = []
    for home in (recurra.nn, nn):
        types = {"by torch's type": {getattr(nn, name)}, "by our type": {getattr(recurra.nn, name)}, "by default": None}
        spec: Any = types.get(how, {"recurrent": torch.ao.quantization.default_dynamic_qconfig})
        net = quantise(Net(home, name), spec, dtype=torch.qint8)
        assert "quantized" in type(net.recurrent).__module__
        told.append([net(IDS)])
    near(*told)
    others = quantise(Net(recurra.nn, name), {nn.Linear}, dtype=torch.qint8)
    assert type(others.recurrent) is getattr(recurra.nn, name)


def test_initialisers_by_type_reach_the_layers() -> None:
    def constant(layer: nn.Module) -> None:
        if type(layer) == nn.LSTM or type(layer) in (nn.GRU, nn.RNN):  # noqa: E721 - as people write it
            for weight in layer.parameters():
                nn.init.constant_(weight, 0.25)

    for name in NAMES:
        net = Net(recurra.nn, name).apply(constant)
        assert all((weight == 0.25).all() for weight in net.recurrent.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_distributed_training_on_one_process_is_training(name: str, tmp_path: Path) -> None:
    from torch import distributed

    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1, timeout=timedelta(seconds=60))
    try:
        net, wanted = Net(recurra.nn, name), Net(nn, name)
        nn.parallel.DistributedDataParallel(net)(IDS).square().sum().backward()
        wanted(IDS).square().sum().backward()
        near([one.grad for one in net.parameters()], [one.grad for one in wanted.parameters()])  # type: ignore[misc]
    finally:
        distributed.destroy_process_group()
