"""A kind of answer is added as one folder, a task as one file and one line; the commands and the page take them.

Not here: the tasks that are there. The files lie in tests/data/ratings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from changed_package import SOURCE, Changed, changed_package

FILES = Path(__file__).parent / "data" / "ratings"
LINE = '    "ratings": Called("a model of ratings", "recurra evaluate", "number"),\n'
GOOD, POOR = ("a fine warm film", "warm and fine"), ("a dull cold film", "cold and dull")


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """The package with the head's folder, the task's file and its line."""

    def add(package: Path) -> None:
        head = package / "tasks" / "heads" / "number"
        head.mkdir()
        (head / "__init__.py").touch()
        for name in ("run", "learn", "head"):
            (head / f"{name}.py").write_text((FILES / "head" / f"{name}.py.txt").read_text("utf-8"), "utf-8")
        (package / "tasks" / "ratings.py").write_text((FILES / "ratings.py.txt").read_text("utf-8"), "utf-8")
        names = package / "tasks" / "names.py"
        before, last, after = names.read_text("utf-8").partition("CALLED = {\n")
        names.write_text(before + last + LINE + after, "utf-8")

    with changed_package(tmp_path_factory.mktemp("src"), add) as made:
        yield made


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rows") / "rows.csv"
    lines = [f"{text},{number}" for _ in range(12) for texts, number in ((GOOD, 5), (POOR, 1)) for text in texts]
    file.write_text("text,label\n" + "\n".join(lines) + "\n", "utf-8")
    return file


def test_the_task_is_checked_fitted_measured_inspected_and_reported(
    changed: Changed, rows: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    small = ["--set", "hidden=6", "--set", "embedding_size=5", "--set", "min_count=1", "--set", "learning_rate=0.05"]
    checked, fitted, measured, inspected = changed.commands(
        ["data", "check", str(rows), "--task", "ratings"],
        ["fit", "ratings", str(rows), *small, "--out", str(out), "--json", "--quiet", "--fail-under", "rmse=1"],
        ["evaluate", str(out), str(rows), "--json"],
        ["inspect", str(out), "--json"],
    )
    assert "note: checked for task ratings" in checked
    # Twice as good as the mean, whose error is 2: it has learnt which words are good.
    assert json.loads(fitted)["evaluation"]["rmse"] < 1 and json.loads(fitted)["rival"]["rmse"] == 2
    assert json.loads(measured)["rmse"] == pytest.approx(json.loads(fitted)["evaluation"]["rmse"])
    assert json.loads(inspected)["task"] == "ratings"
    page = (out / "report.html").read_text("utf-8")
    assert "Ratings of rows" in page and "Training" in page
    assert json.loads((out / "source.json").read_text())["sha256"]


PYTHON = """
import sys, recurra
model = recurra.load(sys.argv[1])
print(type(model).__name__, model.model_.predict(["warm film"])[0] > model.model_.predict(["cold film"])[0])
"""


def test_it_is_loaded_in_python_and_settings_of_others_are_refused(
    changed: Changed, rows: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    changed.commands(
        [
            "fit",
            "ratings",
            str(rows),
            "--set",
            "min_count=1",
            "--set",
            "learning_rate=0.02",
            "--out",
            str(out),
            "--quiet",
        ]
    )
    assert changed.run(PYTHON, str(out)).split() == ["TaskEstimator", "True"]
    refused = changed.run(REFUSED, str(rows), str(tmp_path / "other"))
    assert "series.window is not read here; found task ratings; allowed: task series" in refused


REFUSED = """
import sys
from command_line import recurra
print(recurra("fit", "ratings", sys.argv[1], "--set", "window=7", "--out", sys.argv[2]).err)
"""


# Where a task may be named: the tasks themselves, the commands' options, and what an artefact of format 1 holds.
MAY_NAME = ("tasks/", "cli/", "nets/run.py", "nets/sequences.py", "labs/")
# A column, a key of an answer, a tag of SVG and a file's usual name are no tasks.
OTHERS = {
    "datasets/columns.py", "datasets/plain.py", "datasets/known/imdb.py", "datasets/series/files.py",
    "datasets/series/frames.py", "nets/panels.py", "report/markup.py", "streams/texts.py",
}  # fmt: skip


def test_no_file_outside_the_tasks_and_the_commands_names_a_task() -> None:
    naming = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if re.search(r"""["'](text|language|series)["']""", path.read_text("utf-8"))
    }
    assert {name for name in naming if not name.startswith(MAY_NAME)} <= OTHERS
