"""The task of tagging tokens: its defaults, and its sentences from files to a judged model.

Not here: what a step learns (heads/tags/learn.py), the fit (training/), files (datasets/conll.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import part_of
from recurra.config import Settings
from recurra.datasets.conll import TaggedSentences, TagReading, read_conll
from recurra.datasets.splits import split
from recurra.errors import DataError
from recurra.nets.layouts import tagger_net
from recurra.nets.sequences import TaggerNet
from recurra.tasks.heads.tags.head import HEAD
from recurra.tasks.heads.tags.measure import judge_tags
from recurra.tasks.inputs.tagged import TaggedParts, TaggedRows
from recurra.tasks.stacks import box_encoder
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source, Task
from recurra.text.encoder import TextEncoder
from recurra.text.features import fit_features, known_tokens
from recurra.text.spans import Scheme, scheme_of, spans

VALIDATION = 0.1
"""Share of the sentences held out, where nobody says otherwise."""
# Where no other sizes are chosen, those of the encoder in the box take their place, from which a tagger then begins.
SETTINGS = Settings().changed(
    {
        "min_count": 1,
        "max_words": 100_000,
        "cell": "gru",
        "bidirectional": True,
        "hidden": 192,
        "embedding_size": 192,
        "embedding_dropout": 0.3,
        "word_dropout": 0.1,
        "dropout": 0.4,
        "epochs": 12,
        "batch_size": 16,
        "batch_tokens": 4096,
        "learning_rate": 2e-3,
        # The box's vectors know more words than a file of tags has: they are moved little.
        "table_rate": 0.3,
        "warm_up": 0.1,
    }
)
"""The defaults, chosen on runs of capitalised words in WikiText-2's training part."""
KNOWN = 0.6
"""Share of the tokens that the encoder in the box must know to be begun from."""
DOCUMENTS = 10
"""From so many documents on, those that are held out are held out whole."""
SHAPE = ("cell", "hidden", "layers", "bidirectional", "activation", "reset_after", "embedding_size")
"""Settings of a net that the encoder in the box has fixed."""
NEW = 0.01
"""Standard deviation of the vectors that the encoder in the box does not give."""


def read(source: Source, asked: Asked | None) -> Rows:
    """Read tagged sentences, and test sentences where there are any."""
    reading = _reading(source)
    kept = [read_conll(file, reading) for file in source.files]
    test = read_conll(source.test, reading) if source.test else None
    train = _rows(kept, reading)
    counted = f"{len(train.tokens):,} sentences of {sum(map(len, train.tokens)):,} tokens"
    held = None if test is None else _rows([test], reading)
    guessed = "" if source.tags.token and source.tags.label else kept[0].columns
    seen = _without(train, source.kept["held_out"]) if source.kept else None
    return Rows(
        (train, held),
        source.files[0],
        counted,
        columns=guessed if source.model is None else "",
        reading=asdict(reading),
        measured=held or train,
        seen=seen,
    )


def _reading(source: Source) -> TagReading:
    if source.kept:
        # A run's own record: its rows are read again as they were.
        told = source.kept["reading"]
        return TagReading(told.get("token", ""), told.get("label", ""), told.get("encoding", "utf-8"))
    if source.model is None:
        return source.tags
    token, label = source.model.columns
    texts = source.texts
    return TagReading(texts.text or token, texts.label or label, texts.encoding)


def _rows(files: Sequence[TaggedSentences], reading: TagReading) -> TaggedRows:
    last, groups = 0, list[int]()
    for sentences in files:
        # Documents of another file are others, though they are counted from 0 again.
        groups += [last + document for document in sentences.documents]
        last = groups[-1] + 1 if groups else 0
    return TaggedRows(
        [tokens for sentences in files for tokens in sentences.tokens],
        [tags for sentences in files for tags in sentences.tags or []],
        [line for sentences in files for line in sentences.lines],
        groups if len({*groups}) >= DOCUMENTS else None,
        (reading.token, reading.label),
    )


def _without(rows: TaggedRows, held_out: Sequence[int]) -> TaggedRows:
    held = {*held_out}
    return rows.at([row for row in range(len(rows.tokens)) if row not in held])


def hold(asked: Asked, rows: Rows) -> Parts:
    """Hold test sentences against the others: those that stand in both are warned of."""
    train, test = rows.table
    if test is None:
        return Parts(train)
    known = {tuple(tokens) for tokens in train.tokens}
    # Sentences of a word or two, such as a date line, may well come again.
    again = sum(1 for tokens in test.tokens if len(tokens) > 3 and tuple(tokens) in known)
    leak = f"leak: {again:,} of {len(test.tokens):,} test sentences stand in the training part too"
    return Parts(train, test, [leak] if again else [])


