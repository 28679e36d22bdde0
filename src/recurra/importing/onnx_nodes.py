"""The LSTM, GRU and RNN nodes of an ONNX graph, as layers of our own.

A graph without such nodes may hold cells that were unrolled step by step: its arrays are then read as a state dict
(states.py), if they have torch's names.

Not here: ONNX Runtime, whose answers are the proof (onnx_answers.py); any other node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.tensors import refuse_infinite
from recurra.errors import UsageError, either
from recurra.importing.asked import Asked, Stage, read_layers
from recurra.importing.onnx_answers import READ, attributes_of, runtime_net
from recurra.importing.source import Net, Source, checked_plan, checked_spec
from recurra.importing.stages import Built
from recurra.importing.states import net_of
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.recurrent.run import RecurrentSpec

GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""Where ONNX has our gates: it stacks an LSTM's as i o f c, a GRU's as z r h."""
USUAL = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
ACTIVATIONS: dict[tuple[str, ...], str] = {
    ("Sigmoid", "Tanh", "Tanh"): "tanh", ("Sigmoid", "Relu", "Relu"): "relu", ("Sigmoid", "Tanh"): "tanh",
    ("Tanh",): "tanh", ("Relu",): "relu", ("Sigmoid",): "sigmoid",
}  # fmt: skip
"""A direction's functions, as the operator has them, and our activation."""
KNOWN = {*READ, "activation_alpha", "activation_beta", "clip", "hidden_size", "input_forget", "layout"}
PASSING = ("Squeeze", "Transpose", "Reshape", "Identity", "Dropout", "Unsqueeze")
"""What may stand between two nodes of a stack: it changes no number."""
LARGEST = 1 << 30
"""Bytes of a graph, at most: the format's own bound is twice as much."""


def read_onnx(source: Source, asked: Asked) -> Net:
    """Read an ONNX file; raises ArtefactError and UsageError with what is not known or does not fit."""
    model = _parsed(source)
    try:
        arrays = _arrays(source, model)
    except (ValueError, TypeError, KeyError) as problem:
        raise source.refused(f"an array of the graph is damaged: {str(problem)[:200]}") from None
    found = [node for node in model.graph.node if node.op_type in GATES]
    nodes = _named(found)
    if not nodes:
        note = "the graph has no recurrent node: its arrays were read as a state dict"
        net = net_of(source, arrays, asked)
        return replace(net, notes=(note, *net.notes))
    stages = _stages(source, model, nodes, asked)
    return _with_runtime(source, model, nodes, stages, arrays, asked)


def _named(found: list[Any]) -> dict[str, Any]:
    """The recurrent nodes by their names; ONNX allows none, and files have one twice."""
    nodes: dict[str, Any] = {}
    for number, node in enumerate(found):
        name = node.name or f"{node.op_type}{number}"
        nodes[f"{name}#{number}" if name in nodes else name] = node
    return nodes


def _parsed(source: Source) -> Any:
    try:
        import onnx
    except ImportError:
        advice = "pip install onnx onnxruntime"
        raise source.refused("an ONNX file needs the packages onnx and onnxruntime", advice=advice) from None
    if len(source.data) > LARGEST:
        raise source.refused("too large", found=f"{len(source.data):,} bytes", allowed=f"{LARGEST:,}")
    try:
        # Of bytes, not of a path: no file beside this one is opened, whatever the graph names.
        model = onnx.load_model_from_string(bytes(source.data))
    except Exception as problem:  # protobuf's own errors, which moved from version to version
        raise source.refused(f"not an ONNX graph: {type(problem).__name__}") from None
    # Protocol Buffers hand over what is no UTF-8 as bytes.
    texts = [text for node in model.graph.node for text in (node.name, node.op_type, *node.input, *node.output)]
    texts += [each.name for each in (*model.graph.initializer, *(a for n in model.graph.node for a in n.attribute))]
    if not all(isinstance(text, str) for text in texts):
        raise source.refused("not an ONNX graph: a name is no text")
    return model


def _arrays(source: Source, model: Any) -> dict[str, NDArray[Any]]:
    """The graph's constant arrays of floats by their names, however they are written."""
    found: dict[str, NDArray[Any]] = {}
    for each in model.graph.initializer:
        _take(source, found, each.name, each)
    for node in model.graph.node:
        if len(node.output) != 1:
            continue
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            _take(source, found, node.output[0], node.attribute[0].t)
        elif node.op_type == "Identity" and len(node.input) == 1 and node.input[0] in found:
            # Exporters share equal arrays in this way.
            found[node.output[0]] = found[node.input[0]]
    return found


