"""The one notation of numbers, on pages, in charts and in the terminal.

A real minus sign (−0.5); narrow no-break spaces between thousands from 10 000 on; powers of ten raised (3.2 × 10⁻⁵);
shares in percent (77.47 %); a spread over seeds from least to most (7.91 … 8.12).

Not here: how a page or a table is set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

NARROW = "\u202f"
"""The narrow no-break space."""
SPACED_FROM = 10_000
"""Numbers from here on get spaces between thousands; shorter ones are taken in at a glance."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Shown = str | int | float | None
"""What a table may show in one place."""


def number(value: int | float, decimals: int | None = None) -> str:
    """Write a number; without `decimals` a float keeps four significant digits.

    What is no number is written as a dash, what is infinite as ∞; a truth value as yes or no.
    """
    # Before all else, because a truth value is a number to Python, and would be written as 1.
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not math.isfinite(value):
        return "—" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    # A hyphen is shorter than the plus sign and may break a line; the minus sign does neither.
    return _written(value, decimals).replace("-", "−")


def signed(value: float, decimals: int = 2) -> str:
    """Write a difference with its sign, such as +0.79 or −0.79."""
    return ("+" if value >= 0 else "") + number(float(value), decimals)


def percent(share: float, decimals: int = 2) -> str:
    """Write a share as a percentage, such as 77.47 %."""
    return f"{number(100.0 * share, decimals)} %"


def points(difference: float, decimals: int = 2) -> str:
    """Write a difference of two shares in percentage points, such as +0.79 points."""
    return f"{signed(100 * difference, decimals)} points"


def spread(values: Sequence[float], decimals: int = 2) -> str:
    """Write least and most over seeds, such as `7.91 … 8.12`; one seed has no spread."""
    return spread_as(values, lambda value: number(float(value), decimals))


def spread_of_shares(shares: Sequence[float], decimals: int = 2) -> str:
    """Write a spread of shares in percent, such as `95.61 … 95.94 %`."""
    # One percent sign for both ends: it belongs to the pair.
    told = spread([100.0 * share for share in shares], decimals)
    return told if len(shares) == 1 else f"{told} %"


def spread_as(values: Sequence[float], write: Callable[[float], str]) -> str:
    """Write a spread whose two ends `write` writes."""
    return "1 seed" if len(values) == 1 else f"{write(min(values))} … {write(max(values))}"


def power_of_ten(digits: str, exponent: int) -> str:
    """Write digits times a raised power of ten; a factor of one is left out."""
    power = f"10{str(exponent).translate(_RAISED)}"
    return power if digits == "1" else f"{digits} × {power}"


def _written(value: int | float, decimals: int | None) -> str:
    if isinstance(value, int):
        return _spaced(str(value))
    if decimals is not None:
        return _spaced(f"{value:.{decimals}f}")
    if not value:
        return "0"
    # Outside these bounds zeros would have to be counted by eye.
    if not 1e-4 <= abs(value) < 1e6:
        digits, _, power = f"{value:.2e}".partition("e")
        return power_of_ten(digits, int(power))
    # Four significant digits: more than seeds agree on, and enough to tell two runs apart.
    places = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    # Zeros are dropped only behind a point: 1400 must not become 14.
    return _spaced(text.rstrip("0").rstrip(".") if places else text)


def _spaced(text: str) -> str:
    """Put spaces between the thousands of a number of five digits and more before its point."""
    whole, point, rest = text.partition(".")
    if abs(int(whole)) >= SPACED_FROM:
        whole = f"{int(whole):,}".replace(",", NARROW)
    return whole + point + rest


def decimals_of(column: Sequence[Shown]) -> int | None:
    """Choose one count of decimals for a column of floats, so that their points stand under one another."""
    sizes = [abs(cell) for cell in column if isinstance(cell, float) and math.isfinite(cell) and cell]
    # Too wide a range would give the small ones no digits, or the large ones far too many.
    if not sizes or max(sizes) >= 1e6 or max(sizes) / min(sizes) > 1e4 or max(sizes) < 1e-4:
        return None
    places = min(6, max(0, 3 - math.floor(math.log10(max(sizes)))))
    # Decimals that are zero in the whole column tell nothing.
    while places and all(f"{size:.{places}f}".endswith("0") for size in sizes):
        places -= 1
    return places


def tick(value: float) -> str:
    """Write a tick of a logarithmic axis: plainly near one, else as a power of ten."""
    # An axis has room for a short number near one; `g` leaves out the zeros behind it.
    if not value or 0.001 <= abs(value) < SPACED_FROM:
        return f"{value:g}".replace("-", "−")
    digits, _, power = f"{value:.0e}".partition("e")
    return power_of_ten(digits.replace("-", "−"), int(power))


def spaced(text: str) -> str:
    """Write a plain decimal that something else wrote, such as a tick of a chart, in this notation."""
    return _spaced(text.replace("−", "-")).replace("-", "−")
