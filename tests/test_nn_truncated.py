"""`recurra.nn.truncated`: the same numbers as one sweep, gradients that end at a chunk's beginning.

Not here: the layers (test_nn.py) and their resets (test_nn_episodes.py).
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

import recurra.nn
from recurra.nn import truncated

STEPS, SEQUENCES, INPUTS, HIDDEN = 10, 3, 4, 5


def values(first: bool = False) -> Tensor:
    drawn = torch.randn(STEPS, SEQUENCES, INPUTS, generator=torch.Generator().manual_seed(1))
    return drawn.transpose(0, 1) if first else drawn


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("first", [False, True])
def test_chunks_give_the_outputs_and_states_of_the_whole(name: str, first: bool) -> None:
    torch.manual_seed(0)
    layer = getattr(recurra.nn, name)(INPUTS, HIDDEN, num_layers=2, batch_first=first)
    lengths = torch.tensor([10, 2, 5])
    mask = torch.rand(STEPS, SEQUENCES, generator=torch.Generator().manual_seed(2)) < 0.3
    mask = mask.T if first else mask
    wanted, ends = layer(values(first), lengths=lengths, reset=mask)
    for steps in (1, 3, 5, 10, 99):
        chunks = list(truncated(layer, values(first), steps, lengths=lengths, reset=mask))
        torch.testing.assert_close(torch.cat([one.outputs for one in chunks], 1 if first else 0), wanted)
        torch.testing.assert_close(chunks[-1].state, ends)
        assert [step for one in chunks for step in range(STEPS)[one.steps]] == list(range(STEPS))


def test_gradients_reach_back_to_a_chunks_first_step_and_no_further() -> None:
    layer, given = recurra.nn.LSTM(INPUTS, HIDDEN), values().requires_grad_()
    begun = tuple(torch.zeros(1, SEQUENCES, HIDDEN, requires_grad=True) for _ in range(2))
    for number, (outputs, state, steps) in enumerate(truncated(layer, given, 4, begun)):
        (slope,) = torch.autograd.grad(outputs[-1].sum(), given, retain_graph=True)
        assert slope[steps].abs().sum(dim=(1, 2)).all() and torch.count_nonzero(slope) == slope[steps].numel()
        assert not any(part.requires_grad for part in state)
        # A state that was given may learn, from the first chunk alone.
        learnt = torch.autograd.grad(outputs.sum(), begun, allow_unused=True)
        assert all(one is not None if number == 0 else one is None for one in learnt)


def test_a_chunk_is_computed_with_the_weights_of_its_own_time() -> None:
    layer = recurra.nn.GRU(INPUTS, HIDDEN)
    chunks = truncated(layer, values(), 5)
    _, state, _ = next(chunks)
    with torch.no_grad():
        layer.weight_ih_l0.zero_()
    outputs, _, steps = next(chunks)
    torch.testing.assert_close(outputs, layer(values()[steps], state)[0])
    assert next(chunks, None) is None


def test_behind_the_longest_sequence_nothing_is_swept() -> None:
    layer = recurra.nn.GRU(INPUTS, HIDDEN)
    told = [one.steps for one in truncated(layer, values(), 4, lengths=[3, 6, 0])]
    assert told == [slice(0, 4), slice(4, 6)]
    assert not list(truncated(layer, values(), 4, lengths=[0, 0, 0]))


def test_a_whole_net_with_a_state_of_any_form_is_taken() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.layer = nn.Embedding(9, INPUTS), recurra.nn.LSTM(INPUTS, HIDDEN, batch_first=True)

        def forward(self, ids: Tensor, state: Any) -> Any:
            outputs, inner = self.layer(self.words(ids), None if state is None else state["layers"][0])
            return outputs, {"layers": [inner], "steps": ids.shape[1] + (state or {"steps": 0})["steps"]}

    net, ids = Net(), torch.arange(STEPS * 2).view(2, STEPS) % 9
    chunks = list(truncated(net, ids, 4, batch_first=True))
    torch.testing.assert_close(torch.cat([one.outputs for one in chunks], 1), net(ids, None)[0])
    assert chunks[-1].state["steps"] == STEPS
    assert not any(part.requires_grad for part in chunks[-1].state["layers"][0])


def test_one_sequence_alone_and_what_does_not_fit() -> None:
    layer = recurra.nn.GRU(INPUTS, HIDDEN, batch_first=True)
    alone = values()[:, 0]
    chunks = list(truncated(layer, alone, 4, reset=[False] * STEPS))
    torch.testing.assert_close(torch.cat([one.outputs for one in chunks]), layer(alone)[0])
    with pytest.raises(ValueError, match="steps: found 0"):
        truncated(layer, alone, 0)
    with pytest.raises(ValueError, match="values: found no padded steps"):
        truncated(layer, pack_sequence([alone]), 2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="values: found no padded steps"):
        truncated(layer, alone[:0], 2)
    with pytest.raises(ValueError, match=r"reset: found shape \(3,\), allowed 10 steps"):
        truncated(layer, alone, 2, reset=torch.zeros(3, dtype=torch.bool))
    with pytest.raises(ValueError, match="lengths: found 11 to 11"):
        truncated(layer, alone, 2, lengths=[11])
    for steps in (True, 2.0, "2", None):
        with pytest.raises(ValueError, match=r"steps: found .*, allowed a whole number"):
            truncated(layer, alone, steps)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="values: found no padded steps"):
        truncated(layer, alone.numpy(), 2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lengths: found 0 axes"):
        truncated(layer, alone, 2, lengths=5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="both directions"):
        truncated(recurra.nn.GRU(INPUTS, HIDDEN, bidirectional=True), values(), 2)
