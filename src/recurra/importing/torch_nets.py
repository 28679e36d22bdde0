"""The same layers in torch.nn, in float64 or float32: what an imported state dict is held against.

Not here: our own layers of it (stages.py), and the comparison (parity.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recurra.importing.asked import Stage
from recurra.importing.source import Reference
from recurra.importing.stages import Built, Group
from recurra.layers.convolution.run import ConvolutionSpec
from recurra.layers.layer import Floats
from recurra.layers.matrix.run import EmbeddingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.tasks.heads.sequence.run import States

TorchState = tuple[Tensor, ...]
MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda values: torch.softmax(values, -1),
}


def torch_net(stages: list[Stage], built: Built, kind: torch.dtype = torch.float64) -> Reference:
    """Return torch's answers: its own modules hold the file's own arrays under the file's own names."""
    parts = zip(stages, built.specs, built.groups, strict=True)
    made = [_layer(stage, spec, group, kind) for stage, spec, group in parts]

    def answer(values: NDArray[Any], states: States) -> tuple[Floats, States]:
        # On the processor whatever the defaults are; in float64 a difference is ours alone.
        flow = torch.as_tensor(np.ascontiguousarray(values), device="cpu")
        flow = flow.to(kind) if flow.is_floating_point() else flow.to(torch.int64)
        waiting = [tuple(torch.as_tensor(np.array(part), dtype=kind) for part in state) for state in states]
        ended: list[TorchState] = []
        with torch.no_grad():
            for layer in made:
                flow = layer(flow, waiting, ended)
        return flow.numpy(), [tuple(part.numpy() for part in state) for state in ended]

    return answer


Layer = Callable[[Tensor, list[TorchState], list[TorchState]], Tensor]


def _layer(stage: Stage, spec: Any, group: Group, kind: torch.dtype) -> Layer:
    arrays = {name: torch.as_tensor(np.array(values), dtype=kind) for name, values in group.items()}
    if isinstance(spec, RecurrentSpec):
        return _cell(spec, arrays) if "weight_ih" in arrays else _stack(spec, arrays)
    if isinstance(spec, ConvolutionSpec):
        return lambda flow, waiting, ended: _convolved(spec, arrays, flow)
    if stage.function == "magnitude":
        return lambda flow, waiting, ended: _magnitude(flow)
    if stage.function:
        return lambda flow, waiting, ended: FUNCTIONS[str(stage.function)](flow)
    if isinstance(spec, EmbeddingSpec):
        return lambda flow, waiting, ended: nn.functional.embedding(flow, arrays["weight"])
    weight, bias = arrays["weight"].flatten(1), arrays.get("bias")
    return lambda flow, waiting, ended: nn.functional.linear(_whole(flow), weight, bias)


def _stack(spec: RecurrentSpec, arrays: dict[str, Tensor]) -> Layer:
    extra = {"nonlinearity": spec.activation} if spec.cell == "rnn" else {}
    module = MODULES[spec.cell](
        spec.inputs, spec.hidden, spec.layers, bias="bias_ih_l0" in arrays, bidirectional=spec.bidirectional,
        batch_first=True, dtype=arrays["weight_ih_l0"].dtype, **extra,
    )  # fmt: skip
    module.load_state_dict(arrays, strict=True)

    def sweep(flow: Tensor, waiting: list[TorchState], ended: list[TorchState]) -> Tensor:
        mine = [waiting.pop(0) for _ in spec.sweeps]
        begin = tuple(torch.stack(parts) for parts in zip(*mine, strict=True))
        outputs, ends = module(_whole(flow), begin if len(begin) > 1 else begin[0])
        ended += zip(*(ends if len(begin) > 1 else (ends,)), strict=True)
        found: Tensor = outputs
        return found

    return sweep


def _cell(spec: RecurrentSpec, arrays: dict[str, Tensor]) -> Layer:
    extra = {"nonlinearity": spec.activation} if spec.cell == "rnn" else {}
    module = CELLS[spec.cell](spec.inputs, spec.hidden, bias="bias_ih" in arrays, **extra)
    module.to(arrays["weight_ih"].dtype)
    module.load_state_dict(arrays, strict=True)

    def sweep(flow: Tensor, waiting: list[TorchState], ended: list[TorchState]) -> Tensor:
        state = waiting.pop(0)
        outputs = []
        for step in _whole(flow).unbind(1):
            state = module(step, state) if len(state) > 1 else (module(step, state[0]),)
            outputs.append(state[0])
        ended.append(state)
        return torch.stack(outputs, 1)

    return sweep


def _convolved(spec: ConvolutionSpec, arrays: dict[str, Tensor], flow: Tensor) -> Tensor:
    """Flow (sequences, steps, samples) before the first convolution, (sequences, steps, channels, places) behind it."""
    shape = flow.shape[:2]
    chunks = flow if flow.ndim == 4 else flow.reshape(*shape, spec.length, spec.channels).transpose(-1, -2)
    ends, mode = (spec.left, spec.right), "reflect" if spec.reflect else "constant"
    longer = nn.functional.pad(chunks.flatten(0, 1), ends, mode)
    made = nn.functional.conv1d(longer, arrays["weight"], arrays.get("bias"), stride=spec.stride)
    found: Tensor = made.reshape(*shape, *made.shape[1:])
    return found


def _magnitude(flow: Tensor) -> Tensor:
    dimension = 2 if flow.ndim == 4 else -1
    real, imaginary = flow.chunk(2, dimension)
    return (real**2 + imaginary**2).sqrt()


def _whole(flow: Tensor) -> Tensor:
    """Behind convolutions one place is left: (sequences, steps, channels, 1)."""
    return flow.flatten(2) if flow.ndim == 4 else flow
