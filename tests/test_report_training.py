"""The report of a run shows what its record holds, leaves out what it lacks, and refuses what is misshapen."""

from __future__ import annotations

import math
from typing import Any

import pytest

from recurra.errors import UsageError
from recurra.report.blocks import Block, Code, Figure, Highlights, SideBySide, Table
from recurra.report.page import Report, to_html, to_json
from recurra.runs.run import training_report

HISTORY = [
    {"epoch": n, "loss": 0.7 / n, "accuracy": 1 - 0.4 / n, "val_loss": 0.5, "val_accuracy": 0.8, "lr": 1e-3 / n}
    for n in range(1, 5)
]
HARDEST = {"row": 20_411, "label": "positive", "predicted": "negative", "probability": 0.99, "loss": 5.1}
TEXT: dict[str, Any] = {
    "task": "text",
    "title": "Reviews",
    "settings": {"cell": "gru", "training": {"epochs": 4, "learning_rate": 1e-3}, "pool": ["mean", "max"]},
    "versions": {"recurra": "0.1.0"},
    "network": [["embedding", "embedding", ["T", 100], 2000], ["GRU", "recurrent", ["T", 8], 2640]],
    "cell": {"kind": "gru", "inputs": 100, "hidden": 8, "activation": "tanh"},
    "history": HISTORY,
    "evaluation": {
        "rows": 25_000,
        "accuracy": 0.9123,
        "f1": 0.9125,
        "confusion": [[90, 10], [20, 80]],
        "labels": ["negative", "positive"],
        "calibration": [
            {"confidence": 0.6, "accuracy": 0.55, "count": 10},
            {"confidence": 0.9, "accuracy": 0.0, "count": 0},
        ],
        "by_length": [
            {"low": 1, "high": 100, "rows": 2310, "accuracy": 0.92},
            {"low": 101, "high": None, "rows": 5, "accuracy": 0.9},
        ],
        "top_losses": [{**HARDEST, "excerpt": "<i>"}],
        "rivals": [{"name": "NB-SVM", "accuracy": 0.9, "seconds": 14.2}],
    },
}
LANGUAGE: dict[str, Any] = {
    "task": "language",
    "history": [{"epoch": 1, "loss": 5.0, "val_loss": 5.2}, {"epoch": 2, "loss": 4.0, "val_loss": 4.8}],
    "evaluation": {"tokens": 1000, "perplexity": 99.3, "samples": [{"prompt": "the", "text": "the film", "seed": 1}]},
}
SERIES: dict[str, Any] = {
    "task": "series",
    "evaluation": {
        "mae": 7.1,
        "coverage": 0.83,
        "rivals": [{"name": "naive", "mae": 21.0}, {"name": "seasonal naive", "mae": 24.0}],
        "by_horizon": [{"step": 1, "mae": 5.0}, {"step": 2, "mae": 6.0}],
        "series": [{"name": "shop", "actual": [1, 2, 3, 4], "predicted": [None, None, 3.1, 3.8], "test_from": 2}],
    },
}


def blocks(report: Report, kind: type[Block]) -> list[Any]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, kind)]


def titles(report: Report) -> list[str]:
    return [section.title for section in report.sections]


@pytest.fixture(scope="module")
def whole() -> Report:
    """Return the report of the whole record."""
    return training_report(TEXT)


def test_a_text_run_shows_all_it_holds(whole: Report) -> None:
    report = whole
    assert titles(report) == ["Result", "Training", "Mistakes", "Hardest rows", "Network", "Settings", "Versions"]
    html = to_html(report)
    for words in (
        "91.23 %",
        "NB-SVM: 90.00 %",
        "25\u202f000 rows",
        "&lt;i&gt;",
        "training.learning_rate",
        "mean, max",
        "20411",
    ):
        assert words in html


def test_settings_of_another_task_are_left_out() -> None:
    groups = {"text": {"max_length": 77}, "net": {"hidden": 8}, "series": {"horizon": 99}}
    for task, unread in (("text", "horizon"), ("series", "max_length")):
        page = to_html(training_report({"task": task, "title": "A run", "settings": groups}))
        shown = {name for name in ("max_length", "hidden", "horizon") if name in page}
        assert shown == {"max_length", "hidden", "horizon"} - {unread}


