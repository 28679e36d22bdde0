"""What LanguageModel.fit makes of its texts before anything is trained: a part held out, encoded, a net laid out.

Not here: training (language_fit.py). `recurra data check` takes these very steps, so it refuses what fit refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import seed_of, share
from recurra.batches import language_streams
from recurra.config import Settings
from recurra.errors import DataError
from recurra.estimators.inputs import texts_of
from recurra.nets.plans import LanguageNet, language
from recurra.text.encoder import TextEncoder
from recurra.text.scripts import learnt_words
from recurra.text.stream import stream_encoder, stream_ids

if TYPE_CHECKING:
    from recurra.estimators.language import LanguageModel

STREAMS = 8
"""Streams in which the validation part is measured, at most."""


@dataclass(frozen=True)
class PreparedLanguage:
    """Everything that training needs, and what is doubtful about it; streams are (streams, tokens)."""

    settings: Settings
    seed: int
    encoder: TextEncoder
    ids: NDArray[np.int32]
    train: NDArray[np.int32]
    validation: NDArray[np.int32] | None
    plan: LanguageNet
    warnings: list[str]


def prepare_language(estimator: LanguageModel, texts: Any, validation_data: Any = None) -> PreparedLanguage:
    """Take the steps before training in their order.

    Raises UsageError for choices, DataError for texts, with which there is nothing to learn.
    """
    settings, seed = estimator.settings(), seed_of("random_state", estimator.random_state)
    train, held = _parts(texts_of(texts), validation_data, share("validation", estimator.validation))
    encoder, warnings = learnt_words(stream_encoder, train, settings.text)
    ids = stream_ids(train, encoder)
    plan = language(settings.net, words=len(encoder.vocabulary))
    streams = settings.training.streams
    learnt = language_streams(ids, streams)
    validation = language_streams(stream_ids(held, encoder), min(STREAMS, streams)) if held else None
    return PreparedLanguage(settings, seed, encoder, ids, learnt, validation, plan, warnings)


def _parts(texts: list[str], validation_data: Any, part: float) -> tuple[list[str], list[str]]:
    """Return what is learnt from and what is held out: the end, since neighbours in a file belong together."""
    if validation_data is not None:
        return texts, texts_of(validation_data, "validation_data")
    held = max(1, round(len(texts) * part)) if part else 0
    if held >= len(texts):
        raise DataError("too little text to hold a part out", found=f"{len(texts)} texts", allowed="two or more")
    return texts[: len(texts) - held], texts[len(texts) - held :]
