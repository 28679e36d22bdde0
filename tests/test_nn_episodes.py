"""`reset` of recurra.nn's layers: a sweep that begins anew on the way is a loop over torch's cells that does so.

Not here: lengths and states without resets (test_nn.py), chunks (test_nn_truncated.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import recurra.nn
from recurra.engine.native import engine
from recurra.nn.episodes import episodes_of

STEPS, SEQUENCES, INPUTS, HIDDEN = 9, 5, 4, 6
NAMES = ("RNN", "GRU", "LSTM")
LENGTHS = torch.tensor([9, 4, 0, 7, 1])


def drawn(*shape: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def masks() -> Tensor:
    """Resets at the first step, at the last, one after another, and none in one sequence."""
    mask = torch.rand(STEPS, SEQUENCES, generator=torch.Generator().manual_seed(3)) < 0.3
    mask[0, 0] = mask[-1, 0] = mask[3, 3] = mask[4, 3] = True
    mask[:, 1] = False
    return mask


def pair(name: str, dtype: torch.dtype = torch.float32, **options: Any) -> tuple[Any, Any]:
    """Torch's layer and ours, of the same weights."""
    torch.manual_seed(0)
    reference = getattr(nn, name)(INPUTS, HIDDEN, **options).to(dtype)
    ours = getattr(recurra.nn, name)(INPUTS, HIDDEN, **options).to(dtype)
    ours.load_state_dict(reference.state_dict())
    return reference, ours


