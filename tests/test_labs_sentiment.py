"""The lab sentiment end to end on small data: what it trains, measures, remembers, concludes, and its page."""

import json
import runpy
import zipfile
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recurra.config import TextConfig
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import DataError
from recurra.labs.lab import LabOptions, measure_lab, observed
from recurra.labs.page import SheetHead, page, save_program, summary
from recurra.labs.sentiment import LAB
from recurra.labs.sentiment_data import SentimentData, shuffled
from recurra.labs.sentiment_recipe import EXPERIMENTS, LADDER, LITERAL, STEPS, WORK
from recurra.report.page import to_html, to_json
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.text.encoder import fit_encoder
from recurra.text.tokenise import tokenise
from recurra.training.progress import Watch

# A few dozen reviews and an epoch or two are doubtful on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")

SECTIONS = [
    "Aim", "Objective", "Algorithm", "Data", "Pseudocode", "Program", "Network", "Training", "Curves", "Result",
    "Observations", "Conclusion",
]  # fmt: skip


@contextmanager
def silent(title):
    yield Watch()


def options_for(folder, *, synthetic=False):
    return LabOptions(quick=True, seeds=1, out=folder, watch=silent, say=lambda line: None, synthetic=synthetic)


@pytest.fixture(scope="module")
def small_data(tmp_path_factory):
    """A folder laid out like the data folder, with generated reviews as IMDB and random vectors as GloVe."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "imdb").mkdir()
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECURRA_DATA", str(folder))
        yield folder


@pytest.fixture(scope="module")
def lab(small_data, tmp_path_factory):
    """The quick lab of one seed on small data: its options and record."""
    options = options_for(tmp_path_factory.mktemp("lab"))
    return options, measure_lab(LAB, options)


def test_the_literal_net_is_the_records_own():
    net, training, text = LITERAL.net, LITERAL.training, LITERAL.text
    assert (net.cell, net.activation, net.hidden, net.bidirectional, net.pool) == (
        "rnn",
        "sigmoid",
        64,
        False,
        ("last",),
    )
    assert (net.word_dropout, net.embedding_dropout, net.recurrent_dropout, net.dropout) == (0, 0, 0, 0)
    assert not net.freeze_embedding
    assert (training.optimiser, training.learning_rate, training.schedule) == ("adam", 1e-3, "constant")
    assert (training.weight_decay, training.ema, training.adversarial, training.label_smoothing) == (0, 0, 0, 0)
    assert text.max_length == 200 and text.truncate == "tail" and training.epochs <= 20


def test_each_step_of_the_ladder_changes_one_thing_of_the_step_before():
    allowed = {
        "tanh": {"net.activation", "training.epochs"},
        "both": {"net.bidirectional"},
        "pooled": {"net.pool"},
        "regularised": {
            "net.word_dropout", "net.embedding_dropout", "net.dropout", "training.optimiser", "training.weight_decay",
            "training.ema",
        },
        "gru": {"net.cell"},
        "lstm": {"net.cell"},
    }  # fmt: skip
    for name, keys in allowed.items():
        assert changed(STEPS[name].settings, STEPS[STEPS[name].start].settings) == keys
    assert {variant.name for variant in WORK} == {variant.name for variant in (*LADDER, *EXPERIMENTS)}


def changed(settings, start):
    before, after = start.model_dump(), settings.model_dump()
    return {f"{part}.{key}" for part in after for key in after[part] if after[part][key] != before[part][key]}


def test_the_lab_trains_every_step_tests_every_observation_and_remembers_what_it_measured(lab):
    options, record = lab
    for key in ("train_accuracy", "train_loss", "val_accuracy", "test_accuracy", "last_test_accuracy"):
        figures = record["literal"][key]
        assert figures["least"] <= figures["mean"] <= figures["most"]
    assert [step["step"] for step in record["ladder"]] == [*(step.name for step in LADDER), "wide"]
    assert [row["step"] for row in record["experiments"]] == [variant.name for variant in EXPERIMENTS]
    assert len(record["observations"]) == 4 and record["questions"]
    for row in record["observations"] + record["questions"]:
        assert {"claim", "verdict", "rule", "figures"} <= set(row)
    # what a quick run sees of the nets refutes nothing; a count of weights needs no training
    verdicts = {row["claim"]: row["verdict"] for row in record["observations"]}
    assert verdicts.pop("The simple RNN is simpler than a GRU.") == "reached"
    assert set(verdicts.values()) == {"too little data to tell"}
    # every finished part is taken over, and its checkpoints are gone
    parts = {path.name: path.stat().st_mtime_ns for path in (options.out / "parts").iterdir()}
    assert not list(options.out.glob("runs/*/checkpoints"))
    assert measure_lab(LAB, options)["ladder"] == record["ladder"]
    assert parts == {path.name: path.stat().st_mtime_ns for path in (options.out / "parts").iterdir()}


def test_the_page_holds_every_part_and_no_text_of_the_data_set(lab):
    _, record = lab
    report = page(LAB, record, SheetHead(name="A. Student", experiment="8"))
    assert [section.title for section in report.sections][: len(SECTIONS)] == SECTIONS
    html, figures = to_html(report), to_json(report)
    assert "96 %" in html and "0.09" in html and "A. Student" in html and "quick version" in html
    assert "recorded 96 %" in html and "validation loss" in html
    for text in synthetic_reviews("test", count=60)[0] + synthetic_reviews("train", count=120)[0]:
        assert text not in html and text not in figures
    # a saved record gives the same page
    again = page(LAB, json.loads(json.dumps(record)), SheetHead(name="A. Student", experiment="8"))
    assert to_html(again) == html
    assert summary(LAB, record)


def test_the_lab_can_be_learnt_offline_on_made_up_reviews_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("recurra.labs.sentiment_data.QUICK_ROWS", (120, 40, 60))
    record = measure_lab(LAB, options_for(tmp_path / "lab", synthetic=True))
    assert "literal-random" not in {row["step"] for row in record["experiments"]}
    html = to_html(page(LAB, record, SheetHead()))
    assert "says nothing of IMDB" in html and "--synthetic" in html


def test_the_program_of_the_page_runs_as_it_stands_and_is_the_literal_recipe(small_data, tmp_path, monkeypatch, capsys):
    script, notebook = save_program("sentiment", tmp_path / "run")
    cells = json.loads(notebook.read_text())["cells"]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    assert len(code) == 7 and all(source in script.read_text() for source in code)
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script))
    assert names["settings"] == LITERAL
    assert "test accuracy" in capsys.readouterr().out
    assert (tmp_path / "accuracy-against-loss.svg").read_text().startswith("<svg")
    assert RunningClassifier.load(tmp_path / "sentiment-model").labels == ("negative", "positive")


def test_all_missing_data_are_named_in_one_message_before_any_folder_is_made(tmp_path, monkeypatch, capsys):
    from recurra.__main__ import main

    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"recurra data get imdb.*recurra data get glove.*--synthetic"):
        measure_lab(LAB, options_for(tmp_path / "lab"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["recurra", "lab", "sentiment", "--out", str(tmp_path / "lab")])
    with pytest.raises(SystemExit, match="3"):
        main()
    assert "no imdb and no glove" in capsys.readouterr().err
    assert not (tmp_path / "lab").exists()


def test_shuffling_keeps_the_words_that_are_read_and_the_vocabulary():
    texts = ["the first words stay where they are , only the last five change", "short text"]
    data = SentimentData((texts, ["a", "b"]), (texts, ["a", "b"]), (texts, ["a", "b"]), None, ["1", "2"])
    config = TextConfig(max_length=5, truncate="tail", min_count=1)
    mixed = shuffled(data, config, 0)
    assert fit_encoder(mixed.train[0], config).vocabulary == fit_encoder(texts, config).vocabulary
    before, after = tokenise(texts[0], config), tokenise(mixed.train[0][0], config)
    assert after[:-5] == before[:-5] and sorted(after[-5:]) == sorted(before[-5:]) and after != before
    assert mixed.train[1] == data.train[1] and len(mixed.test[0][1].split()) == 2


def record_with(accuracies):
    """A record of three seeds around an accuracy for every variant; only what the claims read."""

    def seeds(accuracy):
        return {"by_seed": [accuracy + shift for shift in (-0.001, 0.0, 0.001)]}

    rows = [{"step": variant.name, "test_accuracy": seeds(accuracies.get(variant.name, 0.85))} for variant in WORK]
    literal = {"test_accuracy": accuracies.get("literal", 0.85), "last_test_accuracy": 0.76, "last_val_accuracy": 0.76,
               "train_accuracy": 0.97}  # fmt: skip
    return {
        "literal": {**{name: seeds(accuracy) for name, accuracy in literal.items()}, "words": 1000},
        "ladder": [*rows, {"step": "wide", "test_accuracy": seeds(0.93)}],
        "experiments": [],
        "too_little": False,
        "rival": {"name": "NB-SVM", "accuracy": 0.92},
        "majority": 0.5,
    }


@pytest.mark.parametrize(
    ("shuffled_accuracy", "verdict", "sentence"),
    [(0.75, "reached", "order is used"), (0.8005, "undecided", "overlap"), (0.85, "does not hold", "does not beat")],
)
def test_the_explanation_of_an_observation_follows_its_outcome(shuffled_accuracy, verdict, sentence):
    order = observed(LAB, record_with({"literal": 0.8, "literal-shuffled": shuffled_accuracy}))["order"]
    assert order["verdict"] == verdict and sentence in order["explanation"]


def test_a_network_that_loses_to_its_rival_is_said_to_lose_with_what_to_try():
    lost = observed(LAB, record_with({"recipe": 0.9}))["rival"]
    assert lost["verdict"] == "does not hold" and "−2.00 points" in lost["explanation"]
    assert "try more reviews" in lost["explanation"]


def test_simpler_than_a_gru_is_a_count_of_weights_of_the_recurrent_part():
    simpler = observed(LAB, record_with({}))["simpler"]
    rnn, gru = simpler["figures"]["values"][0], simpler["figures"]["against"][0]
    assert rnn == 64 * (100 + 64 + 2) and gru == 3 * rnn
