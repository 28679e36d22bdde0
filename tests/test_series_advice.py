"""What errors about series advise can be followed: options where options are, arguments where arguments are."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from command_line import recurra
from reading import read_series, series_from_frame
from recurra.cli.app import app
from recurra.datasets.series import advice
from recurra.datasets.series.table import SeriesReading
from recurra.errors import DataError, advising_options
from recurra.tasks.checking import check_file

SOURCES = sorted(Path(advice.__file__).parent.rglob("*.py"))
COMMANDS = (("fit", "series"), ("forecast",), ("evaluate",), ("data", "check"))
SERIES = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def options(*names: str) -> set[str]:
    command: Any = get_command(app)
    for name in names:
        command = command.commands[name]
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


SHARED = set.intersection(*(options(*names) for names in COMMANDS))

# Each kind of file that is refused or warned of, by the rows below the header ds,y or by the whole text.
REFUSED = {
    "back": "ds,y\n2024-01-02,1\n2024-01-01,2\n",
    "doubles": "ds,y\n1,1\n1,2\n2,3\n",
    "gaps": "ds,y\n1,1\n2,2\n3,2\n5,3\n",
    "many gaps": "ds,y\n" + "".join(f"{k * k},1\n" for k in range(9)),
    "off": "ds,y\n2024-01-01,1\n2024-01-03,1\n2024-01-05,2\n2024-01-06,3\n",
    "stores": "store,ds,y\n" + "".join(f"{s},{k},{k}\n" for s in "ab" for k in range(9)),
    "items": "store,item,ds,y\n" + "".join(f"{s},{i},{k},{k}\n" for s in "ab" for i in "xy" for k in range(9)),
    "wide": "ds,a,b\n1,2,3\n2,3,4\n",
    "two columns": "Date,Time,Power\n1/1/2024,00:00,5\n",
    "year and month": "year,month,sales\n2020,1,5\n",
    "marks": "ds;y\n1;1,5\n",
    "thousands": 'ds,y\n1,"1,234.5"\n',
    "points": "ds;y\n1;998\n2;1.005\n",
    "word": "ds,y\n1,gone\n",
    "missing": "ds,y\n1,1\n2,\n",
    "format": "ds,y\n01/02/2024,1\n",
    "labels": "ds,y\n1-01,1\n",
    "epoch": "ds,y\n1704067200,1\n1704067260,2\n",
    "excel": "ds,y\n45292,1\n45293,2\n",
    "parts of days": "ds,y\n45292.5,1\n",
    "no date": "ds,y\n20240131,1\n20240132,2\n",
    "day of year": "ds,y\n2024001,1\n2024002,1\n",
    "hours": "ds,y\n2024010100,1\n2024010101,1\n",
    "rhythms": "unique_id,ds,y\n" + "".join(f"a,2024-01-{k:02d},1\nb,20{k:02d}-01-01,2\n" for k in range(1, 13)),
    "clocks": "ds,y\n" + "".join(f"2024-10-27 0{h}:00,{h}\n" for h in (0, 1, 2, 2, 3, 4)),
    "twice a month": "ds,y\n" + "".join(f"2024-{m:02d}-{d},1\n" for m in range(1, 9) for d in ("01", "15")),
    "offsets": "ds,y\n" + "".join(f"2024-0{m}-01 00:00+0{1 + (m > 3)}:00,{m}\n" for m in range(1, 9)),
    "one column": "y\n",
    "unsure": "ds,y\n" + "".join(f"{k // 2 * 4 + k % 2},{k}\n" for k in range(40)),
    "mean": "ds,y\n1,1\n1,2\n2,3\n3,3\n",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_advice_at_the_command_line_names_options_of_every_command_that_reads_series(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(REFUSED[kind])
    with advising_options():
        told = " ".join(finding.text for finding in check_file(path, task="series"))
    named = set(SERIES.findall(told))
    assert named <= SHARED, named - SHARED
    assert not re.search(r"\b[a-z_]+=(\"|'|True|\()", told), told
    done = recurra("fit", "series", path, "--recipe", "net", "--out", tmp_path / "run", "--quiet")
    assert done.code == 3 and set(SERIES.findall(done.err)) <= options("fit", "series"), done


@pytest.mark.parametrize("kind", REFUSED)
def test_advice_in_python_names_arguments_and_no_options(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(REFUSED[kind])
    told = " ".join(finding.text for finding in check_file(path, task="series"))
    assert not SERIES.findall(told), told
    arguments = set(re.findall(r"\b([a-z_]+)=(?:\"|'|True|\()", told)) - {"quoting", "form"}
    assert arguments <= set(SeriesReading.__dataclass_fields__), told


def test_every_option_that_the_readers_name_in_their_texts_exists() -> None:
    known = set.union(*(options(*names) for names in (*COMMANDS, ("fit", "text"), ("fit", "language"), ("predict",))))
    for path in SOURCES:
        texts = {
            node.value
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        named = {option for text in texts for option in SERIES.findall(text)}
        assert named <= known, f"{path.name}: {named - known}"


def test_each_choice_of_the_advice_has_both_names_and_they_are_arguments_of_the_readers() -> None:
    samples: dict[str, tuple[Any, ...]] = {
        "unit": ("ns",),
        "date_format": ("%Y",),
        "missing_word": ("x",),
        "marks": (".", ","),
        "id_columns": (["a", "b"],),
        "time_columns": (["a"],),
        "value_columns": (["a"],),
        "named": ("--value", "y", ["a"]),
    }
    readers = set(SeriesReading.__dataclass_fields__)
    for name, choice in inspect.getmembers(advice, inspect.isfunction):
        if choice.__module__ != advice.__name__:
            continue
        given = samples.get(name, ())
        arguments = re.findall(r"([a-z_]+)=", choice(*given))
        assert arguments and set(arguments) <= readers, name
        with advising_options():
            assert set(SERIES.findall(choice(*given))) and set(SERIES.findall(choice(*given))) <= SHARED, name


FOLLOWED = {
    "back": {"sort": True},
    "doubles": {"duplicates": "first"},
    "gaps": {"gaps": "fill"},
    "off": {"gaps": "ignore"},
    "stores": {"unique_id": "store"},
    "items": {"unique_id": ("store", "item")},
    "wide": {"wide": True},
    "marks": {"decimal": ","},
    "thousands": {"thousands": ","},
    "points": {"thousands": "."},
    "word": {"missing_words": ("gone",), "missing": True},
    "labels": {"gaps": "ignore"},
    "epoch": {"epoch": "s"},
    "excel": {"epoch": "excel"},
    "parts of days": {"epoch": "excel"},
    "no date": {"epoch": "step"},
    "day of year": {"date_format": "%Y%j"},
    "hours": {"date_format": "%Y%m%d%H"},
    "clocks": {"zone": "Europe/Berlin"},
    "twice a month": {"gaps": "ignore"},
    "year and month": {"ds": ("year", "month"), "date_format": "%Y %m"},
    "offsets": {"zone": "Europe/Berlin"},
}


@pytest.mark.parametrize("kind", FOLLOWED)
def test_advice_that_is_followed_leads_to_a_table(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(REFUSED[kind])
    if kind == "word":
        path.write_text(REFUSED[kind] + "2,5\n")
    # Gaps alone are read as they are, unless somebody says that they are none.
    before = check_file(path, task="series", reading=SeriesReading(gaps="refuse") if kind == "gaps" else None)
    assert any(name in finding.text for finding in before for name in FOLLOWED[kind]), before
    assert read_series(path, **FOLLOWED[kind]).rows


def test_a_frame_is_refused_with_arguments_too() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(DataError, match="allow it with sort=True"):
        series_from_frame(pandas.DataFrame({"ds": [2, 1], "y": [1.0, 2.0]}))
