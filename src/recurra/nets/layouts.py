"""Nets laid out by a user's choices: which layers, of which sizes.

Not here: what the layers are and how they run (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from recurra.config import NetConfig
from recurra.errors import UsageError
from recurra.layers.matrix.run import BagSpec, DenseSpec, EmbeddingSpec, TiedSpec
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.wide.run import WideSpec
from recurra.nets.run import ClassifierNet, EncoderNet, TargetNet
from recurra.nets.sequences import ForecastNet, LanguageNet, TaggerNet
from recurra.records import problem_line


def classifier_net(net: NetConfig, *, words: int, labels: int, wide: WideSpec | None = None) -> ClassifierNet:
    """Lay out a text classifier; raises UsageError for choices that do not go together."""
    with _refusing():
        return ClassifierNet(**_pooled(net, words, labels), wide=wide)


def encoder_net(net: NetConfig, *, words: int, size: int) -> EncoderNet:
    """Lay out an encoder of texts whose vectors have so many numbers; raises UsageError as `classifier_net`."""
    with _refusing():
        return EncoderNet(**_pooled(net, words, size))


def tagger_net(net: NetConfig, *, words: int, tags: int) -> TaggerNet:
    """Lay out a tagger of tokens, of so many features and tags; raises UsageError as `classifier_net`."""
    with _refusing():
        recurrent = _recurrent(net, net.embedding_size)
        table = BagSpec(words=words, size=net.embedding_size, scale=net.embedding_scale)
        return TaggerNet(embedding=table, recurrent=recurrent, dense=DenseSpec(inputs=recurrent.outputs, outputs=tags))


def target_net(net: NetConfig, *, words: int, targets: int, task: str) -> TargetNet:
    """Lay out a net with a column for each target; raises UsageError as `classifier_net`."""
    with _refusing():
        return TargetNet(**_pooled(net, words, targets), task=task)  # type: ignore[arg-type]


def _pooled(net: NetConfig, words: int, outputs: int) -> dict[str, Any]:
    recurrent = _recurrent(net, net.embedding_size)
    pooling = PoolingSpec(
        parts=net.pool, inputs=recurrent.outputs, heads=net.heads, bidirectional=recurrent.bidirectional
    )
    return {
        "embedding": EmbeddingSpec(words=words, size=net.embedding_size, scale=net.embedding_scale),
        "recurrent": recurrent,
        "pooling": pooling,
        "dense": DenseSpec(inputs=pooling.outputs, outputs=outputs),
    }


def language_net(net: NetConfig, *, words: int) -> LanguageNet:
    """Lay out a language model whose output layer shares the token vectors; raises UsageError as `classifier_net`."""
    with _refusing():
        recurrent = _recurrent(net, net.embedding_size)
        return LanguageNet(
            embedding=EmbeddingSpec(words=words, size=net.embedding_size, scale=net.embedding_scale),
            recurrent=recurrent,
            projection=DenseSpec(inputs=recurrent.outputs, outputs=net.embedding_size),
            output=TiedSpec(words=words),
            direction=net.direction,
        )


def forecast_net(net: NetConfig, *, horizon: int, features: int = 1) -> ForecastNet:
    """Lay out a forecaster that answers all steps of the horizon at once; raises UsageError as `classifier_net`."""
    with _refusing():
        recurrent = _recurrent(net, features)
        return ForecastNet(recurrent=recurrent, dense=DenseSpec(inputs=recurrent.outputs, outputs=horizon))


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what pydantic finds into a mistake of the user's: each choice is valid, but not beside the others."""
    try:
        yield
    except ValidationError as problem:
        # A check of ours says it better than pydantic, which would put "Value error" before it.
        reason = problem.errors(include_url=False)[0].get("ctx", {}).get("error")
        raise UsageError(str(reason) if reason else problem_line(problem)) from None


def _recurrent(net: NetConfig, inputs: int) -> RecurrentSpec:
    # The spec has the setting's names, so that a new setting of the recurrence is named in two records, not three.
    shared = RecurrentSpec.model_fields.keys() & NetConfig.model_fields.keys()
    return RecurrentSpec(inputs=inputs, **{name: getattr(net, name) for name in shared})
