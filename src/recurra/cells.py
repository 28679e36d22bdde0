"""The recurrent cells as readable equations in PyTorch: the truth that every quicker path must equal.

Not here: speed. The engine runs these step by step only where nothing quicker computes the same.

All weights keep torch.nn's layout: the gates' rows stacked in the order of `layers.specs.GATES`.
`projected` is W_ih x_t + b_ih for one step, (sequences, gates * hidden); states are tuples of (sequences, hidden).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from recurra.batches import Integers
from recurra.config import Activation, Cell

State = tuple[Tensor, ...]

ACTIVATE: dict[Activation, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
}


class SweepWeights(NamedTuple):
    """The weights of one layer in one direction."""

    input: Tensor
    """(gates * hidden, inputs)"""
    recurrent: Tensor
    """(gates * hidden, hidden)"""
    input_bias: Tensor
    """(gates * hidden,)"""
    recurrent_bias: Tensor
    """(gates * hidden,)"""


class CellEquations(Protocol):
    """What a cell is: one step from a state to the next; the first part of a state is the output."""

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, activation: Activation) -> State:
        """Return the next state."""
        ...


class Rnn:
    """The simple recurrent network (Elman 1990): h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)."""

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, activation: Activation) -> State:
        """Take one step; f is tanh, ReLU or the logistic sigmoid."""
        (hidden,) = state
        return (ACTIVATE[activation](projected + hidden @ weights.recurrent.T + weights.recurrent_bias),)


class Gru:
    """The gated recurrent unit (Cho et al. 2014) with the reset applied to the product, as in cuDNN and torch.

    r = σ(x_r + h_r), z = σ(x_z + h_z), n = tanh(x_n + r · h_n), h_t = (1 - z) · n + z · h_{t-1},
    where x_* = W_ih x_t + b_ih and h_* = W_hh h_{t-1} + b_hh.
    """

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, activation: Activation) -> State:
        """Take one step; f is tanh."""
        (hidden,) = state
        from_input = projected.chunk(3, dim=1)
        from_state = (hidden @ weights.recurrent.T + weights.recurrent_bias).chunk(3, dim=1)
        reset = torch.sigmoid(from_input[0] + from_state[0])
        update = torch.sigmoid(from_input[1] + from_state[1])
        new = ACTIVATE[activation](from_input[2] + reset * from_state[2])
        return ((1 - update) * new + update * hidden,)


class Lstm:
    """The long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), without peepholes.

    i, f, o = σ(…), g = a(…), c_t = f · c_{t-1} + i · g, h_t = o · a(c_t); a is tanh, or ReLU as in the classic lab.
    """

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, activation: Activation) -> State:
        """Take one step."""
        hidden, cell = state
        gates = projected + hidden @ weights.recurrent.T + weights.recurrent_bias
        entry, forget, candidate, output = gates.chunk(4, dim=1)
        activate = ACTIVATE[activation]
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(entry) * activate(candidate)
        return (torch.sigmoid(output) * activate(cell), cell)


CELLS: dict[Cell, type[CellEquations]] = {"rnn": Rnn, "gru": Gru, "lstm": Lstm}


def plain_sweep(
    cell: Cell, activation: Activation, projected: Tensor, lengths: Integers, weights: SweepWeights, state: State
) -> tuple[list[Tensor], State]:
    """Run a cell over sequences sorted from long to short, dropping each at its own end.

    `projected` is (steps, sequences, gates * hidden). Returns the outputs of each step, (running, hidden), and the
    final states, (sequences, hidden).
    """
    step = CELLS[cell].step
    running = len(lengths)
    outputs: list[Tensor] = []
    finished: list[State] = []
    for time in range(len(projected)):
        still = int((lengths > time).sum())
        if still < running:
            finished.append(tuple(part[still:] for part in state))
            state, running = tuple(part[:still] for part in state), still
        state = step(projected[time, :running], state, weights, activation)
        outputs.append(state[0])
    finished.append(state)
    return outputs, tuple(torch.cat(parts) for parts in zip(*reversed(finished), strict=True))
