"""Runs kept in tests/data/golden: today's code answers as they answered, and the same fit comes to the same run.

Not here: the runs (golden_runs.py).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from golden_runs import GOLDEN, RUNS, answers, fit, write_sources
from recurra.runs.sources import checksum

NEAR = 1e-5
"""Answers of kept weights: the sums of float32 in another order."""
LEARNT = 2e-2
"""Two epochs of learning on another instruction set, where small differences grow."""
FIGURES = ("loss", "perplexity", "mase", "mae")
OUTLINE = ("block", "caption", "header")
"""Of a report's blocks, what neither rounding nor the machine changes."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    write_sources(folder)
    return folder


@pytest.fixture(scope="module")
def fitted(sources: Path) -> dict[str, Path]:
    """Runs of today, made when they are asked for."""
    return {}


def again(name: str, sources: Path, fitted: dict[str, Path]) -> Path:
    if name not in fitted:
        fitted[name] = sources / "runs" / name
        fit(name, sources, fitted[name])
    return fitted[name]


def differences(old: Any, new: Any, near: float, path: str = "") -> list[str]:
    """Where two plain values differ, by more than `near` where they are numbers; the new one may tell more."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [line for key in old for line in differences(old[key], new.get(key), near, f"{path}.{key}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [line for at, (a, b) in pairs for line in differences(a, b, near, f"{path}[{at}]")]
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    same = math.isclose(old, new, rel_tol=near, abs_tol=near) if numbers else old == new
    return [] if same else [f"{path}: {str(old)[:80]!r} became {str(new)[:80]!r}"]


def form(value: Any) -> Any:
    """A plain value without its numbers and texts; of a list, its first item."""
    if isinstance(value, dict):
        return {key: form(part) for key, part in value.items()}
    return [form(part) for part in value[:1]] if isinstance(value, list) else type(value).__name__


def outline(report: Any) -> Any:
    """Titles, kinds of blocks, captions and heads of tables."""
    told = [
        [section["anchor"], section["title"], [{key: block.get(key) for key in OUTLINE} for block in section["blocks"]]]
        for section in report["sections"]
    ]
    return [report["title"], told, form(report["record"])]


def read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize("name", RUNS)
def test_a_kept_artefact_answers_as_it_did(name: str, sources: Path) -> None:
    kept = read(GOLDEN / name / "answers.json")
    assert not differences(kept, answers(name, GOLDEN / name / "artefact", sources), NEAR)


@pytest.mark.parametrize("name", RUNS)
def test_the_same_fit_comes_to_the_same_run(name: str, sources: Path, fitted: dict[str, Path]) -> None:
    kept, run = GOLDEN / name, again(name, sources, fitted)
    assert read(kept / "run.json") == read(run / "run.json")
    old, new = (read(folder / "report.json") for folder in (kept, run))
    assert outline(old) == outline(new)
    figures = [
        {key: value for key, value in report["record"]["evaluation"].items() if key in FIGURES} for report in (old, new)
    ]
    assert figures[0] and not differences(*figures, LEARNT)
    old, new = (read(folder / "artefact" / "recurra.json") for folder in (kept, run))
    assert old.keys() <= new.keys()


@pytest.mark.parametrize("name", ["text-adversarial", "language-sampled", "series-dates"])
def test_the_same_fit_gives_the_same_bytes(name: str, sources: Path, fitted: dict[str, Path], tmp_path: Path) -> None:
    run = again(name, sources, fitted)
    fit(name, sources, tmp_path / "again")
    for file in (run / "artefact").iterdir():
        assert file.read_bytes() == (tmp_path / "again" / "artefact" / file.name).read_bytes(), file.name


@pytest.mark.parametrize("name", ["text-gru", "language-gru", "series-dates"])
def test_a_run_of_every_task_tells_its_source(name: str, sources: Path, fitted: dict[str, Path]) -> None:
    told = read(again(name, sources, fitted) / "source.json")
    file = str((sources / RUNS[name].file).resolve())
    assert told["files"] == [file] and told["sha256"] == {file: checksum(Path(file))}
    assert told["reading"].get("decimal") == ("," if name == "series-dates" else None)


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("text-rnn", {"train", "validation", "warnings"}),
        ("language-rnn", {"train", "validation"}),
        ("series-rnn", {"train", "validation", "test"}),
    ],
)
def test_a_run_of_every_task_tells_its_rows_its_parts_and_the_rival_on_them(
    name: str, held: set[str], sources: Path, fitted: dict[str, Path]
) -> None:
    run = again(name, sources, fitted)
    assert read(run / "split.json").keys() == held
    source = read(run / "source.json")
    assert [checksum(Path(file)) for file in source["files"]] == list(source["sha256"].values())
    evaluation = read(run / "report.json")["record"]["evaluation"]
    assert evaluation["rival"]["name"] and evaluation["rivals"]
