"""State dicts of torch become artefacts that answer as torch does; what they do not tell is asked for.

Not here: other tools' files (test_importing_*.py) and the layers by themselves (test_convolution.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import recurra
from command_line import process, refused
from command_line import recurra as run
from recurra.errors import ArtefactError, DataError, UsageError
from recurra.importing import parity

TAGGER = {"embed": nn.Embedding(11, 6), "lstm": nn.LSTM(6, 8, 2, bidirectional=True), "fc": nn.Linear(16, 3)}
CELLS = {"cells": nn.ModuleList([nn.GRUCell(5, 7), nn.GRUCell(7, 7)]), "out": nn.Linear(7, 2)}


class Bare(nn.Module):
    """A linear layer whose bias has another size."""

    def __init__(self, biases: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(3, 4)), nn.Parameter(torch.zeros(biases))


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def saved(folder: Path, module: nn.Module | dict[str, nn.Module]) -> Path:
    file = folder / "net.safetensors"
    whole = nn.ModuleDict(module) if isinstance(module, dict) else module
    save_file(whole.state_dict(), file, metadata={"format": "pt"})
    return file


@pytest.mark.parametrize(
    ("module", "choices"),
    [
        (nn.LSTM(3, 4), {}),
        (nn.GRU(3, 4, 2, bias=False), {}),
        (nn.RNN(3, 4, nonlinearity="relu", bidirectional=True), {"activation": "relu"}),
        (nn.RNN(3, 5, 2), {"layers": ".:activation=tanh"}),
        (nn.LSTMCell(3, 4), {"cell": "lstm"}),
        (CELLS, {}),
        (TAGGER, {}),
        (TAGGER, {"layers": "embed,lstm,relu,fc,softmax"}),
    ],
)
def test_an_imported_net_answers_as_torch_does_and_says_how_near(
    module: Any, choices: dict[str, Any], tmp_path: Path
) -> None:
    made = recurra.import_model(saved(tmp_path, module), tmp_path / "net", **choices)
    assert made.encoder.difference < 1e-6 and made.encoder.cases >= 6
    assert made.encoder.against.startswith("torch ")
    loaded = recurra.load(tmp_path / "net")
    assert isinstance(loaded, recurra.ImportedNet) and loaded.encoder == made.encoder


def test_batch_first_or_not_makes_no_difference_and_states_go_on(tmp_path: Path) -> None:
    module = nn.LSTM(3, 4, 2, batch_first=True)
    model = recurra.import_model(saved(tmp_path, module), tmp_path / "net")
    values = torch.randn(2, 9, 3)
    with torch.no_grad():
        wanted, (hidden, cell) = module(values)
    outputs, states = model.run(values[:, :4].numpy())
    # Strided, and of another type: what is read is the same.
    rest, states = model.run(np.asfortranarray(values[:, 4:].numpy().astype(np.float64)), states)
    np.testing.assert_allclose(np.concatenate([outputs, rest], axis=1), wanted.numpy(), atol=1e-6)
    np.testing.assert_allclose(np.stack([state[0] for state in states]), hidden.numpy(), atol=1e-6)
    np.testing.assert_allclose(np.stack([state[1] for state in states]), cell.numpy(), atol=1e-6)


def test_sequences_of_any_lengths_are_answered_as_each_alone(tmp_path: Path) -> None:
    model = recurra.import_model(saved(tmp_path, TAGGER), tmp_path / "net")
    pieces = [np.arange(length) % 11 for length in (3, 0, 7, 1)]
    together, states = model.run(pieces)
    for number, piece in enumerate(pieces):
        alone, ended = model.run([piece])
        np.testing.assert_allclose(together[number], alone[0], atol=1e-6)
        np.testing.assert_allclose(states[0][0][number], ended[0][0][0], atol=1e-6)
    empty, _ = model.run(np.zeros((0, 5), np.int64))
    nothing, begun = model.run(np.zeros((2, 0), np.int64))
    assert empty.shape == (0, 5, 3) and nothing.shape == (2, 0, 3) and not begun[0][0].any()
    assert model.run([])[0] == []


def test_values_and_states_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    model = recurra.import_model(saved(tmp_path, nn.LSTM(3, 4)), tmp_path / "net")
    words = recurra.import_model(saved(tmp_path / "a", TAGGER), tmp_path / "words")
    with pytest.raises(DataError, match=r"found float64 \(5, 2\) at sequence 0.*\(steps, 3\) numbers"):
        model.run(np.zeros((1, 5, 2)))
    with pytest.raises(DataError, match="not finite"):
        model.run(np.full((1, 2, 3), np.nan))
    with pytest.raises(DataError, match="not finite"):
        model.run(np.full((1, 2, 3), 1e300))
    with pytest.raises(DataError, match=r"found 0 … 11; allowed: 0 … 10"):
        words.run(np.array([[0, 11]]))
    with pytest.raises(DataError, match="whole numbers"):
        words.run(np.array([[0.0, 1.0]]))
    with pytest.raises(UsageError, match="states do not fit"):
        model.run(np.zeros((2, 5, 3)), model.zero_states(1))


@pytest.mark.parametrize(
    ("module", "choices", "told"),
    [
        (nn.RNN(3, 4), {}, "nonlinearity of the RNN"),
        (nn.LSTM(3, 4, proj_size=2), {}, "weight_hr_l0"),
        (nn.LSTM(3, 4), {"cell": "gru"}, "allowed: lstm, by the shapes"),
        (nn.LSTM(3, 4), {"cell": "gry"}, "allowed: lstm, gru, rnn"),
        (nn.LSTM(3, 4), {"prefix": "encoder"}, "found 'encoder'"),
        ({"lstm": nn.LSTM(4, 4), "fc": nn.Linear(4, 4)}, {}, "more than one order"),
        ({"lstm": nn.LSTM(3, 4), "a": nn.Linear(4, 5), "b": nn.Linear(5, 2)}, {}, r"--layers lstm,a,relu,b"),
        ({"lstm": nn.LSTM(3, 4), "norm": nn.LayerNorm(4)}, {}, "do not tell: norm"),
        ({"lstm": nn.LSTM(3, 4), "fc": nn.Linear(5, 2)}, {}, "fit in no order"),
        ({"lstm": nn.LSTM(3, 4), "fc": nn.Linear(5, 2)}, {"layers": "lstm,fc"}, "dense0.inputs is 5, but"),
        ({"lstm": nn.LSTM(3, 4), "fc": nn.Linear(4, 2)}, {"layers": "lstm,fd"}, "found 'fd'; allowed: fc, lstm"),
        ({"lstm": nn.LSTM(3, 4), "fc": nn.Linear(4, 2)}, {"layers": "lstm,fc:pad=1"}, "found 'fc:pad=1'"),
        ({"lstm": nn.LSTM(3, 4), "fc": nn.Linear(4, 2)}, {"layers": "fc"}, "no recurrent layer"),
        (
            {"lstm": nn.LSTM(3, 4), "fc": nn.Linear(4, 2)},
            {"layers": "lstm,fc:stride=2"},
            "no settings of a dense layer",
        ),
        (nn.LSTM(3, 4), {"activation": "tanh"}, "found no simple RNN"),
        (
            {"lstm": nn.LSTM(3, 4), "fc": Bare(1)},
            {"layers": "lstm,fc"},
            r"dense0.bias has another .* found \(1,\)",
        ),
        (
            {"lstm": nn.LSTM(3, 4), "fc": Bare(2)},
            {"layers": "lstm,fc"},
            r"dense0.bias has another .* found \(2,\)",
        ),
        (nn.LSTM(3, 4), {"length": 4}, "found no convolution"),
        ({"conv": nn.Conv1d(1, 3, 4), "lstm": nn.LSTM(3, 4)}, {"layers": "conv,lstm"}, "length of a chunk"),
        ({"conv": nn.Conv1d(1, 3, 4), "lstm": nn.LSTM(3, 4)}, {"layers": "conv,lstm", "length": 5}, "leaves 2"),
    ],
)
def test_what_a_state_dict_does_not_tell_or_does_not_fit_is_refused_with_what_to_say(
    module: Any, choices: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises((UsageError, ArtefactError), match=told):
        recurra.import_model(saved(tmp_path, module), tmp_path / "net", **choices)
    assert not (tmp_path / "net").exists()


def test_convolutions_read_the_samples_of_a_chunk_as_torch_does(tmp_path: Path) -> None:
    layers = {
        "stft": nn.Conv1d(1, 10, 8, stride=4, bias=False),
        "deep": nn.Conv1d(5, 6, 3, stride=2, padding=1),
        "last": nn.Conv1d(6, 4, 2),
        "lstm": nn.LSTMCell(4, 4),
        "out": nn.Conv1d(4, 1, 1),
    }
    flow = "stft:stride=4:reflect=0/4,magnitude,deep:stride=2:padding=1,relu,last,tanh,lstm,relu,out,sigmoid"
    model = recurra.import_model(saved(tmp_path, layers), tmp_path / "net", layers=flow, length=16)
    assert model.encoder.difference < 1e-6
    assert [name for name, *_ in model.plan.rows][:4] == ["convolution0", "activation0", "convolution1", "activation1"]


def test_answers_that_differ_are_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path, nn.GRU(3, 4))
    answer = recurra.ImportedNet.run
    monkeypatch.setattr(parity.ImportedNet, "run", lambda *given: (answer(*given)[0] + 2e-5, answer(*given)[1]))
    with pytest.raises(ArtefactError, match=r"answers otherwise than torch .*2\.0e-05 apart in outputs of .*nothing"):
        recurra.import_model(file, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_wide_and_half_weights_are_taken_exactly_or_with_a_note(tmp_path: Path) -> None:
    for number, kind in enumerate((torch.float64, torch.bfloat16, torch.float16)):
        (tmp_path / str(number)).mkdir()
        made = recurra.import_model(saved(tmp_path / str(number), nn.GRU(3, 4).to(kind)), tmp_path / f"net{number}")
        assert made.encoder.notes == (("float64 was rounded to float32",) if kind == torch.float64 else ())


def test_the_command_imports_tells_and_refuses_in_one_line(tmp_path: Path) -> None:
    file = saved(tmp_path, {"rnn": nn.RNN(3, 4), "fc": nn.Linear(4, 2)})
    refused(run("import", file, "--to", tmp_path / "net"), 2, "nonlinearity", "--activation tanh")
    done = run("import", file, "--activation", "tanh", "--to", tmp_path / "net")
    assert done.code == 0 and " of torch 2" in done.out and "no function was known" in done.err
    told = run("inspect", tmp_path / "net", "--json").json()
    assert told["task"] == "sequence" and told["imported"]["took"] == ["rnn:activation=tanh", "fc"]
    assert "Imported from net.safetensors" in (tmp_path / "net" / "README.md").read_text("utf-8")
    refused(run("predict", tmp_path / "net", "--text", "a"), 4, "this is an imported net", "recurra.load")
    refused(run("evaluate", tmp_path / "net", file), 4, "this is an imported net")
    again = run("import", file, "--layers", "rnn", "--activation", "tanh", "--to", tmp_path / "net", "--json").json()
    assert again["notes"] == ["left out: fc"] and again["difference"] < 1e-6


def test_a_pickle_is_refused_unopened_with_the_line_that_saves_it_anew(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"never read")
    done = run("import", tmp_path / "net.pt", "--to", tmp_path / "net")
    refused(done, 4, "a PyTorch pickle is never opened", "torch.load('net.pt', weights_only=True), 'net.safetensors'")
    # A line that somebody copies: no name ends its texts.
    (tmp_path / "a'); print('b.pt").write_bytes(b"never read")
    refused(run("import", tmp_path / "a'); print('b.pt", "--to", tmp_path / "net"), 4, "torch.load('FILE.pt'")
    (tmp_path / "net.txt").write_text("a")
    refused(run("import", tmp_path / "net.txt", "--to", tmp_path / "net"), 4, "not a file that is imported")
    refused(run("import", tmp_path / "none.safetensors", "--to", tmp_path / "net"), 4, "missing")
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x02" * 40)
    refused(run("import", tmp_path / "bad.safetensors", "--to", tmp_path / "net"), 4, "not safetensors")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").touch()
    refused(run("import", saved(tmp_path, nn.GRU(3, 4)), "--to", tmp_path / "taken"), 4, "not replaced")


def test_a_file_without_a_usable_name_or_without_arrays_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="cannot be opened"):
        recurra.import_model("a\0b.safetensors", tmp_path / "net")
    (tmp_path / "loop.safetensors").symlink_to(tmp_path / "loop.safetensors")
    with pytest.raises(ArtefactError):
        recurra.import_model(tmp_path / "loop.safetensors", tmp_path / "net")
    (tmp_path / "none.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    refused(run("import", tmp_path / "none.safetensors", "--to", tmp_path / "net"), 4, "no arrays of floats")


def test_an_imported_net_answers_without_torch(tmp_path: Path) -> None:
    recurra.import_model(saved(tmp_path, nn.GRU(3, 4)), tmp_path / "net")
    done = process("inspect", tmp_path / "net")
    assert done.code == 0 and "recurrent0" in done.out


CHUNKS = {
    "stft": nn.Conv1d(1, 10, 8, stride=4, bias=False),
    "deep": nn.Conv1d(5, 6, 3, stride=2, padding=1),
    "last": nn.Conv1d(6, 4, 2),
    "lstm": nn.LSTMCell(4, 4),
    "out": nn.Conv1d(4, 3, 1),
}
FLOW = "stft:stride=4:reflect=0/4,magnitude,deep:stride=2:padding=1,relu,last,tanh,lstm,relu,out"


@pytest.mark.parametrize("end", ["", ",sigmoid", ",softmax"])
def test_a_session_reads_an_imported_net_on_chunk_by_chunk_with_the_same_bits_whatever_is_beside(
    end: str, tmp_path: Path
) -> None:
    model = recurra.import_model(saved(tmp_path, CHUNKS), tmp_path / "net", layers=FLOW + end, length=16)
    values = np.random.default_rng(0).standard_normal((3, 150, 16)).astype(np.float32)
    wanted, _ = model.run(values)
    session, pool = recurra.Session(model), recurra.SessionPool(model, 3)
    alone = np.stack([session.push(chunk) for chunk in values[1]])
    np.testing.assert_allclose(alone, np.asarray(wanted)[1], atol=1e-6)
    together = np.stack([pool.push(np.ascontiguousarray(values[:, step])) for step in range(150)], axis=1)
    assert (together[1] == alone).all()
    session.reset()
    assert (session.push_many(values[1]) == alone).all()


def test_a_session_says_what_an_imported_net_does_not_read(tmp_path: Path) -> None:
    for name in ("words", "both"):
        (tmp_path / name).mkdir()
    words = {"embed": nn.Embedding(11, 6), "gru": nn.GRU(6, 4)}
    model = recurra.import_model(saved(tmp_path / "words", words), tmp_path / "net", layers="embed,gru,softmax,relu")
    with pytest.raises(UsageError, match="a softmax between layers is not stepped"):
        recurra.Session(model)
    plain = recurra.import_model(saved(tmp_path / "words", words), tmp_path / "net")
    with pytest.raises(UsageError, match="reads token ids"):
        recurra.Session(plain).push("a text")
    assert recurra.Session(plain).push(3).shape == (4,)
    both = recurra.import_model(saved(tmp_path / "both", TAGGER), tmp_path / "net")
    with pytest.raises(UsageError, match="reads both ways"):
        recurra.Session(both)
