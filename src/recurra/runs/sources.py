"""Where a command's rows come from: files, or a data set known by its name.

Not here: the readers themselves (datasets/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from recurra.datasets.columns import TextColumns
from recurra.datasets.formats import Format
from recurra.datasets.known.imdb import load_imdb
from recurra.datasets.known.sets import find
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.datasets.known.wikitext import load_wikitext2
from recurra.datasets.records import TextTable
from recurra.datasets.texts import TextReading, Texts, open_texts, read_running_text
from recurra.errors import DataError, UsageError

NAMED = ("imdb", "synthetic")
OnError = Literal["stop", "reject"]


@dataclass(frozen=True, kw_only=True)
class Reading(Format):
    """How files of texts are read: how they are written, and what is taken from them."""

    text: str | None = None
    label: str | None = None
    group: str | None = None
    on_error: OnError = "stop"
    labels_as_written: bool = False


def labelled(sources: Sequence[str], reading: Reading, *, test: str = "") -> tuple[TextTable, TextTable | None]:
    """Return the rows to learn from and the test rows.

    Sources: `imdb`, `synthetic`, the folder aclImdb or its .tar.gz, or files (several are joined; `test` is another).
    """
    if len(sources) == 1 and has_parts(sources[0]):
        if test:
            raise UsageError("--test", found=test, allowed=f"none: {sources[0]} brings its own test part")
        return _named(sources[0])
    tables = [read(sources[0], reading, labelled=True)]
    # Files that belong together have the same columns.
    learnt = tables[0].columns
    tables += [read(source, reading, labelled=True, learnt=learnt) for source in sources[1:]]
    return _joined(tables), read(test, reading, labelled=True, learnt=learnt) if test else None


def read(source: str, reading: Reading, *, labelled: bool | None, learnt: TextColumns | None = None) -> TextTable:
    """Read one file (or `-`); `learnt` are the columns that others were read from."""
    return opened(source, reading, labelled=labelled, learnt=learnt).whole()


def opened(
    source: str, reading: Reading, *, labelled: bool | None, learnt: TextColumns | None, streamed: bool = False
) -> Texts:
    """Open one file (or `-`) to read it part by part; `streamed` waits for no line that can be done without."""
    text, label, group = reading.text, reading.label, reading.group
    chosen = TextReading(text, label, group, labelled, learnt, reading.on_error, reading.labels_as_written)
    return open_texts(source, chosen, streamed=streamed, **reading.options())


def is_known(source: str) -> bool:
    """Tell whether a source is a data set's name; a file of that name comes first."""
    return source in NAMED and not Path(source).exists()


def has_parts(source: str) -> bool:
    """Tell whether a source brings its own training and test part: a known name, aclImdb's folder or its archive."""
    return is_known(source) or Path(source).is_dir() or source.endswith((".tar.gz", ".tgz"))


def _named(name: str) -> tuple[TextTable, TextTable]:
    if name == "synthetic" and is_known(name):
        return synthetic("train", 6000), synthetic("test", 2000)
    imdb = load_imdb(None if is_known(name) else name)
    return imdb.train, imdb.test


def synthetic(part: Literal["train", "validation", "test"], count: int) -> TextTable:
    """Generated film reviews: not real ones."""
    texts, labels = synthetic_reviews(part, count=count)
    return TextTable(texts, labels, None, list(range(1, count + 1)))


def _joined(tables: list[TextTable]) -> TextTable:
    first = tables[0]
    if len(tables) == 1:
        return first
    return replace(
        first,
        texts=[text for table in tables for text in table.texts],
        labels=[label for table in tables for label in table.labels or []],
        groups=[group for table in tables for group in table.groups or []] if first.groups else None,
        lines=[line for table in tables for line in table.lines],
        rejects=[reject for table in tables for reject in table.rejects],
        warnings=[warning for table in tables for warning in table.warnings],
        ids=None,
    )


@dataclass(frozen=True)
class Lines:
    """Lines of running text; validation and test are None where a source does not bring them."""

    train: list[str]
    validation: list[str] | None = None
    test: list[str] | None = None
    warnings: list[str] = field(default_factory=list)
    columns: TextColumns | None = None
    """The column of a table that they were taken from."""


def has_lines_apart(source: str) -> bool:
    """Tell whether a source of running text brings its own validation and test part, and tokens apart by spaces."""
    return source == "wikitext-2" and not Path(source).exists()


def running_text(source: str, reading: Reading) -> Lines:
    """Return the lines of `wikitext-2`, or of one text file or table (nothing held out there)."""
    if has_lines_apart(source):
        parts = load_wikitext2()
        return Lines(lines_of(parts.train), lines_of(parts.valid), lines_of(parts.test))
    running = read_running_text(source, text=reading.text, **reading.options())
    return Lines(lines_of(running.text), warnings=running.warnings, columns=running.columns)


def lines_of(text: str) -> list[str]:
    """Cut a text into its lines; a final line end starts no further line."""
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def vectors_path(given: str) -> Path | None:
    """Return the file of word vectors: a path, or `glove` for the GloVe 6B vectors on this machine."""
    if not given:
        return None
    if given == "glove" and not Path(given).exists():
        found = find("glove")
        if found is None:
            raise DataError("GloVe is not on this machine", advice="run `recurra data get glove` or set RECURRA_DATA")
        return found
    if not Path(given).exists():
        raise UsageError(f"no word vectors at {given}", advice="give a file, or glove")
    return Path(given)