def prepare(asked: Asked, given: TaggedRows) -> Prepared:
    """Tell the scheme, split and encode sentences, and lay the net out; raises DataError where nothing can be learnt.

    A net of the usual sizes begins from the encoder in the box, where that knows the words.
    """
    settings, seed = asked.settings, asked.seed
    scheme = scheme_of(given.tags)
    learnt: Scheme = "BIO" if scheme == "IOB1" else scheme
    rows = given.in_scheme(learnt)
    train, validation, held_out = _held_out(asked, rows)
    tags = tuple(sorted({tag for each in train.tags for tag in each}))
    if len(tags) < 2:
        found = ", ".join(map(repr, tags)) or "no tokens"
        raise DataError(f"{len(tags)} tag, need 2 or more", found=found, advice="is this the column of tags?")
    base = box_encoder()
    boxed = _in_the_shape_of_the_box(settings)
    known = _known_share(train, base.encoder) if boxed is not None else 0.0
    words = base.encoder.vocabulary.words if known >= KNOWN else ()
    settings = boxed if words and boxed is not None else settings
    encoder = fit_features(train.tokens, settings.text, known=words)
    plan = _plan_of(settings, len(encoder.vocabulary), len(tags))
    begun = f"begun from the encoder in the box, which knows {100 * known:.0f} % of the tokens"
    return Prepared(
        settings,
        seed,
        plan,
        TaggedParts(tags, learnt, train, validation, encoder, given.columns),
        seen=train,
        learnt_from=f"{len(train.tokens):,} sentences",
        held=validation if validation is not None else train,
        part="validation" if validation is not None else "training sentences (nothing was held out)",
        start=_start(plan, seed) if words else {},
        kept={"held_out": held_out},
        split={"validation": held_out},
        told={"chosen": [begun]} if words else {},
        warnings=_doubts(given, scheme, rows),
        attributes={"tags_": np.array(tags, object), "scheme_": learnt},
    )


def _in_the_shape_of_the_box(settings: Settings) -> Settings | None:
    """Return settings of the sizes of the encoder in the box; None where sizes of one's own were chosen."""
    begun, base = SETTINGS.net, box_encoder().plan
    if not settings.text.lowercase or any(getattr(settings.net, name) != getattr(begun, name) for name in SHAPE):
        return None
    shape = {name: getattr(base.recurrent, name) for name in SHAPE if name != "embedding_size"}
    return settings.changed(shape | {"embedding_size": base.embedding.size})


def _plan_of(settings: Settings, words: int, tags: int) -> TaggerNet:
    return tagger_net(settings.net, words=words, tags=tags)


def _known_share(rows: TaggedRows, encoder: TextEncoder) -> float:
    tokens = sum(map(len, rows.tokens))
    return sum(known_tokens(encoder, each) for each in rows.tokens) / max(1, tokens)


def _start(plan: TaggerNet, seed: int) -> Mapping[str, NDArray[Any]]:
    """The box's words and recurrence; what it has no vectors for begins near zero, and changes nothing at first."""
    base = box_encoder()
    table = np.random.default_rng([seed, 4]).standard_normal((plan.embedding.words, plan.embedding.size)) * NEW
    known = base.tensors["embedding.weight"]
    table[: len(known)] = known
    recurrent = {name: held for name, held in base.tensors.items() if name.startswith("recurrent.")}
    return {"embedding.weight": table.astype(np.float32), **recurrent}


def _held_out(asked: Asked, rows: TaggedRows) -> tuple[TaggedRows, TaggedRows | None, list[int]]:
    count = len(rows.tokens)
    share = part_of(asked.validation, count, unit="texts")
    if not share:
        return rows, None, []
    groups = None if rows.groups is None else [f"document {number}" for number in rows.groups]
    cut = split(count, groups=groups, share=share, seed=asked.seed)
    return rows.at(cut.train), rows.at(cut.validation), sorted(cut.validation.tolist())


def _doubts(given: TaggedRows, scheme: Scheme, rows: TaggedRows) -> list[str]:
    """Tell of tags that are learnt otherwise than they are written."""
    if scheme == "plain":
        return []
    if scheme == "IOB1":
        return ["the tags are IOB1, where I- begins a span; they are learnt and answered as BIO, where B- does"]
    pairs = zip(given.tags, rows.tags, strict=True)
    changed = sum(one != other for tags, others in pairs for one, other in zip(tags, others, strict=True))
    number = sum(len(spans(tags)) for tags in given.tags)
    told = f"{changed:,} tags do not fit {scheme} (of {number:,} spans): they are read as conlleval reads them"
    return [told] if changed else []


READS = frozenset({"words", "lengths", "batches"})
TASK = Task("tags", SETTINGS, READS, HEAD, read, hold, prepare, judge_tags)
