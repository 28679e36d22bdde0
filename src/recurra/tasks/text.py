"""The task of labelling texts: its defaults, and its rows from files to a judged model.

Not here: columns and weights (inputs/texts.py), what a step learns (heads/classes/learn.py), the fit (training/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import part_of
from recurra.config import Settings
from recurra.datasets.labels import (
    check_known_labels,
    check_training_labels,
    duplicates_across,
    is_missing,
    label_warnings,
)
from recurra.datasets.splits import Split, split
from recurra.datasets.texts import TextTable, open_texts
from recurra.errors import DataError, UsageError, either
from recurra.nets.layouts import classifier_net
from recurra.runs.sources import has_parts, labelled
from recurra.tasks.heads.classes.finish import check_wide
from recurra.tasks.heads.classes.head import HEAD
from recurra.tasks.heads.classes.measure import judge_labels
from recurra.tasks.heads.lost import VECTORS
from recurra.tasks.inputs.labelled import LabelledParts, LabelledRows, kept_of, labelled_rows
from recurra.tasks.inputs.texts import LabelledTexts, Part, held_rows, numbered, weighty
from recurra.tasks.reads import changed_settings
from recurra.tasks.stacks import few_for_folds, prepare_stack
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source, Task
from recurra.text.encoder import fit_encoder
from recurra.text.scripts import learnt_words, settled
from recurra.text.vectors import Vectors, load_vectors
from recurra.text.vocabulary import Vocabulary

SHARED = frozenset({"device", "class_weight"})
"""Settings of training that say nothing of the net."""
READ_BY_NETS = frozenset({"max_length", "truncate", "pad_to_max"})
"""Settings of texts that only a net reads."""
VALIDATION = 0.1
"""Share of the rows held out, where nobody says otherwise."""
SETTINGS = Settings().changed(
    {
        "max_length": 600,
        "bidirectional": True,
        "hidden": 64,
        "pool": ["mean", "max", "attention"],
        "heads": 4,
        "word_dropout": 0.1,
        "embedding_dropout": 0.3,
        "dropout": 0.5,
        "epochs": 7,
        "batch_size": 64,
        "batch_tokens": 8192,
        "optimiser": "adamw",
        "learning_rate": 3e-3,
        "table_rate": 0.33,
        "warm_up": 0.1,
        "weight_decay": 0.01,
        "adversarial": 1.0,
        "ema": 0.998,
        "monitor": "val_accuracy",
    }
)
"""The defaults of text classification, chosen on IMDB's validation part."""
MEASURED_TWICE = "validation (it also chose epoch and temperature: give --test for an untouched figure)"
NOTHING_HELD = "training rows (nothing was held out)"


def read(source: Source, asked: Asked | None) -> Rows:
    """Read labelled rows, and test rows where there are any; raises DataError where a model finds no labels."""
    train, test = _tables(source)
    measured = train if test is None else test
    if source.model is not None and measured.labels is None:
        raise DataError(f"{source.files[0]} has no labels")
    guessed = train.columns is not None and not (source.texts.text and source.texts.label)
    return Rows(
        (train, test),
        source.files[0],
        f"{len(train.texts):,} texts",
        # Who fits hears of the test rows later, when `hold` holds them against the others.
        measured.warnings if source.model is not None else train.warnings,
        _remarks(train) if source.model is None else [],
        str(train.columns) if guessed else "",
        train.rejects,
        measured=_as_rows(measured),
        seen=_without(train, source.kept["held_out"]) if source.kept else None,
    )


def _remarks(train: TextTable) -> list[str]:
    # Nothing but white space counts as empty: no token comes of it.
    rejected, empty = len(train.rejects), sum(not text.strip() for text in train.texts)
    remarks = [f"{rejected} rows rejected; they are listed in rejects.json"] if rejected else []
    return [*remarks, *([f"{empty} empty texts are kept as <empty>"] if empty else [])]


def _tables(source: Source) -> tuple[TextTable, TextTable | None]:
    model, file = source.model, source.files[0]
    if model is None:
        return labelled(source.files, source.texts, test=source.test)
    # A class that the model has learnt is one, whatever its name.
    reading = replace(source.texts, labels_as_written=any(map(is_missing, model.labels)))
    if has_parts(file):
        return labelled([file], reading)
    return open_texts(file, reading, labelled=True, learnt=model.origin.columns).whole(), None


def _without(table: TextTable, held_out: Sequence[int]) -> LabelledRows:
    # The model did not learn from its validation rows, so that its rivals may not either.
    held = set(held_out)
    return _as_rows(table.at([row for row in range(len(table)) if row not in held]))


def hold(asked: Asked, rows: Rows) -> Parts:
    """Hold test rows against the others; raises DataError for labels that cannot be learnt, and for unknown ones."""
    train, test = rows.table
    # For its refusals alone: `prepare` warns, once the rows of weight 0 are out.
    check_training_labels(train.labels, file=rows.file)
    # A label of a table was held against the words for missing when it was read.
    learnt = LabelledTexts(
        train.texts, train.labels, groups=train.groups, labels_as_written=True, columns=train.columns
    )
    if test is None:
        return Parts(learnt)
    check_known_labels(sorted(set(train.labels or [])), test.labels or [], part="test")
    # A text of both parts is answered from memory: it makes the figure better than the model is.
    doubts = [*test.warnings, *duplicates_across(train.texts, test.texts)]
    return Parts(learnt, _as_rows(test) if test.labels is not None else None, doubts)


def _as_rows(table: TextTable) -> LabelledRows:
    return LabelledRows(table.texts, table.labels)


