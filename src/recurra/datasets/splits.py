"""Splits, made once and from a seed: random, stratified by label, by group, and by time.

Not here: the rows themselves; a split is row numbers that a run can write down and read back.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.datasets.labels import is_missing
from recurra.errors import DataError, UsageError, counted

PASSES = 3
"""How often every group is offered to the other side."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of two parts, int64, both in random order (by time: in order); no row is in both."""

    train: np.ndarray
    validation: np.ndarray
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain lists that JSON can hold."""
        return {"train": self.train.tolist(), "validation": self.validation.tolist(), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Split:
        """Read back what `as_json` gave."""
        parts = [np.array(values[name], dtype=np.int64) for name in ("train", "validation")]
        return cls(parts[0], parts[1], tuple(values["warnings"]))


def split(
    count: int,
    *,
    labels: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    share: float = 0.1,
    seed: int = 0,
) -> Split:
    """Share `count` rows out: `share` of them for validation, stratified by label, no group on both sides.

    A row whose group is missing (None, NaN, empty, `NULL`) is a group of its own. A class with one row (or in one
    group) stays in train with a warning. Raises DataError when there are fewer than two rows or groups or no class has
    two rows, UsageError for a share outside (0, 1).
    """
    _check(count, labels, groups, share)
    generator = np.random.default_rng(seed)
    classes = list(labels) if labels is not None else [""] * count
    if groups is None:
        validation = _by_class(classes, share, generator)
    else:
        validation = _by_group(classes, groups, share, generator)
    # Row by row, so that both parts can be taken in one random order.
    chosen = np.zeros(count, dtype=bool)
    chosen[validation] = True
    order = generator.permutation(count)
    warnings = _absent(classes, chosen) if labels is not None else []
    return Split(order[~chosen[order]], order[chosen[order]], tuple(warnings))


def split_time(count: int, *, validation: int, gap: int = 0) -> Split:
    """Split one series of `count` steps: the last `validation` steps are held out, `gap` steps before them unused.

    With `gap` = horizon no training target can reach into the held-out part. Raises DataError when nothing is left.
    """
    if validation < 1 or gap < 0:
        raise UsageError(
            "split_time",
            found=f"validation={validation}, gap={gap}",
            allowed="validation of 1 or more, gap of 0 or more",
        )
    if count < validation + gap + 1:
        raise DataError(
            f"too few steps to hold {validation} out with a gap of {gap}: need {validation + gap + 1}, have {count}",
            advice="bring a longer series or hold fewer steps out",
        )
    steps = np.arange(count, dtype=np.int64)
    return Split(steps[: count - validation - gap], steps[count - validation :])


def folds(
    count: int,
    number: int,
    *,
    labels: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    texts: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Split]:
    """Cut `count` rows into `number` parts and hold each out once (cross-validation): stratified, or by group.

    Without groups, rows of one of the `texts` (rows,) are copies, and stay together. Raises DataError when there are
    fewer rows, texts or groups than folds.
    """
    if number < 2:
        raise UsageError("too few folds", found=str(number), allowed="2 or more")
    if count < number:
        raise DataError(f"fewer rows than folds: need {number}, have {count}", advice="ask for fewer folds")
    generator = np.random.default_rng(seed)
    rank = generator.permutation(count)
    classes = list(labels) if labels is not None else [""] * count
    fold = np.empty(count, dtype=np.int64)
    if groups is not None:
        fold[:] = _group_folds(groups, number, generator)
    else:
        first = _first_copies(texts) if texts is not None else np.arange(count)
        dealt = sorted(np.unique(first).tolist(), key=lambda row: (classes[row], rank[row]))
        if len(dealt) < number:
            raise DataError(f"fewer texts than folds: need {number}, have {len(dealt)}", advice="ask for fewer folds")
        # Sorted by class, then dealt out like cards: each fold gets the same share of each class.
        fold[np.array(dealt)] = np.arange(len(dealt)) % number
        fold = fold[first]
    order = generator.permutation(count)
    return [Split(order[fold[order] != held], order[fold[order] == held]) for held in range(number)]


def apart(texts: Sequence[str], groups: Sequence[Any] | None) -> int:
    """Return how many parts rows can stand in: one for each text; with groups, for each, and each row of none."""
    return len(_group_rows(groups)) if groups else len(set(texts))


def _first_copies(texts: Sequence[str]) -> np.ndarray:
    """For each row, the first row of the same text: (rows,)."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, row) for row, text in enumerate(texts)], dtype=np.int64)


