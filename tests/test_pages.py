"""Pages in a real browser: nothing is wider than the page, on a screen, on a phone, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser_pages import NEEDS_CHROMIUM, browser, outside
from recurra.cells import CELLS
from recurra.report.blocks import Block, Code, Compared, Comparison, Facts, Figure, Paragraph, SideBySide, Table
from recurra.report.charts.curves import Line, lines
from recurra.report.drawings.cells import cell_diagram, cell_equations
from recurra.report.page import Report, Section, save

COMMITTED = sorted((Path(__file__).parent.parent / "docs" / "labs").glob("*.html"))
WIDTHS = {"desk": (1200, False), "tablet": (800, False), "phone": (390, False), "A4 paper": (650, True)}
"""Points of CSS; A4 is 172 mm wide between its margins."""

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def opened() -> Iterator[Any]:
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def widest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of everything that tends to be too wide."""
    steps = tuple(f"step {number}" for number in range(9))
    chart = Figure(
        lines(Line("loss of the recurrent network", [1.0, 2.0], [0.1, 0.2]), x_label="epoch", y_label="loss"),
        "A chart.",
    )
    blocks: list[Block] = [
        Table(("settings", *steps), (("a simple network", *[0.12345 * 10**number for number in range(9)]),), "Many."),
        Table(("a", "b", "c"), (("text " * 40, "long_identifier_" * 6, "95.61 … 95.94 %"),), "Words."),
        Comparison(
            (Compared("value after [5, 6, 7]", "8.01", "8.13", "8.09 … 8.18", "too little data to tell", "A note."),),
            "Compared.",
        ),
        Facts((("processor", "a name of many words " * 4), ("file", "no_white_space" * 8))),
        Code("recurra fit text " + "--set option=value " * 12, "A long line."),
        Code("a line that is " + "very " * 40 + "long", "Not wrapped."),
        Paragraph("`" + "x" * 120 + "`"),
        chart,
        SideBySide((chart, chart)),
    ]
    return save(Report("Wide", "All of it.", (Section("Wide", tuple(blocks)),)), _page(tmp_path_factory, "wide"))[0]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of each cell's equations and drawing."""
    blocks: list[Block] = []
    for cell in CELLS:
        drawing = cell_diagram(cell, inputs=100, hidden=1024, activation="tanh", reset_after=True)
        blocks += [cell_equations(cell, "tanh", reset_after=True), Figure(drawing, cell)]
    return save(Report("Cells", "", (Section("Cells", tuple(blocks)),)), _page(tmp_path_factory, "cells"))[0]


def _page(folders: pytest.TempPathFactory, name: str) -> Path:
    return folders.mktemp(name) / "page.html"


@pytest.mark.parametrize("where", WIDTHS)
@pytest.mark.parametrize("name", ["widest", "cells"])
def test_no_element_is_wider_than_its_page(name: str, where: str, opened: Any, request: pytest.FixtureRequest) -> None:
    width, printed = WIDTHS[where]
    assert outside(opened, request.getfixturevalue(name), width=width, printed=printed) == []


@pytest.mark.parametrize("where", WIDTHS)
@pytest.mark.parametrize("page", COMMITTED, ids=lambda page: page.stem)
def test_the_committed_pages_of_the_labs_fit(page: Path, where: str, opened: Any) -> None:
    width, printed = WIDTHS[where]
    assert outside(opened, page, width=width, printed=printed) == []


def test_the_check_sees_what_stands_out(opened: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<body><div style="width: 900px">wide</div><p style="width: 50px">unbreakablewordinhere</p></body>')
    assert [element.split()[0] for element in outside(opened, page, width=800)] == ["DIV", "P"]
