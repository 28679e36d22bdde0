"""A sentence encoder: it learns a teacher's vectors, stands in scikit-learn's pipelines, and comes back from its file.

Not here: how good the one in the box is (benchmarks/encoder.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline

import recurra
from command_line import recurra as command
from recurra.errors import DataError, RecurraWarning, UsageError
from recurra.estimators.encoder import SentenceEncoder
from recurra.tasks.encoder import TASK

WORDS = ("good", "bad", "warm", "cold", "film", "book", "very", "not")


def taught(count: int = 200, size: int = 12) -> tuple[list[str], NDArray[np.float32]]:
    """Texts of three words, and the sum of their words' vectors: what a teacher could have."""
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((len(WORDS), size)).astype(np.float32)
    rows = generator.integers(0, len(WORDS), (count, 3))
    return [" ".join(WORDS[word] for word in row) for row in rows], vectors[rows].sum(1)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    texts, vectors = taught()
    settings = TASK.settings.changed({"batch_size": 16})
    return SentenceEncoder(hidden=16, embedding_size=12, epochs=30, learning_rate=0.02, config=settings).fit(
        texts, vectors
    )


def test_it_comes_near_the_vectors_of_its_teacher(encoder: SentenceEncoder) -> None:
    texts, vectors = taught()
    figures = encoder.evaluate(texts, vectors)
    assert figures["centred"] > 0.9 and figures["rows"] == 200
    answers = encoder.transform(texts)
    assert answers.dtype == np.float32 and np.allclose(np.linalg.norm(answers, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_whatever_stands_beside_it(encoder: SentenceEncoder) -> None:
    texts, _ = taught(40)
    together = encoder.transform(texts)
    alone = np.concatenate([encoder.transform([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_a_long_text_is_read_in_windows_and_has_their_mean(encoder: SentenceEncoder) -> None:
    longest = encoder.model_.encoder.config.max_length
    first, second = " ".join(["good film"] * (longest // 2)), "bad book"
    both, one, two = encoder.transform([f"{first} {second}", first, second])
    # 128 tokens and 2: each window counts by its tokens.
    mean = longest * one + 2 * two
    np.testing.assert_allclose(both, mean / np.linalg.norm(mean), atol=1e-5)


def test_texts_without_words_are_zeros_and_warned_of(encoder: SentenceEncoder) -> None:
    with pytest.warns(RecurraWarning, match="1 of 2 texts are empty: their vectors are zeros"):
        answers = encoder.transform(["", "good film"])
    assert not answers[0].any() and answers[1].any()
    with pytest.warns(RecurraWarning, match="the text is unread"):
        encoder.transform(["ночь улица"])
    assert encoder.transform([]).shape == (0, 12)


def test_it_stands_in_pipelines_and_is_not_fitted_again(encoder: SentenceEncoder) -> None:
    texts, _ = taught()
    labels = ["good" in text for text in texts]
    scores = cross_val_score(make_pipeline(encoder, LogisticRegression(C=10)), texts, labels, cv=3)
    assert scores.mean() > 0.9
    assert clone(encoder).transform(texts[:2]).tolist() == encoder.transform(texts[:2]).tolist()
    both = FeatureUnion([("one", encoder), ("two", clone(encoder))]).fit(texts, labels)
    assert both.transform(texts[:5]).shape == (5, 24)


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_it_answers_with_frames_whose_columns_have_names(encoder: SentenceEncoder, frame: Any) -> None:
    pytest.importorskip(frame)
    answers = clone(encoder).set_output(transform=frame).transform(["good film"])
    assert list(answers.columns) == encoder.get_feature_names_out().tolist()
    assert answers.columns[11] == "sentenceencoder11" and answers.shape == (1, 12)
    with pytest.raises(UsageError, match="transform; found 'excel'; allowed: default, pandas, polars"):
        clone(encoder).set_output(transform="excel")  # type: ignore[arg-type]


def test_without_vectors_there_is_nothing_to_learn() -> None:
    with pytest.raises(UsageError, match=r"learns from vectors \(texts, size\)"):
        SentenceEncoder().fit(["good"], ["yes"])
    with pytest.raises(DataError, match="vectors"):
        SentenceEncoder().fit(["good", "bad"], np.zeros((3, 4)))
    with pytest.raises(DataError, match="not finite"):
        SentenceEncoder().fit(["good", "bad"], np.full((2, 4), np.nan))
    with pytest.raises(UsageError, match="not fitted"):
        SentenceEncoder().transform(["good"])


def test_it_comes_back_from_its_file(encoder: SentenceEncoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "whole")
    loaded = recurra.load(tmp_path / "whole")
    assert isinstance(loaded, SentenceEncoder) and loaded.hidden == 16
    np.testing.assert_array_equal(loaded.transform(["good film"]), encoder.transform(["good film"]))


def test_a_rounded_artefact_is_a_quarter_as_large_and_answers_nearly_alike(tmp_path: Path) -> None:
    texts, vectors = taught(60, 64)
    large = SentenceEncoder(hidden=64, embedding_size=64, epochs=1).fit(texts, vectors)
    large.save(tmp_path / "whole")
    large.model_.save(tmp_path / "rounded", stored="int8")
    sizes = [(tmp_path / name / "weights.safetensors").stat().st_size for name in ("whole", "rounded")]
    assert sizes[1] < 0.3 * sizes[0]
    rounded = recurra.load(tmp_path / "rounded")
    cosines = (rounded.transform(texts) * large.transform(texts)).sum(1)
    assert cosines.min() > 0.999
    # What was rounded once is not moved by being saved again.
    rounded.model_.save(tmp_path / "again", stored="int8")
    again = recurra.load(tmp_path / "again")
    np.testing.assert_allclose(again.transform(texts), rounded.transform(texts), atol=1e-6)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    texts, vectors = taught()
    (tmp_path / "texts.csv").write_text("text\n" + "\n".join(texts) + "\n", "utf-8")
    np.save(tmp_path / "texts.npy", vectors)
    return tmp_path / "texts.csv"


SMALL = ("--set", "hidden=8", "--set", "embedding_size=8", "--epochs", "2", "--quiet")


def test_the_commands_fit_evaluate_and_report(files: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    fitted = command("fit", "encoder", files, *SMALL, "--out", out, "--json").json()
    assert fitted["evaluation"]["rows"] == 10 and "bag of words" in fitted["rival"]["name"]
    page = (out / "report.html").read_text("utf-8")
    assert "Texts from the worst to the best" in page
    measured = command("evaluate", out, files, "--json").json()
    assert measured["rows"] == 200 and measured["rivals"]
    np.save(tmp_path / "other.npy", taught()[1])
    both = command("fit", "encoder", files, tmp_path / "other.npy", *SMALL, "--out", tmp_path / "second", "--json")
    assert both.json()["evaluation"]["rows"] == 10


def test_vectors_that_do_not_fit_are_refused(files: Path, tmp_path: Path) -> None:
    beside = files.with_suffix(".npy")
    for vectors, told in (
        (np.zeros((3, 4), np.float32), "not a vector for each text; found 3; allowed: 200"),
        (np.zeros(200, np.float32), "not vectors; found float32 of shape (200,)"),
        (np.zeros((200, 4)), "not vectors; found float64"),
        (np.full((200, 4), np.inf, np.float32), "row 1 is not finite"),
    ):
        np.save(beside, vectors)
        done = command("fit", "encoder", files, *SMALL, "--out", tmp_path / "run")
        assert done.code == 3 and told in done.err, done.err
    np.save(beside, np.array([{}] * 200), allow_pickle=True)
    assert "cannot be read as a NumPy array" in command("fit", "encoder", files, "--out", tmp_path / "run").err
    beside.unlink()
    assert "no vectors of these texts" in command("data", "check", files, "--task", "encoder").out


def test_how_near_texts_are_to_each_other_is_learnt_without_the_mean() -> None:
    import torch

    from recurra.tasks.heads.vectors.learn import apart

    wanted = torch.nn.functional.normalize(torch.randn(6, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    mean = wanted.mean(0)
    assert float(apart(wanted, wanted, mean)) < 1e-12
    # One pair of six texts that changed places: its cosines with the others are wrong, its length is not.
    assert float(apart(wanted[[1, 0, 2, 3, 4, 5]], wanted, mean)) > 0.01
