"""`recurra data …`: known data sets, and the check of a user's file.

Not here: reading and downloading (datasets/).
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from recurra.cli.output import emit_json, emit_table, say
from recurra.config import Settings, read_settings
from recurra.datasets.checking import UNLABELLED, check_file
from recurra.datasets.download import get as fetch
from recurra.datasets.known import SETS, find
from recurra.datasets.known import describe as known
from recurra.datasets.series_table import SeriesReading
from recurra.errors import DataError, UsageError

if TYPE_CHECKING:
    from recurra.datasets.checking import Needs
    from recurra.runs.sources import Reading


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


@dataclass(frozen=True)
class CheckOptions:
    """What a fit would be told, as far as it matters before training."""

    task: str
    settings: list[str]
    tokens: str
    horizon: int | None
    window: int | None
    validation: float | None

    def needs(self, file: str) -> dict[str, Needs]:
        """Return what a fit with these options asks of a file."""
        from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
        from recurra.estimators.series import SERIES_SETTINGS, Forecaster
        from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
        from recurra.runs.checking import needs_of

        held: dict[str, Any] = {} if self.validation is None else {"validation": self.validation}
        windows: dict[str, Any] = {name: int(value) if value == int(value) else value for name, value in held.items()}

        def changed(begun: Settings) -> Settings:
            return begun.changed(read_settings(self.settings))

        return needs_of(
            lambda: TextClassifier(config=changed(TEXT_SETTINGS), **held),
            lambda: LanguageModel(tokens=self.tokens or None, config=changed(LANGUAGE_SETTINGS), **held),
            lambda: Forecaster(horizon=self.horizon, window=self.window, config=changed(SERIES_SETTINGS), **windows),
            file=file,
        )


def check(file: str, rows: Reading, series: SeriesReading, asked: CheckOptions, *, as_json: bool) -> None:
    """Check a file; findings on stdout, exit 3 when one of them is an error."""
    if asked.task not in ("", "text", "language", "series"):
        raise UsageError("--task", found=repr(asked.task), allowed="text, language, series")
    findings = check_file(
        file,
        task=asked.task or None,  # type: ignore[arg-type]
        text=rows.text,
        label=rows.label,
        group=rows.group,
        labels_as_written=rows.labels_as_written,
        reading=series,
        needs=asked.needs(file),
        **rows.options(),
    )
    if as_json:
        emit_json({"file": file, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            print(f"{finding.level}: {finding.text}")
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise DataError(f"{file} cannot be learnt from", found=f"{errors} error{'s' * (errors > 1)}")
    unlabelled = any(finding.text == UNLABELLED for finding in findings)
    say(f"{file} can be {'predicted on, not learnt from' if unlabelled else 'learnt from'}")
