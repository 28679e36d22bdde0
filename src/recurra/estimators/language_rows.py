"""What LanguageModel.fit makes of its texts before anything is trained: a part held out, encoded, vectors looked up.

Not here: training (language_fit.py). `recurra data check` takes these very steps, so it refuses what fit refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import seed_of, share
from recurra.batches import language_streams
from recurra.config import Settings
from recurra.errors import DataError
from recurra.estimators.inputs import texts_of
from recurra.nets.run import LanguageNet, language_net
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.scripts import learnt_words
from recurra.text.stream import stream_ids
from recurra.text.vectors import load_vectors
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary

if TYPE_CHECKING:
    from recurra.estimators.language import LanguageModel

STREAMS = 8
"""Streams in which the validation part is measured, at most."""
DEVIATION = 0.15
"""Standard deviation of pre-trained vectors in a table shared with the output; `embedding_scale` enlarges them."""
REST = 0.01
"""Standard deviation of what pre-trained vectors do not give."""


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
    table: NDArray[np.float32] | None
    """Token vectors to start from (words, size), where pre-trained ones were given."""
    warnings: list[str]


def prepare_language(estimator: LanguageModel, texts: Any, validation_data: Any = None) -> PreparedLanguage:
    """Take the steps before training in their order.

    Raises UsageError for choices, DataError for texts, with which there is nothing to learn.
    """
    settings, seed = estimator.settings(), seed_of("random_state", estimator.random_state)
    train, held = _parts(texts_of(texts), validation_data, share("validation", estimator.validation))
    encoder, warnings = learnt_words(fit_encoder, train, settings.text)
    ids = stream_ids(train, encoder)
    plan = language_net(settings.net, words=len(encoder.vocabulary))
    streams = settings.training.streams
    learnt = language_streams(ids, streams)
    validation = language_streams(stream_ids(held, encoder), min(STREAMS, streams)) if held else None
    vectors, size = estimator.vectors, plan.embedding.size
    table = _table(encoder.vocabulary, vectors, size, seed) if vectors else None
    return PreparedLanguage(settings, seed, encoder, ids, learnt, validation, plan, table, warnings)


def _parts(texts: list[str], validation_data: Any, part: float) -> tuple[list[str], list[str]]:
    """Return what is learnt from and what is held out: the end, since neighbours in a file belong together."""
    if validation_data is not None:
        return texts, texts_of(validation_data, "validation_data")
    held = max(1, round(len(texts) * part)) if part else 0
    if held >= len(texts):
        raise DataError("too little text to hold a part out", found=f"{len(texts)} texts", allowed="two or more")
    return texts[: len(texts) - held], texts[len(texts) - held :]


def _table(vocabulary: Vocabulary, source: str | Path, size: int, seed: int) -> NDArray[np.float32]:
    """Pre-trained vectors, looked up in lower case, centred, in the first columns; small noise elsewhere."""
    random = np.random.default_rng([seed, 2])
    table = (random.standard_normal((len(vocabulary), size)) * REST).astype(np.float32)
    lowered = sorted({word.lower() for word in vocabulary.words[len(SPECIAL_WORDS) :]} - set(SPECIAL_WORDS))
    small = Vocabulary((*SPECIAL_WORDS, *lowered))
    found = load_vectors(source, small)
    places = np.array([small.index.get(word.lower(), 0) for word in vocabulary.words])
    known = found.found[places]
    columns = min(size, found.size)
    rows = found.matrix[places[known], :columns]
    rows = rows - rows.mean(axis=0)
    table[known, :columns] = rows * (DEVIATION / rows.std())
    return table
