"""`recurra data …`: known data sets, and the check of a user's file.

Not here: reading and downloading (datasets/).
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from recurra.cli.console import emit_json, emit_table, say
from recurra.cli.judging import read_gates
from recurra.cli.options import one_of
from recurra.datasets.known.download import fetch
from recurra.datasets.known.sets import SETS, find, known_set
from recurra.datasets.series.table import SeriesReading
from recurra.errors import DataError, UsageError
from recurra.tasks.checking import check_file, check_known

if TYPE_CHECKING:
    from recurra.cli.app_fit import LearningChoices
    from recurra.datasets.formats import TextReading
    from recurra.tasks.checking import Finding, Needs


def list_sets(*, as_json: bool) -> None:
    """List the known sets and where they lie."""
    rows = [{"name": name, "task": one.task, "title": one.title, "place": _place(name)} for name, one in SETS.items()]
    if as_json:
        emit_json({"sets": rows})
    else:
        emit_table(("name", "task", "title", "place"), [tuple(row.values()) for row in rows])


def _place(name: str) -> str:
    if not known_set(name).files:
        return "in the package"
    return str(find(name) or f"not here: recurra data get {name}")


def fetch_set(name: str, *, as_json: bool) -> None:
    """Bring a set here."""
    place = fetch(name, progress=_progress)
    if as_json:
        emit_json({"name": name, "place": str(place) if place else "in the package"})
    else:
        print(place or "in the package")


def _progress(file: str, here: int, whole: int) -> None:
    # A log has no use for a line that is written over and over.
    if sys.stderr.isatty():
        share = f"{100 * here / whole:5.1f} %" if whole else f"{here / 1e6:.1f} MB"
        print(f"\r{file}: {share}", end="", file=sys.stderr, flush=True)


def tell_set(name: str, *, as_json: bool) -> None:
    """Tell what is known of a set."""
    one = known_set(name)
    # Places and files are for the machine; the texts are what a reader asks for.
    told = {key: value for key, value in asdict(one).items() if isinstance(value, str)} | {"place": _place(name)}
    if as_json:
        emit_json(told)
    else:
        for key, value in told.items():
            print(f"{key:10} {value}")


@dataclass(frozen=True)
class CheckOptions:
    """What a fit would be told."""

    learning: LearningChoices
    test: str
    # Of all tasks, because which one it is may be known only when the file has been looked at.
    asked: dict[str, dict[str, Any]]
    """What each task's fit takes beside the choices of learning."""
    read_by: dict[str, list[str]]
    """The tasks whose fit has each option that was given."""

    def needs(self, task: str, file: str, reading: TextReading) -> Needs:
        """Return what the task's fit asks of what was read of a file; raises UsageError as it does."""
        from recurra.tasks.checking import needs_of

        # An option that the task's fit has not would do nothing, in silence.
        for option, tasks in self.read_by.items():
            if task not in tasks:
                allowed = f"the options of `recurra fit {task}`"
                raise UsageError(
                    f"{option} is not read here", allowed=allowed, advice=f"fit {' and '.join(tasks)} has it"
                )
        read_gates(self.learning.fail_under, task=task)
        estimator = self.learning.estimator(task, file, **self.asked.get(task, {}))
        return needs_of(estimator.task, estimator.asked(), file, test=self.test, reading=reading)


def check_rows(
    file: str, task: str, rows: TextReading, series: SeriesReading, asked: CheckOptions, *, as_json: bool
) -> None:
    """Check a file; findings on stdout, exit 3 when one of them is an error."""
    findings = _findings(file, task, rows, series, asked)
    if as_json:
        emit_json({"file": file, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            print(f"{finding.level}: {finding.text}")
    # All findings are told before the command fails.
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise DataError(f"{file} cannot be learnt from", found=f"{errors} error{'s' * (errors > 1)}")
    say(f"{file} can be learnt from")


def _findings(file: str, task: str, rows: TextReading, series: SeriesReading, asked: CheckOptions) -> list[Finding]:
    from recurra.tasks.checking import known_rows
    from recurra.tasks.names import CALLED

    # A known set needs no look at its columns, unless another task is named.
    chosen, known = one_of("--task", task, (*CALLED,)), known_rows(file, test=asked.test)
    if known is not None and chosen in (None, known[0]):
        return check_known(*known, lambda task: asked.needs(task, file, rows))
    return check_file(
        file,
        task=chosen,
        reading=series,
        needs=lambda task: asked.needs(task, file, rows),
        **asdict(rows),
    )
