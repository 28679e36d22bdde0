"""A layer swept by the equations over ragged sequences: slow, right everywhere, and differentiable as often as wanted.

Not here: the equations (cells/), and when a layer is swept so (choose.py, and autograd.py for second derivatives).
Sequences lie on a right-padded grid, from the longest to the shortest, and each is dropped at its own end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from recurra.batches import Integers, Ragged, lay_grid
from recurra.cells.backends.torch import SweepWeights, TensorState, plain_sweep, rounded
from recurra.config import CellKind
from recurra.engine.devices import tensor_on


def plain_layer(
    kind: CellKind, inputs: Ragged[Tensor], weights: Sequence[SweepWeights], states: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Sweep all directions: outputs (tokens, directions * hidden), then the final states.

    The parts of a state, before and after, are (directions, sequences, hidden); with none the sweep starts at zero.
    """
    # One row of zeros for each direction where no state came.
    begin = states or [torch.stack(part) for part in zip(*(zeros(kind, inputs, side) for side in weights), strict=True)]
    swept = [
        plain_direction(kind, inputs, side, tuple(part[number] for part in begin), reverse=number == 1)
        for number, side in enumerate(weights)
    ]
    outputs = torch.cat([side.values for side, _ in swept], dim=1)
    return outputs, *(torch.stack(parts) for parts in zip(*(final for _, final in swept), strict=True))


def plain_direction(
    kind: CellKind, inputs: Ragged[Tensor], weights: SweepWeights, state: TensorState, *, reverse: bool
) -> tuple[Ragged[Tensor], TensorState]:
    """Sweep one direction: inputs (tokens, features) -> outputs (tokens, hidden) and the final state."""
    # All inputs at once, before the first step: they do not wait for a state. The state's product does.
    matrix = rounded(weights.input, kind)
    projected = torch.nn.functional.linear(rounded(inputs.values, kind), matrix, weights.input_bias)
    return plain_steps(kind, inputs.carry(projected), weights, state, reverse=reverse)


def plain_steps(
    kind: CellKind, projected: Ragged[Tensor], weights: SweepWeights, state: TensorState, *, reverse: bool
) -> tuple[Ragged[Tensor], TensorState]:
    """The same of inputs that have been multiplied: (tokens, gates * hidden)."""
    if not len(projected.values):
        return projected.carry(projected.values.new_zeros(0, state[0].shape[1])), state
    # From the longest on, so that the sequences of a step are always the first rows. Stable: ties keep their order.
    order = np.argsort(-projected.lengths, kind="stable")
    device = projected.values.device
    where, back = tensor_on(device, order), tensor_on(device, np.argsort(order))
    lengths = projected.lengths[order]
    places = tensor_on(device, _sorted_places(projected.offsets, order, reverse))
    padded = on_grid(projected.values, places, int(lengths[0]), len(order))
    outputs, final = plain_sweep(kind, padded, lengths, weights, tuple(part[where] for part in state))
    # Steps have fewer and fewer rows; filled up to a rectangle they can be picked by one index.
    dense = torch.cat([torch.nn.functional.pad(out, (0, 0, 0, len(order) - len(out))) for out in outputs])
    return projected.carry(dense[places]), tuple(part[back] for part in final)


def _sorted_places(offsets: Integers, order: Integers, reverse: bool) -> Integers:
    laid = lay_grid(offsets, reverse=reverse)
    step, owner = np.divmod(laid.places, laid.sequences)
    # Place in the rectangle: the step's row, then the sequence's rank among the sorted ones.
    return step * laid.sequences + np.argsort(order)[owner]


def zeros(kind: CellKind, inputs: Ragged[Tensor], weights: SweepWeights) -> TensorState:
    """The state to start from where none is there: zeros (sequences, hidden)."""
    nothing = inputs.values.new_zeros(inputs.sequences, weights.recurrent.shape[1])
    return (nothing,) * len(kind.states)


def on_grid(values: Tensor, places: Tensor, steps: int, sequences: int) -> Tensor:
    """Lay ragged values (tokens, features) on a grid: (steps, sequences, features), zero where no token is."""
    flat = values.new_zeros(steps * sequences, values.shape[1])
    return flat.index_copy(0, places, values).view(steps, sequences, values.shape[1])
