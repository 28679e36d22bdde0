"""Texts with a row of targets made ready: checked, folded and encoded, a net laid out that begins from the box.

Not here: which task answers what (regression.py, multilabel.py, ordinal.py), and the judges beside the net
(heads/targets/blend.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import Settings
from recurra.datasets.columns import TextColumns
from recurra.datasets.formats import TextReading
from recurra.datasets.labels import copies, duplicates_across
from recurra.datasets.splits import Split, apart, folds
from recurra.datasets.targets import TargetReading
from recurra.errors import DataError
from recurra.nets.layouts import target_net
from recurra.tasks.heads.classes.choose import NAMES, SHAPE, Choice, choose, facts_of
from recurra.tasks.inputs.labelled import Fold
from recurra.tasks.inputs.targets import GivenTargets, Loss, TargetParts, TargetRows
from recurra.tasks.reads import changed_settings
from recurra.tasks.stacks import box_encoder
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.scripts import learnt_words

SETTINGS = Settings().changed(
    {
        "max_length": 400,
        "bidirectional": True,
        "cell": "gru",
        "hidden": 64,
        "pool": ["mean", "max", "attention"],
        "heads": 4,
        "word_dropout": 0.1,
        "embedding_dropout": 0.2,
        "dropout": 0.3,
        "epochs": 6,
        "batch_size": 32,
        "batch_tokens": 8192,
        "optimiser": "adamw",
        "learning_rate": 1e-3,
        "warm_up": 0.1,
        "weight_decay": 0.01,
    }
)
"""The defaults of nets with a column for each target."""
READS = frozenset({"words", "whole texts", "lengths", "batches"})
OTHERS: dict[Loss, dict[Any, str]] = {"squared": {"frozen": "encoder, ridge regression"}, "binary": {}}
"""What nets are called otherwise than where classes are learnt."""
FEWEST = 4
"""Rows to learn from."""
WORDS = frozenset({"tokens", "lowercase", "max_words", "min_count"})
"""Settings that the words of the encoder have fixed."""


def prepare_targets(
    asked: Asked,
    given: GivenTargets,
    learnt: NDArray[np.float32],
    loss: Loss,
    *,
    task: str,
    strata: Sequence[str],
    told: Any = None,
    warnings: Sequence[str] = (),
) -> Prepared:
    """Choose the net and draw the folds; every row is learnt from, and answered out of fold.

    `learnt` (rows, columns) is what the loss reads of the rows; each fold gets the same share of the `strata` (rows,).
    """
    rows = given.rows
    check_enough(rows.texts)
    choice = chosen(rows.texts, learnt.shape[1], asked.settings, task)
    settings, (encoder, doubts) = choice.settings, _words(choice, rows.texts)
    cuts = _folds(rows.texts, strata, given.groups, choice.folds, asked.seed)
    parts, names = [Fold(cut.train, cut.validation) for cut in cuts], NAMES | OTHERS[loss]
    plan = target_net(settings.net, words=len(encoder.vocabulary), targets=learnt.shape[1], task=task)
    return Prepared(
        settings,
        asked.seed,
        plan.model_copy(update={"window": choice.window}),
        TargetParts(rows.texts, learnt, loss, encoder, rows, parts, names[choice.way], choice.way, told, given.weights),
        seen=rows,
        learnt_from=f"{len(rows.texts):,} texts",
        part=f"rows out of fold ({len(cuts)} folds)",
        start=choice.start,
        by_steps=False,
        kept=_kept(given),
        split={"folds": [_numbers(rows, cut.validation) for cut in cuts]},
        told={"chosen": [*copies(rows.texts, groups=given.groups is not None), *choice.told]},
        warnings=[*warnings, *doubts],
        columns=given.columns,
    )


def check_enough(texts: Sequence[str]) -> None:
    """Raise DataError for too few rows to learn from."""
    if len(texts) < FEWEST:
        raise DataError("too few rows to learn from", found=str(len(texts)), allowed=f"{FEWEST} or more")


def _words(choice: Choice, texts: Sequence[str]) -> tuple[TextEncoder, list[str]]:
    """Return the words of the box, or those of the texts for a net from scratch, and what is doubtful about them."""
    if choice.way == "fresh":
        return learnt_words(fit_encoder, texts, choice.settings.text)
    return replace(box_encoder().encoder, config=choice.settings.text), []


def _numbers(rows: TargetRows, some: NDArray[np.int64]) -> list[int]:
    """Where a reader finds some of the rows."""
    return [*map(int, some if rows.numbers is None else rows.numbers[some])]


def _kept(given: GivenTargets) -> dict[str, Any]:
    """What a rival needs to read the same rows again."""
    if given.columns is None:
        return {}
    return {"columns": asdict(given.columns), "targets": list(given.read_from)}


def _answers(task: str, columns: int) -> str:
    """What each text is answered by, in words."""
    if task == "ordinal":
        return f"{columns + 1} classes in order"
    return f"{columns} {'number' if task == 'regression' else 'label'}{'s' * (columns > 1)}"


def chosen(texts: Sequence[str], targets: int, settings: Settings, task: str) -> Choice:
    """Choose a net by the file; what the user asks for is kept, and sizes of their own make a net from scratch."""
    changed = changed_settings(settings, SETTINGS)
    asked = changed["text"] | changed["net"] | changed["training"]
    # Where it learns changes nothing of what is learnt.
    asked.pop("device", None)
    base = box_encoder()
    facts = facts_of(texts, targets, base, timed=False)
    # Words of one's own are as little those of the encoder as a shape of one's own.
    own = sorted((SHAPE | WORDS) & set(asked))
    choice = choose(facts, settings, asked | ({"hidden": settings.net.hidden} if own else {}), base, 0.0)
    # It counts classes, which these are not.
    told = [str(facts).replace(f"{targets} classes", _answers(task, targets)), *choice.told[1:]]
    if own:
        told[-1] = f"chosen: a net from scratch: {', '.join(own)} asked for"
    if asked and choice.way == "frozen":
        # An option of training would do nothing to an encoder that stays as it is.
        return replace(choice, way="tuned", told=[told[0], "chosen: the encoder tuned, as you ask"])
    return replace(choice, told=told)


def _folds(
    texts: Sequence[str], strata: Sequence[str], groups: Sequence[Any] | None, number: int, seed: int
) -> list[Split]:
    count = min(number, apart(texts, groups))
    if count < 2:
        found = "one group" if groups else "one text in all rows"
        raise DataError("too little to cross-fit", found=found, allowed="2 or more")
    return folds(len(strata), count, labels=strata, groups=groups, texts=texts, seed=seed)


Table = Callable[[str, TextReading, TargetReading, TextColumns | None], GivenTargets]
"""Reads a file's rows: its name, how texts and targets are read, and the columns that a model learnt from."""


