"""The page and the JSON of a report: well-formed, self-contained, escaped, the same twice."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from recurra.errors import UsageError
from recurra.report.blocks import (
    Code,
    Compared,
    Comparison,
    Equation,
    Facts,
    Figure,
    Highlight,
    Highlights,
    Paragraph,
    Points,
    SideBySide,
    Table,
    Verdict,
)
from recurra.report.charts.curves import Line, lines
from recurra.report.charts.scores import confusion
from recurra.report.drawings.cells import cell_diagram, cell_equations, recorded_rnn_equation
from recurra.report.markup import inline_mathml, inline_svg, visible
from recurra.report.numbers import number, percent, points, spread, spread_of_shares, tick
from recurra.report.page import Report, Section, save, to_html, to_json

EVIL = '<script>alert("1")</script> & \u202egnissim\u202c \x1b[31m\x00 \ud800'
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Balance(HTMLParser):
    """Follows the tags of a page and remembers what stands where."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.identifiers: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self.identifiers += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self.identifiers += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def read(page: str) -> Balance:
    """Parse a page and check that every element is closed in order."""
    balance = Balance()
    balance.feed(page)
    balance.close()
    assert balance.open == []
    return balance


@pytest.fixture(scope="module")
def report() -> Report:
    """Return a report with every kind of block, hostile words in each."""
    picture = lines(Line(EVIL, [1, 2, 3], [0.3, 0.2, 0.1]), Line("b", [1, 2], [1, 2]), x_label=EVIL, y_label="$x$")
    square = confusion([[90, 10], [20, 80]], [EVIL, "b"])
    blocks = (
        Paragraph(f"{EVIL} and `code {EVIL}`"),
        Points((EVIL, "second"), ordered=True),
        Table(("name", EVIL), (("a", 0.5), (EVIL, None)), EVIL, footer=("sum", 0.5)),
        Facts((("cell", "gru"), (EVIL, EVIL))),
        Highlights((Highlight("91 %", EVIL, EVIL),)),
        Code(f"if a < b:\n\t{EVIL}", EVIL),
        recorded_rnn_equation(EVIL),
        cell_equations("rnn", "sigmoid"),
        cell_equations("lstm", "relu"),
        cell_equations("gru"),
        Figure(picture, EVIL, EVIL),
        SideBySide((Figure(square, "left"), Figure(cell_diagram("lstm", inputs=3, hidden=5), "right"))),
        Verdict(EVIL, "does not hold", EVIL),
        Comparison((Compared(EVIL, "96 %", 0.957, EVIL, "agrees", EVIL), Compared("loss", None, 0.09))),
    )
    sections = (Section(EVIL, blocks), Section("Result", (Paragraph("one"),)), Section("Result", (Paragraph("two"),)))
    heading = (("Name", ""), ("Roll number", EVIL), ("Date", ""))
    record = {"b": np.float32(0.5), "a": [float("nan"), EVIL], "c": np.arange(3), "d": {"x": None}}
    return Report(EVIL, EVIL, sections, record, heading)


def test_a_page_closes_every_element_and_repeats_no_identifier(report: Report) -> None:
    page = read(to_html(report))
    assert len(page.identifiers) == len(set(page.identifiers)) > 3
    targets = {attributes["href"] for tag, attributes in page.seen if tag == "a"}
    assert targets <= {f"#{name}" for name in page.identifiers}


def test_a_page_refers_to_nothing_outside_itself(report: Report) -> None:
    html = to_html(report)
    assert re.findall(r"(?:https?:)?//[^\s\"']+", html.replace('xmlns="http://www.w3.org/2000/svg"', "")) == []
    page = read(html)
    assert not {"script", "link", "img", "iframe", "object", "image"} & {tag for tag, _ in page.seen}
    for _, attributes in page.seen:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert (attributes.get("href") or "#").startswith("#")
    assert "default-src 'none'" in html and "@import" not in html


def test_hostile_words_are_shown_and_never_obeyed(report: Report) -> None:
    html = to_html(report)
    assert not [character for character in html if not character.isprintable() and character not in "\n\t\u2061"
                and character not in " \u2002\u202f"]  # fmt: skip
    html.encode("utf-8")
    words = read(html).words
    assert words.count('<script>alert("1")</script>') >= 15
    assert words.count(r"\u202egnissim\u202c \x1b[31m\x00 \ud800") >= 15