def prepare(asked: Asked, given: LabelledTexts) -> Prepared:
    """Check, split and encode rows, and lay the net out; `recurra data check` takes these very steps."""
    # `rows` are numbers in the file: rows of weight 0 are gone, and a split must name the others as the user counts.
    given, rows = weighty(given)
    chosen = net_choices(asked.settings)
    # Once for both recipes: a net and the share of words that the encoder knows are told of the same tokens.
    settings, notes = settled(asked.settings, given.texts)
    return replace(_prepared(replace(asked, settings=settings), given, rows, chosen), notes=notes)


def _prepared(asked: Asked, given: LabelledTexts, rows: NDArray[np.int64], chosen: dict[str, Any]) -> Prepared:
    alone = _alone(asked, given, chosen) if asked.recipe == "auto" else ""
    if asked.recipe == "net" or alone:
        if asked.encoder is not None:
            option = either("--encoder", "encoder")
            raise UsageError(f"{option} stands in a stack", found=alone or "recipe net", advice="choose recipe stack")
        told = [f"a net alone: {alone}; recipe stack sets it among linear models"] if alone else []
        return _prepare_net(asked, given, rows, told)
    if asked.recipe == "linear":
        _refuse_nets_choices(asked, chosen)
    if asked.vectors or asked.wide:
        option = either("--wide", "wide=True") if asked.wide else either("--vectors", "vectors")
        raise UsageError(f"{option} belongs to a net alone", found=f"recipe {asked.recipe}", advice="choose recipe net")
    return prepare_stack(asked, given, rows, chosen)


def _refuse_nets_choices(asked: Asked, chosen: dict[str, Any]) -> None:
    """Raise UsageError where linear models are to answer alone, and something was asked for that only nets read."""
    # What a token is only tells lengths here: n-grams read words, and characters of scripts without spaces.
    words = {name for name in changed_settings(asked.settings, SETTINGS)["text"] if name != "tokens"}
    options = {either("--encoder", "encoder"): asked.encoder is not None, either("--minutes", "minutes"): asked.minutes}
    found = [*sorted({*chosen, *words}), *(option for option, there in options.items() if there)]
    if found:
        advice = f"leave {'them' if len(found) > 1 else 'it'} out, or choose recipe stack"
        raise UsageError("recipe linear has no net", found=", ".join(found), advice=advice)


def net_choices(settings: Settings) -> dict[str, Any]:
    """Return the settings of a net and its training that are not the task's own."""
    changed = changed_settings(settings, SETTINGS)
    return {
        **{name: value for name, value in changed["text"].items() if name in READ_BY_NETS},
        **{name: value for part in ("net", "training") for name, value in changed[part].items() if name not in SHARED},
    }


def _alone(asked: Asked, given: LabelledTexts, chosen: dict[str, Any]) -> str:
    """Tell why a net should stand alone where nobody chose a recipe; empty: a stack."""
    if chosen:
        return f"settings of nets were chosen ({', '.join(sorted(chosen))})"
    if asked.vectors:
        return "word vectors were given"
    if asked.wide:
        return "its wide part was asked for"
    return "there are too few rows for a stack" if few_for_folds(given.labels) else ""


def _prepare_net(asked: Asked, given: LabelledTexts, rows: NDArray[np.int64], told: list[str]) -> Prepared:
    settings = asked.settings
    classes, whole = numbered(given, settings)
    names = [str(classes[target]) for target in whole.targets]
    warnings = label_warnings(names, texts=whole.texts)
    train, validation, cut = _held_out(asked, given, whole, names, classes)
    warnings += cut.warnings if cut is not None else []
    # Only here is it known whether rows are held out to weigh it on; and nothing has cost time yet.
    if asked.wide:
        check_wide(labels=len(classes), weighed=validation is not None)
    # Words of the training rows alone: a word that only validation holds must be unknown there, as it will be later.
    encoder, doubts = learnt_words(fit_encoder, train.texts, settings.text)
    vectors = pretrained(asked.vectors, encoder.vocabulary) if asked.vectors else None
    if vectors is not None:
        # The file decides how long the vectors are; the table has no room for another size from the settings.
        settings = settings.changed({"embedding_size": vectors.matrix.shape[1]})
    kept = cut if cut is None else replace(cut, train=rows[cut.train], validation=rows[cut.validation])
    coverage = vectors.coverage if vectors is not None else None
    return Prepared(
        settings,
        asked.seed,
        classifier_net(settings.net, words=len(encoder.vocabulary), labels=len(classes)),
        LabelledParts(classes, train, validation, encoder, asked.wide),
        seen=labelled_rows(train, classes),
        learnt_from=f"{len(train.texts):,} texts",
        held=_measured(validation or train, classes, kept),
        part=MEASURED_TWICE if validation is not None else NOTHING_HELD,
        start={} if vectors is None else {"embedding.weight": vectors.matrix},
        kept=kept_of(given.columns, kept),
        split=kept.as_json() if kept is not None else {},
        told={"vector_coverage": coverage, "chosen": told},
        # The classes as the caller has them, numbers or texts; the model itself holds texts.
        attributes={"classes_": classes, "split_": kept, "coverage_": coverage},
        tries=[] if asked.vectors else [either(*VECTORS)],
        warnings=[*warnings, *doubts],
        columns=given.columns,
    )


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


TASK = Task(
    "text",
    SETTINGS,
    frozenset({"words", "whole texts", "lengths", "labels", "batches"}),
    HEAD,
    read,
    hold,
    prepare,
    judge_labels,
)
