"""The code on the pages runs as it stands, page by page and from top to bottom, beside the files that it names.

Not here: that commands, links and names exist (test_readme.py).
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

import recurra
from command_line import recurra as run
from test_readme import BLOCK, ROOT, blocks

USERS = [
    "README.md",
    "docs/text-classification.md",
    "docs/encoder.md",
    "docs/sentiment.md",
    "docs/tags.md",
    "docs/kinds-of-answers.md",
    "docs/language-models.md",
    "docs/sessions.md",
    "docs/forecasting.md",
    "docs/importing.md",
    "docs/engine.md",
    "docs/onnx.md",
]
"""Pages for users: what they show is public."""
MAKERS = ["docs/data.md", "docs/text.md", "docs/report.md"]
"""Pages for those who read the source."""
LEFT_OUT = ("recurra lab", "data get", "imdb", "wikitext-2", "airline")
"""Of the commands: what takes minutes, or needs data that are not ours to ship."""
SMALL = {"fit": ["--quiet", "--epochs", "1"]}

pytestmark = pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_files(folder: Path) -> None:
    """The files that the pages name, small."""
    rows = [("where is my refund", "billing", "a"), ("the app stops at once", "technical", "b")] * 15
    table = [f"{text} number {number},{label},{name}{number}" for number, (text, label, name) in enumerate(rows)]
    (folder / "tickets.csv").write_text("\n".join(["body,queue,customer", *table]) + "\n", "utf-8")
    (folder / "new.csv").write_text("\n".join(["body,queue", "where is it,billing", "it stops,technical"]) + "\n")
    days = pd.date_range("2024-01-01", periods=150).strftime("%Y-%m-%d")
    sales = "".join(f"shop {n},{day},{50 + n * (step % 7)}\n" for n in (1, 2) for step, day in enumerate(days))
    (folder / "sales.csv").write_text(f"unique_id,ds,y\n{sales}")
    (folder / "book.txt").write_text("the film was good .\nthe sea was near .\n" * 60)
    (folder / "novel.txt").write_text("the sea was near .\n" * 5)
    tagged = "Ada B-PER\nHill I-PER\nsaw O\nLeeds B-LOC\n. O\n\nOmar B-PER\nleft O\nNew B-LOC\nYork I-LOC\n\n"
    (folder / "train.conll").write_text(tagged * 20)
    (folder / "test.conll").write_text(tagged)
    kinds = [("warm", 4.5, "sport;news", "low"), ("dull", 1.0, "news", "mid"), ("cold", 2.0, "", "high")] * 8
    for place, name in enumerate(("stars", "topics", "level"), 1):
        lines = [f"{row[0]} text {number},{row[place]}" for number, row in enumerate(kinds)]
        ending = "" if name.endswith("s") else "s"
        (folder / f"{name}{ending}.csv").write_text("\n".join([f"body,{name}", *lines]) + "\n")
    parts = {"embed": torch.nn.Embedding(9, 4), "lstm": torch.nn.LSTM(4, 5), "fc": torch.nn.Linear(5, 4)}
    save_file(torch.nn.ModuleDict(parts).state_dict(), folder / "tagger.safetensors")
    chat = [{"user": user, "body": text} for user, (text, *_) in zip("aba", rows, strict=False)]
    (folder / "chat.jsonl").write_text("".join(json.dumps(line) + "\n" for line in chat))
    (folder / "log.jsonl").write_text(json.dumps({"id": 1, "note": "a"}) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


def given() -> dict[str, Any]:
    """Names that a page takes for known."""
    frame = pd.DataFrame({"unique_id": "a", "ds": range(30), "y": np.arange(30.0)})
    return {"frame": frame, "training_texts": ["it is not bad", "it is not good"] * 3}


@pytest.mark.parametrize("page", [*USERS[1:], *MAKERS])
def test_the_python_on_a_page_runs(page: str, folder: Path) -> None:
    if page == "docs/data.md":
        text = (folder / "tickets.csv").read_text("utf-8").replace(",", ";")
        (folder / "tickets.csv").write_text(text, "utf-8")
    names = given()
    with inside(folder):
        for body in blocks(ROOT / page, "python"):
            exec(compile(body, page, "exec"), names)  # noqa: S102 - the pages' own code


def test_the_readme_runs_from_top_to_bottom(folder: Path) -> None:
    names: dict[str, Any] = {}
    with inside(folder):
        for language, body in BLOCK.findall((ROOT / "README.md").read_text("utf-8")):
            if language == "python":
                exec(compile(body, "README.md", "exec"), names)  # noqa: S102 - likewise
            else:
                for line in body.splitlines():
                    obey(line)


def obey(line: str) -> None:
    """Run a line of the shell, where it is a command of ours that works offline and takes seconds."""
    words = shlex.split(line, comments=True)
    if not words or words[0] != "recurra" or any(part in line for part in LEFT_OUT):
        return
    words, target = (words[: words.index(">")], words[-1]) if ">" in words else (words, "")
    done = run(*words[1:], *SMALL.get(words[1], []))
    missed = done.code == 5 and "--fail-under" in words  # a gate that so small a model need not pass
    assert done.code == 0 or missed, (line, done.err)
    if target:
        Path(target).write_text(done.out, "utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "TextClassifier",
        "LanguageModel",
        "TextTagger",
        "TextRegressor",
        "TextMultilabelClassifier",
        "TextOrdinalClassifier",
        "Forecaster",
    ],
)
def test_the_example_that_help_shows_runs(name: str) -> None:
    examples = doctest.DocTestFinder(recurse=False).find(getattr(recurra, name), name, globs={"recurra": recurra})
    assert examples[0].examples
    told: list[str] = []
    assert not doctest.DocTestRunner().run(examples[0], out=told.append).failed, "".join(told)


@pytest.mark.parametrize("page", USERS)
def test_a_page_for_users_shows_public_names_only(page: str) -> None:
    for body in blocks(ROOT / page, "python"):
        for node in ast.walk(ast.parse(body)):
            homes = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            homes += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            for home in homes:
                assert not re.match(r"recurra\.", home), f"{page}: {home}; say `import recurra`"
