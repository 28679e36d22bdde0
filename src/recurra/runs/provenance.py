"""Which rows a run learnt from: files with their checksums, so that a rival can later be fitted on the same rows.

Not here: the rows themselves; users' data never enter a run's folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recurra.datasets.splits import Split
from recurra.runs.sources import NAMED, Reading, labelled


def source_record(files: Sequence[str], reading: Reading, split: Split | None) -> dict[str, Any]:
    """Describe where the rows came from; `split` tells which of them were held out."""
    named = len(files) == 1 and files[0] in NAMED and not Path(files[0]).exists()
    sums = {} if named else {str(Path(file).resolve()): checksum(Path(file)) for file in files if file != "-"}
    return {
        "files": list(files) if named else list(sums),
        "sha256": sums,
        "reading": asdict(reading),
        "held_out": split.validation.tolist() if split is not None else [],
    }


def training_rows(record: dict[str, Any]) -> tuple[list[str], list[str]] | None:
    """Return texts and labels learnt from; None when a file is gone or no longer the same."""
    for file, expected in record["sha256"].items():
        if not Path(file).is_file() or checksum(Path(file)) != expected:
            return None
    if not record["files"]:
        return None
    table, _ = labelled(record["files"], Reading(**record["reading"]))
    held = set(record["held_out"])
    kept = [row for row in range(len(table.texts)) if row not in held]
    labels = table.labels or []
    return [table.texts[row] for row in kept], [labels[row] for row in kept]


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
