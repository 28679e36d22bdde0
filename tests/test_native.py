"""The native engine equals the equations: every cell, activation, direction, instruction set, value and gradient."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.autograd import native_sweep
from recurra.batches import Ragged
from recurra.cells import SweepWeights
from recurra.config import Activation, Cell
from recurra.engine import sweep
from recurra.layers.specs import ACTIVATIONS, GATES
from recurra.native import engine, layer

FOUND = engine()
pytestmark = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
KINDS: list[tuple[Cell, Activation]] = [
    (cell, activation) for cell, several in ACTIVATIONS.items() for activation in several
]
TOLERANCE = 1e-5
SIZES = [(1, 1), (3, 5), (16, 16), (100, 64), (7, 33), (65, 130)]


@pytest.fixture(params=FOUND.available or ["none"])
def instructions(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set this processor runs, in turn."""
    library: Any = FOUND.library
    assert library.choose(request.param)
    yield request.param
    library.choose(FOUND.name)


def weights_of(
    cell: Cell, inputs: int, hidden: int, *, seed: int = 0, dtype: torch.dtype = torch.float32
) -> SweepWeights:
    generator = torch.Generator().manual_seed(seed)
    rows = hidden * len(GATES[cell])
    shapes = ((rows, inputs), (rows, hidden), (rows,), (rows,))
    scales = (inputs**-0.5, 0.7 * hidden**-0.5, 0.1, 0.1)
    drawn = [torch.randn(shape, generator=generator) * scale for shape, scale in zip(shapes, scales, strict=True)]
    return SweepWeights(*(one.to(dtype).requires_grad_() for one in drawn))


def drawn(*shape: int, seed: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype).requires_grad_()


def everything(
    kind: tuple[Cell, Activation],
    sizes: tuple[int, int],
    lengths: list[int],
    *,
    reverse: bool,
    carried: bool,
    path: Any,
) -> list[torch.Tensor]:
    """Outputs, final state and all gradients; the equations in float64, the native engine in float32."""
    cell, activation = kind
    dtype = torch.float64 if path == "plain" else torch.float32
    inputs, hidden = sizes
    offsets = np.cumsum([0, *lengths])
    weights = weights_of(cell, inputs, hidden, dtype=dtype)
    values = drawn(int(offsets[-1]), inputs, seed=1, dtype=dtype)
    parts = 2 if cell == "lstm" else 1
    state = tuple(drawn(len(lengths), hidden, seed=2 + part, dtype=dtype) for part in range(parts)) if carried else None
    outputs, final = sweep(cell, activation, Ragged(values, offsets), weights, state=state, reverse=reverse, path=path)
    assert final is not None
    told = [outputs.values, *final]
    loss = sum((one * drawn(*one.shape, seed=9 + place, dtype=dtype)).sum() for place, one in enumerate(told))
    gradients = torch.autograd.grad(loss, [values, *weights, *(state or ())], allow_unused=True)  # type: ignore[arg-type]
    return [one.detach() for one in told] + [one for one in gradients if one is not None]


def worst(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> float:
    """Largest difference of any tensor, relative to that tensor's largest value or 1."""
    assert [one.shape for one in found] == [one.shape for one in wanted]
    pairs = [(a.double(), b) for a, b in zip(found, wanted, strict=True) if b.numel()]
    return max((float((a - b).abs().max() / b.abs().max().clamp(min=1)) for a, b in pairs), default=0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("carried", [False, True])
def test_values_and_gradients_equal_the_equations(
    instructions: str, kind: tuple[Cell, Activation], reverse: bool, carried: bool
) -> None:
    for number, sizes in enumerate(SIZES):
        lengths = [5, 0, 1, 9, 9, 2, 12] if number % 2 else [11] * (number + 1)
        how = {"reverse": reverse, "carried": carried}
        found = everything(kind, sizes, lengths, path="native", **how)
        assert worst(found, everything(kind, sizes, lengths, path="plain", **how)) <= TOLERANCE, (instructions, sizes)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 70)),
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=12),
    reverse=st.booleans(),
    carried=st.booleans(),
)
def test_any_lengths_sizes_and_states_equal_the_equations(
    kind: tuple[Cell, Activation], sizes: tuple[int, int], lengths: list[int], reverse: bool, carried: bool
) -> None:
    how = {"reverse": reverse, "carried": carried}
    if sum(lengths) or carried:
        found = everything(kind, sizes, lengths, path="native", **how)
        assert worst(found[:1], everything(kind, sizes, lengths, path="plain", **how)[:1]) <= TOLERANCE


