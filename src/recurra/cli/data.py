"""`recurra data …`: known data sets, and the check of a user's file.

Not here: reading and downloading (datasets/).
"""

from __future__ import annotations

import sys
from dataclasses import asdict

from recurra.cli.output import emit_json, emit_table, say
from recurra.datasets.checking import check_file
from recurra.datasets.download import get as fetch
from recurra.datasets.formats import FormatOptions
from recurra.datasets.known import SETS, find
from recurra.datasets.known import describe as known
from recurra.datasets.series_table import SeriesReading
from recurra.errors import DataError, UsageError


def list_sets(*, as_json: bool) -> None:
    """List the known sets and where they lie."""
    rows = [{"name": name, "task": one.task, "title": one.title, "place": _place(name)} for name, one in SETS.items()]
    if as_json:
        emit_json({"sets": rows})
    else:
        emit_table(("name", "task", "title", "place"), [tuple(row.values()) for row in rows])


def _place(name: str) -> str:
    if not known(name).files:
        return "in the package"
    return str(find(name) or f"not here: recurra data get {name}")


def get(name: str, *, as_json: bool) -> None:
    """Bring a set here."""
    place = fetch(name, progress=_progress)
    if as_json:
        emit_json({"name": name, "place": str(place) if place else "in the package"})
    else:
        print(place or "in the package")


def _progress(file: str, here: int, whole: int) -> None:
    if sys.stderr.isatty():
        share = f"{100 * here / whole:5.1f} %" if whole else f"{here / 1e6:.1f} MB"
        print(f"\r{file}: {share}", end="", file=sys.stderr, flush=True)


def describe(name: str, *, as_json: bool) -> None:
    """Tell what is known of a set."""
    one = known(name)
    told = {key: value for key, value in asdict(one).items() if isinstance(value, str)} | {"place": _place(name)}
    if as_json:
        emit_json(told)
    else:
        for key, value in told.items():
            print(f"{key:10} {value}")


def check(
    file: str, written: FormatOptions, reading: SeriesReading, *, task: str, text: str, label: str, as_json: bool
) -> None:
    """Check a file; findings on stdout, exit 3 when one of them is an error."""
    if task not in ("", "text", "language", "series"):
        raise UsageError("--task", found=repr(task), allowed="text, language, series")
    chosen = task or None
    named = {"text": text or None, "label": label or None}
    findings = check_file(file, task=chosen, reading=reading, **named, **written)  # type: ignore[arg-type]
    if as_json:
        emit_json({"file": file, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            print(f"{finding.level}: {finding.text}")
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise DataError(f"{file} cannot be learnt from", found=f"{errors} error{'s' * (errors > 1)}")
    say(f"{file} can be learnt from")
