"""The README and the docs: tables are those of benchmarks/results, and what they show exists.

Not here: running the commands; tests/test_cli*.py do that.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from recurra.cli.app import app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`((?:\.venv/bin/)?(?:recurra|make|python) [^`…]*)`")
RESULTS = sorted((ROOT / "benchmarks" / "results").rglob("*.json"))


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """The script that renders tables."""
    sys.path.insert(0, str(ROOT / "benchmarks"))  # where its parts lie
    spec = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks" / "tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of one language on a page."""
    return [body for found, body in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def commands(page: Path) -> list[list[str]]:
    """The words of each shell line on a page, and of each command in backquotes in its text."""
    text = page.read_text(encoding="utf-8")
    lines = [line for body in blocks(page, "sh") for line in body.splitlines()]
    lines += INLINE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_the_pages_tables_equal_what_the_results_say(tables: ModuleType) -> None:
    for page in tables.PAGES:
        text = page.read_text(encoding="utf-8")
        assert tables.rendered(text) == text, f"{page.name}: run `make tables`"


def test_the_api_page_tells_what_the_docstrings_say(tables: ModuleType) -> None:
    api = importlib.import_module("api")  # beside the tables' script
    assert (ROOT / "docs" / "api.md").read_text("utf-8") == api.rendered(), "run `make pages`"


def test_every_table_stands_on_a_page(tables: ModuleType) -> None:
    shown = [found["name"] for page in tables.PAGES for found in tables.MARKED.finditer(page.read_text("utf-8"))]
    assert sorted(shown) == sorted(tables.TABLES)


def test_a_figure_without_a_result_reads_not_measured_and_is_never_guessed(tables: ModuleType, tmp_path: Path) -> None:
    for name, table in tables.TABLES.items():
        body = table(tmp_path).splitlines()[2:]
        assert all(tables.MISSING in line for line in body), name
        assert not any(re.search(r"\d\.\d+ (%|s|ms)|±", line) for line in body), name


def test_a_result_changes_what_is_rendered(tables: ModuleType, tmp_path: Path) -> None:
    def over(*values: float) -> dict[str, object]:
        return {"mean": sum(values) / len(values), "least": min(values), "most": max(values), "by_seed": list(values)}

    record = {
        "command": "python benchmarks/labs.py sentiment",
        "ladder": [
            {"step": "recipe", "test_accuracy": over(0.89, 0.91), "seconds": over(600.0)},
            {"step": "wide", "test_accuracy": over(0.92, 0.92)},
        ],
        "against_rival": {"difference": 0.025, "low": 0.01, "high": 0.04, "p": 0.25},
        "rival": {"name": "NB-SVM", "accuracy": 0.875, "seconds": 30.0},
        "versions": {"python": "3.11"},
    }
    (tmp_path / "lab-sentiment.json").write_text(json.dumps(record))
    rows = tables.imdb(tmp_path).splitlines()
    assert rows[2] == (
        "| GRU, GloVe, the product's recipe | 90.00 % | 89.00 … 91.00 % | +2.50 points (+1.00 … +4.00), first seed |"
    )
    assert rows[4].startswith("| NB-SVM, 30 s | 87.50 % |")
    command = "python benchmarks/labs.py sentiment"
    assert rows[-1] == f"<sub>`{command}`, 10 minutes of training a net, python 3.11</sub>"


def test_seconds_of_two_machines_are_never_averaged(tables: ModuleType, tmp_path: Path) -> None:
    def row(accuracy: float, seconds: float, machine: str) -> dict[str, Any]:
        shares = dict.fromkeys(("Recurra", "NB-SVM", "TF-IDF"), accuracy)
        figures = {"rows": 1_000, "accuracy": shares, "against_best_rival": [1.0, 2.0], "processor_seconds": seconds}
        return figures | {"measured_on": machine}

    rows = [row(80.0, 10.0, "one"), row(82.0, 20.0, "one"), row(84.0, 90.0, "other")]
    sets = {f"mr, 1000 rows, auto, seed {seed}": figures for seed, figures in enumerate(rows)}
    record = {"command": "python benchmarks/own_texts.py", "versions": {"python": "3.11"}, "sets": sets}
    (tmp_path / "own-texts.json").write_text(json.dumps(record))
    lines = tables.TABLES["own-texts"](tmp_path).splitlines()
    assert lines[2] == f"| mr | 1,000 | 3 |{' 82.0 ± 2.0 |' * 3} +1.0 … +2.0 | 15 |"
    assert lines[-1].endswith(", seconds are those of the first machine, on one; other</sub>")


def test_every_processors_ratios_stand_side_by_side_and_the_main_ones_alone_in_the_long_table(
    tables: ModuleType, tmp_path: Path
) -> None:
    processors = importlib.import_module("processors")
    other = processors.slug("AMD EPYC 9B14 96-Core Processor @ 2.6GHz", "avx512_bf16")
    assert other == "amd-epyc-9b14-96-core-avx512_bf16"
    assert processors.slug("AMD EPYC", "avx512_bf16") == processors.MAIN
    (tmp_path / "speed").mkdir()
    for name, processor, ratio in ((other, "AMD EPYC 9B14", 3.0), (processors.MAIN, "AMD EPYC", 2.0)):
        record = {
            "command": "python benchmarks/speed.py",
            "versions": {"processor": processor, "cores": "2"},
            "engine": name.rpartition("-")[2],
            "threads": 2,
            "peak_gflops": 100 * ratio,
            "layers": {"lstm": {"seconds": 1.0, "rival_seconds": ratio, "ratio": ratio}},
        }
        (tmp_path / "speed" / f"{name}.json").write_text(json.dumps(record))
    rows = tables.TABLES["processors"](tmp_path).splitlines()
    assert rows[0] == "| times as quick as the other | AMD EPYC, avx512_bf16 | AMD EPYC 9B14, avx512_bf16 |"
    assert "| an LSTM's training, torch | 2.00 × | 3.00 × |" in rows
    assert f"| a GRU's training, torch | {tables.MISSING} | {tables.MISSING} |" in rows
    assert "3.00 ×" not in tables.TABLES["engine"](tmp_path)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_tell_their_command_and_hold_no_texts(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    assert "benchmarks/" in record["command"]
    assert all(len(text) <= 200 for text in strings(record))


OURS = ("explanation", "conclusion")
"""What a lab's record says in sentences of its own."""


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, but for a lab's own sentences."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in OURS:
                yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_the_pages_exist_with_their_options(page: Path) -> None:
    for words in commands(page):
        line = shlex.join(words)
        if words[0].endswith("recurra"):
            check_recurra(words[1:], line)
        elif words[0] == "make":
            makefile = (ROOT / "Makefile").read_text()
            assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:]), line
        elif words[0].endswith("python"):
            assert (ROOT / words[1]).is_file(), line
        elif words[0] == "pip":
            extras = set(re.findall(r"\w+", words[-1]))
            known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
            assert words[1] == "install" and extras <= known.keys(), line
        else:
            assert words[0] == "source", line


