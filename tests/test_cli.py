"""Answers on the command line: every row once and in order, JSON as one object, exit codes, pipes and help."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command_line import environment, process, recurra, refused
from recurra.cli import doctor
from recurra.cli.console import harmless
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.horizon.run import RunningForecaster
from small_models import save_all, text_model

ROWS = ["a good film", "not good", "", "a bad film , not good at all", "zzz qqq", "  ", "the plot"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_all(tmp_path_factory.mktemp("models"))


def test_a_process_of_its_own_answers_as_the_library_does(models: dict[str, Path], tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    with rows.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "text"), *((str(row), text) for row, text in enumerate(ROWS))])
    done = process("predict", models["text"], rows, "--json")
    assert done.code == 0 and done.err == "warning: 2 texts are empty; they are kept\n"
    answers = RunningClassifier.load(models["text"]).answers(ROWS)
    assert [answer["row"] for answer in done.rows()] == list(range(1, 8))
    assert [answer["line"] for answer in done.rows()] == list(range(2, 9))
    for told, answer in zip(done.rows(), answers, strict=True):
        assert told["label"] == answer.label and told["probabilities"] == answer.probabilities
        assert (told["empty"], told["unk_rate"]) == (answer.empty, answer.unk_rate)


def test_rows_come_from_a_file_stdin_or_the_command_line_alike(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("\n".join(ROWS) + "\n")
    from_file = recurra("predict", models["text"], tmp_path / "rows.txt")
    from_stdin = recurra("predict", models["text"], "-", stdin="\n".join(ROWS).encode())
    given = [part for text in ROWS for part in ("--text", text)]
    from_options = recurra("predict", models["text"], *given)
    assert from_file.out == from_stdin.out == from_options.out and from_file.code == 0
    lines = from_file.out.splitlines()
    assert len(lines) == 7 and all(line.split("\t")[0] in ("good", "bad") for line in lines)


def test_many_rows_keep_their_order_through_every_chunk(models: dict[str, Path]) -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(["good", "bad", "not", "film"], random.integers(1, 30))) for _ in range(4500)]
    told = recurra("predict", models["text"], "-", "--json", stdin="\n".join(texts).encode()).rows()
    assert [row["row"] for row in told] == [row["line"] for row in told] == list(range(1, 4501))
    wanted = RunningClassifier.load(models["text"]).predict_proba(texts)
    shares = np.array([list(row["probabilities"].values()) for row in told])
    np.testing.assert_allclose(shares, wanted, atol=5e-6)


def test_empty_and_unknown_texts_get_a_defined_answer(models: dict[str, Path]) -> None:
    empty, blank, unknown = recurra(
        "predict", models["text"], "--text", "", "--text", " \t", "--text", "zzz qqq", "--json"
    ).rows()
    assert empty["empty"] and blank["empty"] and not unknown["empty"]
    assert empty["probabilities"] == blank["probabilities"] and sum(empty["probabilities"].values()) == pytest.approx(1)
    assert unknown["unk_rate"] == 1.0 and empty["unk_rate"] == 0.0


def test_a_text_of_ten_megabytes_is_cut_and_counted(models: dict[str, Path]) -> None:
    huge = b"not good " * 1_150_000
    (row,) = recurra("predict", models["text"], "-", "--json", stdin=huge).rows()
    assert row["truncated"] == 2 * 1_150_000 - 400 and row["line"] == 1 and row["unk_rate"] == 0.0


def test_bad_rows_stop_the_command_or_are_told_with_their_lines(models: dict[str, Path], tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_bytes(b"text,more\na good film,1\ncaf\xe9,2\nnot good\nthe plot,3\n")
    refused(recurra("predict", models["text"], rows), 3, f"{rows}:3:4: not utf-8 at byte 27", "--on-error reject")
    done = recurra("predict", models["text"], rows, "--on-error", "reject", "--json")
    assert done.code == 0 and [(row["row"], row["line"]) for row in done.rows()] == [(1, 2), (2, 5)]
    told = [line for line in done.err.splitlines() if line.startswith("rejected: ")]
    assert [line.split(":")[2] for line in told] == ["3", "4"]
    # Another encoding mends the first of the two.
    wider = recurra("predict", models["text"], rows, "--on-error", "reject", "--encoding", "latin-1")
    assert wider.out.count("\n") == 3


def test_a_column_is_named_or_guessed(models: dict[str, Path], tmp_path: Path) -> None:
    rows = tmp_path / "rows.tsv"
    rows.write_text("id\tbody\tmore\n1\tnot good\tx\n")
    assert recurra("predict", models["text"], rows, "--column", "body").code == 0
    refused(recurra("predict", models["text"], rows, "--column", "bodi"), 3, "bodi", "body")


def test_forecasts_are_csv_or_one_json_object(models: dict[str, Path], tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("unique_id,ds,y\n" + "".join(f"a,2024-01-{day:02d},{day}\n" for day in range(1, 10)))
    done = recurra("forecast", models["series"], table, "--steps", 3, "--level", 80)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert done.code == 0 and [row["ds"] for row in rows] == ["2024-01-10", "2024-01-11", "2024-01-12"]
    wanted = RunningForecaster.load(models["series"]).forecast("a", np.arange(1.0, 10.0), steps=3)
    assert [float(row["Recurra"]) for row in rows] == wanted.tolist()
    assert all(float(row["Recurra-lo-80"]) < float(row["Recurra"]) < float(row["Recurra-hi-80"]) for row in rows)
    told = recurra("forecast", models["series"], table, "--json").json()
    assert told["task"] == "series" and [row["Recurra"] for row in told["rows"]] == wanted[:2].tolist()


def test_columns_and_notations_of_series_are_told_by_options(models: dict[str, Path], tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    days = [3, 1, 2, 2, 5, 6, 7, 8, 9]
    table.write_text("shop,day,sold\n" + "".join(f"a,{day:02d}/01/2024,{'' if day == 6 else day}\n" for day in days))
    options = ["--id", "shop", "--time", "day", "--value", "sold"]
    for mended, missing in (
        (["--date-format", "%d/%m/%Y"], '--date-format "%d/%m/%Y" or %m/%d/%Y'),
        (["--sort"], "--sort"),
        (["--duplicates", "first"], "choose --duplicates"),
        (["--impute", "linear"], "choose --impute"),
        (["--fill-gaps"], "choose --fill-gaps"),
    ):
        # Each refusal names the option that mends it.
        refused(recurra("forecast", models["series"], table, *options), 3, missing)
        options += mended
    done = recurra("forecast", models["series"], table, *options)
    assert done.code == 0 and "2 values were imputed: linear" in done.err
    assert done.out.splitlines()[0] == "shop,day,Recurra" and "10/01/2024" in done.out
    told = recurra("evaluate", models["series"], table, *options, "--json").json()
    assert told["task"] == "series" and {"mae", "mase", "smape", "rival"} <= told.keys()
    without = [part for part in options if part not in ("--impute", "linear")]
    refused(recurra("forecast", models["series"], table, *without), 3, "--impute")
    refused(recurra("forecast", models["series"], table, "--impute", "magic"), 2, "--impute", "ffill, linear, zero")


def test_a_generated_text_depends_on_its_seed_alone(models: dict[str, Path]) -> None:
    ask = ("generate", models["language"], "the film", "--tokens", 12, "--json")
    first = recurra(*ask, "--seed", 1).json()
    assert first == recurra(*ask, "--seed", 1).json() and first["prompt"] == "the film"
    assert recurra(*ask, "--seed", 2).json()["text"] != first["text"]
    told = recurra("generate", models["language"], "", "--next", 3, "--json").json()
    assert [set(one) for one in told["next"]] == [{"word", "probability"}] * 3
    table = recurra("generate", models["language"], "the", "--next", 2).out.splitlines()
    assert table[0].split() == ["word", "probability"] and len(table) == 3
    refused(recurra("generate", models["language"], "the", "--temperature", 0), 2, "temperature")


@pytest.mark.parametrize("task", ["text", "language", "series"])
def test_inspect_tells_what_any_artefact_holds(task: str, models: dict[str, Path]) -> None:
    told = recurra("inspect", models[task], "--json").json()
    assert told["task"] == task and told["parameters"] == sum(layer["parameters"] for layer in told["layers"])
    assert told["bytes"] == sum(path.stat().st_size for path in models[task].iterdir())
    assert ("labels" in told) == (task == "text")
    assert recurra("inspect", models[task]).out.startswith(f"{task}, {told['parameters']:,} parameters")


def test_labels_that_would_steer_a_terminal_are_shown_escaped(tmp_path: Path) -> None:
    text_model(labels=("\x1b[31mred", "<b>&")).save(tmp_path / "model")
    shown = recurra("inspect", tmp_path / "model")
    assert shown.code == 0 and "\x1b" not in shown.out
    assert recurra("inspect", tmp_path / "model", "--json").json()["labels"] == ["\x1b[31mred", "<b>&"]
    label, share = recurra("predict", tmp_path / "model", "--text", "good").out.split("\t")
    assert label in (r"\x1b[31mred", "<b>&") and 0.5 <= float(share) <= 1
    assert harmless("a\x1b[2Jb\x9b\n\tçु") == r"a\x1b[2Jb\x9b" + "\n\tçु"


def test_evaluate_tells_the_keys_that_others_rely_on(models: dict[str, Path], tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\na good film,good\nnot good,bad\na bad film,bad\n")
    told = recurra("evaluate", models["text"], rows, "--json").json()
    assert {"task", "rows", "accuracy", "loss", "f1", "ece", "rival"} <= told.keys() and told["rows"] == 3
    # This artefact is no run's: what it learnt from is not at hand, so the rival is the plainest one.
    assert told["rival"] == {"name": "majority (bad)", "accuracy": pytest.approx(2 / 3)}
    assert "rival" not in recurra("evaluate", models["text"], rows, "--json", "--no-rival").json()
    text = tmp_path / "held.txt"
    text.write_text("a good film\nnot bad\n")
    language = recurra("evaluate", models["language"], text, "--json").json()
    assert language["task"] == "language" and language["perplexity"] == pytest.approx(np.exp(language["loss"]))
    report = tmp_path / "report.html"
    assert recurra("evaluate", models["text"], rows, "--report", report).code == 0
    assert "Mistakes" in report.read_text() and "majority (bad)" in report.read_text()


@pytest.mark.parametrize(
    ("gate", "code"),
    [("accuracy=0", 0), ("accuracy=1.01", 5), ("loss=0.001", 5), ("loss=50", 0), ("rows=3", 0), ("rows=4", 5)],
)
def test_a_missed_quality_gate_ends_with_5_after_the_figures(
    gate: str, code: int, models: dict[str, Path], tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\na good film,good\nnot good,bad\na bad film,bad\n")
    done = recurra("evaluate", models["text"], rows, "--no-rival", "--json", "--fail-under", gate)
    assert done.code == code and done.json()["rows"] == 3
    assert done.err == "" or done.err.startswith(f"recurra: quality gate {gate.partition('=')[0]}; found ")


def test_help_and_version_answer_on_stdout(models: dict[str, Path]) -> None:
    for command in ([], ["predict"], ["fit", "series"], ["lab", "next-value"], ["data", "get"]):
        done = recurra(*command, "--help")
        assert done.code == 0 and done.out.startswith("Usage: recurra") and not done.err
    assert recurra("--version").out.startswith("recurra ")
    bare = recurra()
    assert bare.code == 2 and "Commands:" in bare.out and bare.err == "recurra: no command\n"


def test_doctor_asks_torch_for_gpus_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed", lambda name: "2.13.0")
    real = doctor.graphics()
    assert real == ("none", "torch 2.13.0 finds none") or "GiB" in real[0]
    listing = "print('NVIDIA T4, 14.6 GiB'); print('NVIDIA A100, 79.2 GiB')"
    monkeypatch.setattr(doctor, "ASK", listing)
    assert doctor.graphics() == ("NVIDIA T4, 14.6 GiB; NVIDIA A100, 79.2 GiB", "")
    monkeypatch.setattr(doctor, "ASK", "raise OSError('no driver')")
    assert doctor.graphics() == ("none", "OSError: no driver")
    monkeypatch.setattr(doctor, "installed", lambda name: "")
    assert doctor.graphics() == ("none", "torch is not installed")


def test_doctor_and_data_tell_what_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path))
    told = recurra("doctor", "--json").json()
    assert {"engine", "instruction_sets", "threads", "torch", "extras", "data", "versions"} <= told.keys()
    assert told["data"]["imdb"] == "no" and recurra("doctor").out.startswith("engine ")
    assert (told["gpu"] == "none") == bool(told["gpu_why"])
    sets = recurra("data", "list", "--json").json()["sets"]
    assert [one["name"] for one in sets] == ["imdb", "glove", "wikitext-2", "airline"]
    assert sets[0]["place"] == "not here: recurra data get imdb" and sets[3]["place"] == "in the package"
    assert recurra("data", "describe", "imdb", "--json").json()["licence"]
    assert recurra("data", "get", "airline").out == "in the package\n"


def test_without_a_network_getting_data_says_how_to_bring_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        # Nothing listens there, so that no byte leaves this machine.
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RECURRA_DATA", "")
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path))
    refused(recurra("data", "get", "imdb"), 3, "cannot reach ", f"bring the file to {tmp_path}")


def test_data_check_finds_everything_before_training_does(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("text,label\n" + "".join(f"film {row},{row % 2}\n" for row in range(10)))
    bad.write_text("text,label\na,x\nb\nc,\n")
    assert recurra("data", "check", good).code == 0
    done = recurra("data", "check", bad, "--json")
    told = [finding["text"] for finding in done.json()["findings"] if finding["level"] == "error"]
    assert done.code == 3 and any(":3:" in text for text in told) and any(":4:" in text for text in told)


def test_a_reader_that_goes_away_is_no_error(models: dict[str, Path]) -> None:
    command = [sys.executable, "-m", "recurra", "predict", str(models["text"]), "-"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            command, input=b"a good film\n" * 5, stdout=gone, stderr=subprocess.PIPE, check=False, env=environment()
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_installed_command_is_the_same(models: dict[str, Path]) -> None:
    command = Path(sys.executable).with_name("recurra")
    if not command.exists():
        pytest.skip("recurra is not installed beside this Python")
    ask = [str(command), "predict", str(models["text"]), "--text", "not good"]
    done = subprocess.run(ask, capture_output=True, text=True, check=True, env=environment())
    assert done.stdout == recurra("predict", models["text"], "--text", "not good").out
