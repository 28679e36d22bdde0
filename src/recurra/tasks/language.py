"""The task of modelling a language: its defaults, and its lines from a file to a judged model.

Not here: what a step learns (heads/next_token/learn.py), the fit (training/).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import part_of
from recurra.batches import language_streams
from recurra.config import Settings
from recurra.errors import DataError, UsageError, counted, either
from recurra.nets.layouts import language_net
from recurra.runs.sources import Lines, running_text
from recurra.tasks.heads.lost import VECTORS
from recurra.tasks.heads.next_token.head import HEAD
from recurra.tasks.heads.next_token.measure import judge_tokens
from recurra.tasks.reads import ONLY_WITH, changed_settings
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source, Task
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.scripts import learnt_words, settled
from recurra.text.stream import log_shares, stream_ids
from recurra.text.vectors import load_vectors
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary

VALIDATION = 0.05
"""Share of the lines held out, where nobody says otherwise."""
SETTINGS = Settings().changed(
    {
        "min_count": 1,
        "max_words": 100_000,
        "embedding_size": 200,
        "hidden": 320,
        # The table is the output matrix, too, whose values must stay small: the net reads them enlarged.
        "embedding_scale": 5.0,
        "embedding_dropout": 0.25,
        "word_dropout": 0.05,
        "recurrent_dropout": 0.4,
        "dropout": 0.1,
        "optimiser": "adamw",
        "learning_rate": 6e-3,
        "table_rate": 0.83,
        "warm_up": 0.08,
        "clip": 0.5,
        "samples": 1000,
        "streams": 64,
        "steps": 35,
        "epochs": 6,
    }
)
"""The defaults of language models, chosen on WikiText-2's validation part."""
CHARACTERS = {
    "lowercase": False,
    "embedding_size": 128,
    "hidden": 512,
    "embedding_dropout": 0.05,
    "word_dropout": 0.0,
    "recurrent_dropout": 0.3,
    "weight_drop": 0.2,
    "dropout": 0.0,
    "learning_rate": 4e-3,
    "streams": 32,
    "steps": 100,
    "epochs": 14,
}
"""What differs where tokens are characters, chosen on a validation part of tinyshakespeare: a hundred of them are few
words, a lost one leaves its word in doubt, and a text has five times as many tokens."""
TEST = 0.05
"""Share of the lines held out to be measured on."""
STREAMS = 8
"""Streams in which the validation part is measured, at most."""
DEVIATION = 0.15
"""Standard deviation of pre-trained vectors in a table shared with the output; `embedding_scale` enlarges them."""
PIECES = 8_000
"""Pieces that byte pair encoding learns, where nobody chose `max_words`."""
REST = 0.01
"""Standard deviation of what pre-trained vectors do not give."""


@dataclass(frozen=True)
class GivenLines:
    """Lines to learn from, and to choose on where the caller brings them."""

    train: list[str]
    validation: list[str] | None = None


@dataclass(frozen=True)
class StreamParts:
    """What the head learns from; streams are (streams, tokens)."""

    encoder: TextEncoder
    train: NDArray[np.int32]
    validation: NDArray[np.int32] | None


def read(source: Source, asked: Asked | None) -> Rows:
    """Read running text."""
    file = source.files[0]
    text = running_text(file, source.texts)
    # A column that the user named is no news to them; one that was guessed is.
    columns = str(text.columns) if text.columns is not None and source.texts.text is None else ""
    # A file that a model is measured on has no parts: all of it counts.
    measured = text.train if text.test is None else text.test
    # Lines held out stood behind those learnt from, so their count tells which these were.
    seen = text.train[: source.kept["lines"]] if source.kept else None
    counted = f"{len(text.train):,} lines"
    return Rows(text, file, counted, text.warnings, columns=columns, measured=measured, seen=seen)


def hold(asked: Asked, rows: Rows) -> Parts:
    """Hold out what a source does not bring: the last twentieth of the lines to measure on, lines before it to choose.

    Raises DataError where too few lines are left to learn from.
    """
    text: Lines = rows.table
    train, validation, test = text.train, text.validation, text.test
    # One line to learn from, and one for each part that is still to be held out.
    needed = 1 + (validation is None and asked.validation > 0) + (test is None)
    if len(train) < needed:
        found = f"{len(train)} lines"
        raise DataError("too few lines to learn from and to hold parts out", found=found, allowed=f"{needed} or more")
    # Both parts are shares of the whole, so that what one takes does not make the other smaller.
    share = part_of(asked.validation, len(train), unit="lines") if validation is None else 0
    # A number of lines comes back from its share: 22 * (15 / 22) is below 15, and without 1e-9 a line would be lost.
    held = int(len(train) * share + 1e-9)
    if test is None:
        train, test = _without_end(train, int(len(train) * TEST + 1e-9))
    if share:
        train, validation = _without_end(train, held)
    # An empty list says that validation is settled; None would ask `prepare` to settle it once more.
    return Parts(GivenLines(train, validation or []), test)


def _without_end(lines: list[str], held: int) -> tuple[list[str], list[str]]:
    # At least one line on either side: the share of a short text rounds to none of it.
    held = min(max(1, held), len(lines) - 1)
    return lines[:-held], lines[-held:]