@pytest.mark.parametrize("part", ["settings", "versions", "network", "history", "evaluation"])
def test_a_part_that_is_missing_is_left_out(part: str, whole: Report) -> None:
    report = training_report({key: value for key, value in TEXT.items() if key != part})
    lost = {
        "settings": {"Settings"},
        "versions": {"Versions"},
        "network": set(),
        "history": {"Training"},
        "evaluation": {"Result", "Mistakes", "Hardest rows"},
    }[part]
    assert set(titles(whole)) - set(titles(report)) == lost
    assert len(to_json(report)) < len(to_json(whole))


@pytest.mark.parametrize("part", sorted(set(TEXT["evaluation"]) - {"labels"}))
def test_any_one_score_may_be_missing(part: str, whole: Report) -> None:
    scores = {key: value for key, value in TEXT["evaluation"].items() if key != part}
    judged = training_report({"task": "text", "evaluation": scores})
    held = [section.blocks for section in whole.sections if section.title in ("Result", "Mistakes", "Hardest rows")]
    assert [section.blocks for section in judged.sections] != held
    assert "Result" in titles(judged)


def test_a_record_of_nothing_but_its_task_is_an_empty_page() -> None:
    for task in ("text", "language", "series"):
        assert "<h1>" in to_html(training_report({"task": task}))


def test_few_labels_stand_beside_the_calibration_and_many_get_a_table(whole: Report) -> None:
    assert len(blocks(whole, SideBySide)) == 1
    record: dict[str, Any] = {"task": "text", "evaluation": dict(TEXT["evaluation"])}
    record["evaluation"]["labels"] = ["a", "b", "c"]
    record["evaluation"]["confusion"] = [[8, 2, 0], [1, 9, 0], [0, 0, 0]]
    (table,) = [table for table in blocks(training_report(record), Table) if table.header[0] == "label"]
    assert table.rows[0] == ("a", 10, 8 / 9, 0.8, 16 / 19)
    assert table.rows[2] == ("c", 0, None, None, None)


def test_the_most_confused_pairs_are_listed_where_no_chart_can_show_them() -> None:
    record: dict[str, Any] = {"task": "text", "evaluation": {}}
    size = 30
    record["evaluation"]["labels"] = [f"l{place}" for place in range(size)]
    matrix = [[50 if row == col else 0 for col in range(size)] for row in range(size)]
    matrix[3][7], matrix[9][1] = 12, 30
    record["evaluation"]["confusion"] = matrix
    (pairs,) = [table for table in blocks(training_report(record), Table) if table.header[0] == "true"]
    assert pairs.rows == (("l9", "l1", 30), ("l3", "l7", 12))


def test_a_long_history_is_thinned_but_keeps_its_last_epoch() -> None:
    history = [{"epoch": epoch, "loss": 1 / (epoch + 1)} for epoch in range(200)]
    report = training_report({"task": "series", "history": history})
    (table,) = blocks(report, Table)
    assert [row[0] for row in table.rows[:2]] == [0, 5] and table.rows[-1][0] == 199 and len(table.rows) == 41
    assert table.caption == "Every 5th epoch, and the last."


def test_a_constant_learning_rate_is_not_drawn() -> None:
    constant = [dict(row, lr=1e-3) for row in HISTORY]
    drawn = [len(blocks(training_report({"task": "text", "history": rows}), Figure)) for rows in (HISTORY, constant)]
    assert drawn == [2, 1]


@pytest.mark.parametrize("settings", [{"training": {"samples": 1000}}, {"samples": 1000}])
def test_a_loss_over_sampled_words_is_drawn_as_a_loss_and_not_as_a_perplexity(settings: dict[str, Any]) -> None:
    history = [{"epoch": epoch, "loss": 3.0 / epoch, "val_loss": 5.0 / epoch} for epoch in (1, 2, 3)]
    (curves,) = blocks(training_report({"task": "language", "history": history, "settings": settings}), Figure)
    assert "validation perplexity" in curves.svg and "training loss, nats" in curves.svg
    assert "training perplexity" not in curves.svg and "it is no perplexity" in curves.caption
    (exact,) = blocks(training_report({"task": "language", "history": history, "settings": {"samples": 0}}), Figure)
    assert "training perplexity" in exact.svg and "training loss" not in exact.svg
    # Without a validation part there is no perplexity at all, and the usual picture of the loss is drawn.
    alone = [{"epoch": epoch, "loss": 3.0 / epoch} for epoch in (1, 2, 3)]
    (loss,) = blocks(training_report({"task": "language", "history": alone, "settings": settings}), Figure)
    assert loss.caption == "Loss over epochs." and "perplexity" not in loss.svg


