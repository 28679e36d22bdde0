"""Which rows a run learnt from: files with their checksums, so that a rival can later be fitted on the same rows.

Not here: the rows themselves; users' data never enter a run's folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recurra.datasets.formats import TextReading
from recurra.errors import UsageError
from recurra.tasks.task import Source, Task

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


def source_record(source: Source, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Describe where rows came from; `kept` is what their task tells of those that were learnt from."""
    named = all(_is_named(file) for file in source.files)
    sums = {} if named else {str(Path(file).resolve()): checksum(Path(file)) for file in source.files if file != "-"}
    reading = asdict(source.series) | source.texts.options() if "test" in kept else asdict(source.texts)
    columns = kept.get("columns")
    return {
        "files": list(source.files) if named else list(sums),
        "sha256": sums,
        "reading": reading,
        **kept,
        **({"columns": asdict(columns) if columns is not None else None} if "columns" in kept else {}),
    }


def _is_named(file: str) -> bool:
    """Tell whether a source is a known name; what was read from a pipe is none, and cannot be read again."""
    return file != "-" and not Path(file).exists()


def learnt_again(task: Task, record: dict[str, Any] | None) -> Any:
    """Read the rows that a run learnt from, as its rivals take them; None where a file is gone or has changed."""
    if record is None or not _unchanged(record):
        return None
    reading = record["reading"]
    # Forecasts' rivals learn nothing: their run tells how series are read, and nobody reads them again.
    if "test" in record:
        return None
    return task.read(Source(record["files"], TextReading(**reading), kept=record), None).seen


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