def swept(
    kind: tuple[Cell, Activation], lengths: list[int], rows: list[int], threads: int
) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """Outputs of each chosen sequence, then all gradients when all are chosen."""
    cell, activation = kind
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        values = [drawn(length, 20, seed=place, dtype=torch.float32) for place, length in enumerate(lengths)]
        weights = weights_of(cell, 20, 48)
        offsets = np.cumsum([0, *(lengths[row] for row in rows)])
        batch = Ragged(torch.cat([values[row] for row in rows]), offsets)
        outputs, _ = native_sweep(cell, activation, batch, weights, None, False)
        outputs.values.square().sum().backward()  # type: ignore[no-untyped-call]
        parts = [outputs.values[start:stop] for start, stop in pairwise(offsets)]
        gradients = [one.grad for one in weights if one.grad is not None]
        return [one.detach().numpy() for one in (*parts, *gradients)]
    finally:
        torch.set_num_threads(torch_threads)


@pytest.mark.parametrize("kind", KINDS)
def test_bits_do_not_depend_on_threads_and_outputs_not_on_the_batch(
    instructions: str, kind: tuple[Cell, Activation]
) -> None:
    lengths = [40, 3, 17, 29, 29, 1, 8]
    rows = list(range(len(lengths)))
    one, several = swept(kind, lengths, rows, 1), swept(kind, lengths, rows, 3)
    assert all(np.array_equal(a, b) for a, b in zip(one, several, strict=True))
    turned = [4, 1, 5, 2]
    for place, row in enumerate(turned):
        assert np.array_equal(swept(kind, lengths, turned, 2)[place], one[row]), instructions


def test_a_hundred_thousand_tokens_in_one_sequence() -> None:
    found = everything(("gru", "tanh"), (2, 5), [100_000], reverse=False, carried=False, path="native")
    assert all(torch.isfinite(one).all() for one in found)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_number_stays_one_and_stays_in_its_sequence(
    instructions: str, kind: tuple[Cell, Activation]
) -> None:
    values = torch.zeros(6, 3)
    values[1] = torch.nan
    values[4] = torch.inf
    outputs, _ = native_sweep(*kind, Ragged(values, np.array([0, 2, 4, 6])), weights_of(kind[0], 3, 20), None, False)
    assert torch.isnan(outputs.values[1]).all(), instructions
    assert torch.isfinite(outputs.values[[0, 2, 3]]).all()


def test_a_second_gradient_and_a_gradient_of_the_gradient_are_refused() -> None:
    values, weights = drawn(4, 3, seed=0, dtype=torch.float32), weights_of("gru", 3, 4)
    outputs, _ = native_sweep("gru", "tanh", Ragged(values, np.array([0, 4])), weights, None, False)
    loss = outputs.values.square().sum()
    (first,) = torch.autograd.grad(loss, values, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
    outputs, _ = native_sweep("gru", "tanh", Ragged(values, np.array([0, 4])), weights, None, False)
    loss = outputs.values.square().sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="used up"):
        loss.backward()


def packed() -> Any:
    weights = [one.detach().numpy() for one in weights_of("lstm", 3, 4)]
    return layer("lstm", "tanh", (weights[0], weights[1], weights[2], weights[3]), backward=True, threads=1)


