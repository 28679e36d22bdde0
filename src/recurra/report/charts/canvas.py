"""The sheet that charts are drawn on: what several charts do, and the export as small SVG that follows the page.

Not here: the look of lines and letters (page.mplstyle), and any particular chart. matplotlib is used without pyplot,
and its settings are put back afterwards.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from recurra.errors import UsageError
from recurra.report.markup import visible
from recurra.report.numbers import spaced, tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010101"
"""Stands for the colour of the page's text."""
SERIES = ("#1f5f99", "#c2501a", "#22785a", "#8d4a86", "#96700a", "#5a6670")
"""Told apart by people with any colour vision, and by their lightness; the page has a lighter set for the dark."""
QUIET = SERIES[5]

DASHES = (0, (3.2, 2.0))
"""Longer than matplotlib's own, which look dotted at this width of lines."""

WIDE = 6.9
"""Inches of a figure as wide as the text."""
HALF = 3.35
"""Inches of one of two figures side by side."""
PIXELS_AN_INCH = 104
"""Sets the size of letters beside the page's text."""

SHORT = 52
"""Letters of the names in a legend that has room for five of them."""
THEME = ("default", "recurra.report.charts.page")
"""What matplotlib itself begins with, then page.mplstyle beside this file."""


def drawn(draw: Callable[[Axes], None], *, width: float = WIDE, height: float = 2.9, tiled: bool = False) -> str:
    """Return what `draw` puts on the axes of a sheet as SVG; the same calls give the same bytes.

    `width` and `height` are inches. `tiled` leaves no seams between squares that touch.
    """
    try:
        import matplotlib.style
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("a chart needs matplotlib", advice="pip install 'recurra[train]'") from None
    # No date and no version: a page that is made again must not differ from the one that is committed.
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    sink = io.StringIO()
    # The caller's own settings, or a matplotlibrc, must not reach our charts, nor ours theirs.
    with matplotlib.style.context(THEME), warnings.catch_warnings():
        # Letters the measuring font lacks are drawn by the reader's fonts all the same.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.add_subplot())
        _write_ticks(figure)
        figure.savefig(sink, format="svg", metadata=metadata)
    svg = _themed(sink.getvalue(), round(width * PIXELS_AN_INCH))
    return svg.replace("<svg ", '<svg shape-rendering="crispEdges" ', 1) if tiled else svg


def _write_ticks(figure: Figure) -> None:
    """Write the numbers along all axes in the notation of the pages; ticks with texts of their own keep them."""
    from matplotlib.ticker import ScalarFormatter

    # matplotlib's own formatter knows which digits an axis needs; only the way to write them is ours.
    class Ticks(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return spaced(super().__call__(x, pos)) if not x or 1e-4 <= abs(x) < 1e6 else tick(x)

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            # Exactly this type: a logarithmic axis and one with texts have formatters of their own, and keep them.
            if type(axis.get_major_formatter()) is ScalarFormatter:
                written = Ticks(useOffset=False)
                written.set_scientific(False)
                axis.set_major_formatter(written)


def _themed(svg: str, pixels: int) -> str:
    """Drop what an inlined drawing has no use for, and let colours and fonts follow the page."""
    # The XML head and document type belong to a file, not to a part of a page, where they are refused.
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    shape = re.search(r'viewBox="[^"]*"', svg)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {shape[0] if shape else ""} stroke-linejoin="round" '
        f'style="--natural: {pixels}px">'
    )
    svg = head + svg[svg.index(">") + 1 :]
    # Without a family of its own a chart's text takes the page's.
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg).replace("xlink:href=", "href=")
    # matplotlib turns every text, most of them by zero degrees.
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    # Two decimals of a point are finer than any screen; more would only make pages longer.
    svg = re.sub(r' (?:d|x|y|transform)="[^"]*"', lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)
    return _coloured(svg)


def _coloured(svg: str) -> str:
    # A near-black that nobody else uses, so that only what is meant as ink follows the page's text.
    svg = svg.replace(INK, "currentColor")
    for position, colour in enumerate(SERIES, start=1):
        svg = svg.replace(colour, f"var(--series-{position}, {colour})")
    return svg


def colour_of(position: int) -> str:
    """Return the colour of a series; after the last they begin again."""
    return SERIES[position % len(SERIES)]


def numbers(values: Sequence[float | None] | Any, what: str) -> list[float]:
    """Return values as floats, NaN where one is missing or infinite.

    Raises UsageError if there are none, or if one is no number.
    """
    try:
        # matplotlib breaks a curve at NaN: a gap stays a gap, and is not bridged by a line.
        plain = [math.nan if value is None else float(value) for value in values]
    except (TypeError, ValueError):
        raise UsageError(f"{what} of a chart", found="something that is no number", allowed="numbers") from None
    if not any(map(math.isfinite, plain)):
        raise UsageError(f"{what} of a chart", found="no finite number", advice="leave the chart out")
    return [value if math.isfinite(value) else math.nan for value in plain]


def equal_columns(what: str, *columns: Sequence[Any]) -> None:
    """Raise UsageError unless the columns of a chart are of one length."""
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise UsageError(f"columns of {what}", found=", ".join(map(str, lengths)), allowed="one length")


def label(text: str, longest: int = 40) -> str:
    """Return a text fit to stand in a chart: nothing invisible, one line, cut where it is too long."""
    # A label may be a class name or a word of somebody's data, of any length and with anything in it.
    line = visible(text, keep="").strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def name_axes(axes: Axes, x: str, y: str = "") -> None:
    """Name what the axes measure."""
    axes.set_xlabel(label(x, 80))
    axes.set_ylabel(label(y, 60))


def write_beside(axes: Axes, text: str, place: tuple[float, float], offset: tuple[float, float], **style: Any) -> None:
    """Write a text beside a place, `offset` points from it."""
    axes.annotate(text, place, xytext=offset, textcoords="offset points", **style)


def lay_rows(axes: Axes, names: Sequence[str], x: str) -> None:
    """Set lying rows out under their names, the first on top, as in a table that holds the same rows."""
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
    axes.set_xlabel(label(x, 80))
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)


def draw_diagonal(axes: Axes, low: float, high: float) -> None:
    """Draw the line on which both axes say the same."""
    axes.plot([low, high], [low, high], color=INK, lw=0.7, alpha=0.55)


def right_axis(left: Axes, text: str) -> Axes:
    """Return an axis to the right, for another unit over the same x."""
    # One grid is enough: two of them, of two scales, cross each other at random.
    right = left.twinx()
    right.grid(False)
    right.spines["bottom"].set_visible(False)
    right.set_ylabel(label(text, 60), rotation=270, va="bottom")
    return right


def whole_ticks(axes: Axes, most: int) -> None:
    """Tick only whole numbers along x, at most so many: epoch 2.5 does not exist."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(most, integer=True, min_n_ticks=1))


def legend_above(*axes: Axes) -> None:
    """Put one legend over the drawing, to the left, for all curves that have a name."""
    named = [pair for one in axes for pair in zip(*one.get_legend_handles_labels(), strict=True)]
    if named:
        handles, names = zip(*named, strict=True)
        # Five short names fit side by side; else the fifth would stand alone in a row.
        columns = 5 if sum(map(len, names)) <= SHORT else 4
        axes[0].figure.legend(handles, names, loc="outside upper left", ncols=columns, borderaxespad=0.1)
