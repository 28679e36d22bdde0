"""A model as an ONNX file: every cell and head answers in ONNX Runtime as in Recurra, and what cannot is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from command_line import recurra, refused
from recurra.cells import CELLS
from recurra.config import NetConfig
from recurra.errors import ArtefactError, UsageError
from recurra.exports import proof
from recurra.exports.onnx import export_onnx, onnx_bytes
from recurra.nets.layouts import classifier_net, language_net
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.next_token.run import RunningLanguage
from small_models import drawn, language_model, text_model

KINDS = [(cell, activation, True) for cell in CELLS for activation in CELLS[cell].activations]
SIZES: dict[str, Any] = {"hidden": 6, "embedding_size": 4}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof over fewer and shorter inputs: small nets need no thousand."""
    monkeypatch.setattr(proof, "LENGTHS", (1, 2, 7, 40))
    monkeypatch.setattr(proof, "INPUTS", 200)


def classifier(**net: Any) -> RunningClassifier:
    words = text_model()
    plan = classifier_net(NetConfig(**{**SIZES, **net}), words=len(words.encoder.vocabulary), labels=3)
    return RunningClassifier(plan, drawn(plan), words.encoder, ("a", "b", "c"), temperature=1.5)


def language(**net: Any) -> RunningLanguage:
    words = language_model()
    plan = language_net(NetConfig(**{**SIZES, **net}), words=len(words.encoder.vocabulary))
    return RunningLanguage(plan, drawn(plan), words.encoder)


@pytest.mark.parametrize(("cell", "activation", "after"), [*KINDS, ("gru", "tanh", False)])
def test_every_cell_answers_as_in_recurra_both_ways_stacked_and_by_every_pooling(
    cell: str, activation: str, after: bool
) -> None:
    every = ("last", "mean", "max", "attention")
    both: dict[str, Any] = {"bidirectional": True, "layers": 2, "pool": every, "heads": 2}
    for more in (both, {}):
        model = classifier(cell=cell, activation=activation, reset_after=after, **more)
        found = proof.proven(model, onnx_bytes(model))
        assert found.agreeing == 1 and found.largest < 5e-6 and found.inputs >= 200


def in_chunks(session: Any, model: Any, ids: Any, ends: tuple[int, ...]) -> list[Any]:
    """What a file answers to a batch that comes in chunks, each ending at one of `ends`, the states handed on."""
    states, told, start = proof.begun(model, len(ids)), [], 0
    for stop in ends:
        given = {"ids": ids[:, start:stop], "sequence_lens": np.full(len(ids), stop - start, np.int32), **states}
        logits, *after = session.run(["logits", *(name.replace("in", "out", 1) for name in states)], given)
        told.append(logits)
        states, start = dict(zip(states, after, strict=True)), stop
    return told


@pytest.mark.parametrize("cell", CELLS)
def test_in_chunks_with_its_states_a_text_is_answered_as_the_whole(cell: str) -> None:
    ids = np.random.default_rng(0).integers(0, 9, (2, 9)).astype(np.int32)
    words = language(cell=cell, layers=2)
    data = onnx_bytes(words)
    assert proof.proven(words, data).largest < 5e-6
    parts = np.concatenate(in_chunks(proof._session(data), words, ids, (1, 6, 9)), axis=1)
    np.testing.assert_allclose(parts, in_chunks(proof._session(data), words, ids, (9,))[0], atol=1e-6)
    labels = classifier(cell=cell, layers=2, pool=("last", "mean", "max", "attention"), heads=2)
    session = proof._session(onnx_bytes(labels))
    # After each chunk the answer is that of all tokens so far.
    for logits, stop in zip(in_chunks(session, labels, ids, (1, 6, 9)), (1, 6, 9), strict=True):
        np.testing.assert_allclose(logits, in_chunks(session, labels, ids[:, :stop], (stop,))[0], atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "sru"])
def test_a_chunk_without_a_token_changes_neither_state_nor_answer(cell: str) -> None:
    model = classifier(cell=cell, pool=("last", "mean", "max", "attention"), heads=2)
    session, ids = proof._session(onnx_bytes(model)), np.ones((2, 3), np.int32)
    names = [name.replace("in", "out", 1) for name in proof.begun(model, 2)]
    lengths = np.array([3, 0], np.int32)
    logits, *ends = session.run(["logits", *names], {"ids": ids, "sequence_lens": lengths, **proof.begun(model, 2)})
    # Of a text without a token all poolings give zeros.
    np.testing.assert_allclose(logits[1], model.tensors["dense.bias"], atol=1e-6)
    states = dict(zip(proof.begun(model, 2), ends, strict=True))
    again, *after = session.run(["logits", *names], {"ids": ids, "sequence_lens": np.zeros(2, np.int32), **states})
    np.testing.assert_allclose(again, logits, atol=1e-6)
    for end, begin in zip(after, ends, strict=True):
        np.testing.assert_allclose(end, begin, atol=1e-6)


