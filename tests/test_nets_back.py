"""The way back through a net without torch: it is the slope that finite differences have, for every cell and pooling.

Not here: explanations made of it (test_explain.py), and gradients in torch (test_layers.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra.cells import CELLS
from recurra.config import NetConfig
from recurra.nets.back import run_and_back
from recurra.nets.layouts import classifier_net
from recurra.nets.run import ClassifierNet
from small_models import drawn

SHAPES: dict[str, dict[str, Any]] = {
    "forward, last": {"pool": ("last",), "bidirectional": False},
    "both ways, all poolings": {"pool": ("last", "mean", "max", "attention"), "heads": 2, "bidirectional": True},
    "two layers": {"pool": ("max",), "bidirectional": True, "layers": 2},
}
CELL_FORMS = [*((cell, {}) for cell in CELLS), ("gru", {"reset_after": False}), ("lstm", {"activation": "relu"})]


def net(cell: str, shape: str, **form: Any) -> ClassifierNet:
    """A small classifier."""
    return classifier_net(NetConfig(cell=cell, hidden=6, embedding_size=4, **SHAPES[shape], **form), words=9, labels=3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("cell", "form"), CELL_FORMS)
def test_errors_come_back_as_finite_differences_say(cell: str, form: dict[str, Any], shape: str) -> None:
    plan, random = net(cell, shape, **form), np.random.default_rng(1)
    tensors = {name: weight.astype(np.float64) for name, weight in drawn(plan).items()}
    vectors, errors = random.standard_normal((2, 5, 4)), random.standard_normal((2, 3))
    _, back = run_and_back(plan, tensors, vectors)
    slopes, numeric = back(errors), np.empty_like(vectors)
    for place in np.ndindex(*vectors.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = vectors.copy()
            moved[place] += step
            ends.append(float((run_and_back(plan, tensors, moved)[0] * errors).sum()))
        numeric[place] = (ends[0] - ends[1]) / 2e-6
    assert np.abs(slopes - numeric).max() < 1e-7
    # Asked again with other errors, nothing is left of the first ones.
    assert np.allclose(back(2 * errors), 2 * slopes)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("cell", "form"), CELL_FORMS)
def test_the_engine_goes_back_as_the_equations_do(cell: str, form: dict[str, Any], shape: str) -> None:
    plan, random = net(cell, shape, **form), np.random.default_rng(2)
    tensors = drawn(plan)
    vectors, errors = random.standard_normal((3, 7, 4)).astype(np.float32), random.standard_normal((3, 3))
    logits, back = run_and_back(plan, tensors, vectors)
    exact = {name: weight.astype(np.float64) for name, weight in tensors.items()}
    wanted, way = run_and_back(plan, exact, vectors.astype(np.float64))
    assert np.abs(logits - wanted).max() < 1e-5
    assert np.abs(back(errors.astype(np.float32)) - way(errors)).max() < 1e-5
