"""A lab is data: one that is written down here is trained from its seeds, judged, goes on, and gets its page."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest
from jinja2 import UndefinedError

from recurra.config import Settings
from recurra.labs.catalogue import LabName, lab_named
from recurra.labs.lab import Lab, LabOptions, LabRecord, Nets, Training, Variant, judged, mean, measure_lab
from recurra.labs.page import SheetHead, page, summary
from recurra.labs.sheet import Drawn, chunk_blocks, read_sheet, text_of
from recurra.labs.verdicts import reach
from recurra.report.blocks import Code, Comparison, Facts, Figure, Paragraph, Points, Table, Verdict
from recurra.report.charts.labs import dots_and_ranges
from recurra.report.page import to_html
from recurra.training.progress import Watch

SHEET = """Two widths

Compared from {{ seeds }} seeds.

# Result

Each width's scores.
@table

Each dot a seed.
@chart

@output

# Observations

? wider: The wider net is better.
= {{ fixed(means.wide, 1) }} against {{ fixed(means.narrow, 1) }}.
+ Each seed
  is.
~ Seeds disagree.
- No seed is.

? missing: Nets that were not trained are {{ unknown }}.
+ So.
~ So.
- So.

# Conclusion

{{ {"reached": "Wider it is.", "does not hold": "Narrow does."}[verdicts.wider] }}

# Output

{% for name in means %}
{{ name }} :: {{ fixed(means[name], 2) }}
{% endfor %}
"""


def two_widths(trained: list[str]) -> Lab:
    """A lab of two nets whose scores are made up; `trained` notes each training."""

    def train(training: Training) -> dict[str, Any]:
        trained.append(f"{training.variant.name}-{training.seed}")
        return {"score": training.variant.settings.net.hidden / 10 + training.seed / 100}

    def compose(options: LabOptions, shared: None, nets: Nets) -> LabRecord:
        return {"scores": {name: [run["score"] for run in runs] for name, runs in nets.items()}}

    def table(record: LabRecord) -> Table:
        return Table(("net", "score"), tuple((name, mean(values)) for name, values in record["scores"].items()))

    def chart(record: LabRecord) -> str:
        return dots_and_ranges(list(record["scores"]), list(record["scores"].values()), x_label="score")

    return Lab(
        name="two-widths",
        algorithm="none",
        sheet=read_sheet(SHEET),
        variants=lambda options: [
            Variant(name, name, Settings().changed({"hidden": hidden}))
            for name, hidden in (("narrow", 8), ("wide", 16))
        ],
        prepare=lambda options: (None, {"rows": 3}),
        train=train,
        compose=compose,
        claims={
            "wider": lambda record: reach(record["scores"]["wide"], ">", record["scores"]["narrow"], quick=False),
            "missing": lambda record: None,
        },
        results={},
        figures={"table": table, "chart": chart},
        settings=lambda record: {},
        terms=lambda record: {
            "means": {name: mean(values) for name, values in record["scores"].items()},
            "unknown": "left out",
        },
    )  # fmt: skip


@contextmanager
def silent(title: str):
    yield Watch()


def options_for(folder: Path) -> LabOptions:
    return LabOptions(quick=False, seeds=3, out=folder, watch=silent, say=lambda line: None)


def test_every_variant_is_trained_from_every_seed_and_a_second_call_goes_on(tmp_path: Path) -> None:
    trained: list[str] = []
    record = measure_lab(two_widths(trained), options_for(tmp_path))
    assert trained == ["narrow-0", "narrow-1", "narrow-2", "wide-0", "wide-1", "wide-2"]
    (tmp_path / "parts" / "wide-1.json").unlink()
    assert measure_lab(two_widths(trained), options_for(tmp_path)) == record
    assert trained[6:] == ["wide-1"]


def test_claims_are_judged_and_what_was_not_trained_is_left_out(tmp_path: Path) -> None:
    lab = two_widths([])
    record = measure_lab(lab, options_for(tmp_path))
    (row,) = record["observations"]
    assert (row["claim"], row["verdict"]) == ("The wider net is better.", "reached")
    assert row["explanation"] == "1.6 against 0.8. Each seed is." and record["conclusion"] == "Wider it is."
    worse = judged(lab, {**record, "scores": {"narrow": [3.0, 3.1, 3.2], "wide": [1.0, 1.1, 1.2]}})
    assert worse["observations"][0]["verdict"] == "does not hold" and worse["conclusion"] == "Narrow does."


def test_the_page_holds_table_chart_output_and_verdict_with_the_sheets_captions(tmp_path: Path) -> None:
    lab = two_widths([])
    record = measure_lab(lab, options_for(tmp_path))
    report = page(lab, record, SheetHead(name="A. Student"))
    assert (report.title, report.subtitle) == ("Two widths", "Compared from 3 seeds.")
    assert [section.fragment for section in report.sections] == ["result", "observations", "conclusion", "settings"]
    table, chart, output = report.sections[0].blocks
    assert isinstance(table, Table) and table.caption == "Each width's scores."
    assert isinstance(chart, Figure) and chart.caption == "Each dot a seed."
    assert isinstance(output, Code) and "wide                                       1.61" in output.text
    assert summary(lab, record) == [("narrow", "0.81"), ("wide", "1.61")]
    assert [type(block) for block in report.sections[1].blocks] == [Verdict]
    assert "The wider net is better." in to_html(report)


def nothing(name: str) -> Drawn:
    return None


@pytest.mark.parametrize(
    ("chunk", "block"),
    [
        ("Words over\n  two lines, {{ fixed(x, 1) }}.", Paragraph("Words over two lines, 12\u202f345.7.")),
        ("- one\n- two\n  and a half", Points(("one", "two and a half"))),
        ("a :: 1\nb :: two words", Facts((("a", "1"), ("b", "two words")))),
        ("Try it.\n$ first\n$ second", Code("first\nsecond", "Try it.")),
        ("{% if x < 0 %}\nNever.\n{% endif %}", None),
        ("A caption of what was not drawn.\n@name", None),
    ],
)
def test_a_chunk_becomes_what_its_lines_begin_with(chunk: str, block: Any) -> None:
    assert chunk_blocks(chunk, {**read_sheet("").names({"x": 12345.67}, {})}, nothing) == ([block] if block else [])


def test_an_empty_field_of_a_comparison_is_one_that_the_record_is_silent_on() -> None:
    names = read_sheet("").names({}, {})
    (block,) = chunk_blocks("All.\n| loss | | 0.12 | 1 seed | undecided | A note.\n| rival | 5 | 6", names, nothing)
    assert isinstance(block, Comparison) and block.caption == "All."
    first, second = block.rows
    assert (first.recorded, first.measured, first.verdict, first.note) == (None, "0.12", "undecided", "A note.")
    assert (second.recorded, second.spread, second.verdict) == ("5", "", None)


def test_a_head_and_rows_become_a_table_whose_numbers_stay_numbers() -> None:
    names = read_sheet("").names({"rows": {"a | b": 1, "c": 0.25, "d": None}, "kinds": ["x", "y"]}, {})
    chunk = """All.
