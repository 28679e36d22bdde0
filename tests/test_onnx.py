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
from recurra.errors import ArtefactError
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


@pytest.mark.parametrize("cell", CELLS)
def test_a_language_model_in_chunks_with_its_states_is_the_whole(cell: str) -> None:
    model = language(cell=cell, layers=2)
    data = onnx_bytes(model)
    assert proof.proven(model, data).largest < 5e-6
    session = proof._session(data)
    ids = np.random.default_rng(0).integers(0, 9, (2, 9)).astype(np.int32)
    states, parts = proof.begun(model, 2), []
    (whole,) = session.run(["logits"], {"ids": ids, "sequence_lens": np.array([9, 9], np.int32), **states})
    for start, stop in ((0, 1), (1, 6), (6, 9)):
        given = {"ids": ids[:, start:stop], "sequence_lens": np.full(2, stop - start, np.int32), **states}
        outputs = ["logits", *(name.replace("in", "out", 1) for name in states)]
        logits, *ends = session.run(outputs, given)
        parts.append(logits)
        states = dict(zip(states, ends, strict=True))
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "sru"])
def test_a_sequence_without_a_token_keeps_its_state_and_gives_zeros_to_the_head(cell: str) -> None:
    model = classifier(cell=cell)
    session = proof._session(onnx_bytes(model))
    random = np.random.default_rng(1)
    states = {
        name: random.standard_normal(value.shape).astype(np.float32) for name, value in proof.begun(model, 3).items()
    }
    given = {"ids": np.ones((3, 2), np.int32), "sequence_lens": np.array([0, 2, 1], np.int32), **states}
    logits, *ends = session.run(["logits", *(name.replace("in", "out", 1) for name in states)], given)
    np.testing.assert_allclose(logits[0], model.tensors["dense.bias"], atol=1e-6)
    for end, begin in zip(ends, states.values(), strict=True):
        np.testing.assert_array_equal(end[0], begin[0])


def test_a_net_that_needs_the_whole_text_has_no_states() -> None:
    for more in ({"bidirectional": True}, {"pool": ("mean",)}):
        names = [each.name for each in onnx.load_from_string(onnx_bytes(classifier(**more))).graph.input]
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
        assert found.largest < 5e-6 and found.agreeing >= 0.95
        kinds = {each.data_type for each in onnx.load(tmp_path / "small.onnx").graph.initializer}
        assert onnx.TensorProto.INT8 in kinds


def test_a_file_that_answers_otherwise_is_refused_and_not_written(tmp_path: Path) -> None:
    model, other = classifier(), classifier(cell="gru")
    with pytest.raises(ArtefactError, match="answers otherwise than Recurra"):
        proof.proven(model, onnx_bytes(classifier(hidden=6, activation="relu")))
    slightly = {name: value + np.float32(1e-3) for name, value in model.tensors.items()}
    with pytest.raises(ArtefactError, match="largest difference"):
        proof.proven(model, onnx_bytes(RunningClassifier(model.plan, slightly, model.encoder, model.labels)))
    assert other.plan.recurrent and not list(tmp_path.iterdir())


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
    monkeypatch.setattr("recurra.exports.onnx.PACKAGES", ("onnx", "no_such_package"))
    done = recurra("export", tmp_path / "model", "--onnx", tmp_path / "model.onnx")
    refused(done, 2, "no_such_package", "pip install onnx onnxruntime")
    assert not (tmp_path / "model.onnx").exists()
