"""The templates of a page escape all words, and tell what they need where it is not installed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recurra.errors import UsageError
from recurra.report import blocks, page
from recurra.report.charts.curves import Line, lines
from recurra.report.page import Report, to_html

TEMPLATES = sorted((Path(page.__file__).parent / "templates").glob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_marks_words_as_safe_or_switches_escaping_off(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape|Markup", text)
    assert page._environment().autoescape is True


@pytest.mark.parametrize(
    ("package", "make", "words"),
    [
        ("jinja2", lambda: to_html(Report("t", "", ())), "a page needs jinja2"),
        ("matplotlib.style", lambda: lines(Line("a", [1, 2], [3, 4]), x_label="x", y_label="y"), "a chart needs"),
    ],
)
def test_without_a_package_of_training_a_page_says_which_it_needs(
    package: str, make: Callable[[], str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page._environment.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"{words}.*recurra\[train\]"):
        make()
    page._environment.cache_clear()


def test_every_kind_of_block_has_a_macro_of_its_name() -> None:
    macros = set(re.findall(r"macro (\w+)\(block, count\)", TEMPLATES[0].read_text("utf-8")))
    assert macros == {kind.__name__ for kind in blocks.Block.__args__}


def test_a_text_of_another_type_is_made_visible_and_escaped_like_any_other() -> None:
    hostile = np.str_("a\u202e<b>")
    table = blocks.Table((hostile,), ((hostile,),), str(hostile))
    html = page.to_html(Report(hostile, hostile, (page.Section("s", (table, blocks.Facts(((hostile, hostile),)))),)))
    assert "\u202e" not in html and "a<b>" not in html and html.count(r"a\u202e&lt;b&gt;") == 9
