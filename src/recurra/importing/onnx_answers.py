"""ONNX Runtime's answers of single nodes: what an imported graph is held against.

Not here: the graph (onnx_nodes.py), and the comparison (parity.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.importing.asked import Stage
from recurra.importing.source import Reference, Source
from recurra.importing.stages import Built, Group
from recurra.layers.layer import ArrayState, Floats
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.tasks.heads.sequence.run import States

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
    "sigmoid": lambda values: 1 / (1 + np.exp(-values.astype(np.float64))),
    "softmax": lambda values: _shares(values.astype(np.float64)),
}


READ = ("activations", "direction", "linear_before_reset")
"""Attributes that say what a node computes, beside those that are refused (onnx_nodes.py)."""


def attributes_of(node: Any) -> dict[str, Any]:
    """Return a node's attributes by their names."""
    from onnx import helper

    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def runtime_net(source: Source, stages: list[Stage], built: Built, nodes: Mapping[str, Any]) -> Reference:
    """Return ONNX Runtime's answers: each node in a graph of its own, with the file's own weights."""
    parts = zip(stages, built.specs, built.groups, strict=True)
    made = [
        (FUNCTIONS[stage.function], None)
        if stage.function
        else (_session(source, nodes[stage.name], spec, group), spec)
        for stage, spec, group in parts
    ]

    def answer(values: NDArray[Any], states: States) -> tuple[Floats, States]:
        flow: Floats = np.asarray(values, np.float32)
        waiting, ended = list(states), list[ArrayState]()
        for layer, spec in made:
            if spec is None:
                flow = layer(flow)
                continue
            count = len(spec.sweeps)
            mine, waiting = waiting[:count], waiting[count:]
            flow, ends = _swept(layer, flow.astype(np.float32), mine)
            ended += ends
        return flow, ended

    return answer


def _session(source: Source, node: Any, spec: RecurrentSpec, group: Group) -> Any:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    # A node anew, of the file's own attributes as far as they were checked: no reader need be trusted with the others.
    chosen = {name: value for name, value in attributes_of(node).items() if name in READ and value != []}
    parts = ["initial_h", "initial_c"][: len(spec.states)]
    outputs = ["Y", "Y_h", "Y_c"][: 1 + len(parts)]
    given = ["X", "W", "R", "B", "", *parts]
    alone = helper.make_node(node.op_type, given, outputs, hidden_size=spec.hidden, **chosen)
    sides = 2 if spec.bidirectional else 1
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, ("steps", "rows", spec.inputs))]
    inputs += [helper.make_tensor_value_info(part, TensorProto.FLOAT, (sides, "rows", spec.hidden)) for part in parts]
    told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    weights = [numpy_helper.from_array(np.asarray(values, np.float32), name) for name, values in group.items()]
    graph = helper.make_graph([alone], "node", inputs, told, weights)
    own = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    try:
        return onnxruntime.InferenceSession(own.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception as problem:  # its errors share no class of their own
        raise source.refused("ONNX Runtime refuses a node of the graph", found=str(problem)[:200]) from None


def _swept(session: Any, values: Floats, states: States) -> tuple[Floats, States]:
    begin = {
        name: np.stack([state[place] for state in states]).astype(np.float32)
        for place, name in enumerate(["initial_h", "initial_c"][: len(states[0])])
    }
    outputs, *ends = session.run(None, {"X": np.ascontiguousarray(values.transpose(1, 0, 2)), **begin})
    # (steps, directions, rows, units) -> (rows, steps, directions · units)
    flow = outputs.transpose(2, 0, 1, 3).reshape(values.shape[0], values.shape[1], -1)
    return flow, [tuple(end[side] for end in ends) for side in range(len(states))]


def _shares(values: Floats) -> Floats:
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
