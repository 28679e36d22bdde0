"""The nets: what is stacked, as plain data, and running it in NumPy, the one path of every answer.

Here are the nets of whole texts; those that answer each token or read values are in sequences.py. Not here: learning
(learn.py), laying a net out by a user's choices (layouts.py), what a net is for (tasks/heads/).
Weights come as one flat dict, `layer.name` to array, from an artefact or from memory alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from recurra.batches import Ragged, pick, sorted_batches, windows
from recurra.config import Precision
from recurra.layers.activation.run import activation
from recurra.layers.activation.run import softmax as softmax
from recurra.layers.convolution.run import convolution
from recurra.layers.grams.run import GramsSpec
from recurra.layers.layer import ArrayState, Floats, LayerSpec, Shapes, TokenIds, Weights
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec, TiedSpec, bag, dense, embedding
from recurra.layers.pooling.run import PoolingSpec, pooling
from recurra.layers.recurrent.run import RecurrentSpec, recurrent, words_of
from recurra.layers.wide.run import WideSpec
from recurra.records import Frozen

Tensors = Mapping[str, Floats]


NET = ("embedding", "recurrent", "pooling", "dense")
"""The layers of a pooled net that stand together or not at all."""
BESIDE = (TiedSpec, WideSpec, GramsSpec)
"""Layers that stand beside the flow: who runs the net adds what they give."""


class Plan(Frozen):
    """Named layers, in the order in which values flow."""

    pools: ClassVar[bool]
    """Whether a sequence becomes one vector; else every token is answered, and the state may be carried on."""
    if TYPE_CHECKING:  # fields stand in the order of the layers, so each net names its own

        @property
        def recurrent(self) -> RecurrentSpec | None: ...

    @model_validator(mode="after")
    def _chained(self) -> Self:
        # In the order of the flow, so that the first layer that does not fit is the one that is told.
        for (_, before), (name, spec) in pairwise(self.flow):
            same_size(before.outputs, spec.inputs, f"{name}.inputs")
        return self

    def layers(self) -> dict[str, LayerSpec]:
        """Return the layers by name; absent ones are left out."""
        named = {name: getattr(self, name) for name in type(self).model_fields}
        # Layers of a kind that stand beside one another are numbered.
        several = [(name, specs) for name, specs in named.items() if isinstance(specs, tuple)]
        named |= {f"{name}{number}": spec for name, specs in several for number, spec in enumerate(specs)}
        return {name: spec for name, spec in named.items() if isinstance(spec, LayerSpec)}

    @cached_property
    def flow(self) -> list[tuple[str, Any]]:
        """The layers that values pass one after another; what stands beside them is left out."""
        return [(name, spec) for name, spec in self.layers().items() if not isinstance(spec, BESIDE)]

    @cached_property
    def steps(self) -> list[tuple[LayerSpec, dict[str, str]]]:
        """The flow as it runs: each layer with its weights' own names and their full ones."""
        return [(spec, {name: f"{layer}.{name}" for name in spec.weights()}) for layer, spec in self.flow]

    def weights(self) -> Shapes:
        """Return every weight's full name and shape: layer.name."""
        return {
            f"{layer}.{name}": shape for layer, spec in self.layers().items() for name, shape in spec.weights().items()
        }

    @property
    def parameters(self) -> dict[str, int]:
        """How many numbers each layer learns."""
        return {name: sum(map(math.prod, spec.weights().values())) for name, spec in self.layers().items()}

    @property
    def rows(self) -> list[tuple[str, str, str, int]]:
        """Name, kind, outputs and parameters of each layer, for a summary table."""
        counts = self.parameters
        return [
            (name, spec.kind, str(getattr(spec, "outputs", "")), counts[name]) for name, spec in self.layers().items()
        ]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return the plan with other layers, checked like a new one."""
        # Pydantic's own copy takes the cached flow along, which would go on with the old layers in silence.
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_validate({**kept, **(update or {})})

    def in_precision(self, precision: Precision) -> Self:
        """Return the plan with its recurrence, if any, multiplied in another precision; the weights stay."""
        if self.recurrent is None:
            return self
        return self.model_copy(update={"recurrent": self.recurrent.model_copy(update={"precision": precision})})

    @property
    def precision(self) -> Precision:
        """What its recurrence is multiplied in; n-grams alone are summed in float32."""
        return self.recurrent.precision if self.recurrent else "float32"


class PooledNet(Plan):
    """Texts to one row of numbers each: token vectors, recurrence, pooling, a dense layer; n-grams beside or alone."""

    pools = True
    window: int = Field(default=0, ge=0)
    """Tokens that are read at once: what `run_all` answers to a longer text is the mean over its windows; 0: all."""
    embedding: EmbeddingSpec | None = None
    recurrent: RecurrentSpec | None = None
    pooling: PoolingSpec | None = None
    dense: DenseSpec | None = None
    grams: tuple[GramsSpec, ...] = Field(default=(), max_length=8)

    @model_validator(mode="after")
    def _sides_fit(self) -> Self:
        if missing := [name for name in NET if getattr(self, name) is None]:
            # All or none: what would the others flow into?
            if len(missing) < len(NET) or not self.grams:
                raise ValueError(f"{missing[0]} is missing")
        elif self.recurrent and self.pooling:
            same_size(int(self.recurrent.bidirectional), int(self.pooling.bidirectional), "pooling.bidirectional")
        for number, spec in enumerate(self.grams):
            same_size(self.outputs, spec.outputs, f"grams{number}.outputs")
        return self

    @property
    def outputs(self) -> int:
        """Numbers for each text."""
        return self.dense.outputs if self.dense else self.grams[0].outputs

    @property
    def words(self) -> int | None:
        """Rows of its table; None where n-grams stand alone, which need none."""
        return self.embedding.words if self.embedding else None

    def without_net(self) -> Self:
        """Return the n-grams alone."""
        return self.model_copy(update={**dict.fromkeys(NET), "window": 0})


class ClassifierNet(PooledNet):
    """Texts to the scores of classes; if wide, a column of log-odds of n-grams is added too."""

    task: Literal["text"] = "text"
    wide: WideSpec | None = None


class TargetNet(PooledNet):
    """Texts to a column for each target: a number, or the log-odds that something is so."""

    task: Literal["regression", "multilabel", "ordinal"]


class EncoderNet(PooledNet):
    """Texts to vectors."""

    task: Literal["encoder"] = "encoder"
    embedding: EmbeddingSpec
    recurrent: RecurrentSpec
    pooling: PoolingSpec
    dense: DenseSpec


def same_size(outputs: int, inputs: int, name: str) -> None:
    """Raise ValueError where a layer reads another size than the layer before gives."""
    if outputs != inputs:
        raise ValueError(f"{name} is {inputs}, but the layer before gives {outputs}")


class _LookUp(NamedTuple):
    """An embedding that has not been read yet."""

    vectors: Callable[[TokenIds], Floats]
    words: Floats
    """Its table: (words, size)."""


class _Flow(NamedTuple):
    """What goes from layer to layer."""

    values: Ragged[Any]
    """Token ids or features of each token; once pooled one row for each sequence."""
    states: Sequence[ArrayState] | None
    """Where the sweeps to come start (None: whole sequences, from zeros); `ends`: where those so far ended."""
    look_up: _LookUp | None = None
    """How token ids become vectors, where that is still to be done: the sweep knows which of them it needs."""
    ends: tuple[ArrayState, ...] = ()

    @property
    def features(self) -> Ragged[Any]:
        """The values, looked up where they are token ids."""
        return self.values.carry(self.look_up.vectors(self.values.values)) if self.look_up else self.values


def run(
    plan: Plan, tensors: Tensors, inputs: Ragged[Any], states: Sequence[ArrayState] | None = None
) -> tuple[Floats, Sequence[ArrayState] | None]:
    """Fold the layers over ragged token ids (tokens,) or features (tokens, features).

    Returns what the last layer gives, a row for each sequence where the net pools and else for each token, and the
    states in which the sweeps ended. `states` are those that an earlier call gave; () begins a text that goes on.
    """
    flow = _folded(plan.steps, tensors, _Flow(inputs, states))
    return flow.values.values, flow.ends or states


def run_all(
    plan: PooledNet,
    tensors: Tensors,
    sequences: Sequence[TokenIds],
    *,
    to_dense: bool = False,
    batch_tokens: int = 65_536,
) -> Floats:
    """What the net gives each sequence, in their order: (sequences, outputs); `to_dense`: what its dense layer reads.

    A sequence longer than the plan's window is cut into even windows, each counting by its tokens. The mean of scores
    is the score of mean features, as the dense layer is linear: who fits it behind a net may do either.
    """
    if plan.dense is None:
        # N-grams alone: who runs it adds what they give.
        return np.zeros((len(sequences), plan.outputs), np.float32)
    pieces, owners = windows(sequences, plan.window)
    lengths = np.array([len(piece) for piece in pieces], np.int64)
    answers = np.empty((len(pieces), plan.dense.inputs if to_dense else plan.dense.outputs), np.float32)
    steps = plan.steps[: -1 if to_dense else None]
    # Short texts with short ones: a step then sweeps as many sequences as the batch has.
    for rows in sorted_batches(lengths, batch_size=256, batch_tokens=batch_tokens):
        answers[rows] = _folded(steps, tensors, _Flow(pick(pieces, rows), None)).values.values
    if len(pieces) == len(sequences):
        return answers
    shares = (lengths / np.bincount(owners, weights=lengths)[owners]).astype(np.float32)
    means = np.zeros((len(sequences), answers.shape[1]), np.float32)
    np.add.at(means, owners, answers * shares[:, None])
    return means


def _folded(steps: Sequence[tuple[LayerSpec, dict[str, str]]], tensors: Tensors, flow: _Flow) -> _Flow:
    for spec, names in steps:
        flow = RUN[spec.kind](spec, {name: tensors[full] for name, full in names.items()}, flow)
    return flow


def _embed(spec: Any, weights: Weights, flow: _Flow) -> _Flow:
    # Not looked up yet: the sweep behind may need each distinct word only, or none.
    return flow._replace(look_up=_LookUp(partial(embedding, spec, weights), weights["weight"]))


def _sweep(spec: Any, weights: Weights, flow: _Flow) -> _Flow:
    """Sweep; of whole texts each distinct word is multiplied once, or not at all where it was met before."""
    values, states, look_up, ends = flow
    rows = table = None
    if look_up is not None and states is not None:
        # A text that goes on token by token: finding the distinct words would cost more than it saves.
        values = flow.features
    elif look_up is not None:
        # Of a trained model the products of each word are kept for ever: a word met before costs a look-up.
        table = words_of(spec, weights, look_up.words)
        if table:
            rows, vectors = table.places(values.values, look_up.vectors), np.empty((0, spec.inputs), np.float32)
        else:
            words, which = np.unique(values.values, return_inverse=True)
            rows, vectors = which.astype(np.int32), look_up.vectors(words)
        values = values.carry(vectors)
    count = len(spec.sweeps)  # of several stacks each takes its own
    values, ended = recurrent(spec, weights, values, states and states[:count], rows=rows, table=table)
    return _Flow(values, states and states[count:], ends=(*ends, *ended))


def _pool(spec: Any, weights: Weights, flow: _Flow) -> _Flow:
    # From here on each sequence is one row: offsets 0, 1, 2, …
    pooled = pooling(spec, weights, flow.values)
    return flow._replace(values=Ragged(pooled, np.arange(len(pooled) + 1)))


def _made(flow: _Flow, values: Floats) -> _Flow:
    return flow._replace(values=flow.values.carry(values), look_up=None)


RUN: dict[str, Callable[[Any, Weights, _Flow], _Flow]] = {
    "bag": lambda spec, weights, flow: _made(flow, bag(spec, weights, flow.values.values)),
    "embedding": _embed, "recurrent": _sweep, "pooling": _pool,
    "dense": lambda spec, weights, flow: _made(flow, dense(spec, weights, flow.features.values)),
    "activation": lambda spec, weights, flow: _made(flow, activation(spec, flow.features.values)),
    "convolution": lambda spec, weights, flow: _made(flow, convolution(spec, weights, flow.features.values)),
}  # fmt: skip
"""Each kind of layer as a step of the fold."""
