"""The folder of a run: where it lies, its choices, and the files it learnt from, so that a rival can learn from them.

Not here: what a run does (run.py), and rows; users' data never enter a run's folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recurra.artefact import write_atomically
from recurra.datasets.formats import TextReading
from recurra.errors import UsageError
from recurra.tasks.task import Source, Task

ROOT = Path("runs")
NOTES = frozenset({"run.json", "rejects.json"})
"""What a run writes before it has learnt anything: refused data must not block the folder for the next try."""

PASSED_OVER = ("settings.training.device",)
"""Choices that a run may change when it goes on."""


def new_run(name: str, *, out: str | Path | None = None, resume: bool = False) -> Path:
    """Choose and make the folder of a run.

    Without `out` it is the first free of runs/NAME, runs/NAME-2, …. A given folder must be new or empty, or hold no
    more than the notes of a run that ended before its first checkpoint, unless `resume` goes on with what it holds.
    Raises UsageError.
    """
    folder = Path(out) if out else _free(ROOT / name)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder", advice="give another --out")
    if folder.is_dir() and not resume:
        if {path.name for path in folder.iterdir()} - NOTES:
            advice = "give another --out, or --resume to go on with it"
            raise UsageError(f"{folder} already holds something", advice=advice)
        # Its notes are no part of this run: its rejects would be taken for ours, its choices be compared.
        for name in NOTES:
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _free(folder: Path) -> Path:
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def write_json(path: Path, record: Any) -> None:
    """Write one JSON file whole or not at all."""
    # Keys are sorted, so that two runs can be compared line by line. NaN is refused: it is no JSON.
    write_atomically(path, json.dumps(record, indent=2, sort_keys=True, allow_nan=False, default=str) + "\n")


def check_same_run(folder: Path, config: dict[str, Any]) -> None:
    """Write run.json, or compare with the one a killed run left; raises UsageError naming what differs."""
    path = folder / "run.json"
    if path.exists():
        # Ours goes through JSON too: a tuple would differ from the list that was read back.
        before, now = _flat(json.loads(path.read_text())), _flat(json.loads(json.dumps(config, default=str)))
        # Names of both sides: a choice that only one version of the package knows is a difference.
        names = {name for name in {*before, *now} if before.get(name) != now.get(name)}.difference(PASSED_OVER)
        if names:
            name = min(names, key=_told_first)
            shown = f"{name} {before.get(name)!r} before, {now.get(name)!r} now"
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UsageError(f"{folder} was begun with other choices", found=shown + more, advice="give another --out")
    # Written again where nothing differs but what may: the file tells where the run goes on.
    write_json(path, config)


def _flat(record: dict[str, Any], start: str = "") -> dict[str, Any]:
    """Return nested choices by their dotted names."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        flat |= _flat(value, f"{start}{name}.") if isinstance(value, dict) else {f"{start}{name}": value}
    return flat


def _told_first(name: str) -> tuple[bool, str]:
    """A setting tells more than the estimator's whole line that holds it."""
    return not name.startswith("settings."), name


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
    # Thousands of nested brackets end in the parser's recursion, not in a wrong value.
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not {"files", "sha256", "reading"} <= told.keys():
        raise UsageError(f"{path} is damaged", advice="remove it: the rival is then measured without it")
    return told


def source_record(source: Source, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Describe where rows came from; `kept` is what their task tells of those that were learnt from."""
    # A known set cannot change: its name is enough. A file's full path holds in any working folder.
    named = all(_is_named(file) for file in source.files)
    sums = {} if named else {str(Path(file).resolve()): checksum(Path(file)) for file in source.files if file != "-"}
    # Only forecasts keep how far the test part reaches, and only they read series.
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
