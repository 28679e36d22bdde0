"""A strided convolution over the places of one chunk, as a record and in NumPy: (rows, inputs) -> (rows, outputs).

A row is one step of a sequence: a chunk of samples, or what an earlier convolution made of it, place by place with all
channels of a place side by side. Nothing is carried from chunk to chunk.

Not here: learning, and convolutions along the steps of a sequence.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from recurra.layers.layer import Floats, LayerSpec, Shapes, Weights

MOST = 1_048_576
"""Numbers of a chunk, before and behind a convolution, at most."""


class ConvolutionSpec(LayerSpec):
    """Filters that slide over the places of a chunk: (rows, places · channels) -> (rows, new places · filters)."""

    kind: Literal["convolution"] = "convolution"
    length: int = Field(ge=1, le=1_048_576)
    """Places of a chunk that comes in."""
    channels: int = Field(ge=1, le=16_384)
    """Numbers at each of them."""
    filters: int = Field(ge=1, le=16_384)
    kernel: int = Field(ge=1, le=65_536)
    """Places that a filter reads at once."""
    stride: int = Field(default=1, ge=1, le=65_536)
    left: int = Field(default=0, ge=0, le=65_536)
    right: int = Field(default=0, ge=0, le=65_536)
    """Places that are added at either end."""
    reflect: bool = False
    """Whether those mirror the chunk's own; else they are zeros."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> ConvolutionSpec:
        if self.kernel > self.length + self.left + self.right:
            raise ValueError(f"kernel is {self.kernel}, but a chunk has {self.length + self.left + self.right} places")
        # A few weights could ask for any amount of memory: what comes out of a chunk is bounded too.
        if max(self.outputs, (self.length + self.left + self.right) * self.channels) > MOST:
            raise ValueError(f"a chunk becomes {self.outputs:,} numbers, allowed: {MOST:,}")
        # A mirror needs something to show: the end itself is not repeated.
        if self.reflect and max(self.left, self.right) >= self.length:
            raise ValueError(f"reflect adds at most {self.length - 1} places to a chunk of {self.length}")
        return self

    def weights(self) -> Shapes:
        """Return names and shapes: a row for each filter, place by place as chunks lie."""
        return {"weight": (self.filters, self.kernel * self.channels), "bias": (self.filters,)}

    @property
    def inputs(self) -> int:
        """Numbers of a chunk."""
        return self.length * self.channels

    @property
    def places(self) -> int:
        """Places that come out."""
        return (self.length + self.left + self.right - self.kernel) // self.stride + 1

    @property
    def outputs(self) -> int:
        """Numbers that come out."""
        return self.places * self.filters


def convolution(spec: ConvolutionSpec, weights: Weights, inputs: Floats) -> Floats:
    """Slide the filters over each row's places."""
    rows, width = len(inputs), spec.kernel * spec.channels
    chunks = _lengthened(spec, inputs)
    # All channels of a place lie side by side, so what a filter reads is one piece of memory.
    read = np.lib.stride_tricks.sliding_window_view(chunks, width, axis=1)[:, :: spec.stride * spec.channels]
    # One copy and one product: overlapping windows cannot be multiplied where they lie.
    made = np.ascontiguousarray(read).reshape(rows * spec.places, width) @ weights["weight"].T
    made += weights["bias"]
    found: Floats = made.reshape(rows, spec.outputs)
    return found


def _lengthened(spec: ConvolutionSpec, inputs: Floats) -> Floats:
    if not (spec.left or spec.right):
        return np.ascontiguousarray(inputs)
    chunks = inputs.reshape(len(inputs), spec.length, spec.channels)
    longer = np.zeros((len(inputs), spec.left + spec.length + spec.right, spec.channels), inputs.dtype)
    end = spec.left + spec.length
    longer[:, spec.left : end] = chunks
    if spec.reflect:
        longer[:, : spec.left] = chunks[:, 1 : spec.left + 1][:, ::-1]
        longer[:, end:] = chunks[:, spec.length - 1 - spec.right : spec.length - 1][:, ::-1]
    return longer.reshape(len(inputs), longer.shape[1] * spec.channels)
