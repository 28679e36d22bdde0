"""How exact the activations are, and layers fed with small inputs, relative to what comes out of them.

Not here: the bounds that must hold (tests/test_activations.py, tests/test_small_values.py), and the coefficients
(minimax.py). Run: `python benchmarks/activations.py`; results/activations.json, every instruction set this processor
runs. An activation is compared over 1e-9 … 20, both signs, with float64; a layer over inputs of 1e-8 … 1 with the
equations in float64: the largest difference of a token's outputs, relative to the largest of them.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
from agreement import KINDS
from numpy.typing import NDArray
from smoke import sized
from writing import write_result

from recurra.batches import Ragged
from recurra.cells.backends.numpy import ACTIVATE
from recurra.cells.cell import Activation
from recurra.config import CellKind, Precision
from recurra.engine.native import compiled, engine
from recurra.layers.layer import Weights
from recurra.layers.recurrent.run import RecurrentSpec, recurrent

SEED = 0
LEAST, MOST = 1e-9, 20.0
POINTS = sized(2_000_000, 1_000)
SMOOTH: tuple[Activation, ...] = ("tanh", "sigmoid")
SCALES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)
INPUTS, HIDDEN = sized((100, 64), (5, 4))
OFFSETS = np.array([0, 7, 20, 60])
WEIGHTS = 0.05
"""Standard deviation of the weights; biases are zero, so that a layer's outputs are about as small as its inputs."""


def main() -> None:
    """Measure every instruction set, the run without the engine, and write results/activations.json."""
    values, first = points(), engine().name
    figures = {
        "without the engine": {"float32": {name: worst(name, values, ACTIVATE[name](values)) for name in SMOOTH}}
    }
    layers = {"without the engine": layer_errors("numpy")}
    for name in engine().available:
        compiled.choose(name)
        figures[name] = {
            precision: {
                activation: worst(activation, values, activated(activation, precision, values)) for activation in SMOOTH
            }
            for precision in get_args(Precision)
        }
        layers[name] = layer_errors("native")
    compiled.choose(first)
    write_result("activations", {"activations": figures, "layers": layers}, seeds=[SEED])


def points() -> NDArray[np.float32]:
    """Half of them as many in each decade, half evenly spread; both signs."""
    random = np.random.default_rng(SEED)
    decades = np.exp(random.uniform(np.log(LEAST), np.log(MOST), POINTS))
    sizes = np.concatenate([decades, random.uniform(LEAST, MOST, POINTS), [LEAST, MOST]])
    return np.concatenate([sizes, -sizes]).astype(np.float32)


def activated(activation: Activation, precision: Precision, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """An activation as the engine's sweeps compute it."""
    results = np.empty_like(values)
    compiled.activate(activation, precision=precision, values=values, into=results)
    return results


def worst(activation: Activation, values: NDArray[np.float32], results: NDArray[np.float32]) -> float:
    """The largest relative error."""
    wide = values.astype(np.float64)
    exact = np.tanh(wide) if activation == "tanh" else 1 / (1 + np.exp(-wide))
    return float(np.abs(results / exact - 1).max())


def layer_errors(route: str) -> dict[str, float]:
    """The largest relative error of each cell over all scales of its inputs, by the cell's name."""
    return {name_of(kind): max(layer_error(kind, scale, route) for scale in SCALES) for kind in KINDS}


def name_of(kind: CellKind) -> str:
    """A cell with its activation, as `gru tanh`."""
    return f"{kind.cell} {kind.activation}" + ("" if kind.reset_after else ", resets before")


def layer_error(kind: CellKind, scale: float, route: str) -> float:
    """The largest difference of a token's outputs from the equations in float64, relative to the largest of them."""
    spec = RecurrentSpec(**kind._asdict(), inputs=INPUTS, hidden=HIDDEN, bidirectional=True)
    random = np.random.default_rng(SEED)
    weights: Weights = {
        name: (random.standard_normal(shape) * (0 if name.startswith("bias") else WEIGHTS)).astype(np.float32)
        for name, shape in spec.weights().items()
    }
    inputs = (random.standard_normal((int(OFFSETS[-1]), INPUTS)) * scale).astype(np.float32)
    results, _ = recurrent(spec, weights, Ragged(inputs, OFFSETS), route=route)  # type: ignore[arg-type]
    wide: Weights = {name: weight.astype(np.float64) for name, weight in weights.items()}
    exact, _ = recurrent(spec, wide, Ragged(inputs.astype(np.float64), OFFSETS), route="numpy")
    largest = np.abs(exact.values).max(axis=1)
    return float((np.abs(results.values - exact.values).max(axis=1) / largest).max())


if __name__ == "__main__":
    main()
