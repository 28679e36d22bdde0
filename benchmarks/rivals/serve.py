"""Steps of TensorFlow, OpenVINO and ONNX Runtime, taken one at a time when asked, in an environment without ours.

Not here: whoever asks (benchmarks/rival.py). Run by it: one JSON line on stdin tells the task; each further line takes
one step, and its seconds come back as a line on stdout.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

GATES = {"gru": 3, "lstm": 4}


def main() -> None:
    """Prepare the task, then take steps until stdin ends."""
    task = json.loads(sys.stdin.readline())
    step = TASKS[task.pop("rival")](**task)
    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        step()
        print(time.perf_counter() - started, flush=True)


def onnx_model(cell: str, inputs: int, hidden: int, rows: int, steps: int) -> Any:
    """One layer as an ONNX graph: (steps, rows, inputs) -> all outputs."""
    from onnx import TensorProto, helper, numpy_helper

    draw, gates = np.random.default_rng(0), GATES[cell]
    shapes = {"W": (1, gates * hidden, inputs), "R": (1, gates * hidden, hidden), "B": (1, 2 * gates * hidden)}
    weights = [
        numpy_helper.from_array((draw.standard_normal(shape) * 0.08).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    more: dict[str, Any] = {"linear_before_reset": 1} if cell == "gru" else {}
    node = helper.make_node(cell.upper(), ["X", "W", "R", "B"], ["Y"], hidden_size=hidden, **more)
    given = helper.make_tensor_value_info("X", TensorProto.FLOAT, (steps, rows, inputs))
    told = helper.make_tensor_value_info("Y", TensorProto.FLOAT, (steps, 1, rows, hidden))
    graph = helper.make_graph([node], "layer", [given], [told], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def values(inputs: int, rows: int, steps: int) -> Any:
    """Random inputs."""
    return np.random.default_rng(1).standard_normal((steps, rows, inputs)).astype(np.float32)


def openvino(cell: str, precision: str, threads: int, **sizes: int) -> Callable[[], Any]:
    """OpenVINO on the processor."""
    import openvino as ov

    core = ov.Core()
    model = core.read_model(onnx_model(cell, **sizes).SerializeToString(), b"")
    hints = {"INFERENCE_PRECISION_HINT": {"float32": "f32", "bf16": "bf16"}[precision]}
    hints |= {"INFERENCE_NUM_THREADS": str(threads), "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(model, "CPU", hints).create_infer_request()
    given = values(sizes["inputs"], sizes["rows"], sizes["steps"])
    return lambda: request.infer({0: given}, share_inputs=True)


def onnxruntime(cell: str, precision: str, threads: int, **sizes: int) -> Callable[[], Any]:
    """ONNX Runtime on the processor, in float32 or with weights quantised to int8."""
    import onnxruntime as ort

    model = onnx_model(cell, **sizes)
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model.SerializeToString())
        if precision == "int8":
            from onnxruntime.quantization import quantize_dynamic

            quantize_dynamic(str(path), str(path.with_suffix(".int8")), op_types_to_quantize=[cell.upper()])
            path = path.with_suffix(".int8")
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = values(sizes["inputs"], sizes["rows"], sizes["steps"])
    return lambda: session.run(None, {"X": given})


def keras_layer(
    cell: str, threads: int, inputs: int, hidden: int, rows: int, steps: int, xla: bool
) -> Callable[[], Any]:
    """Forward and backward of a Keras layer over padded rows without a mask, as a graph, by XLA or not."""
    tf = _tensorflow(threads)
    layer = getattr(tf.keras.layers, cell.upper())(hidden, return_sequences=True)
    given = tf.Variable(np.moveaxis(values(inputs, rows, steps), 0, 1))
    layer.build(given.shape)

    @tf.function(jit_compile=xla)  # type: ignore[untyped-decorator]
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(given))
        return tape.gradient(loss, [given, *layer.trainable_variables])

    return step  # type: ignore[no-any-return]


def keras_classifier(
    cell: str, threads: int, words: int, inputs: int, hidden: int, rows: int, steps: int
) -> Callable[[], Any]:
    """A whole training step of a classifier: embedding, one layer, its last state, one dense layer, Adam."""
    tf = _tensorflow(threads)
    keras = tf.keras
    net = keras.Sequential(
        [
            keras.Input((steps,), dtype="int32"),
            keras.layers.Embedding(words, inputs),
            getattr(keras.layers, cell.upper())(hidden),
            keras.layers.Dense(1),
        ]
    )
    net.compile(optimizer="adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
    draw = np.random.default_rng(0)
    ids = (words * draw.random((rows, steps)) ** 4).astype(np.int32)
    labels = draw.integers(0, 2, rows).astype(np.float32)
    return lambda: net.train_on_batch(ids, labels)


def _tensorflow(threads: int) -> Any:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


TASKS: dict[str, Callable[..., Callable[[], Any]]] = {
    "openvino": openvino,
    "onnxruntime": onnxruntime,
    "keras_layer": keras_layer,
    "keras_classifier": keras_classifier,
}


if __name__ == "__main__":
    main()
