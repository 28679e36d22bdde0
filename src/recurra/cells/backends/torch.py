"""The cells' steps in PyTorch: the truth that every quicker path must equal.

Not here: the equations (cells/NAME.py), and speed. The engine runs these step by step only where nothing quicker
computes the same.

All weights keep torch.nn's layout: the gates' rows stacked in the order of the cell's `gates`.
`projected` is W_ih x_t + b_ih for one step, (sequences, gates * hidden); states are tuples of (sequences, hidden).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from recurra.batches import Integers
from recurra.cells.cell import Activation, Elementwise
from recurra.config import CellKind

TensorState = tuple[Tensor, ...]

ACTIVATE: dict[Activation, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
}


def rounded(values: Tensor, kind: CellKind) -> Tensor:
    """What is multiplied, in the kind's precision; so is the error that comes back through it."""
    kind.require_learning()
    # There and back: torch rounds the gradient on the same way back.
    return values.to(torch.bfloat16).to(values.dtype) if kind.precision == "bf16" else values


class SweepWeights(NamedTuple):
    """The weights of one layer in one direction."""

    input: Tensor
    """(gates * hidden, inputs)"""
    recurrent: Tensor
    """(gates * hidden, hidden); of an SRU (2, hidden), of a minGRU (0, hidden)"""
    input_bias: Tensor
    """(gates * hidden,)"""
    recurrent_bias: Tensor
    """(gates * hidden,); of the parallel cells (0,)"""


@dataclass(frozen=True)
class _FromState:
    """The recurrent weights of one direction, as a step asks for them."""

    weights: SweepWeights
    kind: CellKind

    def product(self, state: Tensor, gate: str = "") -> Tensor:
        rows = self.kind.rows_of(gate, state.shape[1])
        matrix, bias = self.weights.recurrent[rows], self.weights.recurrent_bias[rows]
        return rounded(state, self.kind) @ rounded(matrix, self.kind).T + bias

    @property
    def vectors(self) -> tuple[Tensor, ...]:
        return tuple(self.weights.recurrent)


def tensor_step(kind: CellKind, projected: Tensor, state: TensorState, weights: SweepWeights) -> TensorState:
    """Return the next state: `projected` is (sequences, gates * hidden), each part of a state (sequences, hidden)."""
    operations = Elementwise(ACTIVATE, kind.activation, partial(torch.chunk, chunks=kind.gates, dim=1))
    return kind.step(operations, projected, state, _FromState(weights, kind))


def plain_sweep(
    kind: CellKind, projected: Tensor, lengths: Integers, weights: SweepWeights, state: TensorState
) -> tuple[list[Tensor], TensorState]:
    """Run a cell over sequences sorted from long to short, dropping each at its own end.

    `projected` is (steps, sequences, gates * hidden). Returns the outputs of each step, (running, hidden), and the
    final states, (sequences, hidden).
    """
    running = len(lengths)
    outputs: list[Tensor] = []
    finished: list[TensorState] = []
    for time in range(len(projected)):
        # Sorted from long to short, so that those still running are the first ones.
        still = int((lengths > time).sum())
        if still < running:
            # Those that end here stand behind the others; reversed at the end, they come out in the sequences' order.
            finished.append(tuple(part[still:] for part in state))
            # Slices and no writes: autograd needs every state as it was.
            state, running = tuple(part[:still] for part in state), still
        state = tensor_step(kind, projected[time, :running], state, weights)
        outputs.append(state[0])
    finished.append(state)
    return outputs, tuple(torch.cat(parts) for parts in zip(*reversed(finished), strict=True))
