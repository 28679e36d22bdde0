"""Quality gates: `--fail-under accuracy=0.9` ends with exit 5 when the figure is not reached.

Not here: measuring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recurra.errors import GateError, UsageError
from recurra.tasks.known import model_of


def read_gates(gates: Sequence[str], *, task: str) -> dict[str, float]:
    """Read METRIC=VALUE texts; raises UsageError for a metric the task does not have and for what is no number."""
    wanted: dict[str, float] = {}
    model = model_of(task)
    figures = (*model.more_is_better, *model.less_is_better)
    for gate in gates:
        name, found, text = gate.partition("=")
        if not found or name not in figures:
            raise UsageError(f"--fail-under {gate!r}", allowed=f"METRIC=VALUE with one of {', '.join(figures)}")
        # What is no number becomes NaN: one question then refuses it together with `nan` and `inf`.
        try:
            wanted[name] = float(text)
        except ValueError:
            wanted[name] = math.nan
        if not math.isfinite(wanted[name]):
            raise UsageError(f"--fail-under {gate!r}", allowed="a number after =")
    return wanted


def check_gates(gates: Mapping[str, float], figures: Mapping[str, Any]) -> None:
    """Raise GateError for the first gate that is missed; a figure that is not a number misses every gate.

    Which way a figure is better comes from its task: one that is better when small passes when it is small.
    """
    for name, wanted in gates.items():
        measured = figures[name]
        less = name in model_of(figures["task"]).less_is_better
        # A figure that is not defined, such as F1 without a row of the class, reaches nothing.
        passed = measured is not None and (measured <= wanted if less else measured >= wanted)
        if not passed:
            allowed = f"{'at most' if less else 'at least'} {wanted:g}"
            found = "no value: it is not defined on these rows" if measured is None else f"{measured:.4f}"
            raise GateError(f"quality gate {name}", found=found, allowed=allowed)