def state_of(layer: Any, dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    count = 2 if isinstance(layer, nn.LSTM) else 1
    return tuple(drawn(layer.num_layers, SEQUENCES, HIDDEN, seed=5 + part, dtype=dtype) for part in range(count))


def of_layer(parts: tuple[Tensor, ...]) -> Any:
    return parts if len(parts) > 1 else parts[0]


def parts_of(state: Any) -> tuple[Tensor, ...]:
    return tuple(state) if isinstance(state, tuple | list) else (state,)


def looped(layer: Any, values: Tensor, mask: Tensor, state: tuple[Tensor, ...], lengths: Tensor) -> list[Tensor]:
    """Torch's layer, step by step: outputs (steps, sequences, hidden) and states."""
    outputs = []
    for step, reset in enumerate(mask):
        begun = tuple(torch.where(reset[:, None], torch.zeros_like(part), part) for part in state)
        swept, ends = layer(values[step : step + 1], of_layer(begun))
        inside = (step < lengths)[:, None]
        outputs.append(torch.where(inside, swept[0], 0.0))
        state = tuple(torch.where(inside, end, part) for end, part in zip(parts_of(ends), state, strict=True))
    return [torch.stack(outputs), *state]


def learnt(results: list[Tensor], learn: list[Tensor]) -> list[Tensor]:
    """Results, and gradients of a loss that weighs each number differently."""
    loss = sum((one * torch.linspace(-1, 2, one.numel(), dtype=one.dtype).view(one.shape)).sum() for one in results)
    return [*results, *torch.autograd.grad(loss, learn, materialize_grads=True)]  # type: ignore[arg-type]


def same(found: list[Tensor], wanted: list[Tensor]) -> None:
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["the engine", "torch's way"])
@pytest.mark.parametrize("first", [False, True], ids=["steps first", "batch first"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_reset_within_a_sweep_is_a_loop_over_torchs_cells_in_value_and_gradient(
    name: str, layers: int, first: bool, dtype: torch.dtype
) -> None:
    reference, ours = pair(name, dtype, num_layers=layers)
    ours.batch_first = first
    values = drawn(STEPS, SEQUENCES, INPUTS, seed=1, dtype=dtype).requires_grad_()
    state = tuple(part.requires_grad_() for part in state_of(ours, dtype))
    for lengths in (None, LENGTHS):
        told = torch.full((SEQUENCES,), STEPS) if lengths is None else lengths
        wanted = learnt(looped(reference, values, masks(), state, told), [values, *state, *reference.parameters()])
        turned, mask = (values.transpose(0, 1), masks().T) if first else (values, masks())
        outputs, ends = ours(turned, of_layer(state), lengths=lengths, reset=mask)
        found = [outputs.transpose(0, 1) if first else outputs, *parts_of(ends)]
        same(learnt(found, [values, *state, *ours.parameters()]), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_packed_sequences_take_the_mask_of_their_padded_form(name: str, first: bool, dtype: torch.dtype) -> None:
    _, ours = pair(name, dtype, batch_first=first)
    lengths = torch.tensor([2, 9, 4, 9, 1])
    values, mask = drawn(STEPS, SEQUENCES, INPUTS, seed=1, dtype=dtype), masks()
    given = (values.transpose(0, 1), mask.T.numpy()) if first else (values, mask.numpy())
    state = of_layer(state_of(ours, dtype))
    packed = pack_padded_sequence(given[0], lengths, first, enforce_sorted=False)
    found, ends = ours(packed, state, reset=given[1])
    assert isinstance(found, PackedSequence) and torch.equal(found.batch_sizes, packed.batch_sizes)
    wanted, states = ours(given[0], state, lengths=lengths, reset=given[1])
    same([pad_packed_sequence(found, first)[0], *parts_of(ends)], [wanted, *parts_of(states)])


@pytest.mark.parametrize("name", NAMES)
def test_one_sequence_alone_takes_a_mask_of_its_steps(name: str) -> None:
    for dtype in (torch.float32, torch.float64):
        _, ours = pair(name, dtype)
        values, mask = drawn(STEPS, SEQUENCES, INPUTS, seed=1, dtype=dtype), masks()
        outputs, ends = ours(values[:, 3], reset=mask[:, 3].tolist())
        wanted, states = ours(values[:, 3:4], reset=mask[:, 3:4])
        same([outputs, *parts_of(ends)], [wanted[:, 0], *(part[:, 0] for part in parts_of(states))])


def test_a_mask_without_a_reset_changes_no_bit_and_one_behind_a_sequences_end_none_either() -> None:
    _, ours = pair("LSTM")
    values, state = drawn(STEPS, SEQUENCES, INPUTS, seed=1), state_of(ours)
    behind = torch.arange(STEPS)[:, None] >= LENGTHS
    wanted, states = ours(values, state, lengths=LENGTHS)
    for mask in (torch.zeros(STEPS, SEQUENCES, dtype=torch.bool), behind):
        found, ends = ours(values, state, lengths=LENGTHS, reset=mask)
        assert torch.equal(found, wanted) and all(torch.equal(a, b) for a, b in zip(ends, states, strict=True))


def test_states_that_are_no_numbers_end_at_a_reset() -> None:
    for dtype in (torch.float32, torch.float64):
        _, ours = pair("GRU", dtype)
        values = drawn(STEPS, SEQUENCES, INPUTS, seed=1, dtype=dtype)
        values[3] = torch.nan
        mask = torch.zeros(STEPS, SEQUENCES, dtype=torch.bool)
        mask[[0, 4]] = True
        outputs, end = ours(values, torch.full((1, SEQUENCES, HIDDEN), torch.nan, dtype=dtype), reset=mask)
        assert outputs[:3].isfinite().all() and outputs[4:].isfinite().all() and end.isfinite().all()
        assert outputs[3].isnan().all()


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("first", [False, True])
def test_what_does_not_fit_a_mask_is_refused_in_one_line(first: bool) -> None:
    for dtype in (torch.float32, torch.float64):
        _, ours = pair("LSTM", dtype, batch_first=first)
        values = drawn(STEPS, SEQUENCES, INPUTS, seed=1, dtype=dtype)
        values, mask = (values.transpose(0, 1), masks().T) if first else (values, masks())
        with pytest.raises(ValueError, match=r"reset: found shape \(\d, \d\), allowed \(\d, \d\)"):
            ours(values, reset=mask.T)
        with pytest.raises(ValueError, match="numbers of type float32, allowed true and false"):
            ours(values, reset=mask.float())
        for wrong in ((torch.zeros(1, 3, HIDDEN, dtype=dtype),) * 2, torch.zeros(1, SEQUENCES, HIDDEN, dtype=dtype)):
            with pytest.raises(Exception, match=r".") as ours_told:
                ours(values, wrong, reset=mask)
            with pytest.raises(type(ours_told.value)):
                ours(values, wrong)
    both = recurra.nn.GRU(INPUTS, HIDDEN, bidirectional=True)
    with pytest.raises(ValueError, match="reset: found a layer of both directions"):
        both(drawn(STEPS, SEQUENCES, INPUTS, seed=1), reset=masks())
    one, mask = pair("GRU")[1], masks()
    with pytest.raises(ValueError, match=r"torch\.jit\.trace"):
        torch.jit.trace(lambda given: one(given, reset=mask), drawn(STEPS, SEQUENCES, INPUTS, seed=1))


@pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
def test_hessians_pass_no_reset_either() -> None:
    reference, ours = pair("GRU", torch.float32)
    values = drawn(STEPS, SEQUENCES, INPUTS, seed=1).requires_grad_()
    state, told = state_of(ours), torch.full((SEQUENCES,), STEPS)

    def twice(outputs: Tensor) -> list[Tensor]:
        (slope,) = torch.autograd.grad(outputs.square().sum(), values, create_graph=True)
        return list(torch.autograd.grad(slope.square().sum(), values))

    wanted = twice(looped(reference, values, masks(), state, told)[0])
    same(twice(ours(values, of_layer(state), reset=masks())[0]), wanted)


def test_random_masks_and_lengths_cut_every_token_into_one_episode() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        rows, steps = random.integers(1, 6, 2)
        lengths, starts = random.integers(0, steps + 1, rows), random.random((rows, steps)) < 0.4
        cut = episodes_of(lengths, starts)
        pieces: list[list[int]] = []
        for row, length in enumerate(lengths):
            pieces += [[row]] if not length else []
            for step in range(length):
                pieces += [[row]] if not step or starts[row, step] else []
                pieces[-1].append(step)
        assert cut.sequence.tolist() == [piece[0] for piece in pieces]
        assert cut.lengths.tolist() == [len(piece) - 1 for piece in pieces]
        assert cut.step.tolist() == [step for piece in pieces for step in piece[1:]]
        carried = [not piece[1:] or (not piece[1] and not starts[piece[0], 0]) for piece in pieces]
        assert cut.carried.tolist() == np.flatnonzero(carried).tolist()
