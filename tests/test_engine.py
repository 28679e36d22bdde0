"""The engine chooses one route a cell: the choice is stated, states are told or refused, and no route pads or packs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path as File

import numpy as np
import pytest
import torch

import recurra.engine.choose
from recurra.batches import Ragged
from recurra.cells import CELLS
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, CellName
from recurra.engine.choose import route_of, sweep_direction, without_native
from recurra.engine.native import engine
from recurra.engine.scan import has_kernels
from recurra.layers.recurrent.run import swept_by as step_choice

KINDS = [CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations]
HIDDEN, FEATURES = 3, 2


def weights_of(cell: CellName, *, seed: int = 0) -> SweepWeights:
    generator = torch.Generator().manual_seed(seed)
    rows = HIDDEN * len(CELLS[cell].gates)
    recurrent, recurrent_bias = CellKind(cell).recurrent_shapes(HIDDEN)
    shapes = ((rows, FEATURES), recurrent, (rows,), recurrent_bias)
    return SweepWeights(*(torch.randn(shape, generator=generator, dtype=torch.float64) * 0.5 for shape in shapes))


def batch_of(lengths: list[int], *, seed: int = 1) -> Ragged[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn((sum(lengths), FEATURES), generator=generator, dtype=torch.float64)
    return Ragged(values, np.cumsum([0, *lengths]))


def test_in_float64_only_what_torch_cannot_express_runs_step_by_step() -> None:
    plain = [kind[:2] for kind in KINDS if route_of(kind, dtype=torch.float64) == "plain"]
    assert plain == [("lstm", "relu"), ("sru", "tanh")]
    assert {route_of(kind, dtype=torch.float64) for kind in KINDS} == {"torch", "scan", "plain"}
    assert {without_native(kind._replace(precision="bf16")) for kind in KINDS} == {"scan", "plain"}


@pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
def test_float32_on_the_processor_is_the_native_engines_and_a_gpus_is_not() -> None:
    assert {route_of(kind) for kind in KINDS} == {"native"}


def test_a_gru_that_resets_before_its_product_is_never_torchs_nor_cudnns() -> None:
    kinds = [CellKind("gru", reset_after=False)._replace(precision=precision) for precision in ("float32", "bf16")]
    for kind in kinds:
        assert {without_native(kind, device) for device in ("cpu", "cuda")} == {"plain"}
    if engine().library is not None:
        assert [route_of(kind) for kind in kinds] == ["native", "plain"]
        assert [step_choice(kind, np.dtype(np.float32)) for kind in kinds] == ["native", "numpy"]


def test_a_gpu_packs_what_cudnn_knows_in_both_precisions_and_scans_the_parallel_cells() -> None:
    routes = {kind[:2]: route_of(kind, device="cuda") for kind in KINDS}
    packed = {kind for kind, route in routes.items() if route == "packed"}
    assert packed == {("rnn", "tanh"), ("rnn", "relu"), ("rnn", "sigmoid"), ("gru", "tanh"), ("lstm", "tanh")}
    assert routes["lstm", "relu"] == "plain" and routes["mingru", "tanh"] == "scan"
    assert routes["sru", "tanh"] == ("scan" if has_kernels() else "plain")
    assert routes == {kind[:2]: route_of(kind._replace(precision="bf16"), device="cuda") for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_both_paths_give_the_same_outputs(kind: CellKind, reverse: bool) -> None:
    inputs, weights = batch_of([4, 0, 6, 1]), weights_of(kind.cell)
    chosen, _ = sweep_direction(kind, inputs, weights, reverse=reverse)
    plain, _ = sweep_direction(kind, inputs, weights, reverse=reverse, route="plain")
    assert chosen.offsets is inputs.offsets
    torch.testing.assert_close(chosen.values, plain.values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reversed_sweep_reads_each_sequence_from_its_own_end(kind: CellKind) -> None:
    inputs, weights = batch_of([4, 2, 7]), weights_of(kind.cell)
    backward, _ = sweep_direction(kind, inputs, weights, reverse=True)
    for start, stop in zip(inputs.offsets, inputs.offsets[1:], strict=False):
        turned = Ragged(inputs.values[start:stop].flip(0), np.array([0, stop - start]))
        alone, _ = sweep_direction(kind, turned, weights)
        torch.testing.assert_close(backward.values[start:stop], alone.values.flip(0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_final_state_of_equal_lengths_is_the_last_output_and_of_ragged_ones_never_guessed(kind: CellKind) -> None:
    inputs, weights = batch_of([5, 5]), weights_of(kind.cell)
    outputs, final = sweep_direction(kind, inputs, weights)
    assert final is not None
    torch.testing.assert_close(final[0], outputs.values[[4, 9]], rtol=0, atol=1e-12)
    assert len(final) == len(kind.states)
    _, unknown = sweep_direction(kind, batch_of([5, 4]), weights)
    assert (unknown is None) == (without_native(kind) == "torch")


@pytest.mark.parametrize("kind", KINDS)
def test_a_carried_state_is_where_the_sweep_goes_on(kind: CellKind) -> None:
    weights, whole = weights_of(kind.cell), batch_of([6])
    outputs, _ = sweep_direction(kind, whole, weights)
    first, state = sweep_direction(kind, Ragged(whole.values[:2], np.array([0, 2])), weights)
    rest, _ = sweep_direction(kind, Ragged(whole.values[2:], np.array([0, 4])), weights, state=state)
    torch.testing.assert_close(torch.cat([first.values, rest.values]), outputs.values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_no_tokens_at_all_leave_the_state_as_it_was(kind: CellKind) -> None:
    empty, weights = batch_of([0, 0]), weights_of(kind.cell)
    outputs, state = sweep_direction(kind, empty, weights)
    assert outputs.values.shape == (0, HIDDEN) and state is not None and not state[0].any()


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_never_leak_from_one_sequence_to_another(kind: CellKind) -> None:
    inputs, weights = batch_of([3, 5, 2]), weights_of(kind.cell)
    values = inputs.values.requires_grad_()
    outputs, _ = sweep_direction(kind, inputs.carry(values), weights)
    outputs.values[3:8].sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert values.grad[3:8].any() and not values.grad[:3].any() and not values.grad[8:].any()


def test_the_sigmoid_cell_stays_exact_where_tanh_saturates() -> None:
    inputs, weights = batch_of([4]), weights_of("rnn")
    large = inputs.carry(inputs.values * 50)
    fused, _ = sweep_direction(CellKind("rnn", "sigmoid"), large, weights, route="torch")
    plain, _ = sweep_direction(CellKind("rnn", "sigmoid"), large, weights, route="plain")
    torch.testing.assert_close(fused.values, plain.values, rtol=0, atol=1e-12)
    assert ((fused.values >= 0) & (fused.values <= 1)).all()


def test_on_the_processor_nothing_is_packed_but_where_users_bring_it() -> None:
    assert "packed" not in {route_of(kind, dtype) for kind in KINDS for dtype in (torch.float32, torch.float64)}
    folder = File(recurra.engine.choose.__file__).parent
    texts = {path.name: path.read_text("utf-8") for path in folder.rglob("*.py") if path != folder / "nn.py"}
    assert not [name for name, text in texts.items() if "pack_padded" in text or "nn.utils.rnn" in text]


@pytest.mark.parametrize("name", [*engine().available, "torch", "plain"])
def test_the_variable_forces_an_engine_and_doctor_tells_it(name: str) -> None:
    command = [sys.executable, "-m", "recurra", "doctor", "--json"]
    done = subprocess.run(
        command, env=os.environ | {"RECURRA_ENGINE": name}, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["engine"] == name and "RECURRA_ENGINE" in told["engine_why"]


@pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
def test_an_engine_that_is_not_there_is_one_line_and_a_usage_error() -> None:
    command = [sys.executable, "-m", "recurra", "doctor"]
    done = subprocess.run(
        command, env=os.environ | {"RECURRA_ENGINE": "abacus"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert "abacus" in done.stderr and "portable" in done.stderr
