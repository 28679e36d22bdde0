"""Training on the command line, from a file to an artefact that answers: runs, rivals, gates, resume, signals."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from command_line import Done, environment, process, recurra, refused
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.training import loop

SMALL = ("--set", "hidden=8", "--set", "embedding_size=8", "--set", "min_count=1", "--set", "adversarial=0")


def table(path: Path, texts: list[str], labels: list[str]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("body", "queue"), *zip(texts, labels, strict=True)])
    return path


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rows")
    train, test = (table(folder / f"{part}.csv", *synthetic_reviews(part, count=80)) for part in ("train", "test"))
    (folder / "lines.txt").write_text("".join(f"the {word} sees the sun .\n" for word in "abcdefgh" * 6))
    return {"train": train, "test": test, "lines": folder / "lines.txt"}


@pytest.fixture(scope="module")
def run(rows: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """One fit in a process of its own."""
    out = tmp_path_factory.mktemp("runs") / "text"
    names = ("--text", "body", "--label", "queue")
    return out, process(
        "fit", "text", rows["train"], *names, "--test", rows["test"], *SMALL, "--epochs", 3, "--out", out, "--json"
    )


def test_fit_tells_where_the_run_lies_and_its_last_epoch(run: tuple[Path, Done]) -> None:
    out, done = run
    told = done.json()
    assert done.code == 0 and told["run"] == str(out) and told["artefact"] == str(out / "artefact")
    assert {"best_epoch", "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "lr"} <= told.keys()
    history = json.loads((out / "history.json").read_text())
    assert [record["epoch"] for record in history] == [1, 2, 3]
    assert all(told[name] == value for name, value in history[-1].items())
    assert told["evaluation"]["rows"] == 80 and told["rival"]["name"].startswith("NB-SVM")
    # Talk is on stderr: what is trained, then a line for each epoch.
    lines = done.err.splitlines()
    assert lines[0] == f"training on 80 texts → {out}" and [line.split()[1] for line in lines[1:]] == ["1", "2", "3"]


def test_a_run_holds_all_that_is_needed_to_read_and_repeat_it(run: tuple[Path, Done]) -> None:
    names = {path.name for path in run[0].iterdir()}
    written = {"history.json", "report.html", "report.json", "run.json", "source.json", "split.json"}
    assert names == {"artefact", "checkpoints"} | written
    split = json.loads((run[0] / "split.json").read_text())
    assert sorted(split["train"] + split["validation"]) == list(range(80))
    begun = json.loads((run[0] / "run.json").read_text())
    assert begun["settings"]["net"]["hidden"] == 8 and begun["settings"]["training"]["epochs"] == 3


def test_evaluate_measures_the_same_figures_and_the_same_rival_later(
    run: tuple[Path, Done], rows: dict[str, Path]
) -> None:
    names = ("--text", "body", "--label", "queue")
    told = recurra("evaluate", run[0], rows["test"], *names, "--json").json()
    fitted = run[1].json()
    assert {"task", "rows", "accuracy", "loss", "f1", "ece", "rival"} <= told.keys()
    for name in ("rows", "accuracy", "loss", "f1", "ece"):
        assert told[name] == pytest.approx(fitted["evaluation"][name], rel=1e-6)
    assert told["rival"] == fitted["rival"] and set(told["rival"]) == {"name", "accuracy"}
    assert [one["name"] for one in told["rivals"]] == [
        "NB-SVM (1- to 3-grams)",
        "TF-IDF, logistic regression",
        "majority",
    ]


def test_a_run_answers_as_its_artefact_does(run: tuple[Path, Done]) -> None:
    ask = ("--text", "the plot was not dull", "--json")
    assert recurra("predict", run[0], *ask).out == recurra("predict", run[0] / "artefact", *ask).out


def test_rivals_need_the_rows_that_were_learnt_from(rows: dict[str, Path], tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_bytes(rows["train"].read_bytes())
    names = ("--text", "body", "--label", "queue")
    fitted = recurra("fit", "text", mine, *names, *SMALL, "--epochs", 1, "--out", tmp_path / "run", "--json", "--quiet")
    assert fitted.code == 0 and not fitted.err and fitted.json()["evaluation"]["rows"] == 8
    ask = ("evaluate", tmp_path / "run", rows["test"], *names, "--json")
    assert recurra(*ask).json()["rival"]["name"].startswith("NB-SVM")
    mine.write_text("body,queue\nother,positive\nrows,negative\n")
    changed = recurra(*ask)
    assert changed.json()["rival"]["name"].startswith("majority") and "not at hand" in changed.err
    (tmp_path / "run" / "source.json").write_text("{")
    refused(recurra(*ask), 2, "source.json is damaged")


def test_a_language_model_goes_from_lines_to_generated_text(rows: dict[str, Path], tmp_path: Path) -> None:
    small = (*SMALL, "--set", "streams=2", "--set", "steps=6", "--epochs", 2)
    done = recurra("fit", "language", rows["lines"], *small, "--out", tmp_path / "run", "--json")
    told = done.json()
    assert done.code == 0 and told["val_perplexity"] > 1 and told["evaluation"]["perplexity"] > 1
    assert told["rival"]["name"] == "Kneser-Ney trigram"
    later = recurra("evaluate", tmp_path / "run", rows["lines"], "--json").json()
    assert later["rival"]["perplexity"] >= 1 and later["tokens"] == 48 * 7 - 1
    assert recurra("generate", tmp_path / "run", "the a", "--tokens", 5).code == 0
    characters = recurra("fit", "language", rows["lines"], *small, "--tokens", "character", "--out", tmp_path / "c")
    assert characters.code == 0 and recurra("generate", tmp_path / "c", "the", "--tokens", 7).out.strip()


def test_a_forecaster_goes_from_a_table_to_forecasts(tmp_path: Path) -> None:
    small = ("--epochs", 3, "--set", "hidden=6", "--horizon", 3, "--season", 12, "--window", 12)
    done = recurra("fit", "series", "airline", *small, "--out", tmp_path / "run", "--json")
    told = done.json()
    assert done.code == 0 and told["rival"]["name"] == "seasonal naive"
    assert {"mae", "mase", "smape"} <= told["evaluation"].keys() and told["best_epoch"] <= 3
    later = recurra("evaluate", tmp_path / "run", "airline", "--json").json()
    assert later["mase"] == pytest.approx(told["evaluation"]["mase"], rel=1e-6)
    rows = recurra("forecast", tmp_path / "run", "airline", "--level", 80).out.splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["1961-01", "1961-02", "1961-03"]


def test_a_gate_is_read_before_training_and_held_after_the_run_is_safe(rows: dict[str, Path], tmp_path: Path) -> None:
    fit = ("fit", "text", rows["train"], "--text", "body", "--label", "queue", *SMALL, "--epochs", 1, "--quiet")
    for gate in ("acuracy=0.9", "accuracy", "accuracy=high", "accuracy=nan", "perplexity=100"):
        refused(recurra(*fit, "--out", tmp_path / "run", "--fail-under", gate), 2, f"--fail-under {gate!r}")
    assert not (tmp_path / "run").exists()
    done = recurra(*fit, "--out", tmp_path / "run", "--fail-under", "accuracy=1.5", "--json")
    assert done.code == 5 and "quality gate accuracy; found 0." in done.err
    assert done.json()["artefact"] == str(tmp_path / "run" / "artefact")
    assert recurra("predict", tmp_path / "run", "--text", "fine").code == 0


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (("--set", "hiden=8"), "unknown setting 'hiden'; did you mean"),
        (("--set", "hidden=-1"), "net.hidden: Input should be greater than or equal to 1"),
        (("--set", "hidden=nan"), "net.hidden"),
        (("--set", "hidden"), "--set"),
        (("--cell", "transformer"), "net.cell"),
        (("--set", "cell=gru", "--set", "activation=relu"), "activation of gru: one of tanh"),
        (("--set", "heads=3", "--set", "hidden=8", "--set", 'pool=["attention"]'), "3 heads do not share"),
        (("--epochs", "x"), "--epochs"),
        (("--on-error", "maybe"), "--on-error; found 'maybe'; allowed: stop, reject"),
        (("--resume",), "--resume needs --out"),
        (("--vectors", "nowhere.txt"), "no word vectors at nowhere.txt"),
        (("--nonsense",), "No such option: --nonsense"),
    ],
)
def test_a_wrong_choice_ends_with_2_in_one_line(
    choice: tuple[str, ...], told: str, rows: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(recurra("fit", "text", rows["train"], "--text", "body", "--label", "queue", "--quiet", *choice), 2, told)


def test_runs_are_numbered_and_never_written_over(
    rows: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fit = ("fit", "text", rows["train"], "--text", "body", "--label", "queue", *SMALL, "--epochs", 1, "--json")
    assert [recurra(*fit).json()["run"] for _ in range(2)] == ["runs/text-train", "runs/text-train-2"]
    refused(recurra(*fit, "--out", "runs/text-train"), 2, "already holds something; give another --out, or --resume")
    refused(recurra(*fit, "--out", rows["train"]), 2, "is no folder")


def test_refused_rows_are_listed_and_refused_data_leave_the_folder_free(rows: dict[str, Path], tmp_path: Path) -> None:
    names = ("--text", "body", "--label", "queue")
    fit = ("fit", "text", tmp_path / "rows.csv", *names, *SMALL, "--epochs", 1, "--out", tmp_path / "run")
    (tmp_path / "rows.csv").write_text("body,queue\none,a\ntwo,b\n")
    refused(recurra(*fit, "--quiet"), 3, "every class has one row only")
    (tmp_path / "rows.csv").write_bytes(rows["train"].read_bytes() + b"caf\xe9,positive\nshort\n")
    refused(recurra(*fit, "--quiet"), 3, "rows.csv:82:4: not utf-8")
    done = recurra(*fit, "--on-error", "reject")
    assert done.code == 0 and "2 rows rejected; they are listed in rejects.json" in done.err
    assert [one["line"] for one in json.loads((tmp_path / "run" / "rejects.json").read_text())] == [82, 83]


def test_slips_in_labels_and_leaks_into_the_test_rows_are_told_before_training(tmp_path: Path) -> None:
    texts, labels = (
        [*(f"film {row}" for row in range(20)), "same", "same", "", "x"],
        ["good", "Bad"] * 11 + ["good", "bad"],
    )
    rows, test = (
        table(tmp_path / "rows.csv", texts, labels),
        table(tmp_path / "test.csv", ["same", "new"], ["good", "Bad"]),
    )
    names = ("--text", "body", "--label", "queue")
    done = recurra(
        "fit", "text", rows, "--test", test, *names, *SMALL, "--epochs", 1, "--out", tmp_path / "run", "--quiet"
    )
    assert done.code == 0
    for told in (
        "warning: 1 class has one row only, which stays in training: 'bad'",
        "warning: labels that differ only by space, case or form are different classes: 'Bad', 'bad'",
        "warning: 1 text has more than one label, such as 'same'",
        "warning: leak: 1 of 2 test texts stand in the training part too",
        "1 empty text is kept as <empty>",
    ):
        assert told in done.err.splitlines()


def test_several_files_are_read_as_one_table(rows: dict[str, Path], tmp_path: Path) -> None:
    names = ("--text", "body", "--label", "queue")
    done = recurra("fit", "text", rows["train"], rows["test"], *names, *SMALL, "--epochs", 1, "--out", tmp_path / "run")
    assert done.code == 0 and done.err.startswith("training on 160 texts")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no text"),
        ("one line only\n", "too few lines to learn from and to hold parts out; found 1 lines; allowed: 3 or more"),
        ("a b c\n" * 9, "the text is too short; found 28 tokens; allowed: at least 128 for 64 streams; choose fewer"),
        ("caf\udce9\n", "lines.txt:1: not utf-8 at byte 3; found byte 0xe9; pass --encoding"),
    ],
)
def test_text_that_is_too_little_or_no_text_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(recurra("fit", "language", tmp_path / "lines.txt", "--out", tmp_path / "run", "--quiet"), 3, told)


def test_a_finished_run_is_resumed_without_training_and_other_choices_are_refused(
    rows: dict[str, Path], tmp_path: Path
) -> None:
    fit = ("fit", "text", rows["train"], "--text", "body", "--label", "queue", *SMALL, "--out", tmp_path / "run")
    first = recurra(*fit, "--epochs", 2, "--json").json()
    again = recurra(*fit, "--epochs", 2, "--json", "--resume")
    assert again.json() == first and len(again.err.splitlines()) == 1
    told = "was begun with other choices; found settings.training.epochs 2 before, 3 now"
    refused(recurra(*fit, "--epochs", 3, "--resume", "--quiet"), 2, told)
    # Where it learns is no part of what it learns.
    assert recurra(*fit, "--epochs", 2, "--json", "--resume", "--device", "cpu").json() == first
    refused(recurra(*fit, "--epochs", 2, "--resume", "--device", "tpu"), 2, "training.device", "'cuda'")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as a terminal has it: a shell that starts the tests in the background has its children ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_ends_with_130_and_goes_on_to_the_same_weights(
    rows: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = ("fit", "text", rows["train"], "--text", "body", "--label", "queue", *SMALL, "--epochs", 60, "--quiet")
    checkpoint = loop.checkpoint

    def written_then_interrupted(*given: Any, **named: Any) -> None:
        checkpoint(*given, **named)
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as often:
        often.setattr(loop, "BETWEEN_CHECKPOINTS", 0.0)
        often.setattr(loop, "checkpoint", written_then_interrupted)
        refused(recurra(*fit, "--out", tmp_path / "broken"), 130, "recurra: interrupted")
    assert not (tmp_path / "broken" / "artefact").exists()
    assert recurra(*fit, "--out", tmp_path / "broken", "--resume").code == 0
    assert recurra(*fit, "--out", tmp_path / "whole").code == 0
    weights = [(tmp_path / name / "artefact" / "weights.safetensors").read_bytes() for name in ("broken", "whole")]
    assert weights[0] == weights[1]


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "code", "told"), [(2, 130, "interrupted"), (15, 143, "terminated")])
def test_signals_end_a_training_with_their_own_exit_code(
    number: int, code: int, told: str, rows: dict[str, Path], tmp_path: Path
) -> None:
    fit = ["fit", "text", str(rows["train"]), "--text", "body", "--label", "queue", *SMALL, "--epochs", "99999"]
    command = [sys.executable, "-m", "recurra", *fit, "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment()) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("epoch   1"):
                running.send_signal(number)
                break
        rest = running.stderr.read()
    assert running.returncode == code and rest.splitlines()[-1] == f"recurra: {told}"
    assert "Traceback" not in rest
