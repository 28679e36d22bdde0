"""`data check` refuses what a fit with the same options refuses, since it takes the very same steps."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from command_line import Done, recurra
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.datasets.texts import TextTable

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
    ("series", "three.csv", steps(3), ("--recipe", "net"), "series 'three' is too short"),
    ("series", "far.csv", steps(40), ("--horizon", 20, "--recipe", "net"), "is too short"),
    ("series", "near.csv", steps(20), ("--horizon", 20), "too short: no series is longer than the horizon"),
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
    assert recurra("data", "check", series, "--recipe", "net").code == 3
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
    assert recurra("data", "check", path, "--validation", 1.5).code == 2
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


def test_rows_without_labels_are_refused_as_fit_refuses_them(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("text,id\ngood,1\nbad,2\n")
    done = recurra("data", "check", path)
    assert done.code == 3 and "error: no label column: fit for predict, not for fit" in done.out
    assert "new.csv cannot be learnt from" in done.err


TEXTS = labelled(30)
GOOD = {
    "rows.csv": TEXTS,
    "rows.tsv": TEXTS.replace(",", "\t"),
    "three.csv": labelled(30, classes=3),
    "other.csv": labelled(9, classes=5),
    "bare.csv": "text\na nice room\nanother one\n",
    "broken.csv": TEXTS + "x,NULL\nshort\n",
    "none.csv": "text,label\nx,NULL\nshort\n",
    "empty.csv": "",
    "head.csv": "text,label\n",
    "latin.csv": TEXTS + "caf\xe9,c0\n",
    "v.txt": "a 0.1 0.2\nnice 0.3 0.4\nroom 0.5 0.6\nthe 0.1 0.4\nfilm 0.3 0.1\n",
    "bad.txt": "a 0.1 0.2\nnice 0.3\n",
    "foreign.txt": "zzz 0.1 0.2\nyyy 0.3 0.1\n",
    "lines.txt": "a nice room the film\n" * 60,
    "steps.csv": steps(60),
    "mixed.csv": "ds,y\n" + "".join(f"{step},{step}\n" for step in [*range(30), *range(20, 60)]),
    "gaps.csv": "ds,y\n" + "".join(f"2024-{1 + d // 28:02d}-{1 + d % 28:02d},{d}\n" for d in range(60)),
    "blank.csv": steps(60) + "60,\n61,5\n",
    "words.csv": steps(60) + "60,gone\n61,5\n",
    "wide.csv": "ds,a,b\n" + "".join(f"{step},{step},{60 - step}\n" for step in range(60)),
}
ODD: list[tuple[str, str, tuple[object, ...], int]] = [
    ("text", "rows.csv", (), 0),
    ("text", "rows.csv", ("--wide",), 0),
    ("text", "rows.csv", ("--wide", "--validation", 0), 2),
    ("text", "three.csv", ("--wide",), 2),
    ("text", "rows.csv", ("--test", "rows.csv"), 0),
    ("text", "rows.csv", ("--test", "rows.tsv"), 0),
    ("text", "rows.csv", ("--test", "other.csv"), 3),
    ("text", "rows.csv", ("--test", "bare.csv"), 3),
    ("text", "rows.csv", ("--test", "broken.csv"), 3),
    ("text", "rows.csv", ("--test", "broken.csv", "--on-error", "reject"), 0),
    ("text", "rows.csv", ("--test", "empty.csv"), 3),
    ("text", "rows.csv", ("--test", "nowhere.csv"), 3),
    ("text", "rows.csv", ("--vectors", "v.txt"), 0),
    ("text", "rows.csv", ("--vectors", "bad.txt"), 3),
    ("text", "rows.csv", ("--vectors", "nowhere.txt"), 2),
    ("text", "broken.csv", (), 3),
    ("text", "broken.csv", ("--on-error", "reject"), 0),
    ("text", "broken.csv", ("--on-error", "maybe"), 2),
    ("text", "none.csv", ("--on-error", "reject"), 3),
    ("text", "latin.csv", (), 3),
    ("text", "latin.csv", ("--on-error", "reject"), 0),
    ("text", "latin.csv", ("--encoding", "latin-1"), 0),
    ("text", "latin.csv", ("--encoding", "klingon"), 2),
    ("text", "bare.csv", (), 3),
    ("text", "rows.csv", ("--label", "nosuch"), 3),
    ("text", "rows.csv", ("--validation", 1.5), 2),
    ("text", "rows.csv", ("--cell", "transformer"), 2),
    ("text", "rows.csv", ("--set", "samples=9"), 2),
    ("text", "rows.csv", ("--epochs", 0), 2),
    ("text", "rows.csv", ("--device", "abacus"), 2),
    ("text", "rows.csv", ("--fail-under", "perplexity=3"), 2),
    ("text", "rows.csv", ("--fail-under", "rows=0"), 0),
    ("text", "rows.csv", ("--season", 3), 2),
    ("text", "rows.csv", ("--tokens", "character"), 2),
    ("text", "empty.csv", (), 3),
    ("text", "head.csv", (), 3),
    ("text", "nowhere.csv", (), 3),
    ("text", ".", (), 3),
    ("language", "lines.txt", ("--set", "streams=2"), 0),
    ("language", "lines.txt", ("--set", "streams=2", "--vectors", "v.txt"), 0),
    ("language", "lines.txt", ("--set", "streams=2", "--vectors", "bad.txt"), 3),
    ("language", "lines.txt", ("--set", "streams=2", "--vectors", "foreign.txt"), 3),
    ("language", "lines.txt", ("--set", "streams=2", "--wide"), 2),
    ("language", "lines.txt", ("--set", "streams=2", "--test", "lines.txt"), 2),
    ("language", "lines.txt", ("--set", "streams=2", "--on-error", "reject"), 2),
    ("language", "lines.txt", ("--set", "streams=2", "--validation", 2.5), 2),
    ("language", "lines.txt", ("--set", "streams=2", "--tokens", "syllable"), 2),
    ("language", "empty.csv", (), 3),
    ("series", "steps.csv", ("--season", 12), 0),
    ("series", "steps.csv", ("--season", 0), 2),
    ("series", "steps.csv", ("--validation", 2.5), 2),
    ("series", "steps.csv", ("--test", "steps.csv"), 2),
    ("series", "steps.csv", ("--vectors", "v.txt"), 2),
    ("series", "steps.csv", ("--on-error", "reject"), 2),
    ("series", "steps.csv", ("--fill-gaps", "--rows-as-steps"), 2),
    ("series", "mixed.csv", (), 3),
    ("series", "mixed.csv", ("--sort",), 3),
    ("series", "mixed.csv", ("--sort", "--duplicates", "first"), 0),
    ("series", "gaps.csv", (), 0),
    ("series", "gaps.csv", ("--no-fill-gaps",), 3),
    ("series", "gaps.csv", ("--recipe", "net"), 3),
    ("series", "gaps.csv", ("--recipe", "net", "--fill-gaps"), 3),
    ("series", "gaps.csv", ("--fill-gaps", "--impute", "linear"), 0),
    ("series", "blank.csv", ("--recipe", "classics"), 0),
    ("series", "blank.csv", ("--recipe", "net"), 3),
    ("series", "blank.csv", ("--impute", "none"), 3),
    ("series", "blank.csv", ("--impute", "zero"), 0),
    ("series", "words.csv", ("--impute", "zero"), 3),
    ("series", "words.csv", ("--impute", "zero", "--missing", "gone"), 0),
    ("series", "wide.csv", ("--wide",), 0),
    ("series", "wide.csv", (), 3),
    ("series", "bare.csv", (), 3),
]


@pytest.mark.parametrize(("task", "name", "options", "code"), ODD)
def test_check_ends_as_fit_ends_with_the_same_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, name: str, options: tuple[object, ...], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    for file, text in GOOD.items():
        (tmp_path / file).write_bytes(text.encode("latin-1"))
    checked = recurra("data", "check", name, "--task", task, *options)
    given = SMALL if "--epochs" not in options else ("--quiet",)
    fitted = recurra("fit", task, name, *given, *options, "--out", "run")
    assert (checked.code, fitted.code) == (code, code), (checked, fitted)
    assert all("Traceback" not in done.err and "unexpected" not in done.err for done in (checked, fitted))


@pytest.mark.parametrize(
    ("task", "name", "options", "code"),
    [
        ("text", "synthetic", (), 0),
        ("text", "synthetic", ("--wide",), 0),
        ("text", "synthetic", ("--test", "rows.csv"), 2),
        ("text", "synthetic", ("--validation", 0, "--wide"), 2),
        ("text", "folder", (), 3),
        ("text", "airline", (), 3),
        ("series", "synthetic", (), 3),
        ("series", "airline", ("--horizon", 12), 0),
        ("series", "airline", ("--horizon", 140), 0),
        ("series", "airline", ("--horizon", 144), 3),
        ("series", "airline", ("--tokens", "word"), 2),
    ],
)
def test_sets_known_by_name_are_checked_as_they_are_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, name: str, options: tuple[object, ...], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "rows.csv").write_text(TEXTS)
    monkeypatch.setattr("recurra.runs.sources.synthetic", small_synthetic)
    checked = recurra("data", "check", name, "--task", task, *options)
    fitted = recurra("fit", task, name, *SMALL, *options, "--out", "run")
    assert (checked.code, fitted.code) == (code, code), (checked, fitted)


def small_synthetic(part: Literal["train", "validation", "test"], count: int) -> TextTable:
    texts, labels = synthetic_reviews(part, count=60)
    return TextTable(texts, labels, None, list(range(1, 61)))


def test_check_has_every_option_of_the_fits_but_those_of_the_run_alone() -> None:
    known = {name for task in ("text", "language", "series") for name in _options("fit", task)}
    alone = {"--out", "--threads", "--resume", "--quiet"}
    assert known - _options("data", "check") == alone


def _options(*command: str) -> set[str]:
    import typer

    from recurra.cli.app import app

    known = typer.main.get_command(app)
    for name in command:
        known = known.commands[name]  # type: ignore[attr-defined]
    return {name for each in known.params for name in each.opts if name.startswith("--")}


def test_a_wide_table_is_told_from_a_wide_part_by_the_columns(tmp_path: Path) -> None:
    for name in ("rows.csv", "wide.csv"):
        (tmp_path / name).write_text(GOOD[name])
    assert "checked for task text" in recurra("data", "check", tmp_path / "rows.csv", "--wide").out
    assert "2 series of 60" in recurra("data", "check", tmp_path / "wide.csv", "--wide").out
