"""The lab `next-value` end to end in its quick size: figures, page, saved models, and conclusions that can disagree."""

from __future__ import annotations

import copy
import json
import shutil
import statistics
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from command_line import recurra, refused
from recurra.errors import UsageError
from recurra.labs import next_value_recipe
from recurra.labs.lab import LabOptions, judged, measure_lab, trainings
from recurra.labs.next_value import LAB
from recurra.labs.next_value_recipe import LITERAL, counting, scheduled
from recurra.labs.page import SheetHead, page, summary
from recurra.report.page import to_html, to_json
from recurra.training.progress import Watch

ORDER = [
    "Aim", "Objective", "Algorithm", "Data", "Pseudocode", "Program", "Network", "Training", "Curves", "Result",
    "Observations", "Conclusion", "Settings and versions",
]  # fmt: skip


@contextmanager
def silent(title: str):
    yield Watch()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(next_value_recipe, "BATCHES", (1000,))
        patch.setattr(next_value_recipe, "RATES", (0.001, 0.01))
        options = LabOptions(quick=True, seeds=2, out=folder, watch=silent, say=lambda line: None)
        return measure_lab(LAB, options), folder


def full(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The record as if the full lab had given it, from as many seeds as a verdict needs; judged anew."""
    return judged(LAB, {**copy.deepcopy(record), "quick": False, **changes})


def test_recorded_and_measured_stand_side_by_side(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    assert all(abs(value - 8) <= 0.02 for value in record["next_values"])
    assert all(7.0 < value < 9.0 for value in record["literal_next_values"])
    assert len(set(record["literal_next_values"])) == 2
    assert {"mae", "mase"} <= set(record["airline"]["one_step"]) & set(record["airline"]["multi_step"])
    assert {"naive_mase", "seasonal_naive_mase"} <= set(record["airline"])
    assert record["optimal"]["loss"] == min(point["loss"] for point in record["optimal"]["grid"])
    report = page(LAB, json.loads(json.dumps(record)), SheetHead())
    assert [section.title for section in report.sections] == ORDER
    html = to_html(report)
    assert "8.01" in html and "too little data to tell" in html and json.loads(to_json(report))
    assert summary(LAB, record)


def test_the_recorded_schedule_is_measured_from_both_starts_and_over_both_floors(
    lab: tuple[dict[str, Any], Path],
) -> None:
    record, _ = lab
    assert list(record["schedule"]) == ["keras", "torch"]
    for floors in record["schedule"].values():
        assert list(floors) == ["0", "0.0001"]
        for told in floors.values():
            assert told["least"] <= told["median"] <= told["most"] and len(told["losses"]) == 2
            assert told["median"] == statistics.median(told["losses"])
    literal = record["schedules"]["literal"]
    assert literal["rates"][99] == pytest.approx(1e-4) and literal["rates"][100] == 0.0
    assert literal["losses"][101] == pytest.approx(literal["losses"][-1])
    assert literal["losses"][-1] in record["schedule"]["keras"]["0"]["losses"]
    assert record["schedules"]["sensible"]["rates"][-1] == 1e-4
    assert min(record["schedules"]["without_floor"]) == pytest.approx(-0.0009)


def test_the_scheduled_run_is_the_literal_one_but_for_its_rate_and_start() -> None:
    changed, literal = scheduled("torch", 1e-4).model_dump(), LITERAL.model_dump()
    parts = {
        f"{part}.{name}" for part in literal for name in literal[part] if literal[part][name] != changed[part][name]
    }
    assert parts == {"net.init", "training.schedule", "training.min_learning_rate"}
    assert (literal["training"]["drop"], literal["training"]["drop_every"]) == (1e-4, 10)


def test_a_full_lab_tries_twenty_seeds_of_the_counting_sequence_and_a_quick_one_as_many_as_told(tmp_path: Path) -> None:
    told = {"seeds": 5, "out": tmp_path, "watch": silent, "say": lambda line: None}
    quick, whole = LabOptions(quick=True, **told), LabOptions(quick=False, **told)  # type: ignore[arg-type]
    assert trainings(counting(quick), quick) == 6 * 5
    assert trainings(counting(whole), whole) == 6 * 20 + 6 * 20


def test_the_saved_models_answer_from_the_command_line(lab: tuple[dict[str, Any], Path]) -> None:
    record, folder = lab
    (row,) = recurra("forecast", folder / "runs" / "improved", "--values", "20,21,22", "--json").json()["rows"]
    assert row["Recurra"] == pytest.approx(record["beyond_values"][0], abs=1e-4)
    (row,) = recurra("forecast", folder / "runs" / "literal", "--values", "5 6 7", "--json").json()["rows"]
    assert row["Recurra"] == pytest.approx(record["literal_next_values"][record["literal_seed"]], abs=1e-4)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["--values", "20,x,22"], 2, "--values"),
        (["--values", "20,,22"], 2, "--values"),
        (["--values", "nan,1,2"], 2, "finite numbers"),
        (["--values", "1,2"], 3, "too few"),
        ([], 2, "neither"),
        (["series.csv", "--values", "1,2,3"], 2, "both"),
    ],
)
def test_values_that_are_none_are_refused(
    given: list[str], code: int, words: str, lab: tuple[dict[str, Any], Path]
) -> None:
    refused(recurra("forecast", lab[1] / "runs" / "improved", *given), code, words)


def test_verdicts_and_conclusion_disagree_with_the_record_when_the_figures_do(
    lab: tuple[dict[str, Any], Path],
) -> None:
    record, _ = lab
    schedule = {
        "keras": {
            "0": {"median": 4.7, "losses": [3.0, 4.7, 9.0], "next_values": [5.0, 5.4, 5.9]},
            "0.0001": {"median": 4.1, "losses": [2.9, 4.1, 8.0], "next_values": [5.1, 5.6, 6.0]},
        }
    }
    airline = {**record["airline"], "seasonal_naive_mase": 1.6}
    airline["multi_step"] = {**airline["multi_step"], "mases": [1.5, 1.5, 1.5, 1.7, 1.7]}
    agreeing = full(record, literal_next_values=[7.9, 8.0, 8.1], schedule=schedule, airline=airline,
                    next_values=[8.0, 8.01, 7.99])  # fmt: skip
    verdicts = [row["verdict"] for row in agreeing["observations"]]
    assert verdicts[:5] == ["agrees", "agrees", "does not hold", "reached", "reached"] and verdicts[6] == "undecided"
    assert "recorded 8.01 agrees" in agreeing["conclusion"] and "no run gives both" in agreeing["conclusion"]
    differing = full(record, literal_next_values=[6.0, 6.2, 6.5], schedule=schedule, airline=airline,
                     next_values=[8.5, 8.6, 8.7])  # fmt: skip
    assert "8.01 does not agree" in differing["conclusion"] and "does not answer 8.00" in differing["conclusion"]
    assert all({"claim", "verdict", "rule", "figures"} <= set(row) for row in differing["observations"])


def test_a_quick_run_never_refutes(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    assert {row["verdict"] for row in record["observations"]} == {"too little data to tell"}
    assert {row["verdict"] for row in record["results"].values()} == {"too little data to tell"}


def test_more_seeds_take_the_earlier_ones_over_and_the_net_that_is_shown_is_kept(
    lab: tuple[dict[str, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(next_value_recipe, "BATCHES", (1000,))
    monkeypatch.setattr(next_value_recipe, "RATES", (0.001, 0.01))
    folder = tmp_path / "lab"
    shutil.copytree(lab[1], folder)
    passed: list[int] = []
    options = LabOptions(
        True, 3, folder, silent, lambda line: None, passed=lambda trainings, seconds: passed.append(trainings)
    )
    record = measure_lab(LAB, options)
    assert record["literal_next_values"][:2] == lab[0]["literal_next_values"] and sum(passed) == 2 * 9 + 2
    (row,) = recurra("forecast", folder / "runs" / "literal", "--values", "5 6 7", "--json").json()["rows"]
    assert row["Recurra"] == pytest.approx(record["literal_next_values"][record["literal_seed"]], abs=1e-4)
    shutil.rmtree(folder / "runs")
    with pytest.raises(UsageError, match=r"literal-\d is no longer there.*delete .*parts"):
        measure_lab(LAB, options)