! name{% for kind in kinds %} | {{ kind }}{% endfor %} | note >
{% for name, value in rows.items() %}
| {{ name }} | {{ value if value is not none else "" }} | {{ value }} of
  {{ kinds | length }} | {{ number(2) }} |
{% endfor %}"""
    (block,) = chunk_blocks(chunk, names, nothing)
    assert block == Table(
        ("name", "x", "y", "note"),
        (("a | b", 1, "1 of 2", "2"), ("c", 0.25, "0.25 of 2", "2"), ("d", None, "None of 2", "2")),
        "All.",
        ("left", "left", "left", "right"),
    )
    (block,) = chunk_blocks("! a | b\n| {{ True }} | {{ 3 }}", names, nothing)
    assert block == Table(("a", "b"), (("True", 3),))
    assert chunk_blocks("units :: {{ 64 }}\nkept :: {{ 64 }} words", names, nothing) == [
        Facts((("units", 64), ("kept", "64 words")))
    ]


def test_words_that_use_a_figure_the_record_lacks_are_refused_not_left_blank() -> None:
    with pytest.raises(UndefinedError, match="'accuracy' is undefined"):
        chunk_blocks("It reached {{ accuracy }}.", read_sheet("").names({}, {}), nothing)


def test_what_a_record_says_is_text_on_the_page_and_never_a_template_or_markup() -> None:
    (block,) = chunk_blocks("After “{{ prompt }}”.", {"prompt": "{{ 7 * 7 }} <script>"}, nothing)
    assert block == Paragraph("After “{{ 7 * 7 }} <script>”.")
    for name in ("- a", "@name", "$ a", "a :: b", "? a: b", "a | b", "a\n- b", "# a"):
        shown = name.replace("\n", " ")
        assert chunk_blocks("{{ name }}\n{{ name }}", {"name": name}, nothing) == [Paragraph(f"{shown} {shown}")]
        assert chunk_blocks("{{ name }} :: 1", {"name": name}, nothing) == [Facts(((shown, "1"),))]
        (rows,) = chunk_blocks("| {{ name }} | | {{ name }} |", {"name": name}, nothing)
        assert isinstance(rows, Comparison) and (rows.rows[0].what, rows.rows[0].measured) == (shown, shown)


@pytest.mark.parametrize("name", get_args(LabName))
def test_each_sheet_names_every_claim_and_drawing_of_its_lab_and_no_others(name: LabName) -> None:
    lab = lab_named(name)
    placed = set(re.findall(r"^@(\w+)$", text_of(name), re.MULTILINE))
    assert {claim.name for claim in lab.sheet.claims} == set(lab.claims)
    assert set(lab.figures) <= placed and placed - set(lab.figures) <= {"steps", "program", "output"}
