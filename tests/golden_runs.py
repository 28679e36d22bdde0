"""Small runs of every task, cell and head, and what they answered when they were kept in tests/data/golden.

A golden run is an artefact, its answers, run.json and report.json. `python tests/golden_runs.py [NAME …]` makes the
records again, only where they were meant to change; an artefact and its answers stay as an earlier version wrote them.

Not here: the comparison (test_golden.py).
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from command_line import recurra
from recurra.datasets.known.synthetic import synthetic_reviews

GOLDEN = Path(__file__).parent / "data" / "golden"
KEPT = ("run.json", "report.json")
CELLS = ("rnn", "gru", "lstm", "mingru", "sru")
TINY = ("hidden=6", "epochs=2")
SMALL = (*TINY, "embedding_size=5")


@dataclass(frozen=True)
class Golden:
    """One run: what it learns from, its settings and options, and what it is asked."""

    task: str
    settings: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    source: str = ""

    @property
    def file(self) -> str:
        """The name of the file that it learns from."""
        return self.source or {"text": "reviews.jsonl", "language": "lines.txt", "series": "values.csv"}[self.task]


def _of_cells(task: str, *settings: str, options: tuple[str, ...] = ()) -> dict[str, Golden]:
    return {f"{task}-{cell}": Golden(task, (f"cell={cell}", *settings), options) for cell in CELLS}


STARS = {"negative": 1, "positive": 3}
SERIES = ("--horizon", "3", "--season", "7", "--recipe", "net")
PANEL = ("--horizon", "3", "--season", "7")
PLAIN = ("adversarial=0", "min_count=1")
RUNS = {
    **_of_cells("text", *SMALL, *PLAIN),
    "text-gru-before": Golden("text", ("cell=gru", "reset_after=false", *SMALL, *PLAIN)),
    "text-rnn-last": Golden("text", ("cell=rnn", "activation=sigmoid", 'pool=["last"]', "bidirectional=false", *SMALL)),
    "text-adversarial": Golden("text", ("cell=lstm", "layers=2", "min_count=1", *SMALL)),
    "text-wide": Golden("text", ("cell=gru", *SMALL, *PLAIN), ("--wide",)),
    "text-numbers": Golden("text", ("cell=gru", *SMALL, *PLAIN), ("--text", "body", "--label", "stars"), "stars.csv"),
    "text-characters": Golden("text", ("cell=gru", "tokens=character", "max_length=60", *SMALL, *PLAIN)),
    **_of_cells("language", *SMALL, "min_count=1", "streams=2", "steps=20"),
    "language-sampled": Golden("language", ("cell=lstm", "samples=5", "min_count=1", "streams=2", *SMALL)),
    **_of_cells("series", *TINY, options=SERIES),
    "series-panel": Golden("series", TINY, PANEL),
    "series-stacked": Golden("series", ("cell=gru", "layers=2", *TINY), SERIES),
    "series-logarithms": Golden("series", ("cell=lstm", "log=true", "difference=true", *TINY), SERIES),
    "series-dates": Golden(
        "series", ("cell=gru", "relative=true", "scale=minmax", *TINY), (*SERIES, "--decimal", ","), "days.csv"
    ),
}


def write_sources(folder: Path) -> None:
    """Write every file that a run learns from or answers about."""
    texts, labels = synthetic_reviews("train", count=160)
    rows = [json.dumps({"text": text, "label": label}) for text, label in zip(texts, labels, strict=True)]
    (folder / "reviews.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    stars = "".join(
        f'"{text}",{STARS[label]}\n{number} plain words,2\n' for number, (text, label) in _cut(texts, labels)
    )
    (folder / "stars.csv").write_text(f"body,stars\n{stars}", "utf-8")
    (folder / "lines.txt").write_text("".join(f"the {word} sees the sun .\n" for word in "abcdefgh" * 12), "utf-8")
    values = "".join(
        f"{name},{step},{10 + (step % 7) * scale + step / 10}\n"
        for name, scale in (("a", 1), ("b", 3))
        for step in range(70)
    )
    (folder / "values.csv").write_text(f"unique_id,ds,y\n{values}", "utf-8")
    first = date(2024, 1, 1)
    days = "".join(f"{first + timedelta(day)};{5 + day % 7},5\n" for day in range(56))
    (folder / "days.csv").write_text(f"day;sold\n{days}", "utf-8")


def _cut(texts: list[str], labels: list[str]) -> list[tuple[int, tuple[str, str]]]:
    short = [text.split(".")[0].replace('"', "") for text in texts[:60]]
    return list(enumerate(zip(short, labels[:60], strict=True)))


def fit(name: str, sources: Path, out: Path) -> None:
    """Fit a run by the command line."""
    run = RUNS[name]
    settings = [part for setting in run.settings for part in ("--set", setting)]
    options = [*run.options, *settings, "--out", str(out), "--threads", "1", "--seed", "3", "--quiet"]
    done = recurra("fit", run.task, sources / run.file, *options)
    assert done.code == 0, done.err


def answers(name: str, artefact: Path, sources: Path) -> dict[str, Any]:
    """What an artefact answers and how it is measured."""
    run = RUNS[name]
    file = str(sources / run.file)
    asked: dict[str, list[str]] = {
        "evaluate": ["evaluate", str(artefact), file, "--json"],
        **_of_task(run, artefact, file),
    }
    return {verb: _told(words) for verb, words in asked.items()}


def _of_task(run: Golden, artefact: Path, file: str) -> dict[str, list[str]]:
    if run.task == "text":
        return {"predict": ["predict", str(artefact), file, "--json"]}
    if run.task == "series":
        return {"forecast": ["forecast", str(artefact), file, "--json"]}
    return {"generate": ["generate", str(artefact), "the a", "--next", "6", "--json"]}


def _told(words: list[str]) -> Any:
    done = recurra(*words)
    assert done.code == 0, done.err
    rows = [_json_or_line(line) for line in done.out.splitlines()]
    return rows[:20] if len(rows) > 1 else rows[0]


def _json_or_line(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def write_golden(names: list[str]) -> None:
    """Make golden runs anew."""
    with tempfile.TemporaryDirectory() as scratch:
        sources = Path(scratch)
        write_sources(sources)
        for name in names or list(RUNS):
            keep(name, sources)


def keep(name: str, sources: Path) -> None:
    """Fit one run and keep its records; its artefact and answers are kept once and stay."""
    out, kept = sources / "runs" / name, GOLDEN / name
    fit(name, sources, out)
    if not kept.exists():
        # the kept artefact lies apart from its run, which would tell evaluate more
        shutil.copytree(out / "artefact", kept / "artefact")
        found = answers(name, kept / "artefact", sources)
        (kept / "answers.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    for file in KEPT:
        shutil.copy2(out / file, kept / file)


if __name__ == "__main__":
    write_golden(sys.argv[1:])
