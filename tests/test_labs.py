"""The labs end to end on small data: what they measure, what they remember, and the page they compose."""

from contextlib import contextmanager

import pytest

from recurra.labs import next_value, next_value_page, schedules
from recurra.labs.record import Head, LabOptions, remembered
from recurra.report.page import to_html
from recurra.training.progress import Watch

ORDER = [
    "Aim", "Objective", "Algorithm", "Data", "Pseudocode", "Network", "Training", "Curves", "Result", "Observations",
    "Conclusion", "Settings and versions",
]  # fmt: skip


@contextmanager
def silent(title):
    yield Watch()


def options_for(folder, *, seeds=1):
    return LabOptions(quick=True, seeds=seeds, out=folder, watch=silent, say=lambda line: None)


def test_lab_next_value_lays_recorded_and_measured_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(schedules, "BATCHES", (1000,))
    monkeypatch.setattr(schedules, "RATES", (0.001, 0.01))
    record = next_value.measure(options_for(tmp_path, seeds=2))
    assert all(abs(value - 8) <= 0.02 for value in record["next_values"])
    assert all(7.0 < value < 9.0 for value in record["literal_next_values"])
    assert len(set(record["literal_next_values"])) == 2
    assert {"mae", "mase"} <= set(record["airline"]["one_step"]) & set(record["airline"]["multi_step"])
    assert {"naive_mase", "seasonal_naive_mase"} <= set(record["airline"])
    assert {"loss", "batch_size", "learning_rate"} <= set(record["optimal"])
    assert record["optimal"]["loss"] == min(point["loss"] for point in record["optimal"]["grid"])
    literal = record["schedules"]["literal"]
    assert literal["rates"][99] == pytest.approx(1e-4) and literal["rates"][100] == 0.0
    assert literal["losses"][101] == pytest.approx(literal["losses"][-1])
    assert record["schedules"]["sensible"]["rates"][-1] == 1e-4
    page = next_value_page.page(record, Head())
    assert [section.title for section in page.sections] == ORDER
    assert "8.01" in to_html(page) and next_value_page.summary(record)


def test_the_conclusion_of_next_value_can_disagree_with_the_record():
    base = {
        "next_values": [8.0, 8.0],
        "airline": {"multi_step": {"mase": 1.0}, "seasonal_naive_mase": 2.0},
        "literal_losses": [0.1],
    }
    agrees = next_value_page.conclusion({**base, "literal_next_values": [7.9, 8.1]})
    differs = next_value_page.conclusion({**base, "literal_next_values": [6.0, 6.5]})
    assert "8.01 agrees" in agrees and "8.01 does not agree" in differs


def test_a_part_is_measured_again_only_when_its_choices_change(tmp_path):
    calls = []

    def work():
        calls.append(1)
        return {"value": len(calls)}

    options = options_for(tmp_path)
    assert remembered(options, "part", {"epochs": 1}, work) == {"value": 1}
    assert remembered(options, "part", {"epochs": 1}, work) == {"value": 1}
    assert remembered(options, "part", {"epochs": 2}, work) == {"value": 2}
