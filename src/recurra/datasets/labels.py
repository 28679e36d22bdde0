"""What labels say: which words stand for none, which classes labels are, and whether they are fit to learn from.

Not here: reading them. Databases, spreadsheets and pandas each write a word of their own where a value is missing; read
as a label it becomes a class that nobody meant. Numbers and times know the same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from recurra.errors import DataError, Place, counted, either, printable

LIBRARIES = frozenset({"na", "nan", "-nan", "nat", "none", "nil", "<na>", "n.a."})
SHEETS = frozenset({"#n/a", "#n/a n/a", "#na", "n/a", "null", "(null)", "<null>", "[null]", "\\n"})
# What spreadsheets and C libraries write where a formula has no result.
ERRORS = frozenset(
    {"#null!", "#value!", "#ref!", "#div/0!", "#name?", "#num!", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
)
SIGNS = frozenset({"", "-", "--", "–", "—", "?"})
WORDS = LIBRARIES | SHEETS | ERRORS | SIGNS
"""In small letters: what pandas, R, SQL (`\\N`) and spreadsheets write, and what people type."""
LONGEST = max(map(len, WORDS))

MOST_CLASSES = 10_000

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}(?:\.[0-9]*)?", re.ASCII)
_TRUTHS = {"false": "0", "true": "1"}


def stands_for_missing(cell: str, more: Collection[str] = ()) -> bool:
    """Tell whether a cell is blank, one of `WORDS` in any case, or one of `more` as it is written."""
    # Spreadsheets pad cells with spaces.
    word = cell.strip()
    return (len(word) <= LONGEST and word.casefold() in WORDS) or word in more


def is_missing(value: object, *, as_written: bool = False) -> bool:
    """Tell whether a value of any type is none: None, NaN, pandas' NA and NaT, a text that stands for missing.

    `as_written` takes words for what they say, since a class may be named `none`; a blank stays missing.
    """
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip() if as_written else stands_for_missing(value)
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):
        # Of pandas' NA nobody can say whether it is equal to itself; an array has no single answer.
        return type(value).__name__ == "NAType"


def label_text(label: object) -> str:
    """Write a label of any kind as files hold it: truth values as in JSON, and 1.0 as 1.

    pandas turns whole numbers with gaps into floats; 1.0 must stay the class 1.
    """
    # Before float: in Python a truth value is a number, too.
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer() and abs(label) < 2**53:
        return str(int(label))
    return str(label)


def places_of(labels: Iterable[object], known: Sequence[object]) -> list[int]:
    """Return which of the known classes each label is, -1 where it is none.

    A label is the class that is written like it, else the one class that reads as the same number or truth value: files
    of other kinds, and pandas where there are gaps, write 1 as 1.0 and True as true.
    """
    # As it is written goes first: files may have both 1 and 1.0 as classes.
    written = {str(label): place for place, label in enumerate(known)}
    senses = Counter(map(_sense, known))
    # What two classes say alike says neither.
    read = {_sense(label): place for place, label in enumerate(known) if senses[_sense(label)] == 1}
    return [written.get(str(label), read.get(_sense(label), -1)) for label in labels]


def as_known(labels: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return each label as the class is written that it is; what is none stays as it is."""
    places = places_of(labels, known)
    return [known[place] if place >= 0 else label for label, place in zip(labels, places, strict=True)]


def _sense(label: object) -> str | float:
    text = str(label)
    if text.casefold() in ("true", "false"):
        return text.casefold()
    # Up to 15 digits a float is exact, so that two long ids never become one class.
    return float(text) if _NUMBER.fullmatch(text) and len(text) <= 15 else text


def check_training_labels(
    labels: Sequence[str] | None, *, texts: Sequence[str] | None = None, file: str = ""
) -> list[str]:
    """Return warnings: classes of one row, labels that differ only by space, case or form, texts with two labels.

    Raises DataError when there are no labels, one class only, or more than 10,000.
    """
    place = Place(file) if file else None
    if labels is None:
        raise DataError("no labels to learn from", place=place, advice="name the label column: --label COLUMN")
    # In order of appearance, so that messages are the same in each run.
    names = list(dict.fromkeys(labels))
    if len(names) < 2:
        found = ", ".join(map(repr, names))
        raise DataError(f"{len(names)} class, need 2 or more", place=place, found=found, advice="bring rows of another")
    check_class_count(len(names), rows=len(labels), place=place)
    return label_warnings(labels, texts=texts)


def check_class_count(classes: int, *, rows: int, place: Place | None = None) -> None:
    """Raise DataError for more than 10,000 classes."""
    if classes > MOST_CLASSES:
        wrong, advice = f"{classes:,} classes in {rows:,} rows", "is this an id column?"
        raise DataError(wrong, place=place, allowed=f"{MOST_CLASSES:,}", advice=advice)