def test_a_net_that_reads_both_ways_has_no_states() -> None:
    names = [each.name for each in onnx.load_from_string(onnx_bytes(classifier(bidirectional=True))).graph.input]
    assert names == ["ids", "sequence_lens"]


def test_the_file_tells_labels_task_and_the_words_hash_and_is_the_same_each_time(tmp_path: Path) -> None:
    model, file = classifier(), tmp_path / "model.onnx"
    export_onnx(model, file)
    model.save(tmp_path / "artefact")
    told = {each.key: each.value for each in onnx.load(file).metadata_props}
    assert json.loads(told["labels"]) == ["a", "b", "c"] and told["task"] == "text"
    words = (tmp_path / "artefact" / "tokenizer.json").read_bytes()
    assert told["tokenizer_sha256"] == hashlib.sha256(words).hexdigest()
    before = file.read_bytes()
    export_onnx(model, file)
    assert file.read_bytes() == before


def test_a_model_that_learnt_in_bfloat16_is_written_in_float32(tmp_path: Path) -> None:
    model = classifier()
    export_onnx(model.in_precision("bf16"), tmp_path / "b.onnx")
    assert (tmp_path / "b.onnx").read_bytes() == onnx_bytes(model)


def test_int8_stores_large_matrices_as_bytes_and_answers_as_the_rounded_model(tmp_path: Path) -> None:
    for model in (classifier(hidden=80, cell="gru", reset_after=False), language(hidden=80, embedding_size=300)):
        whole, found = onnx_bytes(model), export_onnx(model, tmp_path / "small.onnx", int8=True)
        assert found.bytes < 0.45 * len(whole)
        assert found.largest < 5e-6 and found.agreeing >= 0.9 and 1e-4 < found.rounding < 0.1
        kinds = {each.data_type for each in onnx.load(tmp_path / "small.onnx").graph.initializer}
        assert onnx.TensorProto.INT8 in kinds


def test_a_file_that_answers_otherwise_is_refused() -> None:
    model = classifier()
    with pytest.raises(ArtefactError, match="answers otherwise than Recurra"):
        proof.proven(model, onnx_bytes(classifier(activation="relu")))
    for change in (1e-3, np.nan):
        other = {name: value + np.float32(change) for name, value in model.tensors.items()}
        data = onnx_bytes(RunningClassifier(model.plan, other, model.encoder, model.labels))
        with pytest.raises(ArtefactError, match=r"largest difference .*tolerance=1e-4"):
            proof.proven(model, data)


def test_rounding_that_changes_too_many_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier(hidden=80)
    monkeypatch.setattr(proof, "AGREEING", 1.01)
    with pytest.raises(ArtefactError, match=r"rounding moved outputs by .*export without int8=True"):
        proof.proven(model, onnx_bytes(model, int8=True), int8=True)


def test_a_difference_may_be_allowed_by_hand() -> None:
    model = classifier()
    other = {name: value + np.float32(1e-4) for name, value in model.tensors.items()}
    data = onnx_bytes(RunningClassifier(model.plan, other, model.encoder, model.labels, model.temperature))
    assert 1e-5 < proof.proven(model, data, allowed=1e-2).largest < 1e-2


def test_a_file_that_is_refused_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArtefactError, match="answers otherwise"):
        export_onnx(classifier(), tmp_path / "model.onnx", tolerance=1e-12)
    with pytest.raises(UsageError, match="tolerance"):
        export_onnx(classifier(), tmp_path / "model.onnx", tolerance=0)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_file_and_tells_what_was_compared(tmp_path: Path) -> None:
    text_model().save(tmp_path / "model")
    file = tmp_path / "model.onnx"
    done = recurra("export", tmp_path / "model", "--onnx", file)
    assert done.code == 0 and "ONNX Runtime answers as Recurra does" in done.out and file.is_file()
    told = recurra("export", tmp_path / "model", "--onnx", file, "--int8", "--json").json()
    assert told["files"] == ["model.onnx"] and told["bytes"] == file.stat().st_size and told["difference"] < 1e-5


def test_the_command_refuses_nothing_to_export_to_and_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_model().save(tmp_path / "model")
    refused(recurra("export", tmp_path / "model"), 2, "nothing to write", "--onnx")
    refused(
        recurra("export", tmp_path / "model", "--c", tmp_path, "--tolerance", "1e-4"), 2, "--tolerance", "no --onnx"
    )
    monkeypatch.setattr("recurra.exports.onnx.PACKAGES", ("onnx", "no_such_package"))
    done = recurra("export", tmp_path / "model", "--onnx", tmp_path / "model.onnx")
    refused(done, 2, "no_such_package", "pip install onnx onnxruntime")
    assert not (tmp_path / "model.onnx").exists()