def _take(source: Source, found: dict[str, NDArray[Any]], name: str, tensor: Any) -> None:
    """Put an array of floats beside the others; no other file is opened for it, whatever it names."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16):
        return
    if tensor.data_location == TensorProto.EXTERNAL:
        raise source.refused("weights in other files are not opened", advice="save the graph as one file")
    if name in found or min(tensor.dims, default=0) < 0:
        wrong = "twice" if name in found else f"of shape {list(tensor.dims)}"
        raise source.refused("an array of the graph is damaged", found=f"{name!r:.60} {wrong}")
    found[name] = numpy_helper.to_array(tensor)


def _stages(source: Source, model: Any, nodes: Mapping[str, Any], asked: Asked) -> list[Stage]:
    """The nodes that were asked for, or all of them, where they follow one another."""
    for option, given in (("activation", asked.activation), ("length", asked.length)):
        if given:
            raise UsageError(either(f"--{option}", option), found="a graph, which tells it", advice="leave it out")
    if asked.layers:
        stages = read_layers(asked.layers)
        for stage in stages:
            if stage.function is None and stage.name not in nodes:
                raise UsageError(either("--layers", "layers"), found=repr(stage.name), allowed=", ".join(nodes)[:300])
        return stages
    names = [name for name in nodes if name.startswith(asked.prefix)]
    if not names:
        raise UsageError(either("--prefix", "prefix"), found=repr(asked.prefix), allowed=", ".join(nodes)[:300])
    makers = {output: node for node in model.graph.node for output in node.output}
    for before, after in pairwise(names):
        if not nodes[after].input or _comes_from(nodes[after].input[0], makers) is not nodes[before]:
            wrong = f"{source.path}: the nodes {before} and {after} do not follow one another"
            raise UsageError(wrong, advice=f"{either('--layers', 'layers')}: name the ones to take: {', '.join(names)}")
    return [Stage(name) for name in names]


def _comes_from(name: str, makers: Mapping[str, Any]) -> Any:
    """The node whose outputs arrive here, past what only brings them into another form."""
    # A graph has no circles; the bound is for one that was written by hand.
    for _ in range(100):
        maker = makers.get(name)
        if maker is None or maker.op_type not in PASSING or not maker.input:
            return maker
        name = maker.input[0]
    return None


def _with_runtime(
    source: Source, model: Any, nodes: Mapping[str, Any], stages: list[Stage], arrays: Mapping[str, Any], asked: Asked
) -> Net:
    from recurra.engine.processors import installed

    built = Built()
    for stage in stages:
        if stage.function:
            _function(source, built, stage)
        else:
            _node(source, built, stage.name, nodes[stage.name], arrays, asked)
    plan = checked_plan(source, built.specs)
    rest = len(model.graph.node) - sum(1 for stage in stages if not stage.function)
    notes = [f"left out: the {rest} other nodes of the graph"] if rest else []
    reference = runtime_net(source, stages, built, nodes)
    took = tuple(stage.name for stage in stages)
    return Net(plan, built.named(plan), took, reference, f"ONNX Runtime {installed('onnxruntime')}", tuple(notes))


def _function(source: Source, built: Built, stage: Stage) -> None:
    if stage.function == "magnitude" or not built.specs:
        raise UsageError(either("--layers", "layers"), found=stage.name, allowed="a function behind a node")
    sizes = {"function": stage.function, "inputs": built.specs[-1].outputs}
    built.add(checked_spec(source, ActivationSpec, stage.name, **sizes), {}, {})


def _node(source: Source, built: Built, name: str, node: Any, arrays: Mapping[str, Any], asked: Asked) -> None:
    kind, chosen = node.op_type, _attributes(source, name, node)
    if asked.cell and asked.cell != kind.lower():
        raise UsageError(either("--cell", "cell"), found=asked.cell, allowed=f"{kind.lower()}, as the node {name} is")
    _check_node(source, name, node, chosen, arrays)
    weights = [_array(source, name, node, place, arrays) for place in (1, 2)]
    directions, rows, inputs = weights[0].shape
    hidden = weights[1].shape[2]
    bias = _array(source, name, node, 3, arrays) if _given(node, 3) else np.zeros((directions, 2 * rows), np.float32)
    shapes = (directions, len(GATES[kind]) * hidden, inputs), (directions, rows, hidden), (directions, 2 * rows)
    sides = 2 if chosen["direction"] == "bidirectional" else 1
    if (weights[0].shape, weights[1].shape, bias.shape) != shapes or directions != sides:
        found = f"W {weights[0].shape}, R {weights[1].shape}, B {bias.shape}, {chosen['direction']}"
        raise source.refused(f"node {name}: its weights have no shapes of a {kind}", found=found)
    spec = checked_spec(
        source, RecurrentSpec, name,
        cell=kind.lower(), activation=_activation(source, name, node, chosen, directions), inputs=inputs,
        hidden=hidden, bidirectional=directions == 2,
        reset_after=kind != "GRU" or bool(chosen.get("linear_before_reset", 0)),
    )  # fmt: skip
    made: dict[str, NDArray[Any]] = {}
    for direction, suffix in zip(range(directions), ("", "_reverse"), strict=False):
        both = np.split(bias[direction], 2)
        parts = {"weight_ih": weights[0][direction], "weight_hh": weights[1][direction]}
        for part, values in (parts | {"bias_ih": both[0], "bias_hh": both[1]}).items():
            gates = np.split(values, len(GATES[kind]))
            made[f"{part}_l0{suffix}"] = np.concatenate([gates[place] for place in GATES[kind]])
    refuse_infinite(made, file=str(source.path))
    built.add(spec, made, {"W": weights[0], "R": weights[1], "B": bias})


def _given(node: Any, place: int) -> bool:
    return len(node.input) > place and bool(node.input[place])


def _attributes(source: Source, name: str, node: Any) -> dict[str, Any]:
    """What a node says of itself, texts as texts; raises ArtefactError for what no operator of its kind has."""
    try:
        chosen = {"direction": b"forward"} | attributes_of(node)
        chosen["direction"] = chosen["direction"].decode()
        chosen["activations"] = tuple(text.decode() for text in chosen.get("activations", ()))
    except (AttributeError, TypeError, ValueError):
        raise source.refused(f"node {name}: an attribute is damaged") from None
    if unknown := [*(chosen.keys() - KNOWN), *({chosen["direction"]} - {"forward", "reverse", "bidirectional"})]:
        raise source.refused(f"node {name}: an attribute that is not known", found=repr(unknown[0])[:60])
    return chosen


def _check_node(source: Source, name: str, node: Any, chosen: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Raise ArtefactError for what our cells do not have."""
    troubles = {
        "a clip of its gates": chosen.get("clip"),
        "coupled input and forget gates": chosen.get("input_forget"),
        "parameters of its functions": chosen.get("activation_alpha") or chosen.get("activation_beta"),
        "peepholes": _given(node, 7) and not (node.input[7] in arrays and not arrays[node.input[7]].any()),
        "one direction, from the end": chosen["direction"] == "reverse",
    }
    for trouble, there in troubles.items():
        if there:
            advice = "only as the second direction of a pair" if "direction" in trouble else ""
            raise source.refused(f"node {name} has {trouble}, which is not imported", advice=advice)


