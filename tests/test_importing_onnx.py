"""Recurrent nodes of ONNX graphs become artefacts that answer as ONNX Runtime does.

Not here: graphs that packages ship (test_importing_packages.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra.errors import ArtefactError, UsageError

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def arrays(kind: str, inputs: int, hidden: int, sides: int, seed: int) -> list[Any]:
    random, gates = np.random.default_rng(seed), GATES[kind]
    shapes = {"W": (gates * hidden, inputs), "R": (gates * hidden, hidden), "B": (2 * gates * hidden,)}
    return [
        onnx.numpy_helper.from_array(
            (random.standard_normal((sides, *shape)) * 0.4).astype(np.float32), f"{name}{seed}"
        )
        for name, shape in shapes.items()
    ]


def graph(folder: Path, *kinds: str, sides: int = 1, further: int = 0, biased: bool = True, **more: Any) -> Path:
    """A stack of nodes with 5 units over 3 features, saved."""
    nodes, weights, flow, inputs = [], [], "X", 3
    for number, kind in enumerate(kinds):
        weights += arrays(kind, inputs, 5, sides, number)[: 3 if biased else 2]
        names = [f"W{number}", f"R{number}"] + [f"B{number}"] * biased
        given = [flow, *names, *[""] * (3 * bool(further)), *(["P"] if further else [])]
        nodes.append(onnx.helper.make_node(kind, given, [f"Y{number}"], name=f"n{number}", hidden_size=5, **more))
        nodes.append(onnx.helper.make_node("Transpose", [f"Y{number}"], [f"T{number}"], perm=[0, 2, 1, 3]))
        shape = onnx.numpy_helper.from_array(np.array([0, 0, -1]), f"S{number}")
        nodes.append(onnx.helper.make_node("Reshape", [f"T{number}", f"S{number}"], [f"F{number}"]))
        weights.append(shape)
        flow, inputs = f"F{number}", 5 * sides
    if further:
        weights.append(onnx.numpy_helper.from_array(np.full((sides, 15), further, np.float32), "P"))
    told = onnx.helper.make_tensor_value_info(flow, onnx.TensorProto.FLOAT, None)
    given = onnx.helper.make_tensor_value_info("X", onnx.TensorProto.FLOAT, ("steps", "rows", 3))
    made = onnx.helper.make_graph(nodes, "net", [given], [told], weights)
    model = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "net.onnx")
    return folder / "net.onnx"


@pytest.mark.parametrize(
    ("kinds", "more"),
    [
        (("LSTM",), {}),
        (("LSTM", "LSTM"), {"sides": 2, "direction": "bidirectional"}),
        (("LSTM",), {"activations": ["Sigmoid", "Relu", "Relu"]}),
        (("LSTM",), {"biased": False}),
        (("GRU",), {}),
        (("GRU", "GRU"), {"linear_before_reset": 1, "sides": 2, "direction": "bidirectional"}),
        (("RNN",), {"activations": ["Relu"]}),
        (("RNN", "RNN"), {}),
        (("RNN",), {"activations": ["Sigmoid"]}),
    ],
)
def test_nodes_answer_as_onnx_runtime_does(kinds: tuple[str, ...], more: dict[str, Any], tmp_path: Path) -> None:
    made = recurra.import_model(graph(tmp_path, *kinds, **more), tmp_path / "net")
    assert made.encoder.form == "onnx" and made.encoder.against.startswith("ONNX Runtime")
    assert made.encoder.difference < 2e-6 and made.encoder.took == tuple(f"n{place}" for place in range(len(kinds)))
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    values = np.random.default_rng(1).standard_normal((2, 6, 3)).astype(np.float32)
    (wanted,) = session.run(None, {"X": values.transpose(1, 0, 2)})
    found, _ = recurra.load(tmp_path / "net").run(values)
    np.testing.assert_allclose(found, wanted.transpose(1, 0, 2), atol=2e-6)


@pytest.mark.parametrize(
    ("kinds", "more", "choices", "told"),
    [
        (("LSTM",), {"direction": "reverse"}, {}, "one direction, from the end"),
        (("LSTM",), {"clip": 3.0}, {}, "a clip of its gates"),
        (("LSTM",), {"input_forget": 1}, {}, "coupled input and forget gates"),
        (("LSTM",), {"further": 1}, {}, "peepholes"),
        (
            ("LSTM",),
            {"activations": ["Sigmoid", "Tanh", "Relu"]},
            {},
            "found Sigmoid Tanh Relu; allowed: Sigmoid Tanh Tanh",
        ),
        (("GRU",), {}, {"cell": "lstm"}, "allowed: gru"),
        (("GRU",), {}, {"activation": "tanh"}, "a graph, which tells it"),
        (("GRU",), {}, {"layers": "n1"}, "found 'n1'; allowed: n0"),
        (("GRU",), {}, {"prefix": "m"}, "found 'm'; allowed: n0"),
    ],
)
def test_what_our_cells_do_not_have_is_refused(
    kinds: tuple[str, ...], more: dict[str, Any], choices: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises((ArtefactError, UsageError), match=told):
        recurra.import_model(graph(tmp_path, *kinds, **more), tmp_path / "net", **choices)


def test_a_part_of_a_stack_is_taken_with_a_function_behind_it(tmp_path: Path) -> None:
    made = recurra.import_model(graph(tmp_path, "RNN", "GRU"), tmp_path / "net", layers="n0,sigmoid,n1,softmax")
    assert [kind for _, kind, *_ in made.plan.rows] == ["recurrent", "activation", "recurrent", "activation"]
    with pytest.raises(UsageError, match="a function behind a node"):
        recurra.import_model(graph(tmp_path, "RNN"), tmp_path / "net", layers="relu,n0")


def test_peepholes_of_zeros_are_none(tmp_path: Path) -> None:
    file = graph(tmp_path, "LSTM", further=1)
    model = onnx.load(file)
    for each in model.graph.initializer:
        if each.name == "P":
            each.CopyFrom(onnx.numpy_helper.from_array(np.zeros((1, 15), np.float32), "P"))
    onnx.save(model, file)
    assert recurra.import_model(file, tmp_path / "net").encoder.difference < 2e-6


def test_a_graph_that_is_damaged_lies_in_several_files_or_holds_no_net_is_refused(tmp_path: Path) -> None:
    file = graph(tmp_path, "GRU")
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(ArtefactError, match="not an ONNX graph"):
        recurra.import_model(file, tmp_path / "net")
    file.write_bytes(data)
    model = onnx.load(file)
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ArtefactError, match="weights in other files are not opened"):
        recurra.import_model(file, tmp_path / "net")
    model = onnx.load_model_from_string(data)
    model.graph.initializer[0].dims[2] = 77
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ArtefactError, match="an array of the graph is damaged"):
        recurra.import_model(file, tmp_path / "net")
    model = onnx.load_model_from_string(data)
    model.graph.node[0].op_type = "Relu"
    file.write_bytes(model.SerializeToString())
    with pytest.raises(UsageError, match="layers"):
        recurra.import_model(file, tmp_path / "net")


ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "a number for a direction": ("direction", 3),
    "two directions": ("direction", "bidirectional"),
    "numbers for functions": ("activations", [1, 2]),
    "no text": ("activations", [b"\xff"]),
    "another": ("speed", 3),
}


def changed(model: Any, what: str) -> None:
    """Make a graph wrong in one way."""
    node, (w, r, b) = model.graph.node[0], list(model.graph.initializer)[:3]
    if what == "elsewhere":
        # Constants are nodes too; another file is not opened for one, either.
        constant = onnx.helper.make_node("Constant", [], [w.name], value=w)
        model.graph.initializer.remove(w)
        constant.attribute[0].t.ClearField("raw_data")
        constant.attribute[0].t.data_location = onnx.TensorProto.EXTERNAL
        constant.attribute[0].t.external_data.add(key="location", value="secret")
        model.graph.node.insert(0, constant)
    elif what == "twice":
        model.graph.initializer.append(w)
    elif what == "no side":
        w.dims[0] = -1
    elif what in ("W", "R", "B"):
        tensor = {"W": w, "R": r, "B": b}[what]
        shape = {"W": (1, 14, 3), "R": (1, 16, 5), "B": (2, 30)}[what]
        tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros(shape, np.float32), tensor.name))
    elif what == "bare":
        model.graph.node.extend([onnx.helper.make_node(kind, [], []) for kind in ("Identity", "Constant")])
        node.attribute.append(onnx.helper.make_attribute("direction", "up"))
    else:
        name, value = ATTRIBUTES[what]
        node.attribute.append(onnx.helper.make_attribute(name, value))


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("elsewhere", "weights in other files are not opened"),
        ("twice", "found 'W0' twice"),
        ("no side", "of shape"),
        ("W", "no shapes of a GRU; found W"),
        ("R", "no shapes of a GRU; found W"),
        ("B", "no shapes of a GRU; found W"),
        ("bare", "not known; found 'up'"),
        ("a number for a direction", "an attribute is damaged"),
        ("two directions", "no shapes of a GRU"),
        ("numbers for functions", "an attribute is damaged"),
        ("no text", "an attribute is damaged"),
        ("another", "not known; found 'speed'"),
    ],
)
def test_a_graph_that_is_wrong_in_one_place_is_refused_in_one_line(what: str, told: str, tmp_path: Path) -> None:
    file = graph(tmp_path, "GRU")
    model = onnx.load(file)
    changed(model, what)
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ArtefactError, match=told):
        recurra.import_model(file, tmp_path / "net")


def test_nodes_of_one_name_are_both_taken(tmp_path: Path) -> None:
    file = graph(tmp_path, "GRU", "GRU")
    model = onnx.load(file)
    for node in model.graph.node:
        if node.op_type == "GRU":
            node.name = "same"
    file.write_bytes(model.SerializeToString())
    assert recurra.import_model(file, tmp_path / "net").encoder.took == ("same", "same#1")
