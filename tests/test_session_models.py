"""Sessions and pools of trained models: what they answer, what they refuse, and states that go on elsewhere."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.config import NetConfig, TextConfig
from recurra.engine import native
from recurra.errors import ArtefactError, RecurraError, UsageError
from recurra.nets.layouts import classifier_net, tagger_net, target_net
from recurra.nets.stepping_plain import PlainStreams
from recurra.session import Session
from recurra.session_pool import SessionPool
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.next_token.drawing import Drawing
from recurra.tasks.heads.regression.run import RunningRegressor
from recurra.tasks.heads.tags.run import RunningTagger
from recurra.text.encoder import fit_encoder
from recurra.text.features import fit_features
from small_models import SENTENCES, drawn, language_model, series_model, text_model

FORWARD = NetConfig(cell="gru", hidden=5, embedding_size=4, pool=("mean", "last", "max"))


def classifier(net: NetConfig = FORWARD, config: TextConfig | None = None) -> RunningClassifier:
    encoder = fit_encoder(SENTENCES, config or TextConfig(min_count=1))
    plan = classifier_net(net, words=len(encoder.vocabulary), labels=2)
    return RunningClassifier(plan, drawn(plan), encoder, ("bad", "good"), 1.7)


def backward() -> Any:
    model = language_model()
    return replace(model, plan=model.plan.model_copy(update={"direction": "backward"}))


def regressor() -> RunningRegressor:
    encoder = fit_encoder(SENTENCES, TextConfig(min_count=1))
    plan = target_net(FORWARD, words=len(encoder.vocabulary), targets=2, task="regression")
    return RunningRegressor(plan, drawn(plan), encoder, ("length", "price"), (), (3.0, 10.0), (2.0, 5.0))


def tagger() -> RunningTagger:
    encoder = fit_features([text.split() for text in SENTENCES], TextConfig(min_count=1))
    plan = tagger_net(NetConfig(cell="lstm", hidden=5, embedding_size=4), words=len(encoder.vocabulary), tags=3)
    return RunningTagger(plan, drawn(plan), encoder, ("A", "B", "C"))


def test_a_classifier_answers_after_each_token_and_at_the_end_as_predict_does() -> None:
    model = classifier()
    for text in SENTENCES:
        session = Session(model)
        for word in text.split():
            answer = session.push(word)
        np.testing.assert_allclose(answer, model.predict_proba([text])[0], rtol=1e-5)
        assert session.names == ("bad", "good") and session.tokens == len(text.split())
        np.testing.assert_array_equal(Session(model).push(text), answer)
        np.testing.assert_array_equal(Session(model).push_many(text)[-1], answer)


def test_numbers_come_in_the_units_of_their_targets() -> None:
    model = regressor()
    answer = Session(model).push(SENTENCES[0])
    np.testing.assert_allclose(answer, model.numbers(SENTENCES[:1])[0][0], rtol=1e-5)


def test_a_tagger_answers_each_token_as_a_whole_text_does() -> None:
    model = tagger()
    tokens = SENTENCES[4].split()
    wanted = np.exp(model.scores([tokens])[0])
    session = Session(model)
    np.testing.assert_allclose([session.push(token) for token in tokens], wanted, rtol=1e-5)
    np.testing.assert_array_equal(Session(model).push_many(SENTENCES[4])[-1], Session(model).push(SENTENCES[4]))


def test_a_language_model_tells_the_next_token_whatever_came_before() -> None:
    model = language_model()
    session = Session(model)
    shares = session.push("a good")
    told = dict(model.next_words("a good", count=100))
    assert shares == pytest.approx([told.get(word, 0) for word in session.names], rel=1e-4)
    assert session.tokens == 3  # the end of a line stands before
    again = Session(model)
    again.push("a")
    np.testing.assert_array_equal(again.push("good"), shares)


def test_what_is_drawn_depends_on_the_seed_alone_and_follows_the_shares() -> None:
    model = language_model()
    drawn_twice = [model.generate("a", tokens=30, seed=3, temperature=0.7, top_k=6, top_p=0.9) for _ in range(2)]
    assert drawn_twice[0] == drawn_twice[1]
    session, random = Session(model), np.random.default_rng(0)
    start = session.push("a good")
    state = session.state()
    token = int(start.argmax())
    counts = np.zeros(len(start))
    for _ in range(4000):
        session.restore(state)
        counts[session.sample(token, random, temperature=0.8, top_k=8, top_p=0.9)] += 1
    session.restore(state)
    scores = np.log(session.push(token))
    np.testing.assert_allclose(counts / 4000, Drawing(0.8, 8, 0.9).shares(scores), atol=0.03)


@pytest.mark.parametrize(
    "how", [(1.0, 0, 1.0), (0.5, 0, 1.0), (1.3, 4, 1.0), (1.0, 0, 0.6), (0.8, 7, 0.9), (1.0, 900, 0.99)]
)
def test_the_engine_draws_as_numpy_does(how: tuple[float, int, float]) -> None:
    random, drawing = np.random.default_rng(0), Drawing(*how)
    session = Session(language_model())
    for _ in range(200):
        scores = (random.standard_normal(session.outputs) * 3).astype(np.float32)
        uniform = random.random()
        assert session._streams.draw(scores, uniform, drawing) == drawing.drawn(scores, uniform)


def test_a_fork_goes_on_alone_and_a_reset_begins_anew(tmp_path: Path) -> None:
    model = classifier()
    session = Session(model)
    session.push("a good")
    other = session.fork()
    answer = session.push("film")
    np.testing.assert_array_equal(other.push("film"), answer)
    other.push("bad bad bad")
    session.save(tmp_path / "state")
    last = session.push("not")
    fresh = Session(model)
    fresh.load(tmp_path / "state")
    assert fresh.tokens == 3
    np.testing.assert_array_equal(fresh.push("not"), last)
    fresh.reset()
    np.testing.assert_array_equal(fresh.push("a good film"), answer)
    for twin in (copy.copy(session), copy.deepcopy(session)):
        session.fork().push("bad")
        np.testing.assert_array_equal(twin.push("bad"), session.fork().push("bad"))
    wide = np.empty(2)
    assert Session(model).push("a good film", out=wide) is not None  # type: ignore[arg-type]
    np.testing.assert_array_equal(wide, answer)


def test_a_state_of_another_model_is_refused(tmp_path: Path) -> None:
    session = Session(classifier())
    session.push("good")
    session.save(tmp_path / "state")
    with pytest.raises(ArtefactError, match="another model"):
        Session(classifier(), precision="int8").load(tmp_path / "state")
    (tmp_path / "state").write_bytes(b"no")
    with pytest.raises(ArtefactError, match="safetensors"):
        session.load(tmp_path / "state")
    with pytest.raises(ArtefactError, match="cannot be read"):
        session.load(tmp_path / "none")
    with pytest.raises(RecurraError, match="cannot be written"):
        session.save(tmp_path / "state" / "under a file")
    with pytest.raises(UsageError, match="state"):
        session.restore({"tokens": 3})
    with pytest.raises(UsageError, match="no stream has"):
        session.restore({**session.state(), "recurrent.l0.hidden": np.full(5, np.nan)})


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (text_model, "reads both ways.*bidirectional=false"),
        (lambda: classifier(FORWARD.model_copy(update={"pool": ("attention",)})), "attention.*pool=mean"),
        (series_model, "a window"),
        (object, "no trained model"),
        (backward, "reads backward"),
        (lambda: classifier(config=TextConfig(min_count=1, pad_to_max=True)), "pads"),
    ],
)
def test_what_cannot_be_stepped_is_refused_with_what_to_train(model: Any, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        Session(model())


def test_what_is_no_token_is_refused_and_leaves_the_state_as_it_was() -> None:
    session = Session(classifier())
    answer = session.push(5)
    for wrong in (-1, 10_000, 2.5, "", " ", None, [1, 2], np.nan, b"a", True, object()):
        with pytest.raises(UsageError):
            session.push(wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="out"):
        session.push("good", out=np.empty(3, np.float32))
    closed = np.empty(2, np.float32)
    closed.flags.writeable = False
    for out in (closed, [0.0, 0.0], np.empty((1, 2), np.float32), np.empty(2, np.int64)):
        with pytest.raises(UsageError, match="out"):
            session.push(5, out=out)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="precision"):
        Session(classifier(), precision="float16")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="language model"):
        session.sample(5, np.random.default_rng(0))
    assert session.tokens == 1
    assert session.push_many([]).shape == (0, 2)
    for kind in (np.int32, np.int64, np.uint8):
        other = Session(classifier())
        np.testing.assert_array_equal(other.push(kind(5)), answer)
        np.testing.assert_array_equal(Session(classifier()).push_many(np.array([5, 5], kind)[::-1])[0], answer)


def test_a_pool_steps_each_stream_as_a_session_alone_would() -> None:
    model = classifier()
    pool, alone = SessionPool(model, 4), [Session(model) for _ in range(4)]
    random = np.random.default_rng(0)
    for _ in range(20):
        slots = random.permutation(4)[: random.integers(1, 5)]
        tokens, done = random.integers(5, 12, len(slots)), random.random(len(slots)) < 0.2
        answers = pool.push(tokens, slots, done=done)
        for row, slot in enumerate(slots):
            if done[row]:
                alone[slot].reset()
            np.testing.assert_array_equal(answers[row], alone[slot].push(tokens[row]))
    assert pool.tokens.tolist() == [session.tokens for session in alone]
    np.testing.assert_array_equal(pool.session(2).push("film"), alone[2].push("film"))


def test_a_pool_reads_texts_and_a_stream_twice_in_their_order() -> None:
    model = language_model()
    pool, session = SessionPool(model, 3), Session(model)
    answers = pool.push(["a good", "not", "film"], [1, 0, 1])
    np.testing.assert_array_equal(answers[0], session.push("a good"))
    np.testing.assert_array_equal(answers[2], session.push("film"))
    assert pool.tokens.tolist() == [2, 4, 0]
    pool.fork(1, 2)
    np.testing.assert_array_equal(pool.push(["bad", "bad"], [1, 2])[0], session.push("bad"))
    pool.reset(np.array([False, True, False]))
    assert pool.tokens.tolist() == [2, 0, 5]
    pool.reset()
    assert not pool.tokens.any()


def test_a_pool_refuses_before_any_stream_has_read(tmp_path: Path) -> None:
    pool = SessionPool(classifier(), 3)
    pool.push([5, 6, 7])
    for items, slots, done in (
        ([5, 6, 7, 8], None, None),
        ([5, 99_999], None, [True, False]),
        ([5, 6], [0, 3], None),
        ([5, 6], [0], None),
        (["good", ""], None, [True, True]),
        (["good", 5], None, None),
        ([5.5, 6.5], None, None),
        ([5, 6], [1, 1], [True, False]),
        ([5, 6], None, [1, 2]),
    ):
        with pytest.raises(UsageError):
            pool.push(items, slots, done=done)  # type: ignore[arg-type]
    assert pool.tokens.tolist() == [1, 1, 1]
    assert pool.push([], []).shape == (0, 2)
    pool.save(tmp_path / "pool")
    other = SessionPool(classifier(), 3)
    other.load(tmp_path / "pool")
    np.testing.assert_array_equal(other.push([5, 6, 7]), pool.push([5, 6, 7]))
    with pytest.raises(UsageError, match="state"):
        SessionPool(classifier(), 2).load(tmp_path / "pool")


def test_sessions_on_many_threads_answer_as_one_does() -> None:
    model, wanted = language_model(), []
    session = Session(model)
    tokens = np.random.default_rng(0).integers(5, 12, 300)
    wanted = [session.push(token) for token in tokens]
    found: dict[int, bool] = {}

    def read(number: int) -> None:
        own = Session(model)
        found[number] = all(np.array_equal(own.push(token), row) for token, row in zip(tokens, wanted, strict=True))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(8), True)


def test_without_the_engine_the_same_class_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier()
    wanted = Session(model).push_many("the good , the bad")
    monkeypatch.setattr(native, "serves", lambda dtype: False)
    session = Session(model)
    assert isinstance(session._streams, PlainStreams)
    np.testing.assert_allclose(session.push_many("the good , the bad"), wanted, rtol=1e-4)
    pool = SessionPool(model, 2)
    np.testing.assert_allclose(pool.push(["the good", "the"], [1, 0])[0], wanted[1], rtol=1e-4)
    with pytest.raises(UsageError):
        session.push(10_000)
    language = language_model()
    assert language.generate("a", tokens=5)
    assert 0 <= Session(language).sample(5, np.random.default_rng(0)) < len(language.encoder.vocabulary)