def read_targets(source: Source, table: Table) -> Rows:
    """Read rows to learn from, and test rows by the same columns."""
    texts, reading, model = source.texts, source.targets, source.model
    learnt = model.origin.columns if model is not None else None
    if source.kept:
        told = source.kept["reading"]["targets"]
        texts = replace(texts, text=source.kept["columns"]["text"])
        reading = TargetReading(tuple(source.kept["targets"]), told["separator"], tuple(told["order"]))
    elif model is not None:
        # What the reading leaves open is as the model has learnt it.
        wanted = (texts.label,) if texts.label else model.read_from
        reading = replace(reading, labels=wanted, **model.reading)
    first = table(source.files[0], texts, reading, learnt)
    # Files that belong together have the same columns.
    reading = replace(reading, labels=first.read_from)
    others = [table(file, texts, reading, first.columns) for file in source.files[1:]]
    test = table(source.test, texts, reading, first.columns) if source.test else None
    train = together([first, *others])
    return Rows(
        (train, test),
        source.files[0],
        f"{len(train.rows.texts):,} texts",
        train.warnings,
        columns=first.note if model is None else "",
        reading={**asdict(source.texts), "targets": asdict(reading)},
        measured=(test or train).rows,
        seen=train.rows if source.kept else None,
    )


def together(parts: Sequence[GivenTargets]) -> GivenTargets:
    """Join the rows of several files; a target that a file lacks is 0 there."""
    first, *others = parts
    if not others:
        return first
    names = tuple(dict.fromkeys(name for part in parts for name in part.rows.names))
    targets = np.concatenate([part.rows.aligned(names) for part in parts])
    texts = [text for part in parts for text in part.rows.texts]
    warnings = [warning for part in parts for warning in part.warnings]
    return replace(first, rows=TargetRows(texts, targets, names), warnings=warnings)


def hold_targets(asked: Asked, rows: Rows) -> Parts:
    """Hold test rows against the others: texts that stand in both are warned of."""
    train, test = rows.table
    if test is None:
        return Parts(train)
    return Parts(train, test.rows, [*test.warnings, *duplicates_across(train.rows.texts, test.rows.texts)])
