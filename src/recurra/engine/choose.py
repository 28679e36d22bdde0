"""Which implementation sweeps a cell over ragged sequences in training: the one place that chooses.

Not here: the equations (cells/) and the runtime without torch (layers/*/run.py).

The native engine serves every cell on the processor, in float32 or with products of bfloat16, on the ragged values as
they are. On a GPU cuDNN serves what it can express, packed (packed.py), and scans the parallel cells (scan.py).
Elsewhere torch's fused kernels serve what they can express, and the equations the rest. They run on a right-padded grid
of sequences whose lengths are alike; pads follow each sequence's end, so that no pad ever reaches a state that is read.
The backward direction starts each sequence at its own end. On a CPU nothing is packed: there it is twenty times slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.batches import Ragged, lay_grid
from recurra.cells.backends.torch import SweepWeights, TensorState
from recurra.cells.cell import Activation
from recurra.config import CellKind, CellName
from recurra.engine import native
from recurra.engine.autograd import native_sweep, readable
from recurra.engine.devices import tensor_on
from recurra.engine.packed import KERNELS, packed_sweep, through_tanh
from recurra.engine.plain import on_grid, plain_direction, zeros
from recurra.engine.scan import scanned_sweep, scans

Route = Literal["native", "packed", "scan", "torch", "plain"]
TokenRows = NDArray[np.int32]
"""(tokens,): which of the distinct inputs each token has."""


def route_of(kind: CellKind, dtype: torch.dtype = torch.float32, device: str = "cpu") -> Route:
    """Tell which route sweeps a cell: the native engine, torch's kernels, a scan, or the equations step by step."""
    # Kernels are of float32 on the processor; bfloat16 and int8 are precisions of products, not types of tensors.
    there = native.engine().library is not None and dtype == torch.float32 and device == "cpu"
    return "native" if there and native.knows(kind) else without_native(kind, device)


def is_native(*tensors: Tensor) -> bool:
    """Tell whether the native engine works on these: plain float32 memory on the processor, and nobody traces."""
    return native.engine().library is not None and readable(*tensors)


def without_native(kind: CellKind, device: str = "cpu") -> Route:
    """Tell which route sweeps a cell where the native engine does not.

    torch and cuDNN have the cells of packed.KERNELS: neither the LSTM with ReLU nor the GRU that resets before its
    product.
    On a CPU torch's kernels cannot multiply in bfloat16 and sum in float32 step by step; on a GPU they do
    (devices.products).
    """
    # RECURRA_ENGINE=plain: the equations everywhere, which all else is compared with.
    if native.engine().name == "plain":
        return "plain"
    if kind.parallel:
        return "scan" if scans(kind, device) else "plain"
    # Some cells no kernel of torch has, on any device.
    if (kind.cell, kind.activation) not in KERNELS or not kind.reset_after:
        return "plain"
    if device == "cuda":
        return "packed"
    # On the processor torch would multiply in float32 whatever was asked for: it cannot be told to round operands.
    return "torch" if kind.precision == "float32" else "plain"


def torch_is_quicker(kind: CellKind, hidden: int, sequences: int) -> bool:
    """Tell where torch's kernel beats the native one: a wide LSTM in float32 over few sequences of one length.

    There the weights stream through the second-level cache at every step, which oneDNN does as well or better; the
    rule is read off `benchmarks/heat.py`. It knows sizes only, never times: the same batch always takes one route.
    """
    # More sequences share each reading of the weights, and the native kernel is the quicker one again.
    few = hidden >= 512 and 1 < sequences <= hidden // 16
    return few and kind == CellKind("lstm")


def sweep_layer(
    kind: CellKind,
    inputs: Ragged[Tensor],
    weights: Sequence[SweepWeights],
    states: Sequence[TensorState] | None = None,
    *,
    rows: TokenRows | None = None,
    route: Route | None = None,
) -> tuple[Ragged[Tensor], list[TensorState | None]]:
    """Sweep one layer: inputs (tokens, features) -> outputs (tokens, directions * hidden) and the final states.

    `weights` holds one entry, or two: the second direction reads each sequence from its end. So do `states`, each a
    tuple of (sequences, hidden): hidden, and for the LSTM the cell. Without them the sweep starts at zero. With `rows`
    the inputs are distinct ones, which the native engine multiplies once.
    """
    # int8 is refused before anything is computed: what rounds to bytes has no gradient.
    kind.require_learning()
    # A route that the caller names is taken, or fails loudly; only a chosen one may give way.
    chosen = route or route_of(kind, inputs.values.dtype, inputs.values.device.type)
    # Traced or foreign tensors are found out here, where all of them are known.
    if route is None and chosen == "native" and not _is_natives(kind, inputs, weights, states):
        chosen = without_native(kind)
    if chosen == "native":
        return _native(kind, inputs, weights, states, rows)
    if rows is not None:
        # Only the native engine knows rows; for the others each token gets its input.
        inputs = inputs.carry(inputs.values[tensor_on(inputs.values.device, rows)])
    if chosen == "packed":
        return packed_sweep(kind, inputs, weights, states)
    sides: list[Tensor] = []
    final: list[TensorState | None] = []
    for number, side in enumerate(weights):
        state = states[number] if states else None
        outputs, end = sweep_direction(kind, inputs, side, state=state, reverse=number == 1, route=route)
        sides.append(outputs.values)
        final.append(end)
    return inputs.carry(torch.cat(sides, dim=1) if len(sides) > 1 else sides[0]), final