def _array(source: Source, name: str, node: Any, place: int, arrays: Mapping[str, Any]) -> NDArray[np.float32]:
    if not _given(node, place) or node.input[place] not in arrays:
        advice = "fold the graph's constants first (onnxsim does)"
        raise source.refused(f"node {name}: its weights are computed in the graph", advice=advice)
    values: NDArray[np.float32] = np.asarray(arrays[node.input[place]], np.float32)
    wanted = 2 if place == 3 else 3
    if values.ndim != wanted or values.shape[0] not in (1, 2) or not values.size:
        raise source.refused(f"node {name}: its weights have no shapes of a {node.op_type}", found=str(values.shape))
    return values


def _activation(source: Source, name: str, node: Any, chosen: Mapping[str, Any], directions: int) -> str:
    given = chosen["activations"]
    usual = USUAL[node.op_type]
    sides = {given[start : start + len(usual)] for start in range(0, len(given), len(usual))} or {usual}
    if len(sides) == 1 and (side := sides.pop()) in ACTIVATIONS and len(given) in (0, directions * len(usual)):
        return ACTIVATIONS[side]
    allowed = "; ".join(" ".join(each) for each in ACTIVATIONS if len(each) == len(usual))
    raise source.refused(f"node {name}: functions that are not imported", found=" ".join(given), allowed=allowed)