def _group_folds(groups: Sequence[str | None], number: int, generator: np.random.Generator) -> np.ndarray:
    """Deal whole groups out, the largest first, each to the part that has the fewest rows."""
    members = list(_group_rows(groups).values())
    if len(members) < number:
        raise DataError(f"fewer groups than folds: need {number}, have {len(members)}", advice="ask for fewer folds")
    fold, sizes = np.empty(len(groups), dtype=np.int64), np.zeros(number)
    for place in sorted(generator.permutation(len(members)).tolist(), key=lambda place: -len(members[place])):
        chosen = int(sizes.argmin())
        fold[members[place]] = chosen
        sizes[chosen] += len(members[place])
    return fold


def _check(count: int, labels: Sequence[str] | None, groups: Sequence[str | None] | None, share: float) -> None:
    if not 0.0 < share < 1.0:
        raise UsageError("validation share", found=str(share), allowed="above 0 and below 1")
    if count < 2:
        raise DataError(f"too few rows to split: need 2, have {count}", advice="bring more rows")
    for name, values in (("labels", labels), ("groups", groups)):
        if values is not None and len(values) != count:
            raise UsageError(f"{name} and rows differ in number", found=f"{len(values)} {name}, {count} rows")


def _by_class(classes: Sequence[str], share: float, generator: np.random.Generator) -> np.ndarray:
    """Take the same share of every class; the largest remainders round up, so that the total is right."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(classes):
        rows.setdefault(name, []).append(row)
    # Sorted, so that the split does not hang on which label comes first in the file.
    names = sorted(rows)
    exact = {name: share * len(rows[name]) for name in names}
    # At least one row of each class stays in training.
    take = {name: min(math.floor(exact[name]), len(rows[name]) - 1) for name in names}
    due = max(1, round(share * len(classes))) - sum(take.values())
    # Equal remainders are settled by chance, or the same classes would always be rounded up.
    tie = dict(zip(names, generator.permutation(len(names)).tolist(), strict=True))
    for name in sorted(names, key=lambda name: (take[name] - exact[name], tie[name])):
        if due > 0 and take[name] < len(rows[name]) - 1:
            take[name] += 1
            due -= 1
    if not any(take.values()):
        raise DataError("nothing can be held out: every class has one row only", advice="is this an id column?")
    picked = [generator.permutation(rows[name])[: take[name]] for name in names]
    return np.concatenate(picked).astype(np.int64)


def _by_group(
    classes: Sequence[str], groups: Sequence[str | None], share: float, generator: np.random.Generator
) -> np.ndarray:
    """Move groups over, in random order, as long as that brings every class nearer to its share.

    Nearness is the chi-squared distance of the held-out class counts to `share` times the class counts.
    """
    # A group goes to one side whole.
    members = list(_group_rows(groups).values())
    if len(members) < 2:
        raise DataError(
            "too few groups to split: need 2, have 1", advice="choose another group column or split without groups"
        )
    target = {name: share * count for name, count in Counter(classes).items()}
    counts = [Counter(classes[row] for row in rows) for rows in members]
    held: Counter[str] = Counter()
    chosen: set[int] = set()
    order = generator.permutation(len(members)).tolist()
    for index in order * PASSES:
        sign = -1 if index in chosen else 1
        # How the squared distance to the wanted counts changes if this group changes sides.
        change = sum(
            (2 * sign * (held[name] - target[name]) + n) * n / target[name] for name, n in counts[index].items()
        )
        # Neither side may become empty.
        if change < 0 and 0 < len(chosen) + sign < len(members):
            chosen ^= {index}
            held.update({name: sign * n for name, n in counts[index].items()})
    # Where every group is larger than twice the share, the smallest is the least wrong.
    picked = sorted(chosen) or [min(order, key=lambda index: len(members[index]))]
    return np.array([row for index in picked for row in members[index]], dtype=np.int64)


def _group_rows(groups: Sequence[Any]) -> dict[Hashable, list[int]]:
    rows: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        # A tuple is equal to no group's name, so that rows without a group never stand together.
        rows.setdefault((row,) if is_missing(group) else group, []).append(row)
    return rows


def _absent(classes: Sequence[str], chosen: np.ndarray) -> list[str]:
    """Warn of classes that one of the two parts does not have."""
    sizes = Counter(classes)
    train = {name for name, held in zip(classes, chosen.tolist(), strict=True) if not held}
    validation = {name for name, held in zip(classes, chosen.tolist(), strict=True) if held}
    parts = (("validation", sizes.keys() - validation), ("training", sizes.keys() - train))
    return [
        f"the {part} part has no row of {counted(len(names), 'class', 'classes')}: "
        + ", ".join(f"{name!r} ({sizes[name]} in all)" for name in sorted(names)[:5])
        + (" …" if len(names) > 5 else "")
        for part, names in parts
        if names
    ]
