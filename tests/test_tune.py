"""`recurra tune`: Optuna's study in the run's folder, trials ended early, best settings, one page; it goes on.

Not here: the one fit (test_training.py).
"""

from __future__ import annotations

import json
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from command_line import recurra, refused
from recurra.errors import UsageError
from recurra.runs.tune import Range, failed, read_range

needs_optuna = pytest.mark.skipif(find_spec("optuna") is None, reason="the extra `tune` is not installed")

OPINIONS = {"good": ("warm", "clever", "moving", "bright"), "poor": ("dull", "cold", "stale", "loud")}
SMALL = ("--set", "embedding_size=4", "--set", "adversarial=0", "--epochs", 3, "--quiet")
SEARCH = ("--search", "hidden=4,6", "--search", "learning_rate=0.001:0.1", "--search", "cell=gru,mingru")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    lines = [
        f"the {thing} was {word} and {number},{label}"
        for label, words in OPINIONS.items()
        for word in words
        for thing in ("film", "book", "play")
        for number in range(5)
    ]
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "\n".join(lines) + "\n")
    return file


def tuned(rows: Path, out: Path, trials: int, *options: Any) -> Any:
    done = recurra("tune", rows, "--trials", trials, *SEARCH, *SMALL, "--out", out, "--json", *options)
    assert done.code == 0, done.err
    return done.json()


@needs_optuna
def test_the_best_trial_is_kept_with_its_settings_model_and_page(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    told = tuned(rows, out, 8)
    trials, best = told["trials"], told["best"]
    assert len(trials) == 8 and all(one["state"] in ("done", "ended early") for one in trials)
    done = [one for one in trials if one["state"] == "done"]
    assert best["val_accuracy"] == max(one["score"] for one in done)
    assert best["settings"] == trials[best["trial"] - 1]["settings"]
    for one in trials:
        assert one["settings"]["hidden"] in (4, 6) and 0.001 <= one["settings"]["learning_rate"] <= 0.1
        assert one["epochs"] == 3 if one["state"] == "done" else 1 <= one["epochs"] < 3
    # The artefact is that of the best trial, and the command that is told fits with its settings.
    layers = recurra("inspect", out / "artefact", "--json").json()["layers"]
    swept = next(layer for layer in layers if layer["kind"] == "recurrent")
    assert (swept["hidden"], swept["cell"]) == (best["settings"]["hidden"], best["settings"]["cell"])
    again = shlex.split(told["fit"])[1:]
    assert "embedding_size=4" in again and recurra(*again, "--quiet", "--out", tmp_path / "again").code == 0
    layers = recurra("inspect", tmp_path / "again", "--json").json()["layers"]
    assert swept in layers
    page = (out / "report.html").read_text()
    assert "All trials" in page and "<svg" in page


@needs_optuna
def test_a_search_goes_on_where_it_stopped(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = tuned(rows, out, 3)
    import optuna

    study = optuna.load_study(study_name="recurra", storage=f"sqlite:///{out / 'study.db'}")
    # A trial that was running when the search was killed.
    study.ask()
    told = tuned(rows, out, 5, "--resume")
    assert [one["state"] for one in told["trials"]].count("killed") == 1
    finished = [one for one in told["trials"] if one["state"] != "killed"]
    assert len(finished) == 5 and finished[:3] == first["trials"]
    # As many as were asked for are there: nothing is left to try.
    assert tuned(rows, out, 5, "--resume")["trials"] == told["trials"]
    assert json.loads((out / "best.json").read_text()) == told["best"]


@needs_optuna
def test_trials_that_fall_behind_are_ended_early(rows: Path, tmp_path: Path) -> None:
    told = tuned(rows, tmp_path / "run", 16)
    assert any(one["state"] == "ended early" for one in told["trials"])


@needs_optuna
def test_widths_are_those_that_heads_share_and_a_failed_trial_is_told(rows: Path, tmp_path: Path) -> None:
    search = ("--search", "hidden=3:9", "--trials", 6, *SMALL, "--epochs", 1)
    told = recurra("tune", rows, *search, "--json", "--out", tmp_path / "run").json()
    # Four heads over both directions: an odd width has no net.
    assert {one["settings"]["hidden"] for one in told["trials"]} <= {4, 6, 8}
    assert all(one["state"] == "done" for one in told["trials"])
    refused(recurra("tune", rows, "--search", "hidden=4,7"), 2, "found 7; allowed: multiples of 2, which 4 heads")
    problems = [{"problem": "no net"}, {"problem": "none"}, {}]
    assert failed(problems) == "2 of 3 trials failed, the first of them so: no net" and not failed([{}])


def test_ranges_are_read_as_they_are_written() -> None:
    assert read_range("cell=gru, lstm") == Range("cell", ("gru", "lstm"))
    assert read_range("hidden=32:256") == Range("hidden", low=32, high=256)
    assert read_range("dropout=0.0:0.5") == Range("dropout", low=0.0, high=0.5)
    assert read_range("bidirectional=true,false") == Range("bidirectional", (True, False))
    assert read_range('pool=[["max"],["mean","max"]]') == Range("pool", (["max"], ["mean", "max"]))
    for wrong in ("hidden", "hidden=", "=3", "hidden=9:3", "hidden=a:b", "hidden=1:inf"):
        with pytest.raises(UsageError, match="--search"):
            read_range(wrong)


@needs_optuna
def test_what_cannot_be_searched_is_refused_in_one_line(rows: Path, tmp_path: Path) -> None:
    refused(recurra("tune", rows, "--search", "hiden=4,6"), 2, "hiden")
    refused(recurra("tune", rows, "--search", "dropout=0.1:2.0"), 2, "dropout")
    refused(recurra("tune", rows, "--search", "hidden=4,6", "--set", "hidden=4"), 2, "hidden twice")
    refused(recurra("tune", tmp_path / "none.csv"), 3, "none.csv")
    out = tmp_path / "run"
    tuned(rows, out, 1)
    refused(recurra("tune", rows, "--trials", 1, *SMALL, "--out", out, "--resume"), 2, "was begun with other choices")


def test_without_optuna_the_way_to_it_is_told(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    refused(recurra("tune", rows), 2, "tune needs optuna; pip install 'recurra[tune]'")
