"""The three labs by name: what each needs, measures and shows; a lab run from start to record, a page from a record.

Not here: the labs themselves, and the command line (cli/labs.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from recurra.artefact import write_atomically
from recurra.errors import DataError, Place
from recurra.labs.needs import require_data
from recurra.labs.program import save_program
from recurra.labs.record import Head, LabOptions
from recurra.report.page import Report

Record = dict[str, Any]
Name = Literal["sentiment", "language", "next-value"]

RECORD = "record.json"
"""The lab's own record in its folder."""
FORMAT = 2
"""Of the records; a page is made from records of this format only."""


@dataclass(frozen=True)
class Lab:
    """What a lab measures, shows and prints; which data it needs, and what the record states of a training."""

    measure: Callable[[LabOptions], Record]
    page: Callable[[Record, Head], Report]
    summary: Callable[[Record], list[tuple[str, str]]]
    recorded: Callable[[str], Mapping[str, str]]
    """Recorded values to be shown beside a training of that title, by the keys of its history."""
    require: Callable[[], None] = lambda: None
    """Raises DataError where data are missing on this machine."""
    judge: Callable[[Record], Record] | None = None
    """Adds to a record what the rule of verdicts says of its figures, where these alone decide it."""


def lab_named(name: Name) -> Lab:
    """Return a lab; it is imported only now, and torch with it."""
    if name == "sentiment":
        from recurra.labs import sentiment, sentiment_page
        from recurra.labs.sentiment_data import NEEDED, OFFLINE
        from recurra.labs.sentiment_recipe import STEPS

        needs = partial(require_data, name, NEEDED, offline=OFFLINE)
        recorded = partial(_beside, {STEPS["literal"].title: {"accuracy": "96 %", "loss": "0.09"}})
        return Lab(sentiment.measure, sentiment_page.page, sentiment_page.summary, recorded, needs)
    if name == "language":
        from recurra.labs import language, language_observations, language_page, language_recipe

        needs = partial(require_data, name, language_recipe.NEEDED)
        recorded = partial(_beside, {language_recipe.TITLES["rnn"] + ",": {"val_loss": "5.5 nats"}})
        return Lab(
            language.measure, language_page.page, language_page.summary, recorded, needs, language_observations.judged
        )
    from recurra.labs import next_value, next_value_observations, next_value_page

    recorded = partial(_beside, {"constant": {"next_value": "8.01"}, "schedule": {"loss": "5.5", "next_value": "8.01"}})
    return Lab(
        next_value.measure, next_value_page.page, next_value_page.summary, recorded,
        judge=next_value_observations.judged,
    )  # fmt: skip


def _beside(recorded: Mapping[str, Mapping[str, str]], title: str) -> Mapping[str, str]:
    """Return the recorded values of the kind of training that a title begins with."""
    return next((values for start, values in recorded.items() if title.startswith(start)), {})


def run(name: Name, lab: Lab, options: LabOptions) -> Record:
    """Measure, tell when and how long, and write record and program into the lab's folder; return the record."""
    earlier: list[float] = []

    def passed(trainings: int, seconds: float) -> None:
        earlier.append(seconds)
        options.passed(trainings, seconds)

    started, day = time.perf_counter(), datetime.now(UTC).date().isoformat()
    record = lab.measure(replace(options, passed=passed))
    seconds = round(time.perf_counter() - started + sum(earlier), 1)
    whole = {"format": FORMAT, **record, "run": {"date": day, "seconds": seconds}}
    save_program(name, options.out)
    # The page's data sort their keys; here each table keeps the order in which the page shows it.
    write_atomically(options.out / RECORD, json.dumps(whole, allow_nan=False, ensure_ascii=False) + "\n")
    return whole


def read_record(path: Path) -> Record:
    """Read a lab's record from its folder or from a file of figures; raises DataError."""
    file = path / RECORD if path.is_dir() else path
    place = Place(str(file))
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise DataError("there is no record of a lab", place=place, advice="give a lab's folder or its JSON") from None
    except ValueError:
        raise DataError("this is no JSON", place=place, advice="give a lab's folder or its record.json") from None
    record: Record = held if isinstance(held, dict) else {}
    if record.get("task") != "lab" or record.get("lab") not in get_args(Name):
        raise DataError("this is no record of a lab", place=place, advice="give a lab's folder or its record.json")
    return record


def rendered(path: Path, head: Head) -> Report:
    """Make the page of a saved record; raises DataError for one that lacks what today's page shows."""
    record = read_record(path)
    old = f"run `recurra lab {record['lab']}` again"
    if record.get("format") != FORMAT:
        wrong = f"the record is of format {record.get('format', 1)}"
        raise DataError(wrong, place=Place(str(path)), allowed=f"format {FORMAT}", advice=old)
    lab = lab_named(record["lab"])
    try:
        return lab.page(lab.judge(record) if lab.judge else record, head)
    except (KeyError, IndexError, TypeError, StopIteration) as problem:
        wrong = f"the record lacks what the page shows: {problem}"
        raise DataError(wrong, place=Place(str(path)), advice=old) from None
