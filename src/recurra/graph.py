"""A graph of ONNX nodes while it is written: values that add and multiply, weights, inputs, outputs, metadata.

Not here: what is written (emit.py of each layer, net and head), and the comparison with ONNX Runtime (exports/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
Kind = Literal["FLOAT", "DOUBLE", "INT32", "INT64", "BOOL"]
"""ONNX' own names of the types that are used."""
Sizes = Sequence[int | str]
"""Sizes of an input or output; one that may differ from call to call has a name."""

OPSET = 17
"""Of 2022: ONNX Runtime 1.12 and later, and every onnxruntime-web that is served today."""
IR_VERSION = 8
"""The form of file that goes with it."""
FLOAT, INT32 = 1, 6
"""ONNX' numbers of two types, where a node changes one."""
SCALE = ".scale"
"""Ends the name of the scales (rows,) of a matrix of int8, as in an artefact."""


@dataclass(frozen=True, eq=False)
class Value:
    """What a node of a graph gives, or an input: `+`, `-` and `*` write further nodes into the same graph."""

    graph: Graph
    name: str

    def __add__(self, other: Value | Numbers) -> Value:
        """Write a sum."""
        return self.graph.node("Add", self, other)

    def __sub__(self, other: Value | Numbers) -> Value:
        """Write a difference."""
        return self.graph.node("Sub", self, other)

    def __mul__(self, other: Value | Numbers) -> Value:
        """Write a product, element by element."""
        return self.graph.node("Mul", self, other)

    def __truediv__(self, other: Value | Numbers) -> Value:
        """Write a quotient."""
        return self.graph.node("Div", self, other)

    def __matmul__(self, other: Value) -> Value:
        """Write a product of matrices, along the last two axes."""
        return self.graph.node("MatMul", self, other)


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in the order in which they run, and the weights of a model under their full names.

    A matrix of int8 stands in `tensors` beside its scales, `NAME.scale` (rows,); the graph holds both and widens it.
    """

    tensors: Mapping[str, Numbers]
    names: Iterator[int] = field(default_factory=count)
    """Numbers for names; the body of a loop shares them, as it sees the values around it."""
    parts: dict[str, list[Any]] = field(
        default_factory=lambda: {"nodes": [], "weights": [], "inputs": [], "outputs": []}
    )
    kept: dict[str, Value] = field(default_factory=dict)
    """Weights that were written: a second use takes the first one's."""

    def body(self) -> Graph:
        """Return an empty graph for the body of a loop of this one."""
        return Graph(self.tensors, self.names)

    def seen(self, value: Value) -> Value:
        """Return a value of the graph around this one, so that its arithmetic is written here."""
        return Value(self, value.name)

    def node(self, operator: str, *inputs: Value | Numbers | None, **attributes: Any) -> Value:
        """Write a node with one output. Arrays become constants; None stands for an input that is left out."""
        return self.several(operator, 1, *inputs, **attributes)[0]

    def several(
        self, operator: str, outputs: int, *inputs: Value | Numbers | None, **attributes: Any
    ) -> tuple[Value, ...]:
        """Write a node with so many outputs."""
        from onnx import helper

        given = ["" if each is None else self._value(each).name for each in inputs]
        made = [self._name(operator.lower()) for _ in range(outputs)]
        self.parts["nodes"].append(helper.make_node(operator, given, made, name=made[0], **attributes))
        return tuple(Value(self, name) for name in made)

    def input(self, name: str, kind: Kind, sizes: Sizes | None) -> Value:
        """Name an input; in the body of a loop sizes may be None, unknown."""
        self.parts["inputs"].append(_told(name, kind, sizes))
        return Value(self, name)

    def inner(self, name: str, kind: Kind) -> Value:
        """Name an input of a loop's body, by a name that no other graph has."""
        return self.input(self._name(name), kind, None)

    def output(self, name: str, value: Value, kind: Kind, sizes: Sizes | None) -> None:
        """Give a value to the outside under a name."""
        from onnx import helper

        self.parts["nodes"].append(helper.make_node("Identity", [value.name], [name], name=f"give_{name}"))
        self.parts["outputs"].append(_told(name, kind, sizes))

    def give(self, value: Value, kind: Kind) -> None:
        """Give a value to the loop around a body."""
        self.output(self._name("given"), value, kind, None)

    def constant(self, values: Any, kind: type[Any] = np.float32) -> Value:
        """Write numbers as they stand."""
        return self._held(self._name("constant"), np.asarray(values, kind))

    def weight(self, name: str, *, rows: Sequence[int] | None = None, turned: bool = False) -> Value:
        """Return a weight of the model as float32: its rows in another order, or `turned` (columns, rows)."""
        key = f"{name}{'.turned' * turned}{'.rows' * (rows is not None)}"
        if key not in self.kept:
            self.kept[key] = self._weight(name, rows, turned)
        return self.kept[key]

    def _weight(self, name: str, rows: Sequence[int] | None, turned: bool) -> Value:
        held = self.stored(name, rows)
        if self.tensors[name].dtype == np.int8:
            # Not DequantizeLinear: ONNX Runtime would round what it is multiplied with, too, and widen at every call.
            scales = self.node("Unsqueeze", self.stored(name + SCALE, rows), np.array([1]))
            held = self.node("Cast", held, to=FLOAT) * scales
        # Of constants: whoever runs the graph turns and widens them once, when it is loaded.
        return self.node("Transpose", held, perm=[1, 0]) if turned else held

    def stored(self, name: str, rows: Sequence[int] | None = None) -> Value:
        """Return a tensor of the model as it is stored, int8 or float32."""
        key = f"{name}.stored{'.rows' * (rows is not None)}"
        if key not in self.kept:
            values = self.tensors[name]
            self.kept[key] = self._held(name, values if rows is None else values[list(rows)])
        return self.kept[key]

    def _held(self, name: str, values: Numbers) -> Value:
        from onnx import numpy_helper

        self.parts["weights"].append(numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name))
        return Value(self, name)

    def _value(self, value: Value | Numbers) -> Value:
        return value if isinstance(value, Value) else self.constant(value, value.dtype.type)

    def _name(self, beginning: str) -> str:
        return f"{beginning}_{next(self.names)}"

    def record(self, name: str) -> Any:
        """Return ONNX' own record of the graph."""
        from onnx import helper

        return helper.make_graph(
            self.parts["nodes"], name, self.parts["inputs"], self.parts["outputs"], self.parts["weights"]
        )

    def model(self, name: str, metadata: Mapping[str, str]) -> Any:
        """Return ONNX' own record of a model, checked by ONNX; `metadata` are texts by their names."""
        from onnx import checker, helper

        made = helper.make_model(
            self.record(name), producer_name="recurra", opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )  # fmt: skip
        helper.set_model_props(made, dict(sorted(metadata.items())))
        checker.check_model(made, full_check=True)
        return made


def _told(name: str, kind: Kind, sizes: Sizes | None) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, getattr(TensorProto, kind), sizes)