def test_a_language_model_shows_perplexity_and_samples() -> None:
    report = training_report(LANGUAGE)
    (sample,) = blocks(report, Code)
    assert sample.text == "the film" and sample.caption == "After “the”, seed 1."
    (scores,) = blocks(report, Highlights)
    assert [item.value for item in scores.items] == ["99.3"]
    assert any("perplexity" in figure.svg for figure in blocks(report, Figure))


def test_a_diverged_language_model_still_has_a_report() -> None:
    history = [{"epoch": 1, "loss": 5.0}, {"epoch": 2, "loss": math.nan}, {"epoch": 3, "loss": 900.0}]
    assert "perplexity" in to_html(training_report({"task": "language", "history": history}))


def test_many_series_are_small_and_told_by_their_standing_above_leads_residuals_and_shares() -> None:
    rivals = [
        {"name": "naive", "mase": 9.0, "skill": 0.9, "difference": -8.1, "low": -9.5, "high": -7.0},
        {"name": "Theta", "mase": 1.0, "skill": 0.1, "difference": -0.1, "low": -0.3, "high": 0.1},
    ]
    steps = [
        {"step": step, "mase": 0.9, "naive": 9.0, "Theta": 1.0, "residual": 0.1, "residual_low": -1, "residual_high": 1}
        for step in (1, 2)
    ]
    one = {"actual": [1.0, 2, 3, 4], "predicted": [None, None, 3.1, 3.8], "low": [None, None, 2, 2], "test_from": 2}
    series = [
        {**one, "name": f"s{row}", "mase": row / 2, "standing": told} for row, told in enumerate(("best", "worst"))
    ]
    evaluation = {
        "mase": 0.9, "coverage_80": 0.79, "rivals": rivals, "by_horizon": steps, "residuals": [0.2, -0.1, 0.4],
        "series": series, "shares": {"net": 0.7, "theta": 0.3, "holt": 0}, "factors": [1.1, 1.2, 1.3],
        "lag": "Perhaps no better than repeating the last value.",
    }  # fmt: skip
    report = training_report({"task": "series", "evaluation": evaluation})
    titles = [section.title for section in report.sections]
    assert titles[1:5] == [
        "Series: forecasts beside what came", "Lead over the rivals", "Residuals", "What the forecast is made of",
    ]  # fmt: skip
    page = to_html(report)
    for told in (
        "Best: s0, MASE 0",
        "Worst: s1, MASE 0.5",
        "left out: naive",
        "nets 70 %",
        "Theta 30 %",
        "1.1, 1.2, 1.3",
    ):
        assert told in page, told
    assert "Perhaps no better than repeating the last value." in page and "damped Holt" not in page


def test_a_forecast_stands_beside_the_naive_rivals() -> None:
    report = training_report(SERIES)
    (table,) = blocks(report, Table)
    assert table.header == ("", "MAE", "coverage")
    assert table.rows == (("this run", 7.1, 0.83), ("naive", 21.0, None), ("seasonal naive", 24.0, None))
    assert [figure.caption.split(".")[0] for figure in blocks(report, Figure)] == [
        "shop: actual against predicted",
        "Each value against its prediction",
        "Error by how far ahead was forecast",
    ]


def test_pooling_of_the_last_state_is_drawn_from_the_last_step() -> None:
    network = [["LSTM", "recurrent", ["T", 50], 10_400], ["last", "pooling", [50], 0], ["dense", "dense", [1], 51]]
    report = training_report({"task": "series", "network": network})
    (figure,) = blocks(report, Figure)
    assert figure.svg.count("<polygon") == 4 + 4 + 1 + 1 + 1
    assert blocks(report, Table)[0].footer[-1] == 10_451


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"task": "vision"}, "record.task"),
        ({"history": {"loss": [1]}}, "record.history"),
        ({"history": [1, 2]}, "record.history"),
        ({"network": [["a", "b"]]}, "record.network"),
        ({"cell": {"kind": "gru"}}, "record.cell"),
        ({"cell": {"kind": [], "inputs": 1, "hidden": 1}}, "record.cell"),
        ({"evaluation": {"confusion": [[1, math.nan], 3], "labels": ["a", "b"]}}, "record.evaluation.confusion"),
        ({"evaluation": {"labels": 5}}, "labels"),
        ({"settings": [1]}, "record.settings"),
        ({"evaluation": {"confusion": [[1, 2]], "labels": ["a", "b"]}}, "record.evaluation.confusion"),
    ],
)
def test_a_misshapen_part_is_named(change: dict[str, Any], place: str) -> None:
    with pytest.raises(UsageError, match=place):
        training_report({**TEXT, **change})
