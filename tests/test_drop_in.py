"""Whatever people do with torch.nn's recurrent layers, recurra.nn's do the same: values, gradients, refusals.

Not here: what the uses are (drop_in_uses.py, drop_in_others.py); torch's compiler and others (test_drop_in_tools.py).
"""

from __future__ import annotations

import inspect
import warnings
from abc import ABC
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import drop_in_others as others
import drop_in_uses
import recurra.nn
from drop_in_others import a_script, a_symbolic_trace, a_trace, an_export
from drop_in_table import ENGINE, REFUSED, TABLE, TORCH, uses_of
from drop_in_uses import HIDDEN, INPUTS, SEQUENCES, STEPS, Use, flat
from recurra.engine import native
from recurra.engine.autograd import native_sweep

pytestmark = pytest.mark.skipif(native.engine().library is None, reason="the native engine was not built here")
CELLS = {"tanh": ("RNN", {}), "relu": ("RNN", {"nonlinearity": "relu"}), "gru": ("GRU", {}), "lstm": ("LSTM", {})}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "batch first": {"batch_first": True},
    "both directions": {"bidirectional": True},
    "two layers": {"num_layers": 2, "dropout": 0.0, "bidirectional": True, "batch_first": True},
}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Torch's small kernels wait long for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def made(home: Any, cell: str, option: str) -> Any:
    name, own = CELLS[cell]
    torch.manual_seed(0)
    return getattr(home, name)(INPUTS, HIDDEN, **own, **OPTIONS[option])


def inputs_for(layer: Any) -> Callable[..., Tensor]:
    def draw(*, batch: bool = True, first: bool = layer.batch_first) -> Tensor:
        shape = (SEQUENCES, STEPS) if first else (STEPS, SEQUENCES)
        return torch.randn(*(shape if batch else (STEPS,)), INPUTS, generator=torch.Generator().manual_seed(1))

    return draw


def told(use: Use, layer: Any) -> Any:
    """What comes out, or the type of what is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(use(layer, inputs_for(layer)))
        except Exception as trouble:
            return type(trouble)


def same(found: Any, wanted: Any) -> None:
    if isinstance(found, type) or isinstance(wanted, type):
        assert found is wanted
        return
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        largest = float(b.detach().abs().max().clamp(min=1)) if b.numel() else 1.0
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5 * largest)


@pytest.fixture
def sweeps(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each sweep of the engine."""
    counted: list[None] = []

    def counting(*arguments: Any, **named: Any) -> Any:
        counted.append(None)
        return native_sweep(*arguments, **named)

    monkeypatch.setattr(recurra.nn.layers, "native_sweep", counting)
    return counted


def named(uses: list[Use]) -> Any:
    return pytest.mark.parametrize("use", uses, ids=[use.__name__ for use in uses])  # type: ignore[attr-defined]


each = pytest.mark.parametrize(("cell", "option"), [(cell, option) for cell in CELLS for option in OPTIONS])


@each
@named(uses_of(ENGINE))
def test_the_engine_does_what_torch_does(sweeps: list[None], use: Use, cell: str, option: str) -> None:
    wanted = told(use, made(nn, cell, option))
    same(told(use, made(recurra.nn, cell, option)), wanted)
    assert not isinstance(wanted, type) and sweeps


@each
@named(uses_of(TORCH))
def test_what_the_engine_cannot_follow_is_torchs(sweeps: list[None], use: Use, cell: str, option: str) -> None:
    same(told(use, made(recurra.nn, cell, option)), told(use, made(nn, cell, option)))
    assert not sweeps


@pytest.mark.parametrize("cell", CELLS)
@named([a_trace, a_script, an_export])
def test_what_follows_operations_finds_torchs(sweeps: list[None], use: Use, cell: str) -> None:
    same(*(told(use, made(home, cell, "two layers")) for home in (recurra.nn, nn)))
    assert not sweeps


# torch's LSTM reads on behind a weight that is too small. Its RNN and GRU, and two directions of an LSTM, keep every
# step's state beside the outputs, as the engine and cuDNN do not.
OURS_ALONE = {
    (others.a_weight_of_another_shape, "lstm"),
    *((others.outputs_changed_before_backward, cell) for cell in CELLS),
    *((others.biases_changed_before_backward, cell) for cell in CELLS),
}


