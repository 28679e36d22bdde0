"""Sweeps and torch.nn's layers take tensors that lie anyhow: values and gradients are those of tensors in one piece.

Not here: the rest of a training step (test_layouts_steps.py). Memory that nobody has written yet is NaN in this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import recurra.nn
from layouts import Hand, in_one_piece, names, nan_where_nobody_wrote
from recurra.batches import Ragged
from recurra.cells import CELLS
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind
from recurra.engine import native
from recurra.engine.autograd import native_sweep
from recurra.engine.choose import sweep_layer

pytestmark = [
    pytest.mark.skipif(native.engine().library is None, reason="the native engine was not built here"),
    pytest.mark.usefixtures(nan_where_nobody_wrote.__name__),
]
SHARED = [CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations]
KINDS = [*SHARED, *(kind._replace(precision="bf16") for kind in SHARED), CellKind("gru", reset_after=False)]
TOLERANCE = 1e-5
# Each example takes about 10 ms; the same ones each time.
several = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def close(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> None:
    """Each largest difference is small beside that tensor's largest value, or beside 1."""
    for a, b in zip(found, wanted, strict=True):
        scale = float(b.detach().abs().max().clamp(min=1)) if b.numel() else 1.0
        torch.testing.assert_close(a.double(), b.double(), rtol=0, atol=TOLERANCE * scale)


def swept(kind: CellKind, places: Any, drawn: dict[str, Any], *, copied: bool) -> list[Tensor | None]:
    """Outputs, final states and the gradients of all that learns, with errors that lie anyhow themselves."""
    change = in_one_piece if copied else (lambda tensor: tensor)
    leaves = [None if one is None else change(one).detach().requires_grad_(learns) for one, learns in drawn["inputs"]]
    values, hidden, inner, *flat = leaves
    weights: Any = [SweepWeights(*flat[start : start + 4]) for start in range(0, len(flat), 4)]  # type: ignore[arg-type]
    results = native_sweep(kind, places, values, weights, hidden, inner, rows=drawn["rows"])  # type: ignore[arg-type]
    pairs = [(one, change(error)) for one, error in zip(results, drawn["errors"], strict=False) if error is not None]
    learn = [one for one in leaves if one is not None and one.requires_grad]
    if not (learn and pairs):
        return [*results]
    outputs, errors = zip(*pairs, strict=True)
    return [*results, *torch.autograd.grad(outputs, learn, errors, allow_unused=True)]


