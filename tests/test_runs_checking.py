"""`data check` refuses what a fit with the same options refuses, since it takes the very same steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import Done, recurra
from recurra.datasets.synthetic import synthetic_reviews

SMALL = ("--set", "hidden=4", "--epochs", 1, "--quiet")


def labelled(rows: int, classes: int = 2, text: str = "a nice room") -> str:
    return "text,label\n" + "".join(f"{text} {row},c{row % classes}\n" for row in range(rows))


def steps(count: int, first: float = 1.0) -> str:
    return "ds,y\n" + "".join(f"{step},{first + step}\n" for step in range(count))


CASES: list[tuple[str, str, str, tuple[object, ...], str]] = [
    ("text", "two.csv", labelled(2), (), "every class has one row only"),
    ("text", "one.csv", labelled(9, classes=1), (), "1 class, need 2 or more"),
    (
        "text",
        "rare.csv",
        "text,label\n" + "".join(f"w{row},c{row % 2}\n" for row in range(9)),
        (),
        "no word is seen 2 times",
    ),
    (
        "text",
        "group.csv",
        "text,label,g\n" + "".join(f"a {row},c{row % 2},x\n" for row in range(9)),
        ("--group", "g"),
        "too few groups",
    ),
    ("text", "missing.csv", labelled(9) + "x,NULL\n", (), "label is missing"),
    ("text", "ids.csv", labelled(20_002, classes=10_001), (), "is this an id column?"),
    ("series", "three.csv", steps(3), (), "series 'three' is too short"),
    ("series", "far.csv", steps(40), ("--horizon", 20), "is too short"),
    ("series", "wide.csv", steps(40), ("--window", 30), "is too short"),
    ("series", "held.csv", steps(40), ("--validation", 30), "is too short"),
    ("series", "log.csv", steps(40, first=-3.0), ("--set", "log=true"), "no logarithm"),
    ("language", "one.txt", "a single line\n", (), "too few lines"),
    ("language", "short.txt", "a b\n" * 9, (), "the text is too short"),
]


def errors(done: Done) -> list[str]:
    return [line for line in done.out.splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize(("task", "name", "rows", "options", "told"), CASES, ids=[case[1] for case in CASES])
def test_check_refuses_what_fit_refuses_for_the_same_reason(
    tmp_path: Path, task: str, name: str, rows: str, options: tuple[object, ...], told: str
) -> None:
    path = tmp_path / name
    path.write_text(rows)
    checked = recurra("data", "check", path, "--task", task, *options)
    fitted = recurra("fit", task, path, *options, *SMALL, "--out", tmp_path / "run")
    assert (checked.code, fitted.code) == (3, 3), (checked, fitted)
    assert told in fitted.err and any(told in error for error in errors(checked)), (checked, fitted)
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())


def test_check_lets_pass_what_fit_learns_with_the_same_options(tmp_path: Path) -> None:
    texts, labels = synthetic_reviews("train", count=40)
    rows, lines, series = tmp_path / "rows.csv", tmp_path / "lines.txt", tmp_path / "few.csv"
    rows.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in zip(texts, labels, strict=True)))
    lines.write_text("\n".join(texts) + "\n")
    series.write_text(steps(20))
    assert recurra("data", "check", rows).code == 0
    streams = ("--set", "streams=2")
    assert recurra("data", "check", lines, *streams).code == 0
    assert recurra("fit", "language", lines, *streams, *SMALL, "--out", tmp_path / "language").code == 0
    assert recurra("data", "check", series).code == 3
    short = ("--validation", 2, "--window", 6)
    assert recurra("data", "check", series, *short).code == 0
    assert recurra("fit", "series", series, *short, *SMALL, "--out", tmp_path / "series").code == 0
    # The smallest window that fits is the same for both.
    assert recurra("data", "check", series, "--validation", 2, "--window", 16).code == 0
    assert recurra("data", "check", series, "--validation", 2, "--window", 17).code == 3


def test_nothing_held_out_is_a_choice_of_check_and_fit(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text(labelled(2))
    assert recurra("data", "check", path, "--validation", 0).code == 0
    done = recurra("fit", "text", path, "--validation", 0, *SMALL, "--out", tmp_path / "run")
    assert done.code == 0 and "training rows (nothing was held out)" in done.out
    assert recurra("data", "check", path, "--validation", 1).code == 2
    assert recurra("fit", "text", path, "--validation", "nan", *SMALL, "--out", tmp_path / "none").code == 2
    lines = tmp_path / "lines.txt"
    lines.write_text("a b c d e f g h\n" * 40)
    streams = ("--set", "streams=2", "--validation", 0)
    done = recurra("fit", "language", lines, *streams, *SMALL, "--out", tmp_path / "language")
    assert done.code == 0 and recurra("data", "check", lines, *streams).code == 0


def test_settings_of_another_task_are_refused_by_check_too(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(labelled(20))
    done = recurra("data", "check", path, "--set", "samples=9")
    assert done.code == 2 and "training.samples is not read here" in done.err


def test_rows_without_labels_are_not_said_to_be_learnt_from(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("text,id\ngood,1\nbad,2\n")
    done = recurra("data", "check", path)
    assert done.code == 0 and "warning: no label column: fit for predict, not for fit" in done.out
    assert done.err.endswith("new.csv can be predicted on, not learnt from\n")