@each
@named(uses_of(REFUSED))
def test_what_torch_refuses_is_refused_alike(use: Use, cell: str, option: str) -> None:
    wanted = RuntimeError if (use, cell) in OURS_ALONE else told(use, made(nn, cell, option))
    assert isinstance(wanted, type)
    same(told(use, made(recurra.nn, cell, option)), wanted)


@each
def test_a_symbolic_trace_calls_the_layer_as_a_whole(sweeps: list[None], cell: str, option: str) -> None:
    same(told(a_symbolic_trace, made(recurra.nn, cell, option)), told(a_symbolic_trace, made(nn, cell, option)))
    assert sweeps


@each
def test_under_autocast_states_of_bfloat16_are_taken_and_outputs_stay_float32(
    sweeps: list[None], cell: str, option: str
) -> None:
    def use(layer: Any, draw: Callable[..., Any]) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            _, ends = layer(draw().bfloat16())
            state = tuple(one.bfloat16() for one in flat([ends]))
            outputs, ends = layer(draw(), state if layer.mode == "LSTM" else state[0])
        slopes = torch.autograd.grad(outputs.float().sum(), list(layer.parameters()), materialize_grads=True)
        return [outputs, *flat([ends]), *slopes]

    found, wanted = (told(use, made(home, cell, option)) for home in (recurra.nn, nn))
    # A ReLU whose sum rounds to the other side of zero has another slope.
    allowed = 0.15 if cell == "relu" else 0.05
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == torch.float32
        assert float((a - b.float()).detach().norm()) <= allowed * float(b.detach().norm())
    assert sweeps


def test_the_documentation_tells_this_table_and_every_row_is_proven() -> None:
    page = (Path(__file__).parents[1] / "docs" / "engine.md").read_text("utf-8")
    told = page.split("| use | computed by |\n| --- | --- |\n")[1].split("\n\n")[0]
    assert told.splitlines() == [f"| {row.what} | {row.who} |" for row in TABLE]
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert all(f"def {name}(" in tests for row in TABLE for name in row.tests)
    assert all(row.uses or row.tests for row in TABLE)
    written = {name for module in (drop_in_uses, others) for name, use in vars(module).items() if is_use(use)}
    listed = {use.__name__ for row in TABLE for use in row.uses}  # type: ignore[attr-defined]
    assert written - listed == {one.__name__ for one in (a_trace, a_script, an_export, a_symbolic_trace)}


def is_use(value: Any) -> bool:
    return inspect.isfunction(value) and list(inspect.signature(value).parameters) == ["layer", "draw"]


def test_a_layer_type_is_the_one_it_stands_for_and_a_subclass_is_its_own() -> None:
    class Mine(recurra.nn.LSTM, ABC):
        pass

    assert recurra.nn.LSTM == nn.LSTM and nn.LSTM == recurra.nn.LSTM
    assert recurra.nn.LSTM in {nn.LSTM} and {nn.GRU: 1, nn.LSTM: 2}[recurra.nn.LSTM] == 2
    assert recurra.nn.LSTM not in (nn.GRU, nn.RNN, recurra.nn.GRU)
    assert Mine not in (nn.LSTM, recurra.nn.LSTM) and Mine == Mine and len({Mine, recurra.nn.LSTM, nn.LSTM}) == 2


@pytest.mark.parametrize("lengths", [[1.0, 2.0, 3.0], [True, True, False], [[1, 2, 3]]])
def test_lengths_that_are_no_whole_numbers_are_refused(lengths: Any) -> None:
    for dtype in (torch.float32, torch.float64):
        layer = made(recurra.nn, "gru", "plain").to(dtype)
        with pytest.raises(ValueError, match="lengths: found"):
            layer(inputs_for(layer)().to(dtype), lengths=lengths)


def test_lengths_beside_a_packed_sequence_are_refused() -> None:
    layer = made(recurra.nn, "gru", "plain")
    packed = nn.utils.rnn.pack_padded_sequence(inputs_for(layer)(), torch.tensor([4, 2, 1]))
    with pytest.raises(ValueError, match="lengths: found some beside a PackedSequence"):
        layer(packed, lengths=[4, 2, 1])


@each
def test_lengths_of_one_sequence_alone_are_the_same_by_the_engine_and_by_torch(cell: str, option: str) -> None:
    layer = made(recurra.nn, cell, option)
    values = inputs_for(layer)(batch=False)
    found = flat(layer(values, lengths=[2]))
    wanted = flat(layer.double()(values.double(), lengths=[2]))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=0, atol=1e-5)
