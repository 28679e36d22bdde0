"""The nets that answer each token of a sequence, or read values in place of words, as plain data.

Not here: nets of whole texts, and running any of them (run.py).
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from recurra.config import Direction, Precision
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.convolution.run import ConvolutionSpec
from recurra.layers.layer import LayerSpec
from recurra.layers.matrix.run import BagSpec, DenseSpec, EmbeddingSpec, TiedSpec
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.run import Plan, same_size


class TaggerNet(Plan):
    """Sentences to the scores of each token's tags: summed vectors of its features, recurrence, one dense layer."""

    pools = False
    task: Literal["tags"] = "tags"
    embedding: BagSpec
    recurrent: RecurrentSpec
    dense: DenseSpec


class LanguageNet(Plan):
    """Tokens to the next token: token vectors, recurrence, a projection, scores by the same token vectors."""

    pools = False
    task: Literal["language"] = "language"
    embedding: EmbeddingSpec
    recurrent: RecurrentSpec
    projection: DenseSpec
    output: TiedSpec
    direction: Direction = "forward"
    """From which end texts are read: what is predicted of a token is told by all before it, or by all behind it."""

    @model_validator(mode="after")
    def _table_is_shared(self) -> Self:
        same_size(self.projection.outputs, self.embedding.outputs, "projection.outputs")
        same_size(self.embedding.words, self.output.words, "output.words")
        if self.recurrent.bidirectional:
            raise ValueError("recurrent.bidirectional: a language model reads in one direction")
        return self


class ForecastNet(Plan):
    """Windows of past values to the coming values: recurrence, its last state, one dense layer."""

    pools = True
    kind: ClassVar[str] = "windows"
    task: Literal["series"] = "series"
    recurrent: RecurrentSpec
    dense: DenseSpec

    @cached_property
    def flow(self) -> list[tuple[str, Any]]:
        """Between its two layers stands a pooling without weights, which no artefact names: a window's last token."""
        last = PoolingSpec(parts=("last",), inputs=self.recurrent.outputs)
        return [("recurrent", self.recurrent), ("last", last), ("dense", self.dense)]


SequenceLayer = Annotated[
    EmbeddingSpec | ConvolutionSpec | RecurrentSpec | DenseSpec | ActivationSpec, Field(discriminator="kind")
]


class SequenceNet(Plan):
    """Values or token ids of each step to outputs of each step: any chain of layers with a recurrent one in it."""

    pools = False
    task: Literal["sequence"] = "sequence"
    chain: tuple[SequenceLayer, ...] = Field(max_length=64)
    """In the order of the flow; a layer is called by its kind and its number among those: recurrent0."""

    @field_validator("chain")
    @classmethod
    def _begins_and_recurs(cls, chain: tuple[SequenceLayer, ...]) -> tuple[SequenceLayer, ...]:
        if any(isinstance(spec, EmbeddingSpec) for spec in chain[1:]):
            raise ValueError("an embedding reads token ids: it can only come first")
        if not any(isinstance(spec, RecurrentSpec) for spec in chain):
            raise ValueError("no recurrent layer")
        return chain

    def layers(self) -> dict[str, LayerSpec]:
        """Return the layers by name."""
        counts: dict[str, int] = {}
        named: dict[str, LayerSpec] = {}
        for spec in self.chain:
            number = counts.get(spec.kind, 0)
            counts[spec.kind], named[f"{spec.kind}{number}"] = number + 1, spec
        return named

    @property
    def words(self) -> int | None:
        """How many token ids it knows; None where it reads values."""
        return self.chain[0].words if isinstance(self.chain[0], EmbeddingSpec) else None

    @property
    def inputs(self) -> int:
        """Features of a step that comes in; a token id counts as one."""
        return 1 if isinstance(self.chain[0], EmbeddingSpec) else self.chain[0].inputs

    @property
    def outputs(self) -> int:
        """Numbers that come out of a step."""
        return self.chain[-1].outputs

    @property
    def sweeps(self) -> list[tuple[tuple[str, ...], int]]:
        """The parts and the units of each sweep's state, in the order in which they run."""
        return [(spec.states, spec.hidden) for spec in self.stacks for _ in spec.sweeps]

    @property
    def stacks(self) -> list[RecurrentSpec]:
        """Its recurrent layers."""
        return [spec for spec in self.chain if isinstance(spec, RecurrentSpec)]

    @property
    def recurrent(self) -> RecurrentSpec:
        """The first of them."""
        return self.stacks[0]

    def in_precision(self, precision: Precision) -> Self:
        """Return the plan with all its recurrence multiplied in another precision; the weights stay."""
        chain = tuple(
            spec.model_copy(update={"precision": precision}) if isinstance(spec, RecurrentSpec) else spec
            for spec in self.chain
        )
        return self.model_copy(update={"chain": chain})
