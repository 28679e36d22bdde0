"""The strokes diagrams are made of: boxes, wires with heads, rings, words and symbols, as pieces of SVG text.

Not here: what is drawn with them (cells.py, network.py). Coordinates are pixels, y grows downwards. Everything
is drawn in the page's text colour, so that a diagram is readable in the light and in the dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Literal

from recurra.report.markup import visible

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

SERIF = "Charter, 'Bitstream Charter', Cambria, Georgia, 'Noto Serif', serif"
RING = 12.0
"""Radius of an operator's ring."""
CORNER = 9.0
"""Radius of a wire's bend."""
HEAD = (9.0, 3.6)
"""Length and half-width of an arrow's head."""
HOP = 6.0
"""Radius of the arc by which one wire leaps over another."""
INDEX = 0.72
"""Size of an index beside its symbol's."""


def sheet(width: float, height: float, parts: Sequence[str]) -> str:
    """Return the pieces as one SVG drawing."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" fill="none" '
        f'stroke="none" stroke-linecap="round" stroke-linejoin="round" style="--natural: {width:g}px">'
        f"{''.join(parts)}</svg>"
    )


def box(middle: Point, size: Point, *, tint: float = 0.07) -> str:
    """Return a rounded box around its middle."""
    x, y = middle[0] - size[0] / 2, middle[1] - size[1] / 2
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{size[0]:g}" height="{size[1]:g}" rx="7" fill="currentColor" '
        f'fill-opacity="{tint:g}" stroke="currentColor" stroke-width="1.1"/>'
    )


def frame(corner: Point, size: Point) -> str:
    """Return the large faint box around a cell."""
    return (
        f'<rect x="{corner[0]:g}" y="{corner[1]:g}" width="{size[0]:g}" height="{size[1]:g}" rx="18" '
        f'fill="currentColor" fill-opacity="0.035" stroke="currentColor" stroke-opacity="0.45"/>'
    )


def wire(*points: Point, head: bool = True, over: float | None = None) -> str:
    """Return a line through the points with round bends and an arrow's head.

    `over` is the place, along a wire's only or last vertical or horizontal run, where it leaps over another wire.
    """
    *before, tip = points
    # The line ends inside the head: drawn to the tip, its round end would blunt the point.
    end = _short_of(before[-1], tip, HEAD[0] - 1) if head else tip
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    # First and last point are ends; every other is a corner that is rounded.
    for position in range(1, len(points) - 1):
        path += _bend(points[position - 1], points[position], points[position + 1])
    path += ("" if over is None else _hop(before[-1], tip, over)) + f" L{end[0]:g} {end[1]:g}"
    line = f'<path d="{path}" stroke="currentColor" stroke-width="1.25"/>'
    return line + (_head(before[-1], tip) if head else "")


def _direction(start: Point, end: Point) -> Point:
    # Two points in one place have no direction; the wire is then a dot, and not a division by zero.
    length = math.dist(start, end) or 1.0
    return ((end[0] - start[0]) / length, (end[1] - start[1]) / length)


def _short_of(start: Point, end: Point, distance: float) -> Point:
    across, down = _direction(start, end)
    return (end[0] - across * distance, end[1] - down * distance)


def _bend(start: Point, corner: Point, end: Point) -> str:
    # Half of the shorter side at most, so that two bends on a short run do not overlap.
    radius = min(CORNER, math.dist(start, corner) / 2, math.dist(corner, end) / 2)
    first, last = _short_of(start, corner, radius), _short_of(end, corner, radius)
    return f" L{first[0]:g} {first[1]:g} Q{corner[0]:g} {corner[1]:g} {last[0]:g} {last[1]:g}"


def _hop(start: Point, end: Point, place: float) -> str:
    """Return a half circle over the wire that is crossed at `place`."""
    across, down = _direction(start, end)
    # A hop is told by one coordinate: the other is that of the run it lies on.
    middle = (place, start[1]) if across else (start[0], place)
    near = (middle[0] - across * HOP, middle[1] - down * HOP)
    far = (middle[0] + across * HOP, middle[1] + down * HOP)
    return f" L{near[0]:g} {near[1]:g} A{HOP:g} {HOP:g} 0 0 1 {far[0]:g} {far[1]:g}"


def _head(start: Point, tip: Point) -> str:
    across, down = _direction(start, tip)
    back = (tip[0] - across * HEAD[0], tip[1] - down * HEAD[0])
    # To both sides of the wire, at right angles to its direction.
    sides = [(back[0] - down * half, back[1] + across * half) for half in (HEAD[1], -HEAD[1])]
    points = " ".join(f"{x:.2f},{y:.2f}" for x, y in (tip, *sides))
    return f'<polygon points="{points}" fill="currentColor"/>'


def dot(place: Point) -> str:
    """Return the dot where a wire parts into two."""
    return f'<circle cx="{place[0]:g}" cy="{place[1]:g}" r="2.6" fill="currentColor"/>'


def ring(middle: Point, sign: Literal["times", "plus", "one minus"]) -> str:
    """Return an operator in its ring: product or sum by elements, or one minus."""
    x, y = middle
    # Two characters need more room than a cross.
    radius = RING + 4 if sign == "one minus" else RING
    circle = (
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="currentColor" fill-opacity="0.07" '
        f'stroke="currentColor" stroke-width="1.1"/>'
    )
    if sign == "one minus":
        return circle + words(middle, "1−", size=13, serif=True)
    # Diagonal arms reach farther than upright ones of the same number; so both signs look alike in size.
    arm = 4.6 if sign == "times" else 6.0
    ends = (
        [(-arm, -arm, arm, arm), (-arm, arm, arm, -arm)] if sign == "times" else [(-arm, 0, arm, 0), (0, -arm, 0, arm)]
    )
    cross = "".join(f"M{x + a:g} {y + b:g} L{x + c:g} {y + d:g} " for a, b, c, d in ends).strip()
    return circle + f'<path d="{cross}" stroke="currentColor" stroke-width="1.4"/>'


def words(
    place: Point,
    text: str,
    *,
    size: float = 12.0,
    anchor: Anchor = "middle",
    quiet: bool = False,
    serif: bool = False,
) -> str:
    """Return words whose middle height is at `place`."""
    family = f' font-family="{SERIF}"' if serif else ""
    faint = ' fill-opacity="0.68"' if quiet else ""
    return (
        f'<text x="{place[0]:g}" y="{place[1] + size * 0.35:g}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="currentColor"{faint}{family}>{escape(visible(text, keep=""))}</text>'
    )


def symbol(
    place: Point, base: str, index: str = "", *, tail: str = "", size: float = 17.0, anchor: Anchor = "middle"
) -> str:
    """Return a symbol in italics with its index, and a smaller upright `tail` such as its shape after it."""
    # SVG has no index: the text is moved down by hand, and `tail` moves it back up.
    drop = 0.24 * size
    parts = [f'<tspan font-style="italic">{escape(base)}</tspan>']
    if index:
        # As in formulas: variables slant, numbers stand.
        slant = "" if index.isdigit() else ' font-style="italic"'
        parts.append(f'<tspan font-size="{size * INDEX:g}" dy="{drop:g}"{slant}>{escape(index)}</tspan>')
    if tail:
        rise = -drop if index else 0.0
        parts.append(f'<tspan font-size="{size * 0.7:g}" dx="5" dy="{rise:g}">{escape(visible(tail, keep=""))}</tspan>')
    return (
        f'<text x="{place[0]:g}" y="{place[1] + size * 0.3:g}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="currentColor" font-family="{SERIF}">{"".join(parts)}</text>'
    )


def gate(middle: Point, function: str) -> str:
    """Return a gate: a tinted box with its function; σ is set in italics."""
    if function == "σ":
        return box(middle, (50, 38), tint=0.1) + symbol((middle[0], middle[1] - 1), "σ", size=19)
    return box(middle, (50, 38), tint=0.1) + words(middle, function, size=13.5, serif=True)
