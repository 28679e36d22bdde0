"""The rhythm that the series of a table share: a net learns steps, so that a step must be one thing.

Not here: the rhythm of one series (steps.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from recurra.datasets import advice
from recurra.datasets.steps import Rhythm, Step, Times, at_step, infer
from recurra.datasets.zones import Zone
from recurra.errors import DataError

LONGEST_GRID = 100_000_000
"""Steps a series may have after its gaps are filled."""


def settle(
    times: Mapping[str, Times], zones: Mapping[str, Zone | None], *, expected: Step | None = None
) -> dict[str, Rhythm]:
    """Return the rhythm of each series: the one they share where its times are on it, else its own.

    The longest series tells what is shared; `expected` goes before it, where that series is on it: three Mondays to
    Wednesdays are business days where business days are expected. Series of one value take what is shared.
    """
    if not times:
        return {}
    longest = max(times, key=lambda name: times[name].size)
    shared = _shared(times[longest], zones.get(longest), expected)
    return {
        name: at_step(each, shared, zones.get(name)) or infer(each, zones.get(name)) for name, each in times.items()
    }


def _shared(times: Times, zone: Zone | None, expected: Step | None) -> Step:
    """Return the expected step where it leaves no more gaps than the step that the times themselves tell."""
    known = at_step(times, expected, zone) if expected else None
    if known is not None and known.fills(times):
        return known.step
    own = infer(times, zone)
    return known.step if known is not None and _gaps(known, times) <= _gaps(own, times) else own.step


def _gaps(rhythm: Rhythm, times: Times) -> int:
    places = rhythm.places(times)
    return int(places[-1]) + 1 - times.size if (places >= 0).all() else LONGEST_GRID


def tell(rhythms: Mapping[str, Rhythm]) -> dict[str, int]:
    """Count the series of each rhythm, the most frequent first, such as `{"1 month": 12}`."""
    return dict(Counter(str(rhythm.step) for rhythm in rhythms.values()).most_common())


def shared_step(rhythms: Mapping[str, Rhythm]) -> Step | None:
    """Return the step that all series have, None where there are none; raises DataError that names the others."""
    steps = dict.fromkeys(rhythm.step for rhythm in rhythms.values())
    if len(steps) < 2:
        return next(iter(steps), None)
    examples = {str(rhythm.step): name for name, rhythm in reversed(list(rhythms.items()))}
    counted = ", ".join(f"{step} ({count:,}, such as {examples[step]!r})" for step, count in tell(rhythms).items())
    raise DataError(
        "series of different rhythms",
        found=counted,
        advice=f"fit each rhythm on its own, or take rows in their order: {advice.rows_as_steps()}",
    )
