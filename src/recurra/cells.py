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
from recurra.config import LEARNING, Activation, Cell, CellKind
from recurra.errors import UsageError

State = tuple[Tensor, ...]

ACTIVATE: dict[Activation, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
}


def require_learning(kind: CellKind) -> None:
    """Raise UsageError for a precision that is for answers alone."""
    if kind.precision not in LEARNING:
        advice = "int8 answers without torch: load the model with precision='int8'"
        allowed = ", ".join(LEARNING)
        raise UsageError("precision of a net that learns", found=kind.precision, allowed=allowed, advice=advice)


def rounded(values: Tensor, kind: CellKind) -> Tensor:
    """What is multiplied, in the kind's precision; so is the error that comes back through it."""
    require_learning(kind)
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

    def from_state(self, hidden: Tensor, kind: CellKind) -> Tensor:
        """W_hh h_{t-1} + b_hh."""
        return rounded(hidden, kind) @ rounded(self.recurrent, kind).T + self.recurrent_bias

    def gates(self, count: int) -> list[SweepWeights]:
        """Each gate's own rows, where a step does not multiply all of them at once."""
        parts = zip(*(part.chunk(count) for part in self), strict=True)
        return [SweepWeights(*gate) for gate in parts]


class CellEquations(Protocol):
    """What a cell is: one step from a state to the next; the first part of a state is the output."""

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, kind: CellKind) -> State:
        """Return the next state."""
        ...


class Rnn:
    """The simple recurrent network (Elman 1990): h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)."""

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, kind: CellKind) -> State:
        """Take one step; f is tanh, ReLU or the logistic sigmoid."""
        (hidden,) = state
        return (ACTIVATE[kind.activation](projected + weights.from_state(hidden, kind)),)


class Gru:
    """The gated recurrent unit (Cho et al. 2014) with the reset applied to the product, as in cuDNN and torch.

    r = σ(x_r + h_r), z = σ(x_z + h_z), n = tanh(x_n + r · h_n), h_t = (1 - z) · n + z · h_{t-1},
    where x_* = W_ih x_t + b_ih and h_* = W_hh h_{t-1} + b_hh.
    """

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, kind: CellKind) -> State:
        """Take one step; f is tanh."""
        (hidden,) = state
        from_input = projected.chunk(3, dim=1)
        from_state = weights.from_state(hidden, kind).chunk(3, dim=1)
        reset = torch.sigmoid(from_input[0] + from_state[0])
        update = torch.sigmoid(from_input[1] + from_state[1])
        new = ACTIVATE[kind.activation](from_input[2] + reset * from_state[2])
        return ((1 - update) * new + update * hidden,)


class GruBefore:
    """The gated recurrent unit as it was first written (Cho et al. 2014): the reset meets the state, then the product.

    r = σ(x_r + h_r), z = σ(x_z + h_z), n = tanh(x_n + W_hn (r · h_{t-1}) + b_hn), h_t = (1 - z) · n + z · h_{t-1}:
    Keras' `reset_after=False`.
    """

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, kind: CellKind) -> State:
        """Take one step; f is tanh."""
        (hidden,) = state
        from_input = projected.chunk(3, dim=1)
        reset_side, update_side, new_side = weights.gates(3)
        reset = torch.sigmoid(from_input[0] + reset_side.from_state(hidden, kind))
        update = torch.sigmoid(from_input[1] + update_side.from_state(hidden, kind))
        new = ACTIVATE[kind.activation](from_input[2] + new_side.from_state(reset * hidden, kind))
        return ((1 - update) * new + update * hidden,)


class Lstm:
    """The long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), without peepholes.

    i, f, o = σ(…), g = a(…), c_t = f · c_{t-1} + i · g, h_t = o · a(c_t); a is tanh, or ReLU as in the classic lab.
    """

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, kind: CellKind) -> State:
        """Take one step."""
        hidden, cell = state
        gates = projected + weights.from_state(hidden, kind)
        entry, forget, candidate, output = gates.chunk(4, dim=1)
        activate = ACTIVATE[kind.activation]
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(entry) * activate(candidate)
        return (torch.sigmoid(output) * activate(cell), cell)


class MinGru:
    """The minimal gated unit (Feng et al. 2024, "Were RNNs all we needed?", section 3.1): no product of the state.

    z = σ(x_z), h_t = (1 - z) · h_{t-1} + z · x_n.
    """

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, kind: CellKind) -> State:
        """Take one step."""
        update, new = projected.chunk(2, dim=1)
        (hidden,) = state
        return (hidden + torch.sigmoid(update) * (new - hidden),)


class Sru:
    """The simple recurrent unit (Lei et al. 2018, "Simple recurrent units for highly parallelizable recurrence").

    f = σ(x_f + v_f · c_{t-1}), r = σ(x_r + v_r · c_{t-1}), c_t = f · c_{t-1} + (1 - f) · x_n,
    h_t = r · c_t + (1 - r) · x_w. The highway x_w is a product of the input, so that widths may differ.
    """

    @staticmethod
    def step(projected: Tensor, state: State, weights: SweepWeights, kind: CellKind) -> State:
        """Take one step."""
        _, cell = state
        new, forget, reset, highway = projected.chunk(4, dim=1)
        forget_vector, reset_vector = weights.recurrent
        reset = torch.sigmoid(reset + reset_vector * cell)
        cell = new + torch.sigmoid(forget + forget_vector * cell) * (cell - new)
        return (highway + reset * (cell - highway), cell)


CELLS: dict[Cell, type[CellEquations]] = {"rnn": Rnn, "gru": Gru, "lstm": Lstm, "mingru": MinGru, "sru": Sru}


def equations(kind: CellKind) -> type[CellEquations]:
    """Return the equations of a cell; the GRU has two forms."""
    return CELLS[kind.cell] if kind.reset_after else GruBefore


def plain_sweep(
    kind: CellKind, projected: Tensor, lengths: Integers, weights: SweepWeights, state: State
) -> tuple[list[Tensor], State]:
    """Run a cell over sequences sorted from long to short, dropping each at its own end.

    `projected` is (steps, sequences, gates * hidden). Returns the outputs of each step, (running, hidden), and the
    final states, (sequences, hidden).
    """
    step = equations(kind).step
    running = len(lengths)
    outputs: list[Tensor] = []
    finished: list[State] = []
    for time in range(len(projected)):
        still = int((lengths > time).sum())
        if still < running:
            finished.append(tuple(part[still:] for part in state))
            state, running = tuple(part[:still] for part in state), still
        state = step(projected[time, :running], state, weights, kind)
        outputs.append(state[0])
    finished.append(state)
    return outputs, tuple(torch.cat(parts) for parts in zip(*reversed(finished), strict=True))
