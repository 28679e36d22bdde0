"""What all labs are told and share: options, the sheet's fields, parts that are remembered, means over seeds.

Not here: experiments, and how the page is put together (sheet.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recurra.runs.folder import write_json
from recurra.training.progress import Watch


@dataclass(frozen=True)
class LabOptions:
    """How a lab is run."""

    quick: bool
    seeds: int
    out: Path
    watch: Callable[[str], AbstractContextManager[Watch]]
    """Opens the progress display of a training with that title."""
    say: Callable[[str], None]
    synthetic: bool = False
    """Whether the lab learns from made-up data, offline; only the lab sentiment has any."""
    expect: Callable[[int], None] = lambda trainings: None
    """Told once how many trainings there will be, those taken from an earlier run among them."""
    passed: Callable[[int, float], None] = lambda trainings, seconds: None
    """Told of a part taken from an earlier run: how many trainings it is, and the seconds that they took."""


@dataclass(frozen=True)
class Head:
    """The optional fields of a lab sheet's head."""

    name: str = ""
    roll: str = ""
    standard: str = ""
    section: str = ""
    subject: str = ""
    course: str = ""
    experiment: str = ""
    date: str = ""

    def given(self) -> dict[str, str]:
        """Return the fields that were given, by their titles."""
        titles = {"roll": "Roll number"}
        return {titles.get(name, name.capitalize()): text for name, text in asdict(self).items() if text}


def remembered(
    options: LabOptions, name: str, choices: dict[str, Any], work: Callable[[], Any], *, trainings: int = 0
) -> Any:
    """Return what `work` measures, or what an earlier, interrupted run of the same choices already measured.

    Each part of a lab is written to OUT/parts/NAME.json as soon as it is done, so that hours are never lost.
    `trainings` says how many of those that the lab announced the part is.
    """
    path = options.out / "parts" / f"{name}.json"
    asked = json.loads(json.dumps(choices, default=str))
    if path.is_file():
        held = json.loads(path.read_text())
        if held["choices"] == asked:
            options.passed(trainings, held.get("seconds", 0.0))
            return held["result"]
    started = time.perf_counter()
    result = work()
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = round(time.perf_counter() - started, 3)
    write_json(path, {"choices": asked, "result": result, "seconds": seconds})
    return json.loads(path.read_text())["result"]


def mean(values: Sequence[float]) -> float:
    """Mean over seeds."""
    return float(np.mean(values))
