"""A report says in one sentence when the network lost to its rival, by how much, and what to try."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import recurra
from recurra.datasets.texts import TextTable
from recurra.errors import advising_options
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.model import ModelOrigin
from recurra.report.blocks import Paragraph
from recurra.report.page import to_html
from recurra.runs.run import run_task, training_report
from recurra.tasks.heads.classes.measure import judge_labels
from recurra.tasks.heads.lost import Scored, learning_on, lost
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.tasks.task import Rows, made_ready
from recurra.training.progress import Watch
from small_models import text_model

SMALL = ("--set", "hidden=4", "--epochs", 1, "--quiet")


def told(what: str, own: Scored, *rivals: Scored, share: bool = False) -> str:
    with advising_options():
        return lost(what, own, rivals, on="9 rows", tries=["a longer history"], share=share).get("lost", "")


def test_the_strongest_rival_is_named_by_what_is_better_of_its_figure() -> None:
    own, weak, strong = Scored("own", 0.5), Scored("weak", 0.25), Scored("strong", 0.75, tries=("`--wide`",))
    assert told("accuracy", own, weak, strong, share=True) == (
        "The network lost to strong: accuracy 50.00 % against 75.00 % on 9 rows, 25.00 points lower; "
        "try `--wide` or a longer history."
    )
    assert told("MASE", own, weak, strong) == (
        "The network lost to weak: MASE 0.5 against 0.25 on 9 rows, 2.0 times as high; try a longer history."
    )


@pytest.mark.parametrize(
    ("own", "rival", "apart"),
    [(1.01, 1.0, "1 % higher"), (1.9, 1.0, "90 % higher"), (7.0, 2.0, "3.5 times as high"), (0.5, 0.0, "0.5 higher")],
)
def test_an_error_is_told_beside_the_rivals_also_where_that_is_nothing(own: float, rival: float, apart: str) -> None:
    assert f", {apart}; try" in told("MASE", Scored("own", own), Scored("naive", rival))


def test_counts_keep_the_space_between_their_thousands_and_names_lose_what_cannot_be_seen() -> None:
    own, rival = Scored("own", 2.0), Scored("a\u202eb", 1.0)
    line = lost("MASE", own, [rival], on="39\u202f744 rows", tries=["a longer history"])["lost"]
    assert "on 39\u202f744 rows" in line and "lost to a\\u202eb:" in line


def test_nothing_is_said_of_a_network_that_is_better_or_as_good_or_has_no_rival() -> None:
    own = Scored("own", 0.7)
    assert not told("accuracy", own, share=True) and not told("MASE", own)
    for other in (0.7, 0.7 + 1e-13, 0.7 - 1e-13):
        rival = Scored("rival", other)
        assert not told("accuracy", own, rival, share=True) and not told("MASE", own, rival)
    assert not told("accuracy", own, Scored("rival", 0.6), share=True) and not told("MASE", own, Scored("rival", 0.8))


def test_what_may_be_chance_is_called_no_better() -> None:
    rival = np.arange(200) < 150
    near, far = rival.copy(), rival.copy()
    near[[*range(10), *range(150, 158)]] ^= True
    far[:30] = False
    for right, chance in ((near, True), (far, False)):
        own, other = Scored("own", float(right.mean()), right), Scored("rival", float(rival.mean()), rival)
        sentence = told("accuracy", own, other, share=True)
        assert right.mean() < rival.mean()
        assert ("is no better than rival" in sentence) is ("which may be chance" in sentence) is chance
        assert ("lost to rival" in sentence) is not chance
    single = told("MASE", Scored("own", 2.0, np.array([2.0])), Scored("naive", 1.0, np.array([1.0])))
    assert "is no better than naive" in single


def test_more_epochs_are_advised_only_where_the_last_was_the_best_of_a_validation() -> None:
    history = [{"epoch": 1, "loss": 1.0, "val_loss": 1.0}, {"epoch": 2, "loss": 0.5, "val_loss": 0.9}]
    assert learning_on(history, 2) and not learning_on(history, 1) and not learning_on([], 0)
    assert not learning_on([{"epoch": 1, "loss": 1.0}], 1)


def needles(classes: tuple[str, ...] = ("bad", "good"), count: int = 160) -> tuple[list[str], list[str]]:
    """Texts of which a single word tells the class: n-grams see it at once, one epoch of a tiny net does not."""
    chosen = random.Random(0)
    hay = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"]
    labels = [classes[row % len(classes)] for row in range(count)]
    return [" ".join([*chosen.choices(hay, k=12), label, *chosen.choices(hay, k=12)]) for label in labels], labels


def table(path: Path, texts: list[str], labels: list[str]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *zip(texts, labels, strict=True)])
    return path


def test_text_is_told_by_fit_evaluate_and_the_report(tmp_path: Path) -> None:
    rows, run = table(tmp_path / "rows.csv", *needles()), tmp_path / "run"
    done = recurra("fit", "text", rows, *SMALL, "--validation", 0.4, "--out", run, "--json").json()
    sentence = done["lost"]
    assert sentence.startswith("The network lost to NB-SVM (1- to 3-grams): accuracy ") and " on 64 rows, " in sentence
    assert "`--wide`" in sentence and "`--vectors`" in sentence and sentence.endswith(" or more labelled rows.")
    report = json.loads((run / "report.json").read_text())
    assert report["record"]["evaluation"]["lost"] == sentence == done["evaluation"]["lost"]
    # The page of the saved record says it before any figure, drawing or table.
    again = training_report(report["record"])
    assert again.sections[0].title == "Result" and Paragraph(sentence) in again.sections[0].blocks[:2]
    assert "The network lost to NB-SVM" in to_html(again) and "<code>--wide</code>" in to_html(again)
    assert "The network lost to NB-SVM" in (run / "report.html").read_text()
    later = recurra("evaluate", run, rows, "--report", tmp_path / "page.html")
    line = later.out.splitlines()[-1]
    assert line.startswith("lost  The network lost to NB-SVM (1- to 3-grams): ") and "--wide" in line
    assert later.out.count("The network lost") == 1
    assert "The network lost to NB-SVM" in (tmp_path / "page.html").read_text()
    assert "lost" in recurra("evaluate", run, rows, "--json").json()
    assert "lost" not in recurra("evaluate", run, rows, "--json", "--no-rival").json()
    # Without the rows that were learnt from, the most frequent label is the rival: a tie, or nearly.
    rows.rename(tmp_path / "other.csv")
    one_class = table(tmp_path / "one.csv", *(part[::2] for part in needles()))
    alone = recurra("evaluate", run, one_class, "--json").json()
    assert alone["rival"] == {"name": "majority (bad)", "accuracy": 1.0} and "seconds" not in alone["rivals"][0]
    assert alone["accuracy"] == 1.0 or "majority (bad)" in alone["lost"]


def test_a_wide_part_is_not_advised_to_a_net_that_began_with_a_language_model() -> None:
    """--init-from refuses --wide."""
    texts, labels = needles()
    rows, model = LabelledRows(texts, labels), text_model()
    assert "wide" in judge_labels(model, rows, rows)["lost"]
    begun = replace(model, origin=ModelOrigin(parameters={"init_from": "runs/words"}))
    assert "wide" not in judge_labels(begun, rows, rows)["lost"]


def test_a_network_that_won_is_not_said_to_have_lost(tmp_path: Path) -> None:
    rows = table(tmp_path / "rows.csv", *needles())
    wide = ("--wide", "--validation", 0.4, "--out", tmp_path / "run")
    done = recurra("fit", "text", rows, *SMALL, *wide)
    assert done.code == 0 and "accuracy     1.0000" in done.out and "lost" not in done.out
    assert "The network" not in (tmp_path / "run" / "report.html").read_text().partition("Training")[0]


def test_in_python_the_advice_names_arguments_and_nothing_that_cannot_be_had(tmp_path: Path) -> None:
    def sentence(classes: tuple[str, ...], name: str) -> str:
        texts, labels = needles(classes)
        small = TextClassifier(hidden=4, epochs=1, validation=0.4, config=TEXT_SETTINGS)
        rows = TextTable(texts, labels, None, list(range(len(texts))))
        ready = made_ready(small.task, small.asked(), Rows((rows, None), "rows.csv"))
        record: dict[str, Any] = run_task(small, ready, out=_made(tmp_path / name), title="", watch=Watch())
        return str(record["evaluation"]["lost"])

    two, three = sentence(("bad", "good"), "two"), sentence(("bad", "good", "so so"), "three")
    assert "`wide=True`" in two and "pre-trained `vectors`" in two and "--" not in two
    assert "wide" not in three


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_series_name_the_naive_rival_that_won_and_what_the_net_lacks(tmp_path: Path) -> None:
    small = ("--epochs", 2, "--set", "hidden=4", "--horizon", 12, "--quiet")
    run = tmp_path / "run"
    done = recurra("fit", "series", "airline", *small, "--season", 12, "--window", 6, "--out", run)
    line = next(line for line in done.out.splitlines() if line.startswith("lost"))
    assert "The network lost to seasonal naive: MASE " in line and " on 12 values of 1 series, " in line
    assert "try `--window 12` (a whole season), `--set difference=true`" in line.replace(
        "more `--epochs` (the last one was the best), ", ""
    )
    assert line.endswith("or a longer history.") and "--season" not in line
    assert "The network lost to seasonal naive" in (run / "report.html").read_text()
    assert "lost to seasonal naive" in recurra("evaluate", run, "airline", "--json").json()["lost"]
    without = recurra(
        "fit", "series", "airline", *small, "--season", 1, "--window", 12, "--out", tmp_path / "two", "--json"
    ).json()
    assert "The network lost to naive: MASE " in without["lost"] and "--window" not in without["lost"]


def test_what_a_lost_series_advises_helps(tmp_path: Path) -> None:
    advised = ("--epochs", 50, "--horizon", 12, "--season", 12, "--window", 12, "--set", "difference=true", "--quiet")
    done = recurra("fit", "series", "airline", *advised, "--out", tmp_path / "run", "--json").json()
    assert done["evaluation"]["mase"] < done["rival"]["mase"] and "lost" not in done


def test_series_that_differ_in_who_won_are_not_called_lost(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    rows = "".join(
        f"s{name},{step},{value:.4f}\n" for name in range(12) for step, value in enumerate(generator.normal(100, 1, 60))
    )
    (tmp_path / "noise.csv").write_text("unique_id,ds,y\n" + rows)
    done = recurra("fit", "series", tmp_path / "noise.csv", *SMALL, "--horizon", 4, "--out", tmp_path / "run", "--json")
    # White noise: the mean, which the net starts from, is better than the last value.
    assert done.code == 0 and "lost to" not in done.json().get("lost", "")


def test_language_is_told_beside_the_trigram(tmp_path: Path) -> None:
    lines, run = tmp_path / "lines.txt", tmp_path / "run"
    lines.write_text("".join(f"the cat {n % 7} sat on the mat of dog {n % 5} .\n" for n in range(200)))
    small = (*SMALL, "--set", "streams=2", "--set", "learning_rate=0.0001")
    done = recurra("fit", "language", lines, *small, "--out", run)
    line = next(line for line in done.out.splitlines() if line.startswith("lost"))
    assert "The network lost to the Kneser-Ney trigram: perplexity " in line and " tokens, " in line
    for part in ("more `--epochs`", "`--vectors`", "`--set hidden=8`", "a longer text"):
        assert part in line
    assert "The network lost to the Kneser-Ney trigram" in (run / "report.html").read_text()
    later = recurra("evaluate", run, lines, "--json").json()
    assert "Kneser-Ney" in later["lost"] and "epochs" not in later["lost"]
    better = (*SMALL, "--set", "streams=2", "--set", "hidden=64", "--epochs", 9)
    won = recurra("fit", "language", lines, *better, "--out", tmp_path / "won", "--json").json()
    assert won["evaluation"]["perplexity"] < won["rival"]["perplexity"] and "lost" not in won
