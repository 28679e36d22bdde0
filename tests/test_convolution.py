"""Convolutions and functions over the places of a chunk: in NumPy as in torch, in the engine as in NumPy.

Not here: nets that hold them (test_importing_torch.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from recurra.engine import native
from recurra.layers.activation.run import ActivationSpec, activation
from recurra.layers.convolution.run import ConvolutionSpec, convolution

SIZES = [
    {"length": 9, "channels": 1, "filters": 5, "kernel": 4},
    {"length": 9, "channels": 3, "filters": 17, "kernel": 3, "stride": 2, "left": 1, "right": 1},
    {"length": 5, "channels": 2, "filters": 1, "kernel": 1, "stride": 3},
    {"length": 6, "channels": 2, "filters": 4, "kernel": 5, "left": 2, "right": 5, "reflect": True},
    {"length": 1, "channels": 33, "filters": 40, "kernel": 3, "left": 1, "right": 1},
    {"length": 300, "channels": 1, "filters": 3, "kernel": 2},
]


def made(sizes: dict[str, Any]) -> tuple[ConvolutionSpec, dict[str, Any], np.ndarray]:
    spec, random = ConvolutionSpec(**sizes), np.random.default_rng(0)
    weights = {name: random.standard_normal(shape).astype(np.float32) for name, shape in spec.weights().items()}
    return spec, weights, random.standard_normal((7, spec.inputs)).astype(np.float32)


@pytest.mark.parametrize("sizes", SIZES)
def test_a_convolution_is_that_of_torch(sizes: dict[str, Any]) -> None:
    spec, weights, chunks = made(sizes)
    # A chunk lies place by place; torch has channel by channel.
    flow = torch.tensor(chunks).reshape(7, spec.length, spec.channels).transpose(1, 2)
    flow = torch.nn.functional.pad(flow, (spec.left, spec.right), "reflect" if spec.reflect else "constant")
    weight = torch.tensor(weights["weight"]).reshape(spec.filters, spec.kernel, spec.channels).transpose(1, 2)
    wanted = torch.nn.functional.conv1d(flow, weight, torch.tensor(weights["bias"]), stride=spec.stride)
    found = convolution(spec, weights, chunks)
    assert found.shape == (7, spec.outputs)
    np.testing.assert_allclose(found, wanted.transpose(1, 2).reshape(7, -1).numpy(), atol=2e-5)
    assert convolution(spec, weights, chunks[:0]).shape == (0, spec.outputs)


@pytest.mark.skipif(not native.serves(np.dtype(np.float32)), reason="the native engine was not built")
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("function", ["magnitude", "tanh", "relu", "sigmoid"])
def test_the_engine_steps_it_with_the_same_bits_alone_and_among_others(sizes: dict[str, Any], function: str) -> None:
    spec, weights, chunks = made(sizes | {"filters": 2 * sizes["filters"]})
    behind = ActivationSpec(function=function, inputs=spec.outputs, places=spec.places)  # type: ignore[arg-type]
    net = native.compiled.StepNet()
    net.reads_features(spec.inputs)
    told = {name: getattr(spec, name) for name in ("length", "channels", "stride", "left", "right", "reflect")}
    net.convolution(weights["weight"], weights["bias"], **told)
    net.function(function, places=spec.places)
    answers = np.empty((7, behind.outputs), np.float32)
    native.compiled.Streams(net, 7).read(values=chunks, answers=answers, every=True, raw=True)
    np.testing.assert_allclose(answers, activation(behind, convolution(spec, weights, chunks)), atol=2e-5)
    alone = np.empty(behind.outputs, np.float32)
    native.compiled.Streams(net, 1).push_values(chunks[4], alone, True)
    assert (alone == answers[4]).all()


@pytest.mark.skipif(not native.serves(np.dtype(np.float32)), reason="the native engine was not built")
@pytest.mark.parametrize(
    "wrong",
    [
        {"length": 4},
        {"channels": 2, "length": 4},
        {"stride": 0},
        {"left": -1},
        {"reflect": True, "right": 9},
        {"length": 0},
    ],
)
def test_the_engine_refuses_sizes_that_do_not_fit(wrong: dict[str, Any]) -> None:
    net = native.compiled.StepNet()
    net.reads_features(9)
    right = {"length": 9, "channels": 1, "stride": 1, "left": 0, "right": 0, "reflect": False}
    matrix = np.zeros((2, 3), np.float32), np.zeros(2, np.float32)
    with pytest.raises(ValueError, match="found"):
        net.convolution(*matrix, **(right | wrong))
    with pytest.raises(ValueError, match="found"):
        net.convolution(np.zeros((2, 10), np.float32), matrix[1], **right)
    with pytest.raises(ValueError, match="places"):
        net.function("magnitude", places=1)
    net.convolution(*matrix, **right)


def test_records_refuse_sizes_that_do_not_fit() -> None:
    for wrong in (
        {"kernel": 10},
        {"length": 1_000_000, "filters": 2},
        {"length": 1_000_000, "channels": 2},
        {"reflect": True, "left": 9},
        {"stride": 0},
    ):
        with pytest.raises(ValidationError):
            ConvolutionSpec(**({"length": 9, "channels": 1, "filters": 5, "kernel": 4} | wrong))
    with pytest.raises(ValidationError):
        ActivationSpec(function="magnitude", inputs=9)
