"""One sentence where a network lost to its strongest rival: to which one, by how much, and what to try.

Not here: measuring them (measure.py of each head).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from recurra.errors import either, printable
from recurra.metrics import paired_bootstrap
from recurra.report.numbers import number, percent

MORE_EPOCHS = "more `--epochs` (the last one was the best)", "more `epochs` (the last one was the best)"
VECTORS = "pre-trained `--vectors`", "pre-trained `vectors`"
LARGE = 2.0
"""An error from so many times the rival's on is told as a multiple of it."""


@dataclass(frozen=True, eq=False)
class Scored:
    """A figure of the network or of a rival on the same rows."""

    name: str
    value: float
    parts: NDArray[Any] | None = None
    """What the figure is the mean of (parts,): rows, series or steps; None where they are not at hand."""
    tries: tuple[str, ...] = ()
    """What to try where this rival won."""


def lost(
    what: str,
    own: Scored,
    rivals: Sequence[Scored],
    *,
    on: str,
    tries: Sequence[str],
    share: bool = False,
    who: str = "The network",
) -> dict[str, str]:
    """Return {"lost": one sentence} where the best of the `rivals` is better than the network; else an empty record.

    `what` is the figure: a `share` is better when it is higher, an error when it is lower; a tie is no loss. Where 95 %
    of the bootstrap over the parts holds no difference too, the network (`who`) is only said to be no better.
    """
    # Without rivals the network is compared with itself, and has not lost.
    best = (max if share else min)(rivals, key=lambda rival: rival.value, default=own)
    worse = best.value > own.value if share else best.value < own.value
    # The same rows added up in another order differ in the last digits: a tie, too.
    if not worse or math.isclose(best.value, own.value, rel_tol=1e-9):
        return {}
    write, chance = percent if share else number, _may_be_chance(own, best)
    verdict = "is no better than" if chance else "lost to"
    figures = f"{what} {write(own.value)} against {write(best.value)} on {on}, {_apart(own, best, share)}"
    doubt = ", which may be chance" if chance else ""
    # The majority is named by a label of the file, which may hold any character.
    rival = printable(best.name)
    return {"lost": f"{who} {verdict} {rival}: {figures}{doubt}; try {_either_of([*best.tries, *tries])}."}


def learning_on(history: Sequence[dict[str, Any]], best_epoch: int) -> list[str]:
    """Advise more epochs where the last one was the best on the validation part."""
    # A training loss falls for ever: without validation a last best epoch advises nothing.
    validated = bool(history) and any(name.startswith("val_") for name in history[-1])
    return [either(*MORE_EPOCHS)] if validated and best_epoch == len(history) else []


def _may_be_chance(own: Scored, best: Scored) -> bool:
    # A perplexity is told without its parts: it stands on so many tokens that its difference counts as sure.
    if own.parts is None or best.parts is None:
        return False
    # A single part cannot be drawn again, so that nothing speaks against chance.
    if own.parts.size < 2:
        return True
    compared = paired_bootstrap(own.parts, best.parts)
    return compared.low <= 0 <= compared.high


def _apart(own: Scored, best: Scored, share: bool) -> str:
    if share:
        return f"{number(100 * (best.value - own.value), 2)} points lower"
    # No error is a multiple of none.
    if best.value <= 0:
        return f"{number(own.value - best.value)} higher"
    times = own.value / best.value
    return (
        f"{number(times, 1)} times as high" if times >= LARGE else f"{number(float(f'{times - 1:.2g}') * 100)} % higher"
    )


def _either_of(tries: Sequence[str]) -> str:
    return " or ".join(part for part in (", ".join(tries[:-1]), tries[-1]) if part)
