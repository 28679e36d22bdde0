"""What each layer is, as plain data: kind, sizes and the names and shapes of its weights.

Not here: arithmetic. `learn.py` and `run.py` of each layer folder read these; so do artefacts, which check every name
and shape before a single weight is read, and reports, which count parameters.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from recurra.cells import CELLS
from recurra.cells.cell import Activation
from recurra.config import CellKind, CellName, Frozen, Pool, Precision

Shapes = dict[str, tuple[int, ...]]


class EmbeddingSpec(Frozen):
    """A table of token vectors: ids (tokens,) -> (tokens, size), times `scale`."""

    kind: Literal["embedding"] = "embedding"
    words: int = Field(ge=1, le=2_000_000)
    size: int = Field(ge=1, le=4096)
    scale: float = Field(default=1.0, gt=0.0, le=1000.0)

    def weights(self) -> Shapes:
        """Names and shapes of the weights."""
        return {"weight": (self.words, self.size)}

    @property
    def outputs(self) -> int:
        """Features that come out."""
        return self.size


class RecurrentSpec(Frozen):
    """Stacked recurrent layers over ragged sequences: (tokens, inputs) -> (tokens, outputs) and the final state."""

    kind: Literal["recurrent"] = "recurrent"
    cell: CellName
    activation: Activation = "tanh"
    precision: Precision = "float32"
    reset_after: bool = True
    inputs: int = Field(ge=1, le=16_384)
    hidden: int = Field(ge=1, le=16_384)
    layers: int = Field(default=1, ge=1, le=16)
    bidirectional: bool = False

    @model_validator(mode="after")
    def _choices_fit(self) -> RecurrentSpec:
        cell = CELLS[self.cell]
        if self.activation not in cell.activations:
            raise ValueError(f"activation of {self.cell}: one of {', '.join(cell.activations)}")
        if not (self.reset_after or cell.before):
            raise ValueError(f"reset_after of {self.cell}: true; only of a gru it may be false")
        return self

    def weights(self) -> Shapes:
        """Names and shapes of the weights: torch.nn's names, so that state dicts are interchangeable."""
        gates = self.computed.gates
        recurrent, recurrent_bias = self.computed.recurrent_shapes(self.hidden)
        shapes: Shapes = {}
        for layer, suffix in self.sweeps:
            inputs = self.inputs if layer == 0 else self.outputs
            shapes[f"weight_ih_l{layer}{suffix}"] = (gates * self.hidden, inputs)
            shapes[f"weight_hh_l{layer}{suffix}"] = recurrent
            shapes[f"bias_ih_l{layer}{suffix}"] = (gates * self.hidden,)
            shapes[f"bias_hh_l{layer}{suffix}"] = recurrent_bias
        return {name: shape for name, shape in shapes.items() if shape[0]}  # what a cell does not have is left out

    @property
    def computed(self) -> CellKind:
        """What is computed at each step."""
        return CellKind(self.cell, self.activation, self.precision, self.reset_after)

    @property
    def sweeps(self) -> list[tuple[int, str]]:
        """Each sweep over the sequence as (layer, name suffix), in the order they run."""
        suffixes = ("", "_reverse") if self.bidirectional else ("",)
        return [(layer, suffix) for layer in range(self.layers) for suffix in suffixes]

    @property
    def states(self) -> tuple[str, ...]:
        """The parts of a sweep's state: hidden, and the inner one where the cell has it."""
        return self.computed.states

    @property
    def outputs(self) -> int:
        """Features that come out: both directions side by side."""
        return self.hidden * (2 if self.bidirectional else 1)


class PoolingSpec(Frozen):
    """A sequence of states becomes one vector: (tokens, inputs) -> (sequences, outputs), the parts concatenated."""

    kind: Literal["pooling"] = "pooling"
    parts: tuple[Pool, ...] = Field(min_length=1, max_length=4)
    inputs: int = Field(ge=1, le=32_768)
    heads: int = Field(default=1, ge=1, le=64)
    scorer: int = Field(default=32, ge=1, le=4096)
    bidirectional: bool = False

    @model_validator(mode="after")
    def _parts_fit(self) -> PoolingSpec:
        if len(set(self.parts)) != len(self.parts):
            raise ValueError("each pooling at most once")
        if "attention" in self.parts and self.inputs % self.heads:
            raise ValueError(f"{self.heads} heads do not share {self.inputs} features evenly")
        return self

    def weights(self) -> Shapes:
        """Names and shapes of the weights."""
        if "attention" not in self.parts:
            return {}
        return {
            "attention_weight": (self.scorer, self.inputs),
            "attention_bias": (self.scorer,),
            "attention_query": (self.heads, self.scorer),
        }

    @property
    def outputs(self) -> int:
        """Features that come out."""
        return self.inputs * len(self.parts)


class DenseSpec(Frozen):
    """A fully connected layer: (rows, inputs) -> (rows, outputs)."""

    kind: Literal["dense"] = "dense"
    inputs: int = Field(ge=1, le=4_194_304)
    outputs: int = Field(ge=1, le=2_000_000)
    activation: Literal["linear", "tanh", "relu"] = "linear"

    def weights(self) -> Shapes:
        """Names and shapes of the weights."""
        return {"weight": (self.outputs, self.inputs), "bias": (self.outputs,)}


class TiedSpec(Frozen):
    """The output layer of a language model that shares the embedding's table: (rows, size) -> (rows, words)."""

    kind: Literal["tied"] = "tied"
    words: int = Field(ge=1, le=2_000_000)

    def weights(self) -> Shapes:
        """Names and shapes of the weights: the table is the embedding's, only the bias is its own."""
        return {"bias": (self.words, 1)}

    @property
    def outputs(self) -> int:
        """Scores that come out."""
        return self.words


class WideSpec(Frozen):
    """Linear log-odds of n-grams beside the net: hashed n-grams of token ids -> (sequences, 1).

    N-grams are hashed into 2^24 places, of which only the `entries` that were learnt are kept; 2^24 because a place is
    then exact in float32, the one type of all weights.
    """

    kind: Literal["wide"] = "wide"
    entries: int = Field(ge=1, le=2**24)
    longest: int = Field(default=3, ge=1, le=5)

    def weights(self) -> Shapes:
        """Names and shapes of the weights."""
        kept = (self.entries,)
        return {"place": kept, "weight": kept, "square": kept, "bias": (1,)}

    @property
    def outputs(self) -> int:
        """Features that come out."""
        return 1


LayerSpec = EmbeddingSpec | RecurrentSpec | PoolingSpec | DenseSpec | TiedSpec | WideSpec


def parameters(spec: LayerSpec) -> int:
    """Count a layer's weights."""
    import math

    return sum(math.prod(shape) for shape in spec.weights().values())