def drawn_for(
    kind: CellKind, sizes: tuple[int, int], counts: tuple[int, int], sides: int, hand: Hand, flags: list[bool]
) -> dict[str, Any]:
    (inputs, hidden), (tokens, sequences), gates = sizes, counts, kind.gates
    recurrent, recurrent_bias = kind.recurrent_shapes(hidden)
    of_weights = [(gates * hidden, inputs), recurrent, (gates * hidden,), recurrent_bias] * sides
    begin, state = flags[0], (sides, sequences, hidden)
    known = max(1, tokens // 2) if flags[1] and kind.precision == "float32" else 0
    leaves = [
        hand.draw(known or tokens, inputs),
        hand.draw(*state) if begin else None,
        hand.draw(*state) if begin and len(kind.states) > 1 else None,
        *(hand.draw(*shape, scale=0.5) for shape in of_weights),
    ]
    errors = [hand.draw(tokens, sides * hidden), hand.draw(*state), hand.draw(*state)][: 1 + len(kind.states)]
    learns = [flags[2 + place % (len(flags) - 2)] for place in range(len(leaves))]
    rows = np.arange(tokens, dtype=np.int32) % known if known else None
    return {
        "inputs": list(zip(leaves, learns, strict=True)),
        "errors": [error if flag else None for error, flag in zip(errors, flags[::-1], strict=False)],
        "rows": rows,
    }


@several
@given(
    kind=st.sampled_from(KINDS),
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    where=st.sampled_from(["ragged", "columns", "rows"]),
    sides=st.integers(1, 2),
    layouts=st.lists(names, min_size=1, max_size=14),
    flags=st.lists(st.booleans(), min_size=5, max_size=9),
)
def test_a_sweep_of_tensors_that_lie_anyhow_has_the_bits_of_one_of_tensors_in_one_piece(
    kind: CellKind,
    sizes: tuple[int, int],
    lengths: list[int],
    where: str,
    sides: int,
    layouts: list[str],
    flags: list[bool],
) -> None:
    offsets, steps = np.cumsum([0, *lengths]), max(lengths) + 1
    grid = native.padded(steps, np.array(lengths), rows=where == "rows")
    places = native.ragged(offsets) if where == "ragged" else grid
    drawn = drawn_for(kind, sizes, (places.tokens, len(lengths)), sides, Hand(3, layouts), flags)
    found, wanted = (swept(kind, places, drawn, copied=copied) for copied in (False, True))
    for a, b in zip(found, wanted, strict=True):
        assert a is None or b is None or torch.equal(a, b)
        assert a is None or not a.isnan().any()


@several
@given(
    kind=st.sampled_from([kind for kind in KINDS if kind.precision == "float32"]),
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    sides=st.integers(1, 2),
    layouts=st.lists(names, min_size=1, max_size=14),
)
def test_a_sweep_of_tensors_that_lie_anyhow_equals_the_equations(
    kind: CellKind, sizes: tuple[int, int], lengths: list[int], sides: int, layouts: list[str]
) -> None:
    offsets = np.cumsum([0, *lengths])
    drawn = drawn_for(kind, sizes, (sum(lengths), len(lengths)), sides, Hand(4, layouts), [True, False] + [True] * 6)
    found = swept(kind, native.ragged(offsets), drawn, copied=False)
    leaves = [None if one is None else in_one_piece(one).double().requires_grad_() for one, _ in drawn["inputs"]]
    values, hidden, inner, *flat = leaves
    weights: Any = [SweepWeights(*flat[start : start + 4]) for start in range(0, len(flat), 4)]  # type: ignore[arg-type]
    states: Any = [tuple(part[side] for part in (hidden, inner) if part is not None) for side in range(sides)]
    outputs, final = sweep_layer(kind, Ragged(values, offsets), weights, states, route="plain")  # type: ignore[arg-type]
    ends = [torch.stack(parts) for parts in zip(*(state or () for state in final), strict=True)]
    results, learn = [outputs.values, *ends], [one for one in leaves if one is not None]
    loss = sum((one * in_one_piece(error)).sum() for one, error in zip(results, drawn["errors"], strict=True))
    gradients = torch.autograd.grad(loss, learn, materialize_grads=True)  # type: ignore[arg-type]
    close(
        [one for one in found if one is not None and one.numel()],
        [one for one in (*results, *gradients) if one.numel()],
    )


OPTIONS: list[dict[str, Any]] = [
    {},
    {"batch_first": True},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
    {"bias": False, "num_layers": 2},
]


@several
@given(
    cell=st.sampled_from(["RNN", "GRU", "LSTM"]),
    options=st.sampled_from(OPTIONS),
    layouts=st.lists(names, min_size=1, max_size=20),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    begin=st.booleans(),
)
def test_a_layer_whose_weights_and_inputs_lie_anyhow_equals_torchs(
    cell: str, options: dict[str, Any], layouts: list[str], sizes: tuple[int, int, int, int], begin: bool
) -> None:
    steps, sequences, inputs, hidden = sizes
    hand, torchs = Hand(5, layouts), getattr(nn, cell)(inputs, hidden, **options)
    ours = getattr(recurra.nn, cell)(inputs, hidden, **options)
    laid = {name: hand.draw(*weight.shape, scale=0.4) for name, weight in torchs.named_parameters()}
    shape = (sequences, steps) if ours.batch_first else (steps, sequences)
    states = (ours.num_layers * (2 if ours.bidirectional else 1), sequences, hidden)
    values, parts = hand.draw(*shape, inputs), [hand.draw(*states) for _ in range(2 if cell == "LSTM" else 1)]
    told: list[list[Tensor]] = []
    for layer in (ours, torchs):
        layer.load_state_dict(laid, assign=True)
        learn = [one.detach().requires_grad_() for one in (values, *(parts if begin else []))]
        hx = tuple(learn[1:]) if cell == "LSTM" else learn[-1]
        outputs, ends = layer(learn[0], hx if begin else None)
        results = [outputs, *(ends if isinstance(ends, tuple) else (ends,))]
        errors = Hand(6, layouts)
        given = [errors.draw(*one.shape) for one in results]
        told.append([*results, *torch.autograd.grad(results, [*learn, *layer.parameters()], given)])
    close(*told)