def test_the_same_report_gives_the_same_bytes(report: Report) -> None:
    assert to_html(report) == to_html(report)
    first, second = (lines(Line("a", [1, 2], [3, 4]), x_label="x", y_label="y") for _ in range(2))
    assert first == second


def test_header_cells_carry_their_scope(report: Report) -> None:
    page = read(to_html(report))
    scopes = [attributes.get("scope") for tag, attributes in page.seen if tag == "th"]
    assert set(scopes) == {"row", "col"}
    drawings = [attributes for _, attributes in page.seen if attributes.get("class") == "drawing"]
    assert len(drawings) == 3
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in drawings)


def test_figures_and_tables_are_numbered_through_the_page(report: Report) -> None:
    words = read(to_html(report)).words
    assert [f"Figure {n}." in words for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert "Table 1." in words and "Table 2." not in words


def test_an_empty_field_of_the_heading_stays_blank_to_be_filled_in(report: Report) -> None:
    html = to_html(report)
    assert '<th scope="row">Name</th><td></td>' in html
    assert '<th scope="row">Date</th><td colspan="3"></td>' in html


def test_json_tells_record_and_blocks_with_sorted_keys_and_comes_back(report: Report) -> None:
    text = to_json(report)
    data = json.loads(text)
    assert list(data) == sorted(data) and list(data["record"]) == ["a", "b", "c", "d"]
    assert data["record"] == {
        "a": [None, EVIL.replace("\ud800", r"\ud800")],
        "b": 0.5,
        "c": [0, 1, 2],
        "d": {"x": None},
    }
    kinds = [block["block"] for block in data["sections"][0]["blocks"]]
    assert kinds[:3] == ["Paragraph", "Points", "Table"] and kinds[-1] == "Comparison"
    assert "<svg" not in text
    assert json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n" == text


def test_saving_writes_the_page_and_its_data_whole(report: Report, tmp_path: Path) -> None:
    page, data = save(report, tmp_path / "new" / "report.html")
    assert page.read_text("utf-8") == to_html(report) and data.read_text("utf-8") == to_json(report)
    assert sorted(path.name for path in page.parent.iterdir()) == ["report.html", "report.json"]
    with pytest.raises(UsageError, match=r"ends in \.html"):
        save(report, tmp_path / "report.json")


def test_a_record_with_something_that_is_not_plain_is_refused() -> None:
    with pytest.raises(UsageError, match="found object"):
        to_json(Report("t", "", (), {"x": object()}))


def test_rows_as_wide_as_the_header_are_asked_for() -> None:
    with pytest.raises(UsageError, match="found 1 cells; allowed: 2"):
        Table(("a", "b"), (("x",),))


def test_an_unknown_outcome_is_refused() -> None:
    with pytest.raises(UsageError, match="outcome"):
        Verdict("c", "perhaps", "e")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "svg",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><use href='https://example.org/a.svg#b'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><path style='fill: url(https://example.org/#a)'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><path style='fill: u\\72l(x)'/></svg>",
        "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>",
        "<svg><path></svg>",
        "<p/>",
    ],
)
def test_a_drawing_with_more_than_shapes_and_words_is_refused(svg: str) -> None:
    with pytest.raises(UsageError, match="drawing"):
        inline_svg(svg, "f1-")


def test_drawings_keep_their_references_when_they_share_a_page() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg"><path id="a" clip-path="url(#b)"/><use href="#a"/><rect id="b"/></svg>'
    )
    assert inline_svg(svg, "f7-") == (
        '<svg xmlns="http://www.w3.org/2000/svg"><path id="f7-a" clip-path="url(#f7-b)"/><use href="#f7-a"/>'
        '<rect id="f7-b"/></svg>'
    )


@pytest.mark.parametrize("mathml", ["<mi>x", "<maction>x</maction>", "<mi href='x'>x</mi>", "<script/>"])
def test_a_formula_with_more_than_symbols_is_refused(mathml: str) -> None:
    with pytest.raises(UsageError, match="formula"):
        inline_mathml(mathml)


def test_the_recurrence_is_written_as_all_others_are_and_quoted_as_the_record_has_it() -> None:
    assert symbols(cell_equations("rnn", "sigmoid").mathml) == ["ht=σ(Wxt+Uht−1+b)"]
    assert symbols(recorded_rnn_equation().mathml) == ["hk(t)=σ(whhk−1(t−1)+wee(t)+b)"]


def symbols(mathml: str) -> list[str]:
    """The symbols of each line, without what sets them."""
    return [re.sub(r"<[^>]+>|&#x2061;", "", line) for line in mathml.split("</mtr>") if "<mi>" in line]