def _is_natives(
    kind: CellKind, inputs: Ragged[Tensor], weights: Sequence[SweepWeights], states: Sequence[TensorState] | None
) -> bool:
    if inputs.equal and torch_is_quicker(kind, weights[0].recurrent.shape[1], inputs.sequences):
        return False
    return readable(inputs.values, *(one for side in (*weights, *(states or ())) for one in side))


def _native(
    kind: CellKind,
    inputs: Ragged[Tensor],
    weights: Sequence[SweepWeights],
    states: Sequence[TensorState] | None,
    rows: TokenRows | None,
) -> tuple[Ragged[Tensor], list[TensorState | None]]:
    # From a state for each direction to a table for each part: (directions, sequences, hidden).
    start = [torch.stack(parts) for parts in zip(*states, strict=True)] if states else []
    places = native.ragged(inputs.offsets)
    outputs, *final = native_sweep(kind, places, inputs.values, weights, *start, rows=rows)
    parts = final[: len(kind.states)]
    return inputs.carry(outputs), [tuple(part[side] for part in parts) for side in range(len(weights))]


def sweep_direction(
    kind: CellKind,
    inputs: Ragged[Tensor],
    weights: SweepWeights,
    *,
    state: TensorState | None = None,
    reverse: bool = False,
    route: Route | None = None,
) -> tuple[Ragged[Tensor], TensorState | None]:
    """Sweep one direction, padded or scanned: -> outputs (tokens, hidden) and the final state.

    On torch's kernels the final state is None when lengths differ, because they do not tell it at each sequence's own
    end; with a state given, sequences of different lengths take the plain route instead.
    """
    begin = state or zeros(kind, inputs, weights)
    # torch refuses sequences without a token; their states end where they began.
    if not len(inputs.values):
        return inputs.carry(inputs.values.new_zeros(0, weights.recurrent.shape[1])), begin
    chosen = route or without_native(kind, inputs.values.device.type)
    if chosen == "scan":
        return scanned_sweep(kind, inputs, weights, begin, reverse=reverse)
    # torch's kernels cannot tell the state at each sequence's own end, and who carries states needs it.
    carried = state is not None and not inputs.equal
    if chosen == "plain" or (carried and route is None):
        return plain_direction(kind, inputs, weights, begin, reverse=reverse)
    return _fused(kind, inputs, weights, begin, reverse)


def _fused(
    kind: CellKind, inputs: Ragged[Tensor], weights: SweepWeights, state: TensorState, reverse: bool
) -> tuple[Ragged[Tensor], TensorState | None]:
    laid = lay_grid(inputs.offsets, reverse=reverse)
    places = tensor_on(inputs.values.device, laid.places)
    padded = on_grid(inputs.values, places, laid.steps, laid.sequences)
    parts, final = _kernel(kind.cell, kind.activation, padded, weights, state)
    outputs = inputs.carry(parts.reshape(laid.steps * laid.sequences, -1)[places])
    return outputs, final if inputs.equal else None


def _kernel(
    cell: CellName, activation: Activation, padded: Tensor, weights: SweepWeights, state: TensorState
) -> tuple[Tensor, TensorState]:
    """Call torch's fused kernel on a (steps, sequences, features) grid."""
    # σ through the tanh kernel, with other weights and a state that lies between -1 and 1.
    if activation == "sigmoid":
        outputs, (hidden,) = _kernel(cell, "tanh", padded, through_tanh(weights), (2 * state[0] - 1,))
        return (outputs + 1) / 2, ((hidden + 1) / 2,)
    flat, begin = list(weights), [part.unsqueeze(0) for part in state]
    train = torch.is_grad_enabled()
    if cell == "lstm":
        outputs, hidden, inner = torch.lstm(padded, begin, flat, True, 1, 0.0, train, False, False)
        return outputs, (hidden[0], inner[0])
    if cell == "gru":
        outputs, hidden = torch.gru(padded, begin[0], flat, True, 1, 0.0, train, False, False)
    elif activation == "relu":
        outputs, hidden = torch.rnn_relu(padded, begin[0], flat, True, 1, 0.0, train, False, False)
    else:
        outputs, hidden = torch.rnn_tanh(padded, begin[0], flat, True, 1, 0.0, train, False, False)
    return outputs, (hidden[0],)