def floats(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


BAD: dict[str, dict[str, Any]] = {
    "offsets that fall": {"offsets": np.array([0, 5, 3, 6])},
    "offsets that begin late": {"offsets": np.array([1, 6])},
    "offsets beyond the values": {"offsets": np.array([0, 7])},
    "offsets of nothing": {"offsets": np.array([], np.int64)},
    "too few inputs": {"values": floats(6, 2)},
    "columns apart": {"values": floats(6, 6)[:, ::2]},
    "rows on top of each other": {"values": np.lib.stride_tricks.as_strided(floats(8), (6, 3), (4, 4))},
    "outputs too narrow": {"outputs": floats(6, 3)},
    "outputs too short": {"outputs": floats(5, 4)},
    "a state too few": {"hidden": floats(1, 4)},
    "a state with gaps": {"hidden": floats(2, 8)[:, :4]},
}


@pytest.mark.parametrize("wrong", BAD)
def test_nothing_is_touched_before_shapes_strides_and_offsets_are_right(wrong: str) -> None:
    good = {"values": floats(6, 3), "offsets": np.array([0, 2, 6]), "outputs": np.full((6, 4), 7, np.float32)}
    with pytest.raises(ValueError, match=r"found .* allowed"):
        packed().forward(**(good | BAD[wrong]), reverse=False, keep=False, threads=1)
    assert (good["outputs"] == 7).all()


def test_numbers_of_another_type_and_weights_never_packed_are_refused() -> None:
    library: Any = FOUND.library
    given = (floats(6, 3), np.array([0, 6]), False, floats(6, 4))
    with pytest.raises(TypeError):
        packed().forward(given[0].astype(np.float64), *given[1:], keep=False, threads=1)
    with pytest.raises(RuntimeError, match="pack"):
        library.layer("gru", "tanh", 3, 4).forward(*given, keep=False, threads=1)
    for bad in (("gruu", "tanh", 3, 4), ("gru", "gelu", 3, 4), ("gru", "tanh", 0, 4), ("gru", "tanh", 3, -1)):
        with pytest.raises(ValueError, match="found"):
            library.layer(*bad)


def test_several_python_threads_use_it_at_once() -> None:
    kind: tuple[Cell, Activation] = ("lstm", "tanh")
    alone = swept(kind, [30] * 8, list(range(8)), 2)
    with ThreadPoolExecutor(4) as several:
        for found in several.map(lambda _: swept(kind, [30] * 8, list(range(8)), 2), range(12)):
            assert all(np.array_equal(a, b) for a, b in zip(found, alone, strict=True))


def test_a_child_forked_after_the_engine_ran_sweeps_too() -> None:
    code = (
        "import os, sys, numpy as np\n"
        "from recurra import native\n"
        "w = (np.ones((96, 8), 'f') / 9, np.ones((96, 32), 'f') / 40, np.zeros(96, 'f'), np.zeros(96, 'f'))\n"
        "made = native.layer('gru', 'tanh', w, backward=False, threads=2)\n"
        "def run():\n"
        "    out = np.empty((4000, 32), 'f')\n"
        "    made.forward(np.ones((4000, 8), 'f'), np.arange(9) * 500, False, out, keep=False, threads=2)\n"
        "    return float(out.sum())\n"
        "before = run()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os._exit(0 if run() == before else 1)\n"
        "_, status = os.waitpid(child, 0)\n"
        "sys.exit(os.waitstatus_to_exitcode(status) or (0 if run() == before else 2))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("name", [*FOUND.available, "torch", "plain"])
def test_the_variable_forces_an_engine_and_doctor_tells_it(name: str) -> None:
    command = [sys.executable, "-m", "recurra", "doctor", "--json"]
    done = subprocess.run(
        command, env=os.environ | {"RECURRA_ENGINE": name}, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["engine"] == name and "RECURRA_ENGINE" in told["engine_why"]


def test_an_engine_that_is_not_there_is_one_line_and_a_usage_error() -> None:
    command = [sys.executable, "-m", "recurra", "doctor"]
    done = subprocess.run(
        command, env=os.environ | {"RECURRA_ENGINE": "abacus"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert "abacus" in done.stderr and "portable" in done.stderr
