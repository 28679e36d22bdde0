"""Where rows come from: files, or a data set known by its name; what source.json of a run tells of them.

By that a rival can learn from the same rows later. Users' data never enter a run's folder.

Not here: the readers themselves (datasets/). What reads a known set is loaded where such a set is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from recurra.datasets.columns import TextColumns
from recurra.datasets.formats import FormatOptions, TextReading
from recurra.datasets.texts import TextTable, open_texts, read_running_text
from recurra.errors import DataError, Place, UsageError
from recurra.tasks.task import Source, Task

if TYPE_CHECKING:
    from recurra.datasets.series.learnt import LearntSeries
    from recurra.datasets.series.table import SeriesReading, SeriesTable

NAMED = ("imdb", "synthetic")
NAME = "source.json"
LARGEST = 64 << 20
"""Bytes of the file, at most: the numbers of the rows held out are most of it."""


def labelled(sources: Sequence[str], reading: TextReading, *, test: str = "") -> tuple[TextTable, TextTable | None]:
    """Return the rows to learn from and the test rows.

    Sources: `imdb`, `synthetic`, the folder aclImdb or its .tar.gz, or files (several are joined; `test` is another).
    """
    if len(sources) == 1 and has_parts(sources[0]):
        # A set with a test part of its own would leave the other one unread.
        if test:
            raise UsageError("--test", found=test, allowed=f"none: {sources[0]} brings its own test part")
        return _named(sources[0])
    first = open_texts(sources[0], reading, labelled=True).whole()
    # Files that belong together have the same columns.
    others = [
        open_texts(source, reading, labelled=True, learnt=first.columns).whole()
        for source in (*sources[1:], *([test] if test else []))
    ]
    # The test file was read last.
    held = others.pop() if test else None
    return _joined([first, *others]), held


def unlabelled(source: Source, learnt: TextColumns | None) -> list[str]:
    """Return a source's texts without labels: of a file, or of `imdb`; raises DataError for a file without a text.

    A file of the same ending as that of the rows is written alike, and its text column has the same name.
    """
    file = source.unlabelled
    if file == "imdb" and is_known(file):
        from recurra.datasets.known.imdb import load_imdb

        rest = load_imdb(unlabelled=True).unlabelled
        return rest.texts if rest is not None else []
    # It has texts alone; a label column of the rows must not be looked for.
    reading = replace(source.texts, label=None, group=None)
    alike = Path(file).suffix.lower() == Path(source.files[0]).suffix.lower()
    table = open_texts(file, reading if alike else TextReading(), labelled=False, learnt=learnt).whole()
    texts = [text for text in table.texts if text.strip()]
    if not texts:
        raise DataError("there is no text in it", place=Place(file))
    return texts


def is_known(source: str) -> bool:
    """Tell whether a source is a data set's name; a file of that name comes first."""
    # A file of the user goes before a set of the same name.
    return source in NAMED and not Path(source).exists()


def has_parts(source: str) -> bool:
    """Tell whether a source brings its own training and test part: a known name, aclImdb's folder or its archive."""
    return is_known(source) or Path(source).is_dir() or source.endswith((".tar.gz", ".tgz"))


def _named(name: str) -> tuple[TextTable, TextTable]:
    if name == "synthetic" and is_known(name):
        # Always the same reviews, so that runs can be compared.
        return synthetic("train", 6000), synthetic("test", 2000)
    from recurra.datasets.known.imdb import load_imdb

    imdb = load_imdb(None if is_known(name) else name)
    return imdb.train, imdb.test


def synthetic(part: Literal["train", "validation", "test"], count: int) -> TextTable:
    """Generated film reviews: not real ones."""
    from recurra.datasets.known.synthetic import synthetic_reviews

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
        # Groups only where the first file has them: rows without a group would stand alone.
        groups=[group for table in tables for group in table.groups or []] if first.groups else None,
        lines=[line for table in tables for line in table.lines],
        rejects=[reject for table in tables for reject in table.rejects],
        warnings=[warning for table in tables for warning in table.warnings],
        # Names of texts may come again in another file.
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


def settings_of(source: str) -> dict[str, Any]:
    """Return the settings that a known set asks for: what comes tokenised kept its capitals."""
    return {"tokens": "space", "lowercase": False} if has_lines_apart(source) else {}


def running_text(source: str, reading: TextReading) -> Lines:
    """Return the lines of `wikitext-2`, or of one text file or table (nothing held out there)."""
    if has_lines_apart(source):
        from recurra.datasets.known.wikitext import load_wikitext2

        parts = load_wikitext2()
        return Lines(text_lines(parts.train), text_lines(parts.valid), text_lines(parts.test))
    running = read_running_text(source, text=reading.text, **reading.options())
    return Lines(text_lines(running.text), warnings=running.warnings, columns=running.columns)


