"""What a net of segments learns from: a panel, the origins of its windows, and how many batches an epoch has.

Not here: drawing them (learn.py), and how a panel came about (tasks/panels.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from recurra.panels.series import Panel, Values
from recurra.panels.windows import Places


@dataclass(frozen=True, eq=False)
class Taught:
    """A panel with the windows of its series: the first origin and how many (series,); `scales` (series,)."""

    panel: Panel
    firsts: Places
    counts: Places
    scales: Values
    batches: int
    """Of an epoch."""
