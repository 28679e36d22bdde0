"""Zones of time: from instants (UTC) to what a clock on the wall shows there, and back.

Not here: reading times (moments.py), and rhythms (rhythms.py), which go by the wall clock where they are of days.
"""

from __future__ import annotations

import datetime
import difflib
import zoneinfo
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.errors import UsageError, either

Instants = NDArray[np.datetime64]
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class NamedZone:
    """A zone of the IANA data base, with its changes of clocks past and coming."""

    name: str
    """Such as Europe/Berlin."""

    def seconds(self, instants: Instants) -> NDArray[np.int64]:
        """Return by how many seconds clocks are ahead of UTC at instants (rows,) in any unit."""
        # Each day is looked up once; within the days on which clocks change, each instant.
        # zoneinfo answers one moment at a time, which is slow for a column of hours.
        days, which = np.unique(instants.astype("datetime64[D]"), return_inverse=True)
        begin, end = self._looked_up(days), self._looked_up(np.asarray(days + DAY))
        ahead = begin[which]
        # Only on the two days of a year on which clocks change does the hour matter.
        changing = np.flatnonzero((begin != end)[which])
        ahead[changing] = self._looked_up(instants[changing])
        return ahead

    def _looked_up(self, instants: Instants) -> NDArray[np.int64]:
        zone = zoneinfo.ZoneInfo(self.name)
        # Python's calendar ends with the year 9999.
        inside = np.clip(instants.astype("datetime64[s]"), np.datetime64("0001-01-02"), np.datetime64("9999-12-30"))
        moments = (moment.replace(tzinfo=datetime.UTC).astimezone(zone) for moment in inside.tolist())
        shifts = (moment.utcoffset() or datetime.timedelta() for moment in moments)
        return np.array([int(shift.total_seconds()) for shift in shifts], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class WrittenZone:
    """Offsets as a column wrote them; clocks were changed somewhere between two rows: half-way, as far as is known."""

    starts: Instants
    offsets: NDArray[np.int64]
    name: str = ""
    """Only offsets are known."""

    @classmethod
    def of(cls, instants: Instants, offsets: NDArray[np.int64]) -> WrittenZone:
        """Take the offsets (rows,) in seconds that stood beside the instants (rows,), in any order."""
        order = np.argsort(instants, kind="stable")
        moments, ahead = instants[order], offsets[order]
        # Between these two rows clocks were changed; when exactly nobody wrote.
        changed = np.flatnonzero(ahead[1:] != ahead[:-1])
        starts = moments[changed] + (moments[changed + 1] - moments[changed]) // 2
        return cls(np.concatenate([moments[:1], starts]), ahead[np.concatenate([[0], changed + 1])])

    def seconds(self, instants: Instants) -> NDArray[np.int64]:
        """Return the offset that holds at each instant."""
        # The newest change before each instant; what lies before the first row has the first offset.
        place = np.searchsorted(self.starts, instants, side="right") - 1
        return self.offsets[np.maximum(place, 0)]

    @property
    def changes(self) -> bool:
        """Whether clocks changed within the column, so that coming changes are not known."""
        return self.offsets.size > 1


Zone = NamedZone | WrittenZone
"""What tells by how many seconds its clocks are ahead of UTC at each instant."""


def zone_named(name: str) -> NamedZone:
    """Return a zone of the IANA data base; raises UsageError for a name it does not have."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        near = difflib.get_close_matches(name, known, n=3)
        raise UsageError(
            f"unknown {either('--zone', 'zone')}",
            found=repr(name[:80]),
            allowed=", ".join(near) or "names such as Europe/Berlin, America/New_York, UTC",
            advice="" if known else "this machine has no table of zones: install the package tzdata",
        ) from None
    return NamedZone(name)


def wall(instants: Instants, zone: Zone | None) -> Instants:
    """Return what the clocks of a zone show; without a zone the times are what clocks show already."""
    if zone is None or not instants.size:
        return instants
    return np.asarray(instants + zone.seconds(instants).astype("timedelta64[s]"))


def instants_of(shown: Instants, zone: Zone | None, *, later: NDArray[np.bool_] | None = None) -> Instants:
    """Return the instants at which the clocks of a zone show `shown` (rows,).

    A time that clocks show twice is the earlier one, or the later where `later` (rows,) says so; a time that they
    skip is as long after the change as it is after the last moment before it.
    """
    if zone is None or not shown.size:
        return shown
    # A day away from it the clocks have surely changed or surely not: the instant has one of both offsets.
    before, after = zone.seconds(shown - DAY), zone.seconds(shown + DAY)
    first, second = (shown - ahead.astype("timedelta64[s]") for ahead in (before, after))
    holds_first, holds_second = zone.seconds(first) == before, zone.seconds(second) == after
    # Where both hold the clocks show the time twice; where neither holds they skip it.
    take_second = holds_second & (~holds_first if later is None else ~holds_first | later)
    return np.asarray(np.where(take_second, second, first))


def skipped(shown: Instants, zone: Zone) -> NDArray[np.bool_]:
    """Tell which times the clocks of a zone never show, because they were put forward."""
    # There and back again: a time that clocks never show comes back as another one.
    shows = wall(instants_of(shown, zone), zone)
    return np.asarray(shows != shown)


def shown_twice(shown: Instants, zone: Zone) -> NDArray[np.bool_]:
    """Tell which times the clocks of a zone show twice, because they were put back."""
    every = np.ones(shown.size, dtype=np.bool_)
    return np.asarray(instants_of(shown, zone) != instants_of(shown, zone, later=every))
