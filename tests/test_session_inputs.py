"""What a session is given is read, or refused in one line before its state moves.

Not here: what is answered (test_session.py, test_session_models.py).
"""

from __future__ import annotations

import ctypes
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.config import NetConfig, TextConfig
from recurra.errors import RecurraError, UsageError
from recurra.nets.layouts import classifier_net
from recurra.session import Session
from recurra.session_pool import SessionPool
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.text.encoder import fit_encoder
from small_models import SENTENCES, drawn
from test_stream_texts import observing


def forward() -> RunningClassifier:
    """A classifier that reads forwards."""
    encoder = fit_encoder(SENTENCES, TextConfig(min_count=1))
    net = NetConfig(cell="lstm", hidden=5, embedding_size=4, pool=("last", "mean", "max"))
    plan = classifier_net(net, words=len(encoder.vocabulary), labels=2)
    return RunningClassifier(plan, drawn(plan), encoder, ("bad", "good"))


@pytest.fixture(params=["", "plain"], ids=["engine", "NumPy"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the native engine where it is there, and without it."""
    if request.param:
        monkeypatch.setattr("recurra.nets.stepping.native.serves", lambda kind: False)


MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
NO_OBSERVATIONS: list[Any] = [
    np.datetime64("2020-01-01"), np.timedelta64(1, "D"), np.array(["2020"] * 3, "M8[D]"), MASKED, [1.0, 2.0],
    np.array([1, 2, 3j]), np.array(["1", "2", "3"]), b"abc", "a text", True, None, np.array([1.0, 2.0, np.nan]),
    np.array([1e300, 0, 0]), np.void(b"ab"), {"x": 1}, [[1], [1, 2], [1]],
]  # fmt: skip
NO_TOKENS: list[Any] = [
    1.0, np.float64(2), True, np.True_, b"3", 2**70, np.uint64(2**64 - 1), -1, 99, [1], np.array([1]), np.array(1.5),
    np.datetime64(3, "D"), None, "", "  ", {1}, [[1], [1, 2]],
]  # fmt: skip


@pytest.mark.parametrize("item", NO_OBSERVATIONS, ids=repr)
def test_what_is_no_observation_is_refused_and_leaves_the_state(engine: None, item: Any) -> None:
    session, pool = Session(observing()), SessionPool(observing(), 2)
    session.push([1, 2, 3])
    before = session.state()
    for read in (lambda: session.push(item), lambda: session.push_many([item]), lambda: pool.push([item])):
        with pytest.raises(RecurraError):
            read()
    assert str(session.state()) == str(before) and not pool.tokens.any()


NO_ROOM: list[Any] = [
    np.datetime64("2020-01-01"), np.timedelta64(1, "D"), (ctypes.c_float * 3)(), bytearray(12),
    np.zeros((), np.float32), np.float32(1), np.zeros(7, np.float32), np.zeros(2, int), [0.0] * 3, "out", 1,
]  # fmt: skip


@pytest.mark.parametrize("out", NO_ROOM, ids=lambda out: type(out).__name__)
def test_what_no_answer_can_be_written_to_is_refused_and_leaves_the_state(engine: None, out: Any) -> None:
    for session, item in ((Session(forward()), 3), (Session(observing()), np.ones(3, np.float32))):
        before = session.state()
        with pytest.raises(UsageError, match="out; found"):
            session.push(item, out=out)
        assert str(session.state()) == str(before)


@pytest.mark.parametrize("item", NO_TOKENS, ids=repr)
def test_what_is_no_token_is_refused_and_leaves_the_state(engine: None, item: Any) -> None:
    session = Session(forward())
    session.push(3)
    before = session.state()
    with pytest.raises(RecurraError):
        session.push(item)
    assert str(session.state()) == str(before)


def test_a_pool_takes_lists_and_columns_and_refuses_a_text_alone() -> None:
    import pandas as pd

    pool = SessionPool(forward(), 4)
    wanted = SessionPool(forward(), 4).push(["good", "a film"])
    texts = pd.Series(["good", "a film"], index=[5, 6])
    for items in (("good", "a film"), np.array(["good", "a film"]), np.array(["good", "a film"], object), texts):
        np.testing.assert_array_equal(pool.push(items), wanted)
        pool.reset()
    for items in ("good", b"good", 3, None, {"good"}, {0: "good"}, (text for text in ["good"]), np.array(3)):
        with pytest.raises(UsageError, match=r"items|tokens"):
            pool.push(items)  # type: ignore[arg-type]
    for place in (True, 0.0, -1, 4):
        with pytest.raises(UsageError, match="slot"):
            pool.fork(place, 1)
    assert not pool.tokens.any()


def test_a_state_that_float32_cannot_hold_is_refused() -> None:
    session = Session(forward())
    session.push("good")
    state = session.state()
    for wrong in (
        {**state, "recurrent.l0.hidden": np.full(5, 1e300)},
        {**state, "recurrent.l0.hidden": np.ma.array(np.ones(5), mask=[0, 1, 0, 0, 0])},
        {**state, "recurrent.l0.hidden": [[1], [1, 2]]},
        None, [1], "state",
    ):  # fmt: skip
        with pytest.raises(UsageError, match="state"):
            session.restore(wrong)  # type: ignore[arg-type]
    assert str(session.state()) == str(state)


def test_files_without_a_usable_name_and_pickles_are_refused(tmp_path: Path) -> None:
    session = Session(forward())
    for file in (tmp_path / ("n" * 300), f"{tmp_path}/a\0b", tmp_path, 3, None):
        for what in (session.save, session.load):
            with pytest.raises(RecurraError):
                what(file)  # type: ignore[arg-type]
    for each in (session, SessionPool(forward(), 2)):
        with pytest.raises(UsageError, match="not pickled"):
            pickle.dumps(each)


def test_a_pool_that_another_thread_steps_and_one_beyond_memory_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = SessionPool(forward(), 2)

    class Busy:
        def __getattr__(self, name: str) -> Any:
            raise ValueError("session: found one that another thread steps")

    monkeypatch.setattr(pool, "_streams", Busy())
    for call in (lambda: pool._forget(np.zeros(1, np.int64)), lambda: pool._copy(0, pool, 1)):
        with pytest.raises(UsageError, match="another thread"):
            call()

    def exhausted(steps: Any, slots: int) -> Any:
        raise MemoryError

    monkeypatch.setattr("recurra.session.streams_of", exhausted)
    with pytest.raises(UsageError, match="no memory for so many streams; found 2,000"):
        SessionPool(forward(), 2_000)