def _measured(ids: NDArray[np.int32], streams: int) -> NDArray[np.int32]:
    """Return the validation part as streams: (streams, tokens of each); few words are fewer streams.

    Each stream begins without a past, and its first tokens are guessed badly: a short part must not have many.
    """
    return language_streams(ids, max(1, min(STREAMS, streams, len(ids) // 2)))


def prepare(asked: Asked, given: GivenLines) -> Prepared:
    """Hold a part out where none is given, encode both, and lay the net out."""
    train, held = _parts(given, asked.validation)
    (settings, notes), seed = _tokens(asked, train), asked.seed
    encoder, warnings = learnt_words(fit_encoder, train, settings.text)
    direction = settings.net.direction
    ids, words = stream_ids(train, encoder, direction), len(encoder.vocabulary)
    plan = language_net(settings.net, words=words)
    streams = settings.training.streams
    # The training part comes first: where both are too short, that is what its user must hear.
    learnt = language_streams(ids, streams)
    validation = _measured(stream_ids(held, encoder, direction), streams) if held else None
    start: dict[str, NDArray[Any]] = {"output.bias": log_shares(ids, words)}
    if asked.vectors:
        start["embedding.weight"] = _table(encoder.vocabulary, asked.vectors, plan.embedding.size, seed)
    # Files of vectors hold words: where tokens are characters there is nothing to advise.
    known = asked.vectors or settings.text.tokens in ("character", "bpe")
    return Prepared(
        settings,
        seed,
        plan,
        StreamParts(encoder, learnt, validation),
        seen=train,
        learnt_from=f"{len(train):,} lines",
        start=start,
        split={"train": len(train), "validation": len(held)},
        kept={"lines": len(train)},
        tries=[] if known else [either(*VECTORS)],
        warnings=warnings,
        notes=notes,
    )


def _tokens(asked: Asked, texts: list[str]) -> tuple[Settings, list[str]]:
    """Say what a token is, as `settled`; of pieces also how many, and of characters which net, where nobody chose."""
    settings = asked.settings
    if settings.text.tokens == "character":
        return _of_characters(settings)
    if settings.text.tokens != "bpe":
        return settled(settings, texts)
    if asked.vectors:
        raise UsageError("vectors with tokens=bpe", allowed="tokens=word or space: files of vectors hold words")
    # So many words as the defaults allow would be pieces that came twice; a net of pieces is meant to be small.
    if settings.text.max_words != SETTINGS.text.max_words:
        return settings, []
    return settings.changed({"max_words": PIECES}), [f"tokens=bpe: at most {PIECES:,} pieces (max_words)"]


def _of_characters(settings: Settings) -> tuple[Settings, list[str]]:
    own = {name for part in changed_settings(settings, SETTINGS).values() for name in part}
    # A cell that is a scan may have nothing on its state that could be dropped.
    drops = settings.net.cell in ONLY_WITH["net.weight_drop"].values
    usual = {name: value for name, value in CHARACTERS.items() if name not in own and (drops or name != "weight_drop")}
    told = ", ".join(f"{name} {value}" for name, value in usual.items())
    return settings.changed(usual), [f"tokens=character: {told}"] if usual else []


def _parts(given: GivenLines, part: float) -> tuple[list[str], list[str]]:
    """Return what is learnt from and what is held out: the end, since neighbours in a file belong together."""
    texts = given.train
    if given.validation is not None:
        return texts, given.validation
    share = part_of(part, len(texts), unit="texts")
    # Whoever asks for a share wants validation: it gets one text at least.
    held = max(1, round(len(texts) * share)) if share else 0
    if held >= len(texts):
        raise DataError(
            "too little text to hold a part out", found=counted(len(texts), "text", "texts"), allowed="two or more"
        )
    return texts[: len(texts) - held], texts[len(texts) - held :]


def _table(vocabulary: Vocabulary, source: str | Path, size: int, seed: int) -> NDArray[np.float32]:
    """Pre-trained vectors, looked up in lower case, centred, in the first columns; small noise elsewhere."""
    random = np.random.default_rng([seed, 2])
    table = (random.standard_normal((len(vocabulary), size)) * REST).astype(np.float32)
    # `The` and `the` share a vector, so each is looked up once; `<UNK>` in lower case would be a second `<unk>`.
    lowered = sorted({word.lower() for word in vocabulary.words[len(SPECIAL_WORDS) :]} - set(SPECIAL_WORDS))
    small = Vocabulary((*SPECIAL_WORDS, *lowered))
    found = load_vectors(source, small)
    places = np.array([small.index.get(word.lower(), 0) for word in vocabulary.words])
    known = found.found[places]
    # The size of the net is the user's choice: longer vectors are cut, shorter ones leave columns to the noise.
    columns = min(size, found.size)
    rows = found.matrix[places[known], :columns]
    # What all vectors share adds the same to every word's score, and would only use up the deviation below.
    rows = rows - rows.mean(axis=0)
    table[known, :columns] = rows * (DEVIATION / rows.std())
    return table


TASK = Task("language", SETTINGS, frozenset({"words", "streams"}), HEAD, read, hold, prepare, judge_tokens)