def text_lines(text: str) -> list[str]:
    """Cut a text into its lines; a final line end starts no further line."""
    lines = text.split("\n")
    # A text ends with a line end, behind which there is no line.
    return lines[:-1] if lines and not lines[-1] else lines


def vectors_path(given: str) -> Path | None:
    """Return the file of word vectors: a path, or `glove` for the GloVe 6B vectors on this machine."""
    if not given:
        return None
    if given == "glove" and not Path(given).exists():
        from recurra.datasets.known.sets import find

        found = find("glove")
        if found is None:
            raise DataError("GloVe is not on this machine", advice="run `recurra data get glove` or set RECURRA_DATA")
        return found
    if not Path(given).exists():
        raise UsageError(f"no word vectors at {given}", advice="give a file, or glove")
    return Path(given)


def series_table(
    source: str,
    reading: SeriesReading | None = None,
    *,
    unseen: int = 0,
    unknown: bool = False,
    learnt: LearntSeries | None = None,
    **options: Unpack[FormatOptions],
) -> SeriesTable:
    """Read a file of series, or take `airline`; missing values are imputed as the reading says, or stay `unknown`.

    What the reading leaves open is as a model has `learnt` it. The last `unseen` steps of each series are held out by
    the caller: nothing is filled from them. Raises DataError for what the reading does not allow.
    """
    from recurra.datasets.series.table import SeriesReading, imputed

    reading = (reading or SeriesReading()).keeping()
    return imputed(raw_series(source, reading, learnt=learnt, **options), unseen=unseen, unknown=unknown)


def raw_series(
    source: str,
    reading: SeriesReading | None = None,
    *,
    learnt: LearntSeries | None = None,
    **options: Unpack[FormatOptions],
) -> SeriesTable:
    """The same, with the missing values still missing."""
    from recurra.datasets.known.airline import airline_table, is_airline
    from recurra.datasets.series.files import read_series

    return airline_table() if is_airline(source) else read_series(source, reading, learnt=learnt, **options)


def mending(said: SeriesReading, learnt: LearntSeries) -> list[str]:
    """Tell what is mended as in training, since nobody said otherwise."""
    options = learnt.mends(said)
    return [f"note: mended as the series that the model learnt from: {' '.join(options)}"] if options else []


def read_source(run: Path) -> dict[str, Any] | None:
    """Return what a run tells of its rows; None where it tells nothing. Raises UsageError for a damaged file."""
    path = run / NAME
    if not path.is_file() or path.stat().st_size > LARGEST:
        return None
    try:
        told = json.loads(path.read_bytes())
    # Thousands of nested brackets end in the parser's recursion, not in a wrong value.
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not {"files", "sha256", "reading"} <= told.keys():
        raise UsageError(f"{path} is damaged", advice="remove it: the rival is then measured without it")
    return told


def source_record(source: Source, kept: Mapping[str, Any], reading: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe where rows came from and how they were read; `kept` is what their task tells of those learnt from."""
    # A known set cannot change: its name is enough. A file's full path holds in any working folder.
    named = all(_is_named(file) for file in source.files)
    sums = {} if named else {str(Path(file).resolve()): checksum(Path(file)) for file in source.files if file != "-"}
    files = list(source.files) if named else list(sums)
    return {"files": files, "sha256": sums, "reading": reading or asdict(source.texts), **kept}


def _is_named(file: str) -> bool:
    """Tell whether a source is a known name; what was read from a pipe is none, and cannot be read again."""
    return file != "-" and not Path(file).exists()


def learnt_again(task: Task, record: dict[str, Any] | None) -> Any:
    """Read the rows that a run learnt from, as its rivals take them; None where a file is gone or has changed."""
    if record is None or not _unchanged(record):
        return None
    texts = {each.name: record["reading"][each.name] for each in fields(TextReading) if each.name in record["reading"]}
    return task.read(Source(record["files"], TextReading(**texts), kept=record), None).seen


def _unchanged(record: dict[str, Any]) -> bool:
    sums = record["sha256"].items()
    # No files, where rows came from a pipe: they cannot be read again.
    return bool(record["files"]) and all(Path(file).exists() and checksum(Path(file)) == told for file, told in sums)


def checksum(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its files' names and sizes."""
    if path.is_dir():
        # Names and sizes alone: hashing fifty thousand reviews would hold up each fit. A disc lists them in any order.
        told = sorted(f"{file.relative_to(path)} {file.stat().st_size}" for file in path.rglob("*") if file.is_file())
        return hashlib.sha256("\n".join(told).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
