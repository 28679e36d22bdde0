"""Quality gates: `--fail-under accuracy=0.9` ends with exit 5 when the figure is not reached.

Not here: measuring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recurra.errors import GateError, UsageError

FIGURES = {
    "text": ("accuracy", "f1", "loss", "ece", "rows"),
    "language": ("perplexity", "loss", "tokens"),
    "series": ("mae", "mase", "smape"),
}
"""What can be held against a gate, by task: a gate is read before anything is trained or measured."""
LESS_IS_BETTER = ("loss", "ece", "perplexity", "mae", "mase", "smape")
"""Figures for which `--fail-under` would be a trap: they pass when small."""


def read_gates(gates: Sequence[str], *, task: str) -> dict[str, float]:
    """Read METRIC=VALUE texts; raises UsageError for a metric the task does not have and for what is no number."""
    wanted: dict[str, float] = {}
    for gate in gates:
        name, found, text = gate.partition("=")
        if not found or name not in FIGURES[task]:
            raise UsageError(f"--fail-under {gate!r}", allowed=f"METRIC=VALUE with one of {', '.join(FIGURES[task])}")
        try:
            wanted[name] = float(text)
        except ValueError:
            wanted[name] = math.nan
        if not math.isfinite(wanted[name]):
            raise UsageError(f"--fail-under {gate!r}", allowed="a number after =")
    return wanted


def check_gates(gates: Mapping[str, float], figures: Mapping[str, Any]) -> None:
    """Raise GateError for the first gate that is missed; a figure that is not a number misses every gate."""
    for name, wanted in gates.items():
        measured = figures[name]
        less = name in LESS_IS_BETTER
        # A figure that is not defined, such as F1 without a row of the class, reaches nothing.
        passed = measured is not None and (measured <= wanted if less else measured >= wanted)
        if not passed:
            allowed = f"{'at most' if less else 'at least'} {wanted:g}"
            found = "no value: it is not defined on these rows" if measured is None else f"{measured:.4f}"
            raise GateError(f"quality gate {name}", found=found, allowed=allowed)
