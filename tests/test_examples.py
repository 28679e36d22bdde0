"""examples/recurra.py, the network in NumPy alone, gives the numbers of the engine, and learns.

Not here: the demo (make demo), which runs the commands.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import recurra.nn

FILE = Path(__file__).parents[1] / "examples" / "recurra.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The file under another name than the package's."""
    spec = spec_from_file_location("one_screen", FILE)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_states_and_gradients_equal_the_engines(example: ModuleType) -> None:
    weights = example.new_weights(np.random.default_rng(3))
    ids, label = example.encode("the film was not good and the plot was bright"), 1
    states, probabilities = example.forward(weights, ids)
    gradients = example.backward(weights, ids, states, probabilities, label)

    layer = recurra.nn.RNN(example.WIDTH, example.UNITS)
    names = {"weight_ih_l0": "W", "weight_hh_l0": "U", "bias_ih_l0": "b"}
    with torch.no_grad():
        layer.bias_hh_l0.zero_()
        for name, letter in names.items():
            getattr(layer, name).copy_(torch.from_numpy(weights[letter]))
    vectors = torch.tensor(weights["E"][ids], dtype=torch.float32)[:, None].requires_grad_()
    with recurra.nn.always_native():
        outputs, _ = layer(vectors)
    scores = outputs[-1, 0] @ torch.tensor(weights["V"].T, dtype=torch.float32)
    torch.nn.functional.cross_entropy(scores[None], torch.tensor([label])).backward()

    assert np.allclose(states[1:], outputs[:, 0].detach(), atol=1e-5)
    for name, letter in names.items():
        assert np.allclose(gradients[letter], getattr(layer, name).grad, atol=1e-5), letter
    of_words = np.zeros_like(weights["E"])
    np.add.at(of_words, ids, vectors.grad[:, 0].numpy())
    assert np.allclose(gradients["E"], of_words, atol=1e-5)


def test_its_gradients_are_those_of_small_changes(example: ModuleType) -> None:
    weights = example.new_weights(np.random.default_rng(1))
    ids = example.encode("the cast was weak")
    gradients = example.backward(weights, ids, *example.forward(weights, ids), 0)
    for name, weight in weights.items():
        place = np.unravel_index(np.abs(gradients[name]).argmax(), weight.shape)
        losses = []
        for change in (1e-6, -2e-6):
            weight[place] += change
            losses.append(-np.log(example.forward(weights, ids)[1][0]))
        assert np.isclose((losses[0] - losses[1]) / 2e-6, gradients[name][place], rtol=1e-4), name


def test_it_imports_numpy_alone_and_learns_in_one_command() -> None:
    text = FILE.read_text("utf-8")
    assert {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))} == {
        "__future__", "collections", "numpy"
    }  # fmt: skip
    done = subprocess.run([sys.executable, FILE], capture_output=True, text=True, check=True, timeout=200)
    assert "accuracy on unseen 100.0%" in done.stdout
