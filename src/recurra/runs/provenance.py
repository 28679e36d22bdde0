"""Which rows a run learnt from: files with their checksums, so that a rival can later be fitted on the same rows.

Not here: the rows themselves; users' data never enter a run's folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recurra.datasets.columns import TextColumns
from recurra.datasets.formats import FormatOptions, TextReading
from recurra.datasets.series.table import SeriesReading
from recurra.datasets.splits import Split
from recurra.errors import UsageError
from recurra.runs.sources import is_known, labelled, running_text

NAME = "source.json"
LARGEST = 64 << 20
"""Bytes of the file, at most: the numbers of the rows held out are most of it."""


def read_source(run: Path) -> dict[str, Any] | None:
    """Return what a run tells of its rows; None where it tells nothing. Raises UsageError for a damaged file."""
    path = run / NAME
    if not path.is_file() or path.stat().st_size > LARGEST:
        return None
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not {"files", "sha256", "reading"} <= told.keys():
        raise UsageError(f"{path} is damaged", advice="remove it: the rival is then measured without it")
    return told


def source_record(
    files: Sequence[str], reading: TextReading, split: Split | None, columns: TextColumns | None = None
) -> dict[str, Any]:
    """Describe where labelled rows came from; `split` tells which of them were held out, `columns` what was taken."""
    named = len(files) == 1 and is_known(files[0])
    return {
        **_files(files, named=named),
        "reading": asdict(reading),
        "columns": asdict(columns) if columns is not None else None,
        "held_out": split.validation.tolist() if split is not None else [],
    }


def text_source(file: str, reading: TextReading, *, lines: int) -> dict[str, Any]:
    """Describe where running text came from; its first `lines` lines were learnt from."""
    named = file != "-" and not Path(file).exists()
    return {**_files([file], named=named), "reading": asdict(reading), "lines": lines}


def series_source(file: str, reading: SeriesReading, written: FormatOptions, *, test: int) -> dict[str, Any]:
    """Describe where series came from; the last `test` values of each were not learnt from."""
    named = file != "-" and not Path(file).exists()
    return {**_files([file], named=named), "reading": {**asdict(reading), **written}, "test": test}


def training_rows(record: dict[str, Any]) -> tuple[list[str], list[str]] | None:
    """Return texts and labels learnt from; None when a file is gone or no longer the same."""
    if not _unchanged(record):
        return None
    table, _ = labelled(record["files"], TextReading(**record["reading"]))
    held = set(record["held_out"])
    kept = table.at([row for row in range(len(table)) if row not in held])
    return kept.texts, kept.labels or []


def training_lines(record: dict[str, Any]) -> list[str] | None:
    """Return the lines learnt from; None when the file is gone or no longer the same."""
    if not _unchanged(record):
        return None
    text = running_text(record["files"][0], TextReading(**record["reading"]))
    return text.train[: record["lines"]]


def _files(files: Sequence[str], *, named: bool) -> dict[str, Any]:
    sums = {} if named else {str(Path(file).resolve()): checksum(Path(file)) for file in files if file != "-"}
    return {"files": list(files) if named else list(sums), "sha256": sums}


def _unchanged(record: dict[str, Any]) -> bool:
    sums = record["sha256"].items()
    return bool(record["files"]) and all(Path(file).exists() and checksum(Path(file)) == told for file, told in sums)


def checksum(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its files' names and sizes."""
    if path.is_dir():
        told = sorted(f"{file.relative_to(path)} {file.stat().st_size}" for file in path.rglob("*") if file.is_file())
        return hashlib.sha256("\n".join(told).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
