"""Labelled texts made ready for a stack: the net that stands among the linear judges, and the folds of all of them.

Not here: which net is chosen (heads/classes/choose.py), the stack itself (heads/classes/stacked.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import part_of
from recurra.artefact.folder import BOX
from recurra.datasets.labels import copies, label_warnings
from recurra.datasets.splits import apart, folds, split
from recurra.errors import DataError
from recurra.layers.grams.run import GramsSpec
from recurra.nets.layouts import classifier_net
from recurra.nets.run import ClassifierNet
from recurra.tasks.heads.classes.choose import NAMES, Choice, Facts, choose, facts_of, without_net
from recurra.tasks.heads.classes.self_taught import lesson
from recurra.tasks.heads.judges import parts_of
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.inputs.labelled import Fold, LabelledParts, kept_of, labelled_rows
from recurra.tasks.inputs.texts import LabelledTexts, Part, free_texts, held_rows, left_out, numbered
from recurra.tasks.task import Asked, Prepared
from recurra.text.encoder import fit_encoder, wordless
from recurra.text.scripts import learnt_words


class _Cut(NamedTuple):
    """Rows with the parts that each judge answers without having learnt from them."""

    rows: Part
    numbers: NDArray[np.int64]
    """Of each row: where a reader finds it."""
    folds: list[Fold]
    part: str
    """What the answered rows are called."""
    warnings: list[str]


def prepare_stack(asked: Asked, given: LabelledTexts, rows: NDArray[np.int64], chosen: dict[str, Any]) -> Prepared:
    """Check rows, choose the net, and draw the folds: every row is learnt from, and answered out of fold.

    `rows` are their numbers in the file, `chosen` the settings of nets that are not the task's. Where a part is given
    to hold out, or a share of it, judges are weighed on that part alone, and never learn from it.
    """
    classes, whole = numbered(given, asked.settings)
    names = [str(classes[target]) for target in whole.targets]
    base = box_encoder() if asked.encoder is None else RunningEncoder.load(asked.encoder)
    facts = _facts(asked, whole.texts, len(classes), base)
    choice = _choice(asked, facts, chosen, base, free := free_texts(given))
    settings, doubts = choice.settings, list[str]()
    cut = _cut(asked, given, classes, _Cut(whole, rows, [], "", []), choice.folds)
    told = [*copies(whole.texts, groups=given.groups is not None), *left_out(given, free)]
    taught = lesson(free, choice, facts, len(parts_of(cut.folds, 0)), asked.minutes, asked.seed)
    encoder = wordless(settings.text) if choice.way == "linear" else replace(base.encoder, config=settings.text)
    if choice.way == "fresh":
        encoder, doubts = learnt_words(fit_encoder, whole.texts, settings.text)
    return Prepared(
        settings,
        asked.seed,
        _plan(choice, len(encoder.vocabulary), len(classes)),
        LabelledParts(
            classes, cut.rows, None, encoder, folds=cut.folds, numbers=cut.numbers,
            net_name=NAMES.get(choice.way, ""), way=choice.way, dense=base.dense,
            unlabelled=free, taught=taught.texts,
        ),
        seen=labelled_rows(whole, classes),
        learnt_from=f"{len(whole.texts):,} texts",
        part=cut.part,
        start=choice.start,
        by_steps=False,
        kept=kept_of(given.columns, None),
        split={"folds": [cut.numbers[fold.held].tolist() for fold in cut.folds]},
        told={"chosen": [*told, *choice.told, *taught.told]},
        attributes={"classes_": classes, "split_": None, "coverage_": None},
        warnings=[*label_warnings(names, texts=whole.texts), *cut.warnings, *doubts],
        columns=given.columns,
    )  # fmt: skip


def _facts(asked: Asked, texts: Sequence[str], classes: int, base: RunningEncoder) -> Facts:
    # As the net would read them: a sentence of Chinese is many unknown characters, not one unknown word.
    reader = replace(base, encoder=replace(base.encoder, config=asked.settings.text))
    facts = facts_of(texts, classes, reader, timed=asked.minutes > 0)
    return facts if asked.encoder is None else replace(facts, encoder="the encoder that you gave")


def _choice(asked: Asked, facts: Facts, chosen: dict[str, Any], base: RunningEncoder, free: Sequence[str]) -> Choice:
    if asked.recipe == "linear":
        return without_net(facts, asked.settings)
    teaches = bool(free) and asked.settings.training.self_training > 0
    return choose(facts, asked.settings, chosen, base, asked.minutes, taught=teaches)


def _plan(choice: Choice, words: int, labels: int) -> ClassifierNet:
    """Lay the net out; n-grams alone have one entry until they are counted."""
    if choice.way == "linear":
        return ClassifierNet(grams=(GramsSpec(entries=1, outputs=labels),))
    net = classifier_net(choice.settings.net, words=words, labels=labels)
    return net.model_copy(update={"window": choice.window})


def _cut(asked: Asked, given: LabelledTexts, classes: NDArray[Any], cut: _Cut, number: int) -> _Cut:
    """Hold a part out where one is asked for, else draw folds."""
    whole, count = cut.rows, len(cut.rows.texts)
    if given.validation_data is not None:
        held = held_rows(given.validation_data, classes)
        numbers = np.concatenate([cut.numbers, np.arange(len(held.texts))])
        one = Fold(np.arange(count), np.arange(count, count + len(held.texts)))
        return _Cut(whole.joined(held), numbers, [one], "validation (it also weighs the judges)", [])
    names = [str(classes[target]) for target in whole.targets]
    share = part_of(asked.validation, count, unit="texts")
    if asked.holds and share:
        drawn = split(count, labels=names, groups=given.groups, share=share, seed=asked.seed)
        one = Fold(drawn.train, drawn.validation)
        return cut._replace(folds=[one], part="validation (it also weighs the judges)", warnings=list(drawn.warnings))
    parts = _folds(whole, names, given.groups, number, asked.seed)
    return cut._replace(folds=parts, part=f"rows out of fold ({len(parts)} folds)")


def few_for_folds(texts: Sequence[str], labels: Sequence[Any]) -> bool:
    """Tell whether there are too few rows for a stack: fewer than two classes with two texts each."""
    pairs = set(zip(texts, map(str, labels), strict=True))
    return sum(count > 1 for count in Counter(label for _, label in pairs).values()) < 2


def _folds(whole: Part, names: list[str], groups: list[str] | None, number: int, seed: int) -> list[Fold]:
    """Draw the folds: by group where rows have groups, and no more of them than there are groups or texts.

    A row whose class no other part holds is never answered: who has not learnt a class cannot name it.
    """
    if few_for_folds(whole.texts, names):
        raise DataError("too few rows for a stack", found="one text of a class", allowed="two of two classes or more")
    most = apart(whole.texts, groups)
    if most < 2:
        advice = "choose another group column or split without groups"
        raise DataError("too few groups to split: need 2, have 1", advice=advice)
    drawn = folds(len(names), min(number, most), labels=names, groups=groups, texts=whole.texts, seed=seed)
    learnt = [np.isin(whole.targets[part.validation], whole.targets[part.train]) for part in drawn]
    parts = [Fold(part.train, part.validation[known]) for part, known in zip(drawn, learnt, strict=True) if known.any()]
    # One part alone would be one that nobody learns from in the end.
    if len(parts) < 2:
        found = "classes that one part alone holds"
        raise DataError("too few rows for a stack", found=found, advice="choose another group column, or recipe net")
    return parts


@cache
def box_encoder() -> RunningEncoder:
    """Load the sentence encoder in the box."""
    return RunningEncoder.load(BOX / "encoder-en")
