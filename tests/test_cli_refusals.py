"""Bad inputs on the command line: one line on stderr, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artefact_examples import seal
from command_line import process, recurra, refused
from small_models import save_all, series_model, text_model

HEADER = b"text,label\n"
GOOD = HEADER + b"film one is good,x\nfilm two is bad,y\n" * 10


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_all(tmp_path_factory.mktemp("models"))


TABLES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", ("rows.csv", "no rows")),
    "header only": (HEADER, ("0 rows after the header",)),
    "utf-16": ("text,label\na,b\n".encode("utf-16"), ("rows.csv:1", "--encoding utf-16")),
    "latin-1": (GOOD + b"caf\xe9,x\n", ("rows.csv:22:4", "byte 0xe9", "--on-error reject")),
    "NUL": (GOOD + b"a\0b,x\n", ("rows.csv:22:2", "NUL")),
    "unclosed quote": (GOOD + b'"never closed,x\nmore,y\n', ("rows.csv:22", "quote")),
    "short row": (GOOD + b"alone\n", ("rows.csv:22", "1", "2")),
    "long row": (GOOD + b"a,x,more\n", ("rows.csv:22", "3", "2")),
    "duplicate columns": (b"text,label,text\na,x,b\n", ("rows.csv:1", "text", "1", "3")),
    "no label column": (b"text,what\na,x\n", ("rows.csv:1", "no label column", "--label COLUMN")),
    "no text column": (b"what,label,more\na,x,y\n", ("rows.csv:1", "no text column", "--text COLUMN")),
    "blank line inside": (GOOD + b"\nmore,x\n", ("rows.csv:22", "blank line")),
    "missing label": (GOOD + b"more,\n", ("rows.csv:22", "label is missing")),
    "one class": (HEADER + b"a,x\nb,x\nc,x\n", ("1 class", "need 2 or more", "'x'")),
    "ids as labels": (HEADER + b"".join(b"a,%d\n" % row for row in range(10_001)), ("10,001 classes", "id column?")),
    "truncated gzip": (gzip.compress(GOOD * 50)[:-20], ("rows.csv", "byte")),
    "a zip archive": (b"PK\x03\x04" + b"\0" * 40, ("rows.csv", "zip archive")),
    "a pickle": (b"\x80\x04\x95" + b"\0" * 40, ("rows.csv", "pickle")),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_cannot_be_learnt_from_is_refused_before_training(kind: str, tmp_path: Path) -> None:
    data, told = TABLES[kind]
    (tmp_path / "rows.csv").write_bytes(data)
    refused(recurra("fit", "text", tmp_path / "rows.csv", "--out", tmp_path / "run", "--quiet"), 3, *told)
    assert not (tmp_path / "run").exists()


LINES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "not JSON": (b'{"text": "a", "label": "x"}\n{"text": \n', ("rows.jsonl:2",)),
    "an array": (b'["a", "x"]\n', ("rows.jsonl:1", "object")),
    "a key twice": (b'{"text": "a", "label": "x", "text": "b"}\n', ("rows.jsonl:1", "text")),
    "NaN": (b'{"text": "a", "label": NaN}\n', ("rows.jsonl:1", "NaN")),
    "too deep": (b'{"text": ' + b"[" * 100_000 + b"\n", ("rows.jsonl:1",)),
    "5,000 digits": (b'{"text": "a", "label": ' + b"9" * 5000 + b"}\n", ("rows.jsonl:1",)),
    "a lone surrogate": (b'{"text": "a\\ud800", "label": "x"}\n', ("rows.jsonl:1", "U+D800")),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_json_line_that_is_none_is_refused_with_its_place(kind: str, tmp_path: Path) -> None:
    data, told = LINES[kind]
    (tmp_path / "rows.jsonl").write_bytes(data)
    refused(recurra("fit", "text", tmp_path / "rows.jsonl", "--out", tmp_path / "run", "--quiet"), 3, *told)


def test_what_is_no_regular_file_is_refused_unopened(tmp_path: Path, models: dict[str, Path]) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name, told in (("missing.csv", "no such file"), ("folder.csv", "folder.csv"), ("pipe.csv", "pipe.csv")):
        for command in (("fit", "text"), ("predict", models["text"]), ("evaluate", models["text"])):
            refused(recurra(*command, tmp_path / name), 3, str(tmp_path / name), told)
    refused(recurra("predict", models["text"], "/dev/zero"), 3, "/dev/zero")


def test_a_label_only_in_the_test_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(GOOD)
    (tmp_path / "test.csv").write_bytes(HEADER + b"a,x\nb,z\n")
    fit = ("fit", "text", tmp_path / "rows.csv", "--test", tmp_path / "test.csv", "--out", tmp_path / "run", "--quiet")
    refused(recurra(*fit), 3, "1 label that training has not", "'z'")


SERIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "infinity": ("1,inf\n2,3\n", ("table.csv:2", "inf")),
    "beyond float": ("1,1e400\n2,3\n", ("table.csv:2", "1e400")),
    "nothing at all": ("1,\n2,\n", ("has no value at all",)),
    "too short": ("1,5\n", ("too short", "1 value")),
    "time goes back": ("2,5\n1,5\n", ("table.csv:3", "--sort")),
    "a time twice": ("1,5\n1,6\n", ("table.csv:3", "--duplicates")),
    "a doubtful gap": ("1,5\n2,6\n4,6\n7,6\n", ("table.csv:3", "--rows-as-steps")),
    "no such day": ("2024-02-30,1\n", ("table.csv:2", "2024-02-30")),
    "day or month": ("01/02/2024,1\n", ("table.csv:2", "--date-format")),
    "epoch numbers": ("1700000000,1\n1700003600,2\n", ("table.csv:2", "epoch")),
    "a thousands mark": ('1,"1,234.5"\n', ("table.csv:2",)),
}


@pytest.mark.parametrize("kind", SERIES)
def test_a_series_that_cannot_be_learnt_from_is_refused_before_training(kind: str, tmp_path: Path) -> None:
    rows, told = SERIES[kind]
    (tmp_path / "table.csv").write_text("ds,y\n" + rows)
    refused(recurra("fit", "series", tmp_path / "table.csv", "--out", tmp_path / "run", "--quiet"), 3, *told)


@pytest.mark.parametrize(("horizon", "code"), [("0", 2), ("-3", 2), ("1000000000", 2), ("144", 3)])
def test_a_horizon_that_is_none_or_too_long_is_refused(horizon: str, code: int, tmp_path: Path) -> None:
    fit = ("fit", "series", "airline", "--horizon", horizon, "--out", tmp_path / "run", "--quiet")
    refused(recurra(*fit), code, "horizon" if code == 2 else "short")


def test_a_series_the_model_does_not_know_or_cannot_read_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    table = tmp_path / "table.csv"
    table.write_text("unique_id,ds,y\n" + "".join(f"b,{step},{step}\n" for step in range(9)))
    refused(recurra("forecast", models["series"], table), 3, "'b'")
    table.write_text("unique_id,ds,y\na,1,5\n")
    refused(recurra("forecast", models["series"], table), 3, "need", "have 1")
    refused(recurra("forecast", models["series"], table, "--steps", -1), 2, "horizon")


@pytest.mark.parametrize("ending", [".pt", ".pth", ".pkl", ".h5", ".keras", ".ckpt", ".joblib", ".npz"])
def test_foreign_models_are_refused_unopened(ending: str, tmp_path: Path) -> None:
    model = tmp_path / f"model{ending}"
    os.mkfifo(model)
    # Opening a pipe without a writer would hang here.
    refused(recurra("predict", model, "--text", "a"), 4, str(model), "train with Recurra")


WRONG = [
    ("predict", "language", ("this is a language model", "recurra generate")),
    ("predict", "series", ("this is a forecaster", "recurra forecast")),
    ("forecast", "text", ("this is a text classifier", "recurra predict")),
    ("generate", "series", ("this is a forecaster", "recurra forecast")),
]


@pytest.mark.parametrize(("command", "task", "told"), WRONG)
def test_an_artefact_for_another_task_names_the_command_for_it(
    command: str, task: str, told: tuple[str, ...], tmp_path: Path, models: dict[str, Path]
) -> None:
    (tmp_path / "rows.csv").write_bytes(GOOD)
    given = {"predict": ("--text", "a"), "generate": ("the",), "forecast": (tmp_path / "rows.csv",)}[command]
    refused(recurra(command, models[task], *given), 4, *told)


@pytest.mark.parametrize("name", ["recurra.json", "weights.safetensors", "tokenizer.json", "SHA256SUMS"])
def test_one_flipped_bit_anywhere_names_the_file(name: str, tmp_path: Path) -> None:
    text_model().save(tmp_path / "model")
    file = tmp_path / "model" / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    refused(recurra("predict", tmp_path / "model", "--text", "a"), 4, str(tmp_path / "model"))


def spoil(folder: Path, name: str, change: Callable[[Any], object]) -> Path:
    """Change a JSON file of a saved classifier and seal it again, as an attacker would."""
    text_model().save(folder)
    told = json.loads((folder / name).read_text())
    change(told)
    (folder / name).write_text(json.dumps(told))
    seal(folder)
    return folder


DESCRIPTIONS: dict[str, tuple[Callable[[Any], object], tuple[str, ...]]] = {
    "a giant": (lambda told: told["config"]["net"]["recurrent"].update(hidden=10**9), ("net.recurrent.hidden",)),
    "no layers": (lambda told: told["config"]["net"]["recurrent"].update(layers=-1), ("net.recurrent.layers",)),
    "a float": (lambda told: told["config"]["net"]["recurrent"].update(hidden=5.5), ("net.recurrent.hidden",)),
    "an unknown cell": (lambda told: told["config"]["net"]["recurrent"].update(cell="x"), ("net.recurrent.cell",)),
    "an unknown key": (lambda told: told["config"]["net"].update(hook="os.system"), ("net.hook",)),
    "sizes that do not fit": (lambda told: told["config"]["net"]["dense"].update(inputs=3), ("dense.inputs",)),
    "too few labels": (lambda told: told["config"].update(labels=["a"]), ("labels", "1 labels", "2")),
    "a label twice": (lambda told: told["config"].update(labels=["a", "a"]), ("labels", "twice")),
    "labels that are none": (lambda told: told["config"].update(labels=[1, 2]), ("labels", "list of texts")),
    "no temperature": (lambda told: told["config"].update(temperature=0), ("temperature",)),
    "a temperature in words": (lambda told: told["config"].update(temperature="hot"), ("temperature",)),
    "another answer": (lambda told: told["selftest"].update(logits=[[0.0, 0.0]] * 3), ("self-test",)),
    "a newer format": (lambda told: told.update(format_version=2), ("newer", "install a newer Recurra")),
    "an older format": (lambda told: told.update(format_version=0), ("older",)),
    "another task": (lambda told: told.update(task="vision"), ("unknown task",)),
}


@pytest.mark.parametrize("kind", DESCRIPTIONS)
def test_a_sealed_but_impossible_description_is_refused(kind: str, tmp_path: Path) -> None:
    change, told = DESCRIPTIONS[kind]
    folder = spoil(tmp_path / "model", "recurra.json", change)
    refused(recurra("predict", folder, "--text", "a"), 4, *told)


VOCABULARIES: dict[str, tuple[Callable[[Any], object], tuple[str, ...]]] = {
    "a word twice": (lambda told: told["words"].__setitem__(5, told["words"][6]), ("comes twice",)),
    "no <unk>": (lambda told: told["words"].__setitem__(1, "other"), ("special words",)),
    "a word too many": (lambda told: told["words"].append("more"), ("does not fit the embedding",)),
    "half a character": (lambda told: told["words"].__setitem__(5, "\ud800"), ("tokenizer.json",)),
    "a number": (lambda told: told["words"].__setitem__(5, 7), ("no text",)),
    "an unknown setting": (lambda told: told["config"].update(regex=".*"), ("config", "regex")),
}


@pytest.mark.parametrize("kind", VOCABULARIES)
def test_a_sealed_but_impossible_vocabulary_is_refused(kind: str, tmp_path: Path) -> None:
    change, told = VOCABULARIES[kind]
    folder = spoil(tmp_path / "model", "tokenizer.json", change)
    refused(recurra("predict", folder, "--text", "a"), 4, *told)


def test_a_scaler_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    series_model(horizon=2).save(tmp_path / "two")
    series_model(horizon=3).save(tmp_path / "three")
    (tmp_path / "two" / "scaler.json").write_bytes((tmp_path / "three" / "scaler.json").read_bytes())
    lines = (tmp_path / "two" / "SHA256SUMS").read_text().splitlines()
    other = (tmp_path / "three" / "SHA256SUMS").read_text().splitlines()
    kept = [line for line in lines if "scaler" not in line] + [line for line in other if "scaler" in line]
    kept.sort(key=lambda line: line[66:])
    (tmp_path / "two" / "SHA256SUMS").write_text("\n".join(kept) + "\n")
    refused(recurra("forecast", tmp_path / "two", "airline"), 4, "scaler.json does not fit the net")


def test_only_debug_shows_where_a_mistake_was_found(tmp_path: Path) -> None:
    plain = process("predict", tmp_path / "nowhere", "--text", "a")
    refused(plain, 4, "no such folder")
    shown = process("predict", tmp_path / "nowhere", "--text", "a", "--debug")
    assert shown.code not in (0, 4) and "Traceback" in shown.err