WRITTEN = {
    "gru": ["rt=σ(Wrxt+Urht−1+br)", "zt=σ(Wzxt+Uzht−1+bz)", "nt=tanh(Wnxt+bn+rt⊙(Unht−1+dn))", "ht=zt⊙ht−1+(1−zt)⊙nt"],
    "lstm": [
        "it=σ(Wixt+Uiht−1+bi)", "ft=σ(Wfxt+Ufht−1+bf)", "gt=tanh(Wgxt+Ught−1+bg)", "ot=σ(Woxt+Uoht−1+bo)",
        "ct=ft⊙ct−1+it⊙gt", "ht=ot⊙tanh(ct)",
    ],
    "mingru": ["zt=σ(Wzxt+bz)", "ht=zt⊙(Wnxt+bn)+(1−zt)⊙ht−1"],
    "sru": [
        "ft=σ(Wfxt+bf+vf⊙ct−1)", "rt=σ(Wrxt+br+vr⊙ct−1)", "ct=ft⊙ct−1+(1−ft)⊙(Wnxt+bn)", "ht=rt⊙ct+(1−rt)⊙(Wwxt+bw)",
    ],
}  # fmt: skip


@pytest.mark.parametrize("cell", WRITTEN)
def test_a_step_writes_its_own_equations_as_textbooks_do(cell: str) -> None:
    assert symbols(cell_equations(cell).mathml) == WRITTEN[cell]


def test_both_forms_of_the_gru_and_the_activation_are_told() -> None:
    assert symbols(cell_equations("gru", reset_after=False).mathml)[2] == "nt=tanh(Wnxt+Un(rt⊙ht−1)+bn)"
    assert symbols(cell_equations("lstm", "relu").mathml)[-1] == "ht=ot⊙ReLU(ct)"


@pytest.mark.parametrize(
    ("value", "written"),
    [(1234, "1234"), (20_000, "20\u202f000"), (-0.5, "−0.5"), (0.092, "0.092"), (1e-7, "1.00 × 10⁻⁷"), (0.0, "0"),
     (float("nan"), "—"), (float("-inf"), "−∞"), (True, "yes"), (1400.0, "1400"), (123456.7, "123\u202f457"),
     (-25_728, "−25\u202f728"), (2.5e7, "2.50 × 10⁷")],
)  # fmt: skip
def test_numbers_are_written_for_reading(value: float, written: str) -> None:
    assert number(value) == written


def test_shares_differences_spreads_and_ticks_have_one_notation() -> None:
    assert percent(0.7747) == "77.47 %" and percent(0.96, 0) == "96 %" and points(-0.0079) == "−0.79 points"
    assert spread([8.12, 7.91, 8.0]) == "7.91 … 8.12" and spread([8.0]) == "1 seed"
    assert spread_of_shares([0.9561, 0.9594]) == "95.61 … 95.94 %"
    assert [tick(value) for value in (1e-5, 2e-4, 0.01, 100.0, 5e4)] == ["10⁻⁵", "2 × 10⁻⁴", "0.01", "100", "5 × 10⁴"]


def test_what_is_not_recorded_is_said_in_grey_and_a_percentage_is_not_broken() -> None:
    rows = (Compared("test accuracy", None, percent(0.7747)),)
    html = to_html(Report("t", "", (Section("s", (Comparison(rows), Paragraph("It reaches 77.47 % there."))),)))
    assert '<span class="silent">not recorded</span>' in html
    assert '<span class="whole">77.47 %</span> there' in html


def test_a_column_of_numbers_shares_its_decimals_and_stands_right() -> None:
    table = Table(("epoch", "loss"), ((1, 0.5), (2, 0.1251), (3, None)))
    html = to_html(Report("t", "", (Section("s", (table,)),)))
    assert [f'<td class="right" data-column="loss">{cell}</td>' in html for cell in ("0.5000", "0.1251", "–")] == [
        True,
        True,
        True,
    ]


def test_marks_stacked_on_a_letter_are_few() -> None:
    assert visible("e" + "\u0301" * 400) == "e" + "\u0301" * 8
    assert visible("é क्षि 日本\u3000語") == "é क्षि 日本\u3000語"


def test_an_equation_stands_as_displayed_mathml() -> None:
    html = to_html(Report("t", "", (Section("s", (Equation("<mi>x</mi>", "a caption"),)),)))
    assert '<math display="block"><mi>x</mi></math>' in html and "a caption" in html
