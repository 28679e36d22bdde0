"""Labelled texts made ready for a stack: the net that stands among the linear judges, and the folds of all of them.

Not here: which net is chosen (heads/classes/choose.py), the stack itself (heads/classes/stacked.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

from recurra.artefact.folder import BOX
from recurra.datasets.labels import is_missing, label_warnings
from recurra.datasets.splits import Split, folds
from recurra.errors import DataError
from recurra.nets.layouts import classifier_net
from recurra.tasks.heads.classes.choose import Way, choose
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.inputs.labelled import LabelledParts, kept_of, labelled_rows
from recurra.tasks.inputs.texts import LabelledTexts, numbered, weighty
from recurra.tasks.task import Asked, Prepared
from recurra.text.encoder import fit_encoder
from recurra.text.scripts import learnt_words

NAMES: dict[Way, str] = {
    "frozen": "encoder, logistic regression", "tuned": "encoder, tuned", "fresh": "net from scratch",
}  # fmt: skip
"""What reports call the net."""


def prepare_stack(asked: Asked, given: LabelledTexts) -> Prepared:
    """Check rows, choose the net, and draw the folds; every row is learnt from, and answered out of fold."""
    given, rows = weighty(given)
    classes, train = numbered(given, asked.settings)
    names = [str(classes[target]) for target in train.targets]
    base = box_encoder()
    choice = choose(train.texts, len(classes), asked.settings, base)
    settings, doubts = choice.settings, list[str]()
    encoder = replace(base.encoder, config=settings.text)
    if choice.way == "fresh":
        encoder, doubts = learnt_words(fit_encoder, train.texts, settings.text)
    kept = _folds(names, given.groups, choice.folds, asked.seed)
    parts = [(cut.train, cut.validation) for cut in kept]
    return Prepared(
        settings,
        asked.seed,
        classifier_net(settings.net, words=len(encoder.vocabulary), labels=len(classes)),
        LabelledParts(classes, train, None, encoder, folds=parts, net_name=NAMES[choice.way]),
        seen=labelled_rows(train, classes),
        learnt_from=f"{len(train.texts):,} texts",
        part=f"rows out of fold ({len(kept)} folds)",
        start=choice.start,
        by_steps=choice.way != "frozen",
        kept=kept_of(given.columns, None),
        split={"folds": [rows[cut.validation].tolist() for cut in kept]},
        told={"chosen": choice.told},
        attributes={"classes_": classes, "split_": None, "coverage_": None},
        warnings=[*label_warnings(names, texts=train.texts), *doubts],
        columns=given.columns,
    )


def _folds(names: list[str], groups: list[str] | None, number: int, seed: int) -> list[Split]:
    """Draw the folds: by group where rows have groups, and no more of them than there are groups or rows."""
    counts = Counter(names)
    if sum(count > 1 for count in counts.values()) < 2:
        raise DataError("too few rows for a stack", found="one row of a class", allowed="two of two classes or more")
    # A row without a group is a group of its own.
    own = [(row,) if is_missing(group) else group for row, group in enumerate(groups or range(len(names)))]
    return folds(len(names), min(number, len(set(own))), labels=names, groups=groups, seed=seed)


@cache
def box_encoder() -> RunningEncoder:
    """Load the sentence encoder in the box."""
    return RunningEncoder.load(BOX / "encoder-en")
