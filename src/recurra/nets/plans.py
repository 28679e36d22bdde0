"""What is stacked, as plain data that learn.py and run.py (and later emit.py) read.

Not here: arithmetic and weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import ValidationError, model_validator

from recurra.config import Frozen, NetConfig, Precision, problem_line
from recurra.errors import UsageError
from recurra.layers.layer import LayerSpec, Shapes
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec, TiedSpec
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.wide.run import WideSpec


class Plan(Frozen):
    """Named layers, in the order in which values flow."""

    pools: ClassVar[bool]
    """Whether a sequence becomes one vector; else every token is answered, and the state may be carried on."""
    if TYPE_CHECKING:  # every net has one; fields stand in the order of the layers, so each net names its own
        recurrent: RecurrentSpec

    def layers(self) -> dict[str, LayerSpec]:
        """The layers by name; absent ones are left out."""
        named = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: spec for name, spec in named.items() if isinstance(spec, LayerSpec)}

    def flow(self) -> list[tuple[str, LayerSpec]]:
        """The layers that values pass one after another; what stands beside them is left out."""
        return [(name, spec) for name, spec in self.layers().items() if not isinstance(spec, TiedSpec | WideSpec)]

    def weights(self) -> Shapes:
        """Every weight's full name and shape: layer.name."""
        return {
            f"{layer}.{name}": shape for layer, spec in self.layers().items() for name, shape in spec.weights().items()
        }

    def in_precision(self, precision: Precision) -> Self:
        """Return the plan with its recurrence multiplied in another precision; the weights stay as they are."""
        recurrent = self.recurrent.model_copy(update={"precision": precision})
        return self.model_copy(update={"recurrent": recurrent})


class ClassifierNet(Plan):
    """Texts to classes: token vectors, recurrence, pooling, one dense layer; log-odds of n-grams beside it if wide."""

    pools = True
    task: Literal["text"] = "text"
    embedding: EmbeddingSpec
    recurrent: RecurrentSpec
    pooling: PoolingSpec
    dense: DenseSpec
    wide: WideSpec | None = None

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        _chain(self.embedding.outputs, self.recurrent.inputs, "recurrent.inputs")
        _chain(self.recurrent.outputs, self.pooling.inputs, "pooling.inputs")
        _chain(self.pooling.outputs, self.dense.inputs, "dense.inputs")
        _chain(int(self.recurrent.bidirectional), int(self.pooling.bidirectional), "pooling.bidirectional")
        return self


class LanguageNet(Plan):
    """Tokens to the next token: token vectors, recurrence, a projection, scores by the same token vectors."""

    pools = False
    task: Literal["language"] = "language"
    embedding: EmbeddingSpec
    recurrent: RecurrentSpec
    projection: DenseSpec
    output: TiedSpec

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        _chain(self.embedding.outputs, self.recurrent.inputs, "recurrent.inputs")
        _chain(self.recurrent.outputs, self.projection.inputs, "projection.inputs")
        _chain(self.projection.outputs, self.embedding.outputs, "projection.outputs")
        _chain(self.embedding.words, self.output.words, "output.words")
        if self.recurrent.bidirectional:
            raise ValueError("recurrent.bidirectional: a language model reads forward only")
        return self


class ForecastNet(Plan):
    """Windows of past values to the coming values: recurrence, its last state, one dense layer."""

    pools = True
    task: Literal["series"] = "series"
    recurrent: RecurrentSpec
    dense: DenseSpec

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        _chain(self.recurrent.outputs, self.dense.inputs, "dense.inputs")
        return self

    def flow(self) -> list[tuple[str, LayerSpec]]:
        """Between its two layers stands a pooling without weights, which no artefact names: a window's last token."""
        last = PoolingSpec(parts=("last",), inputs=self.recurrent.outputs)
        return [("recurrent", self.recurrent), ("last", last), ("dense", self.dense)]


def _chain(outputs: int, inputs: int, name: str) -> None:
    if outputs != inputs:
        raise ValueError(f"{name} is {inputs}, but the layer before gives {outputs}")


def classifier(net: NetConfig, *, words: int, labels: int, wide: WideSpec | None = None) -> ClassifierNet:
    """Lay out a text classifier; raises UsageError for choices that do not go together."""
    with _told():
        recurrent = _recurrent(net, net.embedding_size)
        pooling = PoolingSpec(
            parts=net.pool, inputs=recurrent.outputs, heads=net.heads, bidirectional=recurrent.bidirectional
        )
        return ClassifierNet(
            embedding=EmbeddingSpec(words=words, size=net.embedding_size, scale=net.embedding_scale),
            recurrent=recurrent,
            pooling=pooling,
            dense=DenseSpec(inputs=pooling.outputs, outputs=labels),
            wide=wide,
        )


def language(net: NetConfig, *, words: int) -> LanguageNet:
    """Lay out a language model whose output layer shares the token vectors; raises UsageError as `classifier` does."""
    with _told():
        recurrent = _recurrent(net, net.embedding_size)
        return LanguageNet(
            embedding=EmbeddingSpec(words=words, size=net.embedding_size, scale=net.embedding_scale),
            recurrent=recurrent,
            projection=DenseSpec(inputs=recurrent.outputs, outputs=net.embedding_size),
            output=TiedSpec(words=words),
        )


def forecaster(net: NetConfig, *, horizon: int, features: int = 1) -> ForecastNet:
    """Lay out a forecaster that answers all steps of the horizon at once; raises UsageError as `classifier` does."""
    with _told():
        recurrent = _recurrent(net, features)
        return ForecastNet(recurrent=recurrent, dense=DenseSpec(inputs=recurrent.outputs, outputs=horizon))


@contextmanager
def _told() -> Iterator[None]:
    """Turn what pydantic finds into a mistake of the user's: each choice is valid, but not beside the others."""
    try:
        yield
    except ValidationError as problem:
        reason = problem.errors(include_url=False)[0].get("ctx", {}).get("error")
        raise UsageError(str(reason) if reason else problem_line(problem)) from None


def _recurrent(net: NetConfig, inputs: int) -> RecurrentSpec:
    return RecurrentSpec(
        cell=net.cell,
        activation=net.activation,
        precision=net.precision,
        reset_after=net.reset_after,
        inputs=inputs,
        hidden=net.hidden,
        layers=net.layers,
        bidirectional=net.bidirectional,
    )
