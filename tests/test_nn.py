"""recurra.nn's layers are torch.nn's: arguments, weights, outputs, states, gradients, errors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import recurra.nn
from recurra.config import CellKind
from recurra.engine.choose import torch_is_quicker
from recurra.engine.native import engine
from recurra.nn import LSTM, always_native

NAMES = ("RNN", "GRU", "LSTM")
LENGTHS = torch.tensor([4, 7, 1, 5])
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "batch first": {"batch_first": True},
    "batch first, both directions": {"batch_first": True, "bidirectional": True},
    "no bias": {"bias": False},
}


def pair(name: str, **options: Any) -> tuple[Any, Any]:
    """Torch's layer and ours, of the same weights."""
    torch.manual_seed(0)
    reference = getattr(nn, name)(6, 10, **options)
    ours = getattr(recurra.nn, name)(6, 10, **options)
    ours.load_state_dict(reference.state_dict())
    return reference, ours


def padded(layer: Any) -> Tensor:
    values = torch.randn(7, 4, 6, generator=torch.Generator().manual_seed(1))
    return values.transpose(0, 1).contiguous() if layer.batch_first else values


def parts(final: Any) -> tuple[Tensor, ...]:
    return final if isinstance(final, tuple) else (final,)


def same(found: Any, wanted: Any) -> None:
    for a, b in zip((found[0], *parts(found[1])), (wanted[0], *parts(wanted[1])), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def gradients(layer: Any, result: Any) -> list[Tensor]:
    loss = result[0].square().sum() + sum(part.sum() for part in parts(result[1]))
    return list(torch.autograd.grad(loss, list(layer.parameters())))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("given", [False, True])
def test_padded_input_gives_torchs_outputs_states_and_gradients(
    name: str, options: dict[str, Any], given: bool
) -> None:
    reference, ours = pair(name, **options)
    states = torch.randn(2 if name == "LSTM" else 1, *_states_shape(ours))
    hx = (tuple(states) if name == "LSTM" else states[0]) if given else None
    wanted, found = reference(padded(ours), hx), ours(padded(ours), hx)
    same(found, wanted)
    for a, b in zip(gradients(ours, found), gradients(reference, wanted), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def _states_shape(layer: Any) -> tuple[int, int, int]:
    return layer.num_layers * (2 if layer.bidirectional else 1), 4, 10


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_lengths_and_packed_sequences_give_what_torch_gives_for_packed_ones(name: str, options: dict[str, Any]) -> None:
    reference, ours = pair(name, **options)
    first = ours.batch_first
    packed = pack_padded_sequence(padded(ours), LENGTHS, first, enforce_sorted=False)
    wanted, states = reference(packed)
    outputs, _ = pad_packed_sequence(wanted, first)
    same(ours(padded(ours), lengths=LENGTHS), (outputs, states))
    found, ends = ours(packed)
    assert isinstance(found, PackedSequence)
    same((pad_packed_sequence(found, first)[0], ends), (outputs, states))


@pytest.mark.parametrize("name", NAMES)
def test_one_sequence_without_a_batch_is_read_as_torch_reads_it(name: str) -> None:
    reference, ours = pair(name)
    same(ours(padded(ours)[:, 0]), reference(padded(ours)[:, 0]))


@pytest.mark.parametrize("name", NAMES)
def test_float64_takes_torchs_own_way_with_lengths_too(name: str) -> None:
    reference, ours = (one.double() for one in pair(name))
    same(ours(padded(ours).double()), reference(padded(ours).double()))
    packed = pack_padded_sequence(padded(ours).double(), LENGTHS, enforce_sorted=False)
    wanted, states = reference(packed)
    same(ours(padded(ours).double(), lengths=LENGTHS), (pad_packed_sequence(wanted)[0], states))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_torchs_own_way_takes_empty_sequences_as_the_engine_does(name: str, first: bool, given: bool) -> None:
    _, ours = (one.double() for one in pair(name, batch_first=first, bidirectional=True))
    values, lengths = padded(ours).double(), torch.tensor([4, 0, 7, 1])
    states = torch.randn(2 if name == "LSTM" else 1, *_states_shape(ours), dtype=torch.float64)
    hx = (tuple(states) if name == "LSTM" else states[0]) if given else None
    found, ends = ours(values, hx, lengths=lengths)
    kept = [0, 2, 3]
    rest = values[kept] if first else values[:, kept]
    others = None if hx is None else tuple(part[:, kept] for part in states) if name == "LSTM" else states[0][:, kept]
    same((found[kept] if first else found[:, kept], tuple(part[:, kept] for part in parts(ends))),
         ours(rest, others, lengths=lengths[kept]))  # fmt: skip
    assert not (found[1] if first else found[:, 1]).any()
    for part, start in zip(parts(ends), states, strict=True):
        torch.testing.assert_close(part[:, 1], start[:, 1] if given else torch.zeros_like(part[:, 1]))
    for wrong in ([4, 0, 8, 1], [4, -1, 7, 1], [4, 7, 1]):
        with pytest.raises(ValueError, match="lengths"):
            ours(values, lengths=wrong)


def test_an_rnn_with_relu_and_dropout_between_layers_equals_torchs() -> None:
    reference, ours = pair("RNN", nonlinearity="relu", num_layers=3, dropout=0.5)
    same(ours.eval()(padded(ours)), reference.eval()(padded(ours)))
    assert not torch.equal(ours.train()(padded(ours))[0], ours(padded(ours))[0])


@pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
@pytest.mark.parametrize("features", [2, 7])
def test_other_features_than_the_layers_are_never_swept(features: int) -> None:
    layer, values = recurra.nn.LSTM(3, 4), torch.zeros(5, 2, features)
    starts = torch.zeros(5, 2, dtype=torch.bool)
    starts[0] = True
    packed = torch.nn.utils.rnn.pack_padded_sequence(values, torch.tensor([5, 5]))
    # torch's own LSTM reads packed values on behind their end.
    calls = (
        lambda: layer(packed), lambda: layer(values, lengths=[5, 5]), lambda: layer(values, reset=starts),
        lambda: layer(values),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(RuntimeError, match=f"Expected 3, got {features}"):
            call()


def test_lengths_that_do_not_fit_and_shapes_that_do_not_fit_are_refused() -> None:
    _, ours = pair("LSTM")
    for lengths in ([4, 7, 1], [4, 8, 1, 5], [4, -1, 1, 5]):
        with pytest.raises(ValueError, match="lengths"):
            ours(padded(ours), lengths=lengths)
    with pytest.raises(RuntimeError, match="input"):
        ours(torch.zeros(7, 4, 5))
    with pytest.raises(RuntimeError, match="hidden"):
        ours(padded(ours), (torch.zeros(1, 3, 10), torch.zeros(1, 4, 10)))


def test_a_whole_module_is_saved_and_loaded_as_torchs_is() -> None:
    reference, ours = pair("GRU", num_layers=2, bidirectional=True)
    assert list(ours.state_dict()) == list(reference.state_dict())
    assert repr(ours) == repr(reference)
    assert isinstance(ours, nn.GRU)


@pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
@pytest.mark.parametrize("name", NAMES)
def test_under_autocast_products_are_of_bfloat16_and_outputs_stay_float32(name: str) -> None:
    reference, ours = pair(name)
    exact = ours(padded(ours))[0]
    with torch.autocast("cpu", torch.bfloat16):
        found = ours(padded(ours))[0]
        of_half = ours(padded(ours).bfloat16())[0]
        wanted = reference(padded(ours))[0]
    assert found.dtype == of_half.dtype == torch.float32
    assert not torch.equal(found, exact)
    torch.testing.assert_close(found, exact, rtol=2e-2, atol=2e-2)
    torch.testing.assert_close(found, wanted.float(), rtol=2e-2, atol=2e-2)
    torch.testing.assert_close(of_half, found, rtol=2e-2, atol=2e-2)


@pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
def test_a_wide_lstm_over_few_sequences_goes_where_it_is_quicker_unless_told_not_to() -> None:
    ours = LSTM(8, 512)
    assert torch_is_quicker(CellKind("lstm"), 512, 32) and not torch_is_quicker(CellKind("lstm"), 512, 33)
    assert not torch_is_quicker(CellKind("lstm"), 1024, 1)
    assert not torch_is_quicker(CellKind("lstm", precision="bf16"), 512, 8)
    assert not torch_is_quicker(CellKind("gru"), 1024, 8)
    values = torch.randn(5, 2, 8)
    routed = ours(values)[0]
    with always_native():
        native = ours(values)[0]
    assert "Sweep" in type(native.grad_fn).__name__ or "View" in type(native.grad_fn).__name__
    torch.testing.assert_close(routed, native, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_sum_is_one_row_and_the_same(name: str) -> None:
    _, ours = pair(name, bidirectional=True)
    values = padded(ours).requires_grad_()
    summed, spread = ours(values, lengths=LENGTHS)[0], ours(values, lengths=LENGTHS)[0]
    found = torch.autograd.grad(summed.sum(), (values, *ours.parameters()))
    wanted = torch.autograd.grad(spread, (values, *ours.parameters()), torch.ones(spread.shape))
    for a, b in zip(found, wanted, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("batch_first", [False, True])
def test_pads_are_zero_forward_and_back_whatever_memory_held_before(batch_first: bool) -> None:
    _, ours = pair("GRU", bidirectional=True, batch_first=batch_first)
    pads = torch.arange(7)[:, None] >= LENGTHS
    pads = pads.T if batch_first else pads
    for _ in range(3):
        torch.full((7 * 4 * 20,), 9.0), torch.full((7 * 4 * 6,), 9.0)  # freed at once: what the next tables are made of
        values = padded(ours).requires_grad_()
        outputs = ours(values, lengths=LENGTHS)[0]
        outputs.square().sum().backward()
        assert values.grad is not None
        assert not outputs[pads].any() and not values.grad[pads].any()
