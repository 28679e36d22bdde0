"""Are these labels fit to learn from? Refuse what cannot work, warn of what is likely a slip.

Not here: reading them. Pure functions over lists.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

from recurra.errors import DataError, Place, printable

MOST_CLASSES = 10_000

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?", re.ASCII)


def label_text(label: object) -> str:
    """Write a label of any kind as files hold it: truth values as in JSON, and 1.0 as 1.

    pandas turns whole numbers with gaps into floats; 1.0 must stay the class 1.
    """
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer() and abs(label) < 2**53:
        return str(int(label))
    return str(label)


def check_training_labels(
    labels: Sequence[str] | None, *, texts: Sequence[str] | None = None, file: str = ""
) -> list[str]:
    """Return warnings: classes of one row, labels that differ only by space, case or form, texts with two labels.

    Raises DataError when there are no labels, one class only, or more than 10,000.
    """
    place = Place(file) if file else None
    if labels is None:
        raise DataError("no labels to learn from", place=place, advice="name the label column: --label COLUMN")
    sizes = Counter(labels)
    if len(sizes) < 2:
        found = ", ".join(repr(name) for name in sizes)
        raise DataError(f"{len(sizes)} class, need 2 or more", place=place, found=found, advice="bring rows of another")
    if len(sizes) > MOST_CLASSES:
        raise DataError(
            f"{len(sizes):,} classes in {len(labels):,} rows",
            place=place,
            allowed=f"{MOST_CLASSES:,}",
            advice="is this an id column?",
        )
    return [
        *_single(sizes),
        *label_variants(list(sizes)),
        *(conflicting_labels(texts, labels) if texts is not None else []),
    ]


def check_known_labels(known: Sequence[str], labels: Sequence[str], *, part: str = "validation") -> None:
    """Raise DataError when a part holds labels that training never saw."""
    unknown = Counter(labels)
    for name in known:
        unknown.pop(name, None)
    if unknown:
        raise DataError(
            f"the {part} part has {len(unknown):,} labels that training has not",
            found=_named(unknown),
            allowed=", ".join(repr(name) for name in list(known)[:20]),
            advice="add rows of them to training or leave them out",
        )


def check_enough_rows(rows: int, need: int, *, what: str) -> None:
    """Raise DataError when there are fewer rows than something (a batch, the folds) needs."""
    if rows < need:
        raise DataError(f"too few rows for {what}: need {need:,}, have {rows:,}", advice="bring more rows")


def label_variants(names: Sequence[str]) -> list[str]:
    """Warn of labels that are one when spaces, case and normal form (NFKC) are set aside, or that are one number."""
    folded: dict[str | float, list[str]] = defaultdict(list)
    for name in names:
        folded[_folded(name)].append(name)
    return [
        f"labels that {'are one number' if isinstance(sense, float) else 'differ only by space, case or form'} "
        f"are different classes: {', '.join(printable(repr(name)) for name in group)}"
        for sense, group in folded.items()
        if len(group) > 1
    ]


def _folded(name: str) -> str | float:
    """What a label says, however it is written; `1`, `01`, `1.0` (pandas, where a label was missing) are one number."""
    plain = " ".join(unicodedata.normalize("NFKC", name[:1000]).casefold().split())
    # Digits beyond float64's would be one number that the labels are not.
    return float(plain) if _NUMBER.fullmatch(plain) and len(plain) <= 15 else plain


def conflicting_labels(texts: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Warn of texts that stand there with more than one label."""
    first: dict[str, str] = {}
    conflicting = {text for text, label in zip(texts, labels, strict=True) if first.setdefault(text, label) != label}
    if not conflicting:
        return []
    example = printable(repr(next(text for text in texts if text in conflicting)[:60]))
    return [f"{len(conflicting):,} texts have more than one label, such as {example}"]


def duplicates_across(train: Sequence[str], other: Sequence[str], *, part: str = "test") -> list[str]:
    """Warn of texts in another part that stand in training too: the score there will be too good."""
    known = set(train)
    count = sum(1 for text in other if text in known)
    if not count:
        return []
    return [f"leak: {count:,} of {len(other):,} {part} texts stand in the training part too"]


def _single(sizes: Counter[str]) -> list[str]:
    single = Counter({name: count for name, count in sizes.items() if count == 1})
    if not single:
        return []
    return [f"{len(single):,} classes have one row only, which stays in training: {_named(single)}"]


def _named(names: Counter[str]) -> str:
    shown = ", ".join(printable(repr(name)) for name in sorted(names)[:10])
    return shown + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