def check_recurra(words: list[str], line: str) -> None:
    """Walk from command to command, then look each option up."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    known = {"--help", "--debug"} | {option for one in command.params for option in one.opts + one.secondary_opts}
    assert not hasattr(command, "commands") or not words or words[0].startswith("-"), f"no such command: {line}"
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, line


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="no such command"):
        check_recurra(["lab", "poetry"], "recurra lab poetry")
    with pytest.raises(AssertionError):
        check_recurra(["predict", "runs/x", "--txt", "a"], "recurra predict runs/x --txt a")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_on_the_pages_compiles_and_imports_what_there_is(page: Path) -> None:
    for body in blocks(page, "python"):
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("recurra"):
                module = importlib.import_module(node.module)
                missing = [name.name for name in node.names if not hasattr(module, name.name)]
                assert not missing, f"{node.module}: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_on_the_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_readmes_tree_names_what_is_there_and_leaves_nothing_out() -> None:
    tree = re.search(r"## What is where\n```\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert tree
    top, _, rest = tree[1].partition("src/recurra/\n")
    inside = re.findall(r"^  (\S+) ", rest, re.MULTILINE)
    outside = re.findall(r"^(\S+) ", rest, re.MULTILINE)
    package = ROOT / "src" / "recurra"
    assert not top and all((ROOT / name).exists() for name in outside)
    hidden = ("_", ".", "py.typed")
    there = {path.name + "/" * path.is_dir() for path in package.iterdir() if not path.name.startswith(hidden)}
    assert set(inside) == there
