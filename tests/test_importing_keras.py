"""Files of Keras become artefacts that answer by Keras' equations; HDF5 is opened in a child process alone.

Not here: files made by hand of the layout (keras_archives.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from command_line import recurra as run
from command_line import refused
from recurra.errors import ArtefactError, UsageError
from recurra.importing import hdf5

h5py = pytest.importorskip("h5py", reason="the package h5py is not installed")
from keras_archives import archive, arrays_of, layer, weights_file  # noqa: E402

BOTH = ("Bidirectional", {"layer": layer("LSTM", 6, 4), "merge_mode": "concat"})
WORDS = layer("Embedding", 11, 6)
DENSE = layer("Dense", 8, 3, activation="softmax")
RELU = ("Activation", {"activation": "relu"})


@pytest.mark.parametrize(
    ("layers", "took"),
    [
        ([WORDS, BOTH, ("Dropout", {}), DENSE], ("embedding", "bidirectional", "dense", "softmax")),
        ([layer("GRU", 3, 4), layer("GRU", 4, 5, reset_after=False)], ("gru", "gru_1:reset_after=false")),
        ([layer("GRU", 3, 4, use_bias=False, reset_after=False)], ("gru:reset_after=false",)),
        ([layer("LSTM", 3, 4, activation="relu", use_bias=False)], ("lstm:activation=relu",)),
        ([layer("SimpleRNN", 3, 4, activation="sigmoid")], ("simple_rnn:activation=sigmoid",)),
        (
            [
                layer("LSTM", 3, 4),
                ("TimeDistributed", {"layer": layer("Dense", 4, 2)}),
                ("Activation", {"activation": "relu"}),
            ],
            ("lstm", "time_distributed", "relu"),
        ),
    ],
)
def test_an_archive_answers_by_keras_equations(layers: list[Any], took: tuple[str, ...], tmp_path: Path) -> None:
    made = recurra.import_model(archive(tmp_path / "net.keras", layers), tmp_path / "net")
    assert made.encoder.difference < 2e-6 and made.encoder.against == "Keras' equations" and made.encoder.took == took
    assert recurra.load(tmp_path / "net").encoder == made.encoder


def test_a_file_of_weights_is_read_by_sizes_and_what_it_does_not_tell_is_asked_for(tmp_path: Path) -> None:
    layers = [layer("GRU", 3, 4, reset_after=False), layer("SimpleRNN", 4, 5), layer("Dense", 5, 2)]
    file = weights_file(tmp_path / "net.weights.h5", arrays_of(layers))
    with pytest.raises(UsageError, match="nonlinearity of the RNN simple_rnn"):
        recurra.import_model(file, tmp_path / "net")
    made = recurra.import_model(file, tmp_path / "net", activation="tanh", layers="gru,simple_rnn,dense,sigmoid")
    told = archive(tmp_path / "net.keras", [*layers[:2], layer("Dense", 5, 2, activation="sigmoid")])
    same = recurra.import_model(told, tmp_path / "same")
    assert made.plan == same.plan and all((made.tensors[name] == same.tensors[name]).all() for name in made.tensors)
    assert "taken as Keras' own" in made.encoder.notes[-1]
    bare = weights_file(tmp_path / "b.weights.h5", arrays_of([layer("GRU", 3, 4, use_bias=False)]))
    with pytest.raises(ArtefactError, match="do not tell whether reset_after"):
        recurra.import_model(bare, tmp_path / "net")


def test_a_layer_that_answers_once_is_told_and_pads_are_told(tmp_path: Path) -> None:
    layers = [layer("Embedding", 11, 6, mask_zero=True), layer("LSTM", 6, 4, return_sequences=False)]
    made = recurra.import_model(archive(tmp_path / "net.keras", layers), tmp_path / "net")
    assert [note.split(":")[0].split(";")[0] for note in made.encoder.notes] == [
        "mask_zero",
        "it answers after each step",
    ]


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([layer("LSTM", 3, 4, recurrent_activation="hard_sigmoid")], "found LSTM with tanh and hard_sigmoid"),
        ([layer("GRU", 3, 4, activation="relu")], "found GRU with relu"),
        ([layer("LSTM", 3, 4, go_backwards=True)], "go_backwards"),
        ([("Bidirectional", {"layer": layer("LSTM", 3, 4), "merge_mode": "sum"})], "merge_mode; found sum"),
        ([("Bidirectional", {"layer": layer("LSTM", 3, 4, return_sequences=False)})], "answers once"),
        ([layer("LSTM", 3, 4), layer("Dense", 4, 2, activation="gelu")], "found gelu; allowed: linear"),
        ([("Masking", {}), layer("LSTM", 3, 4)], "a Masking is not imported"),
        ([layer("Dense", 3, 4)], "no recurrent layer"),
    ],
)
def test_layers_that_ours_are_not_are_refused_by_name(layers: list[Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=told):
        recurra.import_model(archive(tmp_path / "net.keras", layers), tmp_path / "net")


def test_archives_that_are_damaged_or_of_another_form_are_refused(tmp_path: Path) -> None:
    file, layers = tmp_path / "net.keras", [layer("LSTM", 3, 4)]
    file.write_bytes(b"PK\x03\x04 and no more")
    refused(run("import", file, "--to", tmp_path / "net"), 4, "not an archive of Keras 3")
    archive(file, layers, kind="Functional")
    refused(run("import", file, "--to", tmp_path / "net"), 4, "another form than Keras 3 writes")
    archive(file, layers, arrays={"other/vars/9/0": np.zeros(3)})
    refused(run("import", file, "--to", tmp_path / "net"), 4, "an array of an unknown place")
    archive(file, layers, arrays={})
    refused(run("import", file, "--to", tmp_path / "net"), 4, "the layer lstm has no weights in the file")
    archive(file, layers)
    refused(run("import", file, "--layers", "lstm", "--to", tmp_path / "net"), 2, "which tells it")


def test_weights_that_are_not_those_of_the_configuration_are_refused(tmp_path: Path) -> None:
    file, layers = tmp_path / "net.keras", [layer("LSTM", 3, 4)]
    arrays = arrays_of(layers)
    kind, said = layers[0]
    cases: dict[str, tuple[list[Any], dict[str, Any]]] = {
        "weights of 4; allowed: 5": ([(kind, said | {"units": 5})], arrays),
        "use_bias is False; found a bias": ([(kind, said | {"use_bias": False})], arrays),
        "not known; found cell/3": (layers, arrays | {"layers/lstm/cell/vars/3": np.zeros(3)}),
        "values beyond float32": (layers, arrays | {"layers/lstm/cell/vars/2": np.full(16, 1e300)}),
        "form than Keras 3 writes": ([("TimeDistributed", {"name": "b"})], {}),
    }
    for told, (given, held) in cases.items():
        archive(file, given, arrays=held)
        refused(run("import", file, "--to", tmp_path / "net"), 4, told)


def test_what_a_crafted_file_names_elsewhere_is_never_opened(tmp_path: Path) -> None:
    secret = weights_file(tmp_path / "secret.h5", {"layers/lstm/cell/vars/0": np.zeros((3, 16), np.float32)})
    layout = h5py.VirtualLayout((3, 16), np.float32)
    layout[:] = h5py.VirtualSource(str(secret), "layers/lstm/cell/vars/0", (3, 16))
    raw = [(str(tmp_path / "raw"), 0, 16)]
    crafted: dict[str, Callable[[Any], Any]] = {
        "a is a link": lambda file: file.__setitem__("a", h5py.SoftLink("/layers")),
        "b is a link": lambda file: file.__setitem__("b", h5py.ExternalLink(str(secret), "/layers")),
        "c does not lie": lambda file: file.create_virtual_dataset("c", layout),
        "d does not lie": lambda file: file.create_dataset("d", (4,), np.float32, external=raw),
        "e is no array of floats": lambda file: file.__setitem__("e", np.array(["text"], "S4")),
        "inside each other": lambda file: file.__setitem__("f/g", file.create_group("f")),
    }
    for told, craft in crafted.items():
        with h5py.File(tmp_path / "net.h5", "w") as file:
            craft(file)
            with pytest.raises(hdf5._RefusedError, match=told):
                hdf5._arrays(file, h5py)


def test_a_child_that_refuses_or_runs_out_of_memory_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "net.weights.h5"
    with h5py.File(file, "w") as made:
        # Terabytes that take a few bytes in the file, as they were never written.
        made.create_dataset("a", (1 << 20, 1 << 20), np.float32, chunks=(1024, 1024), compression="gzip")
    refused(run("import", file, "--to", tmp_path / "net"), 4, "this HDF5 file is not read")
    with h5py.File(file, "w") as made:
        made["layers"] = h5py.SoftLink("/other")
    refused(run("import", file, "--to", tmp_path / "net"), 4, "found layers is a link")


def test_the_child_that_opens_hdf5_can_open_no_file(tmp_path: Path) -> None:
    program = (
        "from recurra.importing import hdf5; hdf5._limit(0)\n"
        "try:\n    open('/etc/hostname')\nexcept OSError as problem:\n    print(problem.strerror)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Too many open files"


PYTHON = Path(os.environ.get("RECURRA_KERAS", Path(__file__).parents[1] / ".venv-rivals" / "bin" / "python"))


@pytest.mark.slow
def test_keras_itself_answers_the_same(tmp_path: Path) -> None:
    if not PYTHON.is_file():
        pytest.skip("no environment with Keras: make rivals, or RECURRA_KERAS=/path/to/its/python")
    script = Path(__file__).parents[1] / "benchmarks" / "rivals" / "keras_file.py"
    subprocess.run([str(PYTHON), str(script), str(tmp_path)], check=True, capture_output=True, timeout=200)
    with np.load(tmp_path / "answers.npz", allow_pickle=False) as file:
        ids, wanted = file["ids"], file["outputs"]
    order = "embedding,bidirectional,gru,gru_1,simple_rnn:activation=relu,time_distributed,softmax"
    for name, choices in (("net.keras", {}), ("net.weights.h5", {"layers": order})):
        outputs, _ = recurra.import_model(tmp_path / name, tmp_path / "net", **choices).run(ids)
        np.testing.assert_allclose(outputs, wanted, rtol=0, atol=1e-5)
