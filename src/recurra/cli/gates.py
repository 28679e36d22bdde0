"""Quality gates: `--fail-under accuracy=0.9` ends with exit 5 when the figure is not reached.

Not here: measuring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recurra.errors import GateError, UsageError

LESS_IS_BETTER = ("loss", "ece", "perplexity", "mae", "mase", "smape")
"""Figures for which `--fail-under` would be a trap: they pass when small."""


def check_gates(gates: Sequence[str], figures: Mapping[str, Any]) -> None:
    """Raise GateError for the first gate that is missed, UsageError for a gate that cannot be read."""
    for gate in gates:
        name, found, text = gate.partition("=")
        measured = figures.get(name)
        if not found or not isinstance(measured, int | float):
            known = ", ".join(name for name, value in figures.items() if isinstance(value, int | float))
            raise UsageError(f"--fail-under {gate!r}", allowed=f"METRIC=VALUE with one of {known}")
        try:
            wanted = float(text)
        except ValueError:
            raise UsageError(f"--fail-under {gate!r}", allowed="a number after =") from None
        missed = measured > wanted if name in LESS_IS_BETTER else measured < wanted
        if missed:
            allowed = f"{'at most' if name in LESS_IS_BETTER else 'at least'} {wanted:g}"
            raise GateError(f"quality gate {name}", found=f"{measured:.4f}", allowed=allowed)
