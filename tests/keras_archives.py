"""Files as Keras 3 writes them, made without Keras, for tests.

Not here: tests.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
Layer = tuple[str, dict[str, Any]]


def layer(kind: str, inputs: int, units: int, **config: Any) -> Layer:
    """One layer's class and configuration; `inputs` is what its weights need to know."""
    usual: dict[str, Any] = {"name": f"my_{kind.lower()}", "units": units, "use_bias": True, "inputs": inputs}
    if kind in GATES:
        usual |= {"activation": "tanh", "return_sequences": True, "go_backwards": False}
        usual |= {"recurrent_activation": "sigmoid"} if kind != "SimpleRNN" else {}
        usual |= {"reset_after": True} if kind == "GRU" else {}
    return kind, usual | config


def arrays_of(layers: list[Layer]) -> dict[str, np.ndarray]:
    """Drawn weights by the paths that Keras gives them."""
    random, found, counts = np.random.default_rng(0), {}, dict[str, int]()
    for kind, config in layers:
        stem = {"SimpleRNN": "simple_rnn", "TimeDistributed": "time_distributed"}.get(kind, kind.lower())
        number = counts.get(stem, 0)
        counts[stem] = number + 1
        home = f"layers/{stem}_{number}" if number else f"layers/{stem}"
        inner = config.get("layer", (kind, config))
        within = {"Bidirectional": ("forward_layer/cell/", "backward_layer/cell/"), "TimeDistributed": ("layer/",)}
        for part in within.get(kind, ("cell/",) if kind in GATES else ("",)):
            for place, shape in enumerate(shapes_of(*inner)):
                found[f"{home}/{part}vars/{place}"] = (random.standard_normal(shape) * 0.4).astype(np.float32)
    return found


def shapes_of(kind: str, config: dict[str, Any]) -> list[tuple[int, ...]]:
    """Kernel, recurrent kernel and bias."""
    inputs, units = config.get("inputs", 0), config.get("units", 0)
    if kind not in GATES:
        return {"Embedding": [(inputs, units)], "Dense": [(inputs, units), (units,)]}.get(kind, [])
    wide = GATES[kind] * units
    bias = (2, wide) if config.get("reset_after") else (wide,)
    return [(inputs, wide), (units, wide), *([bias] if config["use_bias"] else [])]


def weights_file(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """A .weights.h5."""
    path.write_bytes(hdf5(arrays))
    return path


def hdf5(arrays: dict[str, np.ndarray]) -> bytes:
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return held.getvalue()


def archive(path: Path, layers: list[Layer], *, kind: str = "Sequential", **weights: Any) -> Path:
    """A .keras."""

    def told(name: str, config: dict[str, Any]) -> dict[str, Any]:
        inner = {"layer": told(*config["layer"])} if "layer" in config else {}
        return {"class_name": name, "config": {"name": f"my_{name}", **config, **inner}}

    config = {"class_name": kind, "config": {"layers": [told("InputLayer", {}), *(told(*each) for each in layers)]}}
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(config))
        file.writestr("model.weights.h5", hdf5(weights.get("arrays", arrays_of(layers))))
    return path
