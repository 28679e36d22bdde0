"""Streams stepped in NumPy, where the native engine is not there or has no kernel for a cell: the same to rounding.

Not here: which nets can be stepped (stepping.py).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recurra.batches import Integers, Ragged
from recurra.layers.activation.run import ActivationSpec, activation
from recurra.layers.convolution.run import ConvolutionSpec, convolution
from recurra.layers.layer import Floats, Weights
from recurra.layers.matrix.run import dense
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.run import RecurrentSpec, recurrent
from recurra.nets.run import softmax

if TYPE_CHECKING:
    from recurra.nets.stepping import Steps


class Draws(Protocol):
    """How one of many scores is drawn: `how` and `never` tell the engine the same that `drawn` does in NumPy."""

    @property
    def how(self) -> tuple[float, int, float]:
        """Temperature, the k best, and the nucleus."""

    @property
    def never(self) -> list[int]:
        """Places that are never drawn."""

    def drawn(self, scores: Floats, uniform: float) -> int:
        """Draw from scores (outputs,) by a number in [0, 1)."""


BLOCK = 64
"""Tokens whose sum is added to the running one: as the engine pools, so that a state means the same in both."""


class PlainStreams:
    """Streams in NumPy, with the methods of the native ones."""

    def __init__(self, steps: Steps, slots: int) -> None:
        """Make room for the states of so many streams, all at their beginning."""
        self.steps = steps
        self.slots = slots
        kind = np.result_type(np.float32, *(array.dtype for array in steps.origin.values()))
        self.parts: list[Floats] = [np.zeros((slots, columns), kind) for _, columns in steps.parts]
        self.counts = np.zeros(slots, np.int64)

    def push_id(self, token: int, answer: Floats, raw: bool) -> int:
        """Read a token of the first stream."""
        self.read(ids=np.array([[token]], np.int64), answers=answer[None], every=False, raw=raw)
        return -1

    def push_values(self, values: Floats, answer: Floats, raw: bool) -> None:
        """Read the features of one token of the first stream."""
        self.read(values=values[None], answers=answer[None], every=False, raw=raw)

    def read(
        self,
        *,
        answers: Floats,
        every: bool,
        raw: bool,
        ids: Any = None,
        values: Any = None,
        offsets: Integers | None = None,
        slots: Integers | None = None,
    ) -> None:
        """Read tokens, and answer each or the last of each row. Raises ValueError for what the net does not read."""
        tokens = self._checked(ids, values)
        offsets = np.arange(len(tokens) + 1) if offsets is None else offsets
        slots = np.arange(len(offsets) - 1) if slots is None else slots
        if len(slots) != len(offsets) - 1 or (len(slots) and not 0 <= slots.min() <= slots.max() < self.slots):
            raise ValueError(f"slots: found others than 0 to {self.slots - 1}, one a row")
        # A stream that comes twice reads its rows one after another.
        twice = len(np.unique(slots)) < len(slots)
        bounds = range(len(slots) + 1) if twice else (0, len(slots))
        done = 0
        for first, last in pairwise(bounds):
            begin, end = int(offsets[first]), int(offsets[last])
            rows = Ragged(self._vectors(tokens[begin:end]), offsets[first : last + 1] - begin)
            made = self._answered(rows, slots[first:last], every)
            answers[done : done + len(made)] = made if raw else self._finished(made)
            done += len(made)

    def meet(self, ids: Any) -> None:
        """Nothing is made ready: each word is multiplied anew."""

    def next(self, token: int, uniform: float, drawing: Draws) -> int:
        """Read a token of the first stream, and draw the next one by a number in [0, 1)."""
        scores = np.empty(self.steps.outputs, np.float32)
        self.push_id(token, scores, True)
        return drawing.drawn(scores, uniform)

    def draw(self, scores: Floats, uniform: float, drawing: Draws) -> int:
        """Draw a token from scores (outputs,)."""
        return drawing.drawn(scores, uniform)

    def reset(self, slots: Integers) -> None:
        """Bring streams back to their beginning."""
        for part in self.parts:
            part[slots] = 0
        self.counts[slots] = 0

    def copy(self, slot: int, to: PlainStreams, into: int) -> None:
        """Copy a stream's state into a slot of other streams of the same net."""
        for part, other in zip(self.parts, to.parts, strict=True):
            other[into] = part[slot]
        to.counts[into] = self.counts[slot]

    def more(self, slots: int) -> PlainStreams:
        """Return other streams of the same net, at their beginning."""
        return PlainStreams(self.steps, slots)

    def _checked(self, ids: Any, values: Any) -> Any:
        if not self.steps.each:
            if values is None or values.ndim != 2 or values.shape[1] != self.steps.inputs:
                raise ValueError(f"values: allowed rows of {self.steps.inputs} features")
            if not np.isfinite(values).all():
                raise ValueError("values: found one that is not finite, allowed finite numbers")
            return values
        if ids is None or ids.ndim != 2 or ids.shape[1] != self.steps.each:
            raise ValueError(f"ids: allowed rows of {self.steps.each}")
        if ids.size and not 0 <= ids.min() <= ids.max() < self.steps.words:
            raise ValueError(f"ids: found {ids.min()} to {ids.max()}, allowed 0 to {self.steps.words - 1}")
        return ids

    def _vectors(self, tokens: Any) -> Any:
        if not self.steps.each:
            return tokens.astype(self.parts[0].dtype) if self.parts else tokens
        _, spec, weights = self.steps.layers[0]
        return weights["weight"][tokens].sum(axis=1) * spec.scale

    def _answered(self, rows: Ragged[Floats], slots: Integers, every: bool) -> Floats:
        parts = iter(self.parts)
        for _, spec, weights in self.steps.layers[1 if self.steps.each else 0 :]:
            if isinstance(spec, RecurrentSpec):
                rows = self._swept(spec, weights, rows, slots, parts)
            elif isinstance(spec, PoolingSpec):
                rows = rows.carry(self._pooled(spec, rows, slots, parts))
            elif isinstance(spec, ActivationSpec):
                rows = rows.carry(activation(spec, rows.values))
            elif isinstance(spec, ConvolutionSpec):
                rows = rows.carry(convolution(spec, weights, rows.values))
            else:
                rows = rows.carry(dense(spec, weights, rows.values))
        self.counts[slots] += rows.lengths
        return rows.values if every else rows.values[rows.offsets[1:] - 1]

    def _swept(
        self, spec: RecurrentSpec, weights: Weights, rows: Ragged[Floats], slots: Integers, parts: Any
    ) -> Ragged[Floats]:
        own = [[next(parts) for _ in spec.states] for _ in spec.sweeps]
        states = [tuple(part[slots] for part in layer) for layer in own]
        rows, ends = recurrent(spec, weights, rows, states, route="numpy")
        for layer, end in zip(own, ends, strict=True):
            for part, new in zip(layer, end, strict=True):
                part[slots] = new
        return rows

    def _pooled(self, spec: PoolingSpec, rows: Ragged[Floats], slots: Integers, parts: Any) -> Floats:
        held = {name: next(parts) for name in pool_parts(spec)}
        pooled = np.empty((len(rows.values), spec.outputs), rows.values.dtype)
        for slot, start, stop in zip(slots, rows.offsets[:-1], rows.offsets[1:], strict=True):
            for number, place in enumerate(range(start, stop), int(self.counts[slot])):
                row = rows.values[place]
                made = {"last": row}
                if "mean" in spec.parts:
                    if number and number % BLOCK == 0:
                        held["sums"][slot] += held["block"][slot]
                        held["block"][slot] = 0
                    held["block"][slot] += row
                    made["mean"] = (held["sums"][slot] + held["block"][slot]) / row.dtype.type(number + 1)
                if "max" in spec.parts:
                    held["highest"][slot] = np.maximum(held["highest"][slot], row) if number else row
                    made["max"] = held["highest"][slot]
                pooled[place] = np.concatenate([made[part] for part in spec.parts])
        return pooled

    def _finished(self, scores: Floats) -> Floats:
        if self.steps.finish == "none" or not len(scores):
            return scores
        if self.steps.finish == "softmax":
            return softmax(scores * scores.dtype.type(self.steps.sharpness))
        shares: Floats = 0.5 * (1 + np.tanh(0.5 * scores))
        return shares


def pool_parts(spec: PoolingSpec) -> tuple[str, ...]:
    """Return the parts of a pooling's state: sums and the sum of this block of tokens, and the highest values."""
    return (("sums", "block") if "mean" in spec.parts else ()) + (("highest",) if "max" in spec.parts else ())
