"""The three labs by name; a lab run from start to record, a page from a saved record.

Not here: the labs themselves, their runner (lab.py), their pages (page.py), and the command line (cli/labs.py).
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Literal, cast, get_args

from jinja2 import UndefinedError

from recurra.artefact import write_atomically
from recurra.errors import DataError, Place
from recurra.labs.lab import Lab, LabOptions, LabRecord, judged, measure_lab
from recurra.labs.page import SheetHead, page, save_program
from recurra.report.page import Report

LabName = Literal["sentiment", "language", "next-value"]

RECORD = "record.json"
"""The lab's own record in its folder."""
FORMAT = 2
"""Of the records; a page is made from records of this format only."""


def lab_named(name: LabName) -> Lab:
    """Return a lab; it is imported only now."""
    # By its name, so that of three labs only the one that is asked for is loaded.
    return cast(Lab, import_module(f"recurra.labs.{name.replace('-', '_')}").LAB)


def measure_and_save(lab: Lab, options: LabOptions) -> LabRecord:
    """Measure, tell when and how long, and write record and program into the lab's folder; return the record."""
    # Passed on to the caller as well, whose progress bar counts the parts that were taken over.
    earlier: list[float] = []

    def passed(trainings: int, seconds: float) -> None:
        earlier.append(seconds)
        options.passed(trainings, seconds)

    started, day = time.perf_counter(), datetime.now(UTC).date().isoformat()
    record = measure_lab(lab, replace(options, passed=passed))
    # A lab that went on counts the seconds of the parts it took over: the page tells what the whole took.
    seconds = round(time.perf_counter() - started + sum(earlier), 1)
    whole = {"format": FORMAT, **record, "run": {"date": day, "seconds": seconds}}
    # The program is written beside every record: what the page shows can be run as it stands.
    save_program(lab.name, options.out)
    # The page's data sort their keys; here each table keeps the order in which the page shows it.
    write_atomically(options.out / RECORD, json.dumps(whole, allow_nan=False, ensure_ascii=False) + "\n")
    return whole


def read_lab_record(path: Path) -> LabRecord:
    """Read a lab's record from its folder or from a file of figures; raises DataError."""
    file = path / RECORD if path.is_dir() else path
    place = Place(str(file))
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise DataError("there is no record of a lab", place=place, advice="give a lab's folder or its JSON") from None
    except ValueError:
        raise DataError("this is no JSON", place=place, advice="give a lab's folder or its record.json") from None
    # Whatever is no record of a lab gets the same line: a run's report.json is the usual mistake.
    if not isinstance(record, dict) or record.get("task") != "lab" or record.get("lab") not in get_args(LabName):
        raise DataError("this is no record of a lab", place=place, advice="give a lab's folder or its record.json")
    return record


def rendered(path: Path, head: SheetHead) -> Report:
    """Make the page of a saved record; raises DataError for one that lacks what today's page shows."""
    record = read_lab_record(path)
    old = f"run `recurra lab {record['lab']}` again"
    # Checked before the lab is loaded: an older record lacks keys, and would fail later in a line that says less.
    if record.get("format") != FORMAT:
        wrong = f"the record is of format {record.get('format', 1)}"
        raise DataError(wrong, place=Place(str(path)), allowed=f"format {FORMAT}", advice=old)
    lab = lab_named(record["lab"])
    try:
        return page(lab, judged(lab, record), head)
    # A record that was cut or edited by hand lacks a key somewhere; each of these errors names it.
    except (KeyError, IndexError, TypeError, StopIteration, UndefinedError) as problem:
        wrong = f"the record lacks what the page shows: {problem}"
        raise DataError(wrong, place=Place(str(path)), advice=old) from None