def label_warnings(labels: Sequence[str], *, texts: Sequence[str] | None = None) -> list[str]:
    """Warn of classes of one row, of labels that look like one class, and of texts with more than one label."""
    sizes = Counter(labels)
    conflicting = conflicting_labels(texts, labels) if texts is not None else []
    return [*_single(sizes), *label_variants(list(sizes)), *decimals(list(sizes)), *conflicting]


def decimals(names: Sequence[str]) -> list[str]:
    """Warn of classes that are numbers, some of them with decimals: they are learnt as if none were near another."""
    told = [name for name in names if _NUMBER.fullmatch(name) and not float(name).is_integer()]
    if not told or not all(map(_NUMBER.fullmatch, names)):
        return []
    command = either("`recurra fit regression` learns numbers", "TextRegressor learns numbers")
    return [f"the labels are numbers with decimals, such as {told[0]}, and each is a class of its own: {command}"]


def check_known_labels(known: Sequence[str], labels: Sequence[str], *, part: str = "validation") -> None:
    """Raise DataError when a part holds labels that training never saw."""
    unknown = Counter(label for label, place in zip(labels, places_of(labels, known), strict=True) if place < 0)
    if unknown:
        raise DataError(
            f"the {part} part has {counted(len(unknown), 'label', 'labels')} that training has not",
            found=_named(unknown),
            allowed=", ".join(repr(name) for name in list(known)[:20]),
            advice="add rows of them to training or leave them out",
        )


def label_variants(names: Sequence[str]) -> list[str]:
    """Warn of labels that are one when spaces, case, form (NFKC) and what is unseen are left out, or are one number."""
    # Labels that say the same fall together, however they are written.
    folded: dict[str | float, list[str]] = defaultdict(list)
    for name in names:
        folded[_folded(name)].append(name)
    return [
        f"labels that {_alike(sense, group)} are different classes: "
        + ", ".join(printable(repr(name)) for name in group)
        for sense, group in folded.items()
        if len(group) > 1
    ]


def _alike(sense: str | float, group: Sequence[str]) -> str:
    written = {_plain(name) for name in group}
    if isinstance(sense, str) or (len(written) == 1 and written <= _TRUTHS.keys()):
        return "differ only by space, case or form"
    # `1,0` may be a decimal or a list, and `True` may be a word: then only "may be" is told.
    sure = all(_NUMBER.fullmatch(each) for each in written)
    return "are one number" if sure else "may be one number or truth value"


def _folded(name: str) -> str | float:
    """What a label says, however it is written: `1`, `01`, `1,0`, `1.0` (pandas, where one was missing), `True`."""
    plain = _plain(name)
    # Digits beyond float64's would be one number that the labels are not.
    number = _TRUTHS.get(plain, plain.replace(",", "" if _THOUSANDS.fullmatch(plain) else ".", 1))
    return float(number) if _NUMBER.fullmatch(number) and len(plain) <= 15 else plain


def _plain(name: str) -> str:
    # Marks of format (Cf), such as a byte order mark, are unseen; a label of a thousand letters is a text.
    seen = "".join(letter for letter in name[:1000] if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def conflicting_labels(texts: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Warn of texts that stand there with more than one label."""
    first: dict[str, str] = {}
    # `setdefault` keeps the first label of each text; another one later is a conflict.
    conflicting = {text for text, label in zip(texts, labels, strict=True) if first.setdefault(text, label) != label}
    if not conflicting:
        return []
    example = printable(repr(next(text for text in texts if text in conflicting)[:60]))
    return [f"{counted(len(conflicting), 'text has', 'texts have')} more than one label, such as {example}"]


def duplicates_across(train: Sequence[str], other: Sequence[str], *, part: str = "test") -> list[str]:
    """Warn of texts in another part that stand in training too: the score there will be too good."""
    known = set(train)
    count = sum(1 for text in other if text in known)
    if not count:
        return []
    return [f"leak: {count:,} of {len(other):,} {part} texts stand in the training part too"]


def copies(texts: Sequence[str], *, groups: bool = False) -> list[str]:
    """Tell how many rows have the text of an earlier row: folds hold copies out together, unless rows have groups."""
    count = len(texts) - len(set(texts))
    if not count:
        return []
    side = "the groups alone tell which rows a fold holds out" if groups else "copies are held out together"
    return [f"{count:,} of {len(texts):,} rows repeat the text of an earlier row: {side}"]


def _single(sizes: Counter[str]) -> list[str]:
    single = Counter({name: count for name, count in sizes.items() if count == 1})
    if not single:
        return []
    told = counted(len(single), "class has", "classes have")
    return [f"{told} one row only, which stays in training: {_named(single)}"]


def _named(names: Counter[str]) -> str:
    shown = ", ".join(printable(repr(name)) for name in sorted(names)[:10])
    return shown + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
