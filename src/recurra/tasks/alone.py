"""Labelled texts made ready for one net alone: a part held out, words, vectors, the net laid out.

Not here: rows from files and which recipe they take (text.py), a net among linear judges (stacks.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import part_of
from recurra.config import Settings
from recurra.datasets.labels import label_warnings
from recurra.datasets.splits import Split, split
from recurra.errors import either
from recurra.nets.layouts import classifier_net
from recurra.tasks.heads.classes.finish import check_wide
from recurra.tasks.heads.lost import VECTORS
from recurra.tasks.inputs.labelled import LabelledParts, LabelledRows, kept_of, labelled_rows
from recurra.tasks.inputs.texts import LabelledTexts, Part, free_texts, held_rows, left_out, numbered
from recurra.tasks.task import Asked, Prepared
from recurra.tasks.transfer import begun
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.scripts import learnt_words
from recurra.text.vectors import Vectors, load_vectors
from recurra.text.vocabulary import Vocabulary

MEASURED_TWICE = "validation (it also chose epoch and temperature: give --test for an untouched figure)"
NOTHING_HELD = "training rows (nothing was held out)"


def prepare_net(
    asked: Asked, given: LabelledTexts, rows: NDArray[np.int64], chosen: dict[str, Any], told: list[str]
) -> Prepared:
    """Check rows, hold a part out, and lay the net out.

    `rows` are their numbers in the file, `chosen` the settings of nets that are not the task's, `told` why it is alone.
    """
    settings = asked.settings
    classes, whole = numbered(given, settings)
    names = [str(classes[target]) for target in whole.targets]
    warnings = label_warnings(names, texts=whole.texts)
    train, validation, cut = _held_out(asked, given, whole, names, classes)
    warnings += cut.warnings if cut is not None else []
    told = [*told, *left_out(given, free := free_texts(given))]
    # Only here is it known whether rows are held out to weigh it on; and nothing has cost time yet.
    if asked.wide:
        check_wide(labels=len(classes), weighed=validation is not None)
    words = _words(asked, settings, train.texts, chosen)
    settings, encoder = words.settings, words.encoder
    kept = cut if cut is None else replace(cut, train=rows[cut.train], validation=rows[cut.validation])
    return Prepared(
        settings,
        asked.seed,
        classifier_net(settings.net, words=len(encoder.vocabulary), labels=len(classes)),
        LabelledParts(classes, train, validation, encoder, asked.wide, unlabelled=free),
        # In the order of the file, not of the split: a rival that is measured later meets them so.
        seen=labelled_rows(whole if cut is None else whole.rows(np.sort(cut.train)), classes),
        learnt_from=f"{len(train.texts):,} texts",
        held=_measured(validation or train, classes, kept),
        part=MEASURED_TWICE if validation is not None else NOTHING_HELD,
        start=words.start,
        kept=kept_of(given.columns, kept),
        split=kept.as_json() if kept is not None else {},
        told={"vector_coverage": words.coverage, "chosen": told},
        # The classes as the caller has them, numbers or texts; the model itself holds texts.
        attributes={"classes_": classes, "split_": kept, "coverage_": words.coverage},
        tries=[] if asked.vectors or asked.init_from is not None else [either(*VECTORS)],
        warnings=[*warnings, *words.doubts],
        columns=given.columns,
    )


class _Words(NamedTuple):
    """The words of a net, what it begins with, and the settings that this fixes."""

    encoder: TextEncoder
    settings: Settings
    start: dict[str, NDArray[Any]]
    coverage: float | None = None
    """Share of the words that have a vector in the file."""
    doubts: Sequence[str] = ()


def _words(asked: Asked, settings: Settings, texts: list[str], chosen: dict[str, Any]) -> _Words:
    if asked.init_from is not None:
        # The words too are those of the language model: rows of its table belong to them.
        return _Words(*begun(asked.init_from, settings, chosen))
    # Words of the training rows alone: a word that only validation holds must be unknown there, as it will be later.
    encoder, doubts = learnt_words(fit_encoder, texts, settings.text)
    if not asked.vectors:
        return _Words(encoder, settings, {}, None, doubts)
    vectors = pretrained(asked.vectors, encoder.vocabulary)
    # The file decides how long the vectors are; the table has no room for another size from the settings.
    settings = settings.changed({"embedding_size": vectors.matrix.shape[1]})
    return _Words(encoder, settings, {"embedding.weight": vectors.matrix}, vectors.coverage, doubts)


def _held_out(
    asked: Asked, given: LabelledTexts, whole: Part, names: list[str], classes: NDArray[Any]
) -> tuple[Part, Part | None, Split | None]:
    """Return what is learnt from, what is chosen on, and how the rows were shared out where they were."""
    if given.validation_data is not None:
        return whole, held_rows(given.validation_data, classes), None
    share = part_of(asked.validation, len(names), unit="texts")
    if not share:
        return whole, None, None
    cut = split(len(names), labels=names, groups=given.groups, share=share, seed=asked.seed)
    return whole.rows(cut.train), whole.rows(cut.validation), cut


def _measured(part: Part, classes: NDArray[Any], cut: Split | None) -> LabelledRows:
    # The hardest rows are named by their row in the file, where a reader finds them.
    rows = labelled_rows(part, classes)
    return rows if cut is None else replace(rows, numbers=cut.validation)


def pretrained(source: str | Path, vocabulary: Vocabulary) -> Vectors:
    """Read word vectors; fits over the same words, such as the cells and seeds of a comparison, read them once."""
    path = Path(source)
    # The time of change is part of the key: a file that was replaced is read again.
    return _read_once(str(path), path.stat().st_mtime_ns if path.exists() else 0, vocabulary)


# One entry alone: each holds a table of floats for the whole vocabulary.
@lru_cache(maxsize=1)
def _read_once(source: str, changed: int, vocabulary: Vocabulary) -> Vectors:
    return load_vectors(source, vocabulary)
