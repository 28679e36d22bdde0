"""The labs end to end on small data: what they measure, what they remember, and the page they compose."""

import json
import zipfile
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recurra.config import TextConfig
from recurra.datasets.synthetic import synthetic_reviews
from recurra.errors import DataError
from recurra.labs import next_value, next_value_page, schedules, sentiment, sentiment_page
from recurra.labs.record import Head, LabOptions, remembered
from recurra.report.page import to_html, to_json
from recurra.text.tokenise import tokenise
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


@pytest.fixture
def small_data(tmp_path, monkeypatch):
    """A folder laid out like the data folder, with generated reviews as IMDB and random vectors as GloVe."""
    folder = tmp_path / "data"
    (folder / "imdb").mkdir(parents=True)
    (folder / "vectors").mkdir()
    rows = {name: [] for name in ("text", "label", "rating", "split", "id", "movie", "text_in_test")}
    for part, count in (("train", 120), ("test", 60)):
        texts, labels = synthetic_reviews(part, count=count)
        for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
            values = (text, int(label == "positive"), 1, part, f"{number}_1", f"tt{part}{number // 3}", False)
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
    pq.write_table(pa.table(rows), folder / "imdb" / "imdb_labeled.parquet")
    random = np.random.default_rng(0)
    words = sorted({token for text in rows["text"] for token in tokenise(text, TextConfig())})
    lines = [f"{word} {' '.join(f'{value:.3f}' for value in random.standard_normal(100))}" for word in words]
    with zipfile.ZipFile(folder / "vectors" / "glove.6B.100d.compact.zip", "w") as archive:
        archive.writestr("glove.6B.100d.compact.txt", "\n".join(lines) + "\n")
    monkeypatch.setenv("RECURRA_DATA", str(folder))
    return folder


def test_lab_sentiment_measures_all_cells_and_tests_every_observation(small_data, tmp_path):
    options = options_for(tmp_path / "lab")
    record = sentiment.measure(options)
    assert set(record["cells"]) == {"rnn", "gru", "lstm"}
    for told in record["cells"].values():
        assert {"train_accuracy", "train_loss", "test_accuracy", "seconds", "parameters"} <= set(told)
        assert 0 <= told["test_accuracy"] <= 1
    assert {"shuffled", "plain", "random", "frozen", "simpler_than_gru"} <= set(record["observations"])
    assert set(record["rival"]) == {"name", "accuracy", "seconds"}
    page = sentiment_page.page(record, Head(name="A. Student", experiment="8"))
    assert [section.title for section in page.sections] == ORDER
    html = to_html(page)
    assert "96 %" in html and "0.09" in html and "A. Student" in html and "quick version" in html
    assert json.loads(to_json(page))
    review = synthetic_reviews("test", count=60)[0][0]
    assert review not in html
    assert sentiment_page.summary(record)
    # A second run takes every part from where the first one left it.
    again = sentiment.measure(options)
    assert again["cells"]["lstm"]["test_accuracy"] == record["cells"]["lstm"]["test_accuracy"]


def test_lab_sentiment_says_what_to_do_without_the_data(tmp_path, monkeypatch):
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match="recurra data get"):
        sentiment.measure(options_for(tmp_path))


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
