"""`recurra compare`: cells and seeds on the same rows, in pairs, on one page; a comparison that was stopped goes on.

Not here: the one fit (test_training.py), bootstrap and page (test_metrics.py, test_report.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import recurra, refused
from recurra.cli.comparing import NetChoices
from recurra.tasks.text import SETTINGS

OPINIONS = {"good": ("warm", "clever", "moving", "bright"), "poor": ("dull", "cold", "stale", "loud")}
SMALL = ("--set", "hidden=4", "--set", "embedding_size=4", "--set", "adversarial=0", "--epochs", 2, "--quiet")


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


def compared(rows: Path, out: Path, *options: Any) -> Any:
    done = recurra("compare", rows, "--cells", "gru,mingru", "--seeds", 2, *SMALL, "--out", out, "--json", *options)
    assert done.code == 0, done.err
    return done.json()


def test_cells_are_fitted_with_each_seed_and_held_against_the_best(rows: Path, tmp_path: Path) -> None:
    told = compared(rows, tmp_path / "run")
    assert [(fit["cell"], fit["seed"]) for fit in told["fits"]] == [
        ("gru", 0), ("mingru", 0), ("gru", 1), ("mingru", 1),
    ]  # fmt: skip
    assert told["rows"] == 24 and told["learnt"] == 96 and "held out for all fits" in told["part"]
    for cell in told["cells"]:
        of_seeds = [fit["accuracy"] for fit in told["fits"] if fit["cell"] == cell["cell"]]
        assert cell["accuracy"] == pytest.approx(sum(of_seeds) / 2)
        assert (cell["least"], cell["most"]) == (min(of_seeds), max(of_seeds))
    (difference,) = told["differences"]
    shares = {cell["cell"]: cell["accuracy"] for cell in told["cells"]}
    assert difference["difference"] == pytest.approx(shares[told["best"]] - shares[difference["cell"]])
    assert difference["low"] <= difference["difference"] <= difference["high"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.count("<svg") >= 2 and told["rival"]["name"] in page
    # No cell is the setting of all.
    assert "net.hidden" in page and "net.cell" not in page
    # Each fit is an artefact that answers.
    assert recurra("predict", tmp_path / "run" / "gru-0", "--text", "so warm").code == 0


def test_what_is_left_out_to_be_quick_is_told_and_comes_back_when_it_is_chosen() -> None:
    def left_out(texts: int, **choices: Any) -> tuple[str, float, int]:
        nets = NetChoices(cells="gru", seeds=1, **choices)
        made, told = nets.shortened(nets.made("rows.csv"), texts)
        training = made["gru", 0].settings().training
        return told, training.adversarial, training.epochs

    usual = SETTINGS.training
    told, adversarial, epochs = left_out(20_000)
    assert (adversarial, epochs) == (0, 3) and "adversarial steps and 4 of 7 passes; --full" in told
    assert left_out(1_000)[1:] == (0, usual.epochs)
    assert left_out(20_000, full=True) == ("", usual.adversarial, usual.epochs)
    assert left_out(20_000, settings=["adversarial=0.5", "epochs=5"]) == ("", 0.5, 5)
    assert left_out(20_000, epochs=9)[2] == 9


def test_a_comparison_goes_on_where_it_stopped(rows: Path, tmp_path: Path) -> None:
    straight = compared(rows, tmp_path / "straight")
    out = tmp_path / "run"
    assert recurra("compare", rows, "--cells", "gru", "--seeds", 1, *SMALL, "--out", out).code == 0
    before = (out / "gru-0" / "fit.json").stat().st_mtime_ns
    told = compared(rows, out, "--resume")
    assert (out / "gru-0" / "fit.json").stat().st_mtime_ns == before
    assert [fit["accuracy"] for fit in told["fits"]] == [fit["accuracy"] for fit in straight["fits"]]
    assert told["differences"] == straight["differences"]


def test_given_test_rows_are_those_that_all_are_measured_on(rows: Path, tmp_path: Path) -> None:
    told = compared(rows, tmp_path / "run", "--test", rows)
    assert (told["learnt"], told["rows"], told["part"]) == (120, 120, "test rows")
    kept = json.loads((tmp_path / "run" / "gru-1" / "fit.json").read_text())
    assert len(kept["right"]) == 120 and kept["right"].count("1") / 120 == pytest.approx(kept["accuracy"])


def test_what_cannot_be_compared_is_refused_in_one_line(rows: Path, tmp_path: Path) -> None:
    refused(recurra("compare", rows, "--cells", "gru,tree"), 2, "--cells; found 'tree'; allowed:")
    refused(recurra("compare", rows, "--cells", "gru,gru"), 2, "each cell once")
    refused(recurra("compare", rows, "--set", "activation=relu", "--cells", "gru"), 2, "activation")
    refused(recurra("compare", tmp_path / "none.csv"), 3, "none.csv")
    out = tmp_path / "run"
    assert recurra("compare", rows, "--cells", "gru", "--seeds", 1, *SMALL, "--out", out).code == 0
    refused(recurra("compare", rows, "--cells", "gru", *SMALL, "--out", out), 2, "already holds something")
    others = ("--set", "dropout=0.1", "--out", out, "--resume")
    refused(recurra("compare", rows, "--cells", "gru", *SMALL, *others), 2, "was begun with other choices")
