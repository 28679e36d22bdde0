"""The task of labelling texts: its defaults, and its rows from files to a judged model.

Not here: columns and weights (inputs/texts.py), what a step learns (heads/classes/learn.py), the fit (training/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import Settings
from recurra.datasets.labels import (
    check_known_labels,
    check_training_labels,
    duplicates_across,
    is_missing,
)
from recurra.datasets.texts import TextTable, open_texts
from recurra.errors import DataError, UsageError, counted, either
from recurra.runs.sources import has_parts, labelled, unlabelled
from recurra.tasks.alone import prepare_net
from recurra.tasks.heads.classes.choose import MIXED
from recurra.tasks.heads.classes.head import HEAD
from recurra.tasks.heads.classes.measure import judge_labels
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.tasks.inputs.texts import LabelledTexts, weighty
from recurra.tasks.reads import changed_settings
from recurra.tasks.stacks import few_for_folds, prepare_stack
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source, Task
from recurra.text.scripts import settled

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
TAUGHT = frozenset({"self_training", "adapt"})
"""Settings of learning from them in a stack alone."""


def read(source: Source, asked: Asked | None) -> Rows:
    """Read labelled rows, test rows and texts without labels where there are any.

    Raises DataError where a model finds no labels.
    """
    train, test = _tables(source)
    # Columns of the same names, where the file is a table too.
    free = unlabelled(source, train.columns) if source.unlabelled else None
    measured = train if test is None else test
    if source.model is not None and measured.labels is None:
        raise DataError(f"{source.files[0]} has no labels")
    guessed = train.columns is not None and not (source.texts.text and source.texts.label)
    return Rows(
        (train, test, free),
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
    return [*remarks, *([f"{counted(empty, 'empty text is', 'empty texts are')} kept as <empty>"] if empty else [])]


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
    # Who makes rows by hand may leave the texts without labels out.
    train, test, *more = rows.table
    free = more[0] if more else None
    # For its refusals alone: `prepare` warns, once the rows of weight 0 are out.
    check_training_labels(train.labels, file=rows.file)
    # A label of a table was held against the words for missing when it was read.
    learnt = LabelledTexts(
        train.texts, train.labels, groups=train.groups, labels_as_written=True, columns=train.columns, unlabelled=free
    )
    if test is None:
        return Parts(learnt)
    check_known_labels(sorted(set(train.labels or [])), test.labels or [], part="test")
    # A text of both parts is answered from memory: it makes the figure better than the model is.
    doubts = [*test.warnings, *duplicates_across(train.texts, test.texts)]
    learnt, told = _without_test(learnt, test.texts)
    doubts += told
    return Parts(learnt, _as_rows(test) if test.labels is not None else None, doubts)


def _without_test(learnt: LabelledTexts, test: list[str]) -> tuple[LabelledTexts, list[str]]:
    """Leave out what is tested of the texts without labels: whoever has read it is measured too well."""
    tested = set(test)
    free = [text for text in learnt.unlabelled or () if text not in tested]
    left = len(learnt.unlabelled or ()) - len(free)
    words = counted(left, "text without label is left out: it stands", "texts without labels are left out: they stand")
    told = [f"{words} in the test part too"] if left else []
    return replace(learnt, unlabelled=free or None), told


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
    mixed = MIXED & chosen.keys()
    free = (MIXED | TAUGHT) & chosen.keys()
    if free and given.unlabelled is None:
        option = either("--unlabelled", "unlabelled")
        raise UsageError(f"{', '.join(sorted(free))}: learnt from texts without labels", advice=f"give {option}")
    if asked.init_from is not None and (asked.vectors or asked.wide):
        option = either("--vectors", "vectors") if asked.vectors else either("--wide", "wide=True")
        raise UsageError(f"{option} beside a language model to begin with", advice="leave one of them out")
    if asked.recipe == "net" or alone:
        if asked.encoder is not None:
            option = either("--encoder", "encoder")
            raise UsageError(f"{option} stands in a stack", found=alone or "recipe net", advice="choose recipe stack")
        if of_stacks := sorted(TAUGHT & chosen.keys()):
            raise UsageError(f"{', '.join(of_stacks)}: of a stack", found=alone or "recipe net", advice="leave it out")
        if given.unlabelled is not None and not mixed:
            option, advice = either("--unlabelled", "unlabelled"), f"choose recipe stack, or {', '.join(sorted(MIXED))}"
            raise UsageError(f"{option} is for a stack", found=alone or "recipe net", advice=advice)
        # What belongs to a net alone cannot stand in a stack.
        bound = asked.init_from is not None or bool(asked.vectors) or asked.wide
        more = "" if bound or few_for_folds(given.texts, given.labels) else "; recipe stack sets it among linear models"
        told = [f"a net alone: {alone}{more}"] if alone else []
        return prepare_net(asked, given, rows, chosen, told)
    if asked.recipe == "linear":
        _refuse_nets_choices(asked, chosen, unlabelled=given.unlabelled is not None)
    if asked.vectors or asked.wide or asked.init_from is not None:
        option = either("--wide", "wide=True") if asked.wide else either("--init-from", "init_from")
        option = either("--vectors", "vectors") if asked.vectors else option
        raise UsageError(f"{option} belongs to a net alone", found=f"recipe {asked.recipe}", advice="choose recipe net")
    return prepare_stack(asked, given, rows, chosen)


def _refuse_nets_choices(asked: Asked, chosen: dict[str, Any], *, unlabelled: bool) -> None:
    """Raise UsageError where linear models are to answer alone, and something was asked for that only nets read."""
    # What a token is only tells lengths here: n-grams read words, and characters of scripts without spaces.
    words = {name for name in changed_settings(asked.settings, SETTINGS)["text"] if name != "tokens"}
    options = {
        either("--encoder", "encoder"): asked.encoder is not None,
        either("--minutes", "minutes"): asked.minutes,
        either("--unlabelled", "unlabelled"): unlabelled,
    }
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
    if asked.init_from is not None:
        return "it begins with a language model"
    if of_nets := sorted(chosen.keys() - MIXED - TAUGHT):
        return f"settings of nets were chosen ({', '.join(of_nets)})"
    if asked.vectors:
        return "word vectors were given"
    if asked.wide:
        return "its wide part was asked for"
    return "there are too few rows for a stack" if few_for_folds(given.texts, given.labels) else ""


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
