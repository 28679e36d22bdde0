"""`recurra stream` of texts and observations: each line is answered as a session answers all that its key has sent.

Not here: sessions (test_sessions.py), series (test_stream_series.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import environment, recurra, refused
from recurra.config import NetConfig, TextConfig
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.layouts import classifier_net
from recurra.nets.sequences import SequenceNet
from recurra.session import Session
from recurra.streams.texts import NetStreams
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.tasks.heads.sequence.run import ImportedNet, ImportOrigin
from recurra.text.encoder import fit_encoder
from recurra.text.vocabulary import EOS
from small_models import SENTENCES, drawn, language_model, text_model

CHAT = [
    ("ann", "a good film"), ("bob", "not bad"), ("ann", "the plot"), ("ann", "not good"), ("bob", "a film , a film"),
    ("cy", "bad"), ("bob", "good"), ("ann", "and the bad"),
]  # fmt: skip


def observing() -> ImportedNet:
    """A net of observations of three numbers."""
    chain = (RecurrentSpec(cell="gru", inputs=3, hidden=4), DenseSpec(inputs=4, outputs=2))
    plan = SequenceNet(chain=chain)
    origin = ImportOrigin(file="x", sha256="0" * 64, form="torch", took=("a", "b"), against="", difference=0, cases=1)
    return ImportedNet(plan, drawn(plan), origin)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    encoder = fit_encoder(SENTENCES, TextConfig(min_count=1))
    net = NetConfig(cell="lstm", hidden=5, embedding_size=4, pool=("last", "mean", "max"))
    plan = classifier_net(net, words=len(encoder.vocabulary), labels=2)
    RunningClassifier(plan, drawn(plan), encoder, ("bad", "good")).save(folder / "text")
    text_model().save(folder / "both ways")
    language_model().save(folder / "language")
    observing().save(folder / "observing")
    return {name: folder / name for name in ("text", "both ways", "language", "observing")}


def chat(rows: list[tuple[str, str]]) -> bytes:
    return "".join(json.dumps({"text": text, "user": key}) + "\n" for key, text in rows).encode()


@pytest.mark.parametrize("most", [10, 3])
def test_a_classifier_answers_to_all_that_a_key_has_sent(models: dict[str, Path], most: int) -> None:
    done = recurra("stream", models["text"], "--key", "user", "--most", most, stdin=chat(CHAT))
    assert not done.code, done
    said: dict[str, Any] = defaultdict(lambda: Session(models["text"]))
    for number, (row, (key, text)) in enumerate(zip(done.rows(), CHAT, strict=True), start=1):
        begins = key not in said
        wanted = said[key].push(text).tolist()
        assert (row["line"], row["key"], row["begins"]) == (number, key, begins)
        assert list(row["probabilities"].values()) == wanted and row["read"] == said[key].tokens
        assert row["label"] == ("bad", "good")[int(np.argmax(wanted))]


def test_lines_without_a_key_are_one_stream_and_blank_ones_are_told(models: dict[str, Path]) -> None:
    lines = b"a good film\n\nnot bad\n"
    done = recurra("stream", models["text"], "--on-error", "reject", stdin=lines)
    session = Session(models["text"])
    wanted = [session.push(text).tolist() for text in ("a good film", "not bad")]
    assert [list(row["probabilities"].values()) for row in done.rows()] == wanted
    assert [row["line"] for row in done.rows()] == [1, 3] and "key" not in done.rows()[0]
    assert done.err.splitlines()[0] == "rejected: <stdin>:2: no token in this line; found ''"
    stopped = recurra("stream", models["text"], stdin=lines)
    assert stopped.code == 3 and len(stopped.rows()) == 1


def test_a_language_model_tells_what_follows_a_line_behind_the_lines_before(models: dict[str, Path]) -> None:
    lines = b"a good film\nthe plot\n"
    every = recurra("stream", models["language"], "--next", "999", stdin=lines).rows()
    rows = recurra("stream", models["language"], "--next", "3", stdin=lines).rows()
    assert [row["next"] for row in rows] == [row["next"][:3] for row in every]
    model, session = RunningLanguage.load(models["language"]), Session(models["language"])
    session.push("a good film")
    session.push(EOS)
    shares = session.push("the plot")
    best = np.argsort(-shares, kind="stable")[:3]
    behind = [(session.names[place], float(shares[place])) for place in best]
    for row, wanted in zip(rows, [model.next_words("a good film", count=3), behind], strict=True):
        told = [(one["word"], one["probability"]) for one in row["next"]]
        assert [word for word, _ in told] == [word for word, _ in wanted]
        np.testing.assert_allclose([share for _, share in told], [share for _, share in wanted], rtol=1e-6)


def test_what_is_drawn_is_what_generate_draws_and_is_not_read(models: dict[str, Path]) -> None:
    lines = b"a good film\nthe plot\n"
    drawn_rows = recurra("stream", models["language"], "--generate", "6", "--seed", "4", stdin=lines).rows()
    model = RunningLanguage.load(models["language"])
    assert drawn_rows[0]["text"] == model.generate("a good film", tokens=6, seed=4)
    assert [row["read"] for row in drawn_rows] == [4, 7]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_imported_net_reads_an_observation_a_line(models: dict[str, Path], form: str) -> None:
    values = np.random.default_rng(1).standard_normal((6, 3)).round(3)
    calls = "abaacb"
    if form == "jsonl":
        lines = [json.dumps({"call": call, "x": row.tolist()}) for call, row in zip(calls, values, strict=True)]
        options: tuple[str, ...] = ("--column", "x")
    else:
        rows = [",".join([call, *map(str, row)]) for call, row in zip(calls, values, strict=True)]
        lines, options = ["call,x,y,z", *rows], ("--form", "csv")
    done = recurra("stream", models["observing"], "--key", "call", *options, stdin="\n".join(lines).encode())
    assert not done.code, done
    sessions: dict[str, Any] = defaultdict(lambda: Session(models["observing"]))
    assert [row["answer"] for row in done.rows()] == [
        sessions[call].push(row.astype(np.float32)).tolist() for call, row in zip(calls, values, strict=True)
    ]


def test_an_observation_that_is_none_leaves_the_state_as_it_was(models: dict[str, Path]) -> None:
    good = b'{"x": [1, 2, 3]}\n'
    wrong = [b'{"x": [1, 2]}\n', b'{"x": "1"}\n', b'{"x": [1, 2, "a"]}\n', b'{"x": null}\n']
    done = recurra(
        "stream", models["observing"], "--column", "x", "--on-error", "reject", stdin=good + b"".join(wrong) + good
    )
    assert done.code == 0 and [row["line"] for row in done.rows()] == [1, 6]
    assert len([line for line in done.err.splitlines() if line.startswith("rejected: <stdin>:")]) == 4
    assert done.rows()[1]["answer"] == recurra("stream", models["observing"], stdin=good * 2).rows()[1]["answer"]


def test_what_cannot_be_read_on_is_refused_in_one_line(models: dict[str, Path]) -> None:
    refused(recurra("stream", models["both ways"], stdin=b"a film\n"), 2, "bidirectional=false")
    refused(recurra("stream", models["text"], "--generate", "3", stdin=b"a film\n"), 2, "--generate", "leave it out")
    refused(recurra("stream", models["text"], "--level", "80", stdin=b"a film\n"), 2, "--level")
    refused(
        recurra("stream", models["language"], "--next", "3", "--generate", "3", stdin=b"a film\n"), 2, "one of them"
    )
    refused(recurra("stream", models["text"], "--key", "who", stdin=chat(CHAT)), 3, "no column 'who'")


@contextmanager
def talking(*arguments: object) -> Iterator[Any]:
    """A process that is written to and read from; it is ended when the test is."""
    command = [sys.executable, "-m", "recurra", *map(str, arguments)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, env=environment()) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("model", "options", "lines"),
    [
        ("text", (), [b"a good film\n", b"bad\n"]),
        ("text", ("--key", "user"), [chat([one]) for one in CHAT[:3]]),
        ("observing", (), [b'{"x": [1, 2, 3]}\n', b'{"x": [3, 2, 1]}\n']),
        ("observing", ("--form", "csv"), [b"x,y,z\n1,2,3\n", b"3,2,1\n"]),
    ],
)
def test_each_line_is_answered_before_the_next_is_written(
    models: dict[str, Path], model: str, options: tuple[str, ...], lines: list[bytes]
) -> None:
    with talking("stream", models[model], *options) as child:
        for number, line in enumerate(lines, start=1 + ("csv" in options)):
            child.stdin.write(line)
            child.stdin.flush()
            assert json.loads(child.stdout.readline())["line"] == number


def test_memory_does_not_grow_with_keys_that_come_and_go(models: dict[str, Path]) -> None:
    kept: list[int] = []
    with talking("stream", models["text"], "--key", "user", "--most", "50") as child:
        statm = Path(f"/proc/{child.pid}/statm")
        for part in range(30):
            child.stdin.write(chat([(f"user {part} {number}", "not bad at all") for number in range(100)]))
            child.stdin.flush()
            assert all(json.loads(child.stdout.readline())["begins"] for _ in range(100))
            if part % 10 == 9 and statm.exists():
                # Pages of 4 KiB.
                kept.append(int(statm.read_text().split()[1]) * 4)
        child.stdin.close()
        assert "2,950 streams were let go; 50 are kept" in child.stderr.read().decode()
    # KiB: what 2,000 further keys would take, with a state of 100 numbers and more each, is 800 at least.
    assert not kept or kept[-1] - kept[0] < 600


def test_lines_that_wait_are_read_together_and_answered_as_alone(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    words, random = " ".join(SENTENCES).split(), np.random.default_rng(2)
    said = [(f"k{random.integers(6)}", " ".join(random.choice(words, random.integers(0, 5)))) for _ in range(300)]
    for model, more in (("text", ()), ("language", ("--next", "3")), ("language", ("--generate", "2"))):
        options = ("stream", models[model], "--key", "user", "--most", "4", "--on-error", "reject", *more)
        sizes: list[int] = []
        push = NetStreams.push

        def counted(streams: Any, waiting: Any, push: Any = push, sizes: list[int] = sizes) -> Any:
            sizes.append(len(waiting))
            return push(streams, waiting)

        with monkeypatch.context() as change:
            change.setattr(NetStreams, "push", counted)
            together = recurra(*options, stdin=chat(said))
            change.setattr(NetStreams, "together", 1)
            alone = recurra(*options, stdin=chat(said))
        assert together.out == alone.out and together.err == alone.err and max(sizes) > 2, model
        assert "no token in this line" in together.err and together.err.count("rejected") < 90
    # Answers before a bad line are told before it ends the stream.
    stopped = recurra("stream", models["text"], stdin=b"a film\nbad\n\n")
    assert stopped.code == 3 and [row["read"] for row in stopped.rows()] == [2, 3]


def test_a_key_without_a_name_is_told_as_such(models: dict[str, Path]) -> None:
    done = recurra("stream", models["text"], "--key", "user", stdin=chat([("", "good"), ("a", "bad")]))
    assert [row["key"] for row in done.rows()] == ["", "a"]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_net_of_token_ids_reads_one_or_several_a_line(form: str, tmp_path: Path) -> None:
    chain = (EmbeddingSpec(words=9, size=3), RecurrentSpec(cell="gru", inputs=3, hidden=4))
    plan = SequenceNet(chain=chain)
    ImportedNet(plan, drawn(plan), observing().encoder).save(tmp_path / "ids")
    session, lines = Session(tmp_path / "ids"), [[3], [1], [8]]
    if form == "jsonl":
        lines[1] = [1, 2, 0]
        data = "".join(json.dumps({"id": ids}) + "\n" for ids in lines).encode()
    else:
        data = b"id\n3\n1\n8\n"
    done = recurra("stream", tmp_path / "ids", "--form", form, stdin=data)
    assert [row["answer"] for row in done.rows()] == [session.push_many(ids)[-1].tolist() for ids in lines], done
    for wrong in (b'{"id": [1.5]}', b'{"id": [9]}', b'{"id": []}', b'{"id": [true]}', b'{"id": "x"}'):
        refused(recurra("stream", tmp_path / "ids", stdin=wrong), 3, "<stdin>:1")
