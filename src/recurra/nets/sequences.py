"""The nets that answer each token of a sequence, or read values in place of words, as plain data.

Not here: nets of whole texts, and running any of them (run.py).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from recurra.config import Direction
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
