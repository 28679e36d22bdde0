"""The folder of a run: config, history, checkpoints, artefact, report; where it lies and what is written into it.

Not here: what a run does (text.py, language.py, series.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recurra.artefact import write_atomically
from recurra.errors import UsageError

ROOT = Path("runs")
NOTES = frozenset({"run.json", "rejects.json"})
"""What a run writes before it has learnt anything: refused data must not block the folder for the next try."""


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
    write_atomically(path, json.dumps(record, indent=2, sort_keys=True, allow_nan=False, default=str) + "\n")


PASSED_OVER = ("settings.training.device",)
"""Choices that a run may change when it goes on."""


def check_same_run(folder: Path, config: dict[str, Any]) -> None:
    """Write run.json, or compare with the one a killed run left; raises UsageError naming what differs."""
    path = folder / "run.json"
    if path.exists():
        before, now = _flat(json.loads(path.read_text())), _flat(json.loads(json.dumps(config, default=str)))
        names = {name for name in {*before, *now} if before.get(name) != now.get(name)}.difference(PASSED_OVER)
        if names:
            name = min(names, key=_told_first)
            shown = f"{name} {before.get(name)!r} before, {now.get(name)!r} now"
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UsageError(f"{folder} was begun with other choices", found=shown + more, advice="give another --out")
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
