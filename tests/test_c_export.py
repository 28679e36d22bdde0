"""Nets in C: compiled without a warning, they give the bits of the engine step by step.

In int8 those of all kernels, in float32 those of the portable ones.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import recurra
from recurra.batches import Ragged
from recurra.cells import CELLS as CELLS_BY_NAME
from recurra.cells.cell import Cell, CellState, Operations, StateWeights, Value
from recurra.config import NetConfig, SeriesConfig
from recurra.engine import native
from recurra.exports.c.files import program_files
from recurra.exports.c.program import Program, program_of
from recurra.nets.layouts import forecast_net
from recurra.nets.run import run
from recurra.series import fit_series_encoder
from recurra.tasks.heads.horizon.run import RunningForecaster, coming_values
from small_models import drawn

GCC = shutil.which("gcc")
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1"]
CELLS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn", "layers": 2},
    "rnn_relu": {"cell": "rnn", "activation": "relu"},
    "rnn_sigmoid": {"cell": "rnn", "activation": "sigmoid"},
    "gru": {"cell": "gru", "layers": 2},
    "gru_before": {"cell": "gru", "reset_after": False, "layers": 2},
    "lstm": {"cell": "lstm", "layers": 2},
    "lstm_relu": {"cell": "lstm", "activation": "relu"},
    "mingru": {"cell": "mingru", "layers": 2},
    "sru": {"cell": "sru", "layers": 2},
}
pytestmark = pytest.mark.skipif(GCC is None or not native.engine().available, reason="no C compiler, or no engine")


@dataclass
class Compiled:
    """A program as it runs."""

    program: Program
    library: Any

    def __post_init__(self) -> None:
        self.state = ctypes.create_string_buffer(self.program.ram)
        self.reset()

    def reset(self) -> None:
        getattr(self.library, f"{self.program.name}_reset")(self.state)

    def step(self, given: Any) -> np.ndarray:
        """Read one step: a token, ids or values."""
        answer = np.full(self.program.outputs, np.nan, np.float32)
        token = isinstance(given, int | np.integer)
        where = ctypes.c_int32(int(given)) if token else np.ascontiguousarray(given).ctypes.data_as(ctypes.c_void_p)
        getattr(self.library, f"{self.program.name}_step")(self.state, where, answer.ctypes.data_as(ctypes.c_void_p))
        return answer

    def states(self, shape: tuple[int, ...]) -> np.ndarray:
        """The states at the beginning of its memory."""
        return np.frombuffer(self.state, np.float32, count=int(np.prod(shape))).reshape(shape)


def compiled(programs: Sequence[Program], folder: Path, *, flags: Sequence[str] = STRICT) -> dict[str, Compiled]:
    """Compile programs into one library."""
    sizes = []
    for program in programs:
        for name, text in program_files(program, "a net").items():
            (folder / name).write_text(text, "ascii")
        sizes.append(f'#include "{program.name}.h"\nunsigned long {program.name}_size(void);')
        sizes.append(f"unsigned long {program.name}_size(void) {{ return sizeof({program.name}_state); }}")
    (folder / "sizes.c").write_text("\n".join(sizes))
    sources = [f"{program.name}.c" for program in programs]
    command = [str(GCC), *flags, "-shared", "-fPIC", "-o", "nets.so", "sizes.c", *sources]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "nets.so"))
    return {program.name: Compiled(program, library) for program in programs}


def forecaster(seed: int = 0, *, horizon: int = 3, **net: Any) -> RunningForecaster:
    plan = forecast_net(NetConfig(hidden=13, **net), horizon=horizon)
    encoder = fit_series_encoder({"a": np.arange(20.0)}, SeriesConfig(window=3, horizon=horizon))
    return RunningForecaster(plan, drawn(plan, seed=seed), encoder, {})


@pytest.fixture
def kernels(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine with the kernels of an instruction set."""
    library: Any = native.engine().library
    before = library.engine()
    assert library.choose(request.param)
    yield request.param
    library.choose(before)


def on_kernels(names: Iterable[str]) -> Any:
    """Each of these in float32 on the portable kernels, and in int8 on all that this processor runs."""
    pairs = [(name, "portable") for name in names]
    pairs += [(f"{name}_int8", one) for name in names for one in native.engine().available]
    return pytest.mark.parametrize(("name", "kernels"), pairs, indirect=["kernels"])


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[RunningForecaster, Compiled]]:
    """A forecaster of each cell, in float32 and in int8, and what its C compiles to."""
    models = {name: forecaster(number, **net) for number, (name, net) in enumerate(CELLS.items())}
    programs = [program_of(model, name, byte=False) for name, model in models.items()]
    programs += [program_of(model, f"{name}_int8", byte=True) for name, model in models.items()]
    found = compiled(programs, tmp_path_factory.mktemp("c"))
    return {name: (models[name.removesuffix("_int8")], one) for name, one in found.items()}


@on_kernels(CELLS)
def test_each_cell_in_c_has_the_bits_of_the_engine(
    name: str, nets: dict[str, tuple[RunningForecaster, Compiled]], kernels: str
) -> None:
    model, program = nets[name]
    plan = model.plan.in_precision("int8" if name.endswith("_int8") else "float32")
    # New arrays, which nobody packed for other kernels.
    tensors = {key: value.copy() for key, value in model.tensors.items()}
    random = np.random.default_rng(7)
    program.reset()
    states: Any = ()
    for step, scale in enumerate(np.repeat([1.0, 0.0, 1e-30, 30.0, 1e-3], 40)):
        values = (random.standard_normal((1, 1)) * scale).astype(np.float32)
        answer = program.step(values)
        wanted, states = run(plan, tensors, Ragged(values, np.array([0, 1], np.int64)), states)
        parts = np.array([[part[0] for part in state] for state in states]).swapaxes(0, 1)
        found = program.states(parts.shape)
        assert found.tobytes() == parts.tobytes(), step
        np.testing.assert_allclose(answer, wanted[0], atol=2e-6, rtol=2e-6)


def _mgu(op: Operations, x: Value, state: CellState, weights: StateWeights) -> CellState:
    """The cell that docs/architecture.md adds: one gate is read before and after its second product."""
    (h,) = state
    x_f, x_n = op.split(x)
    f = op.let("f", op.sigmoid(x_f + weights.product(h, "f")))
    n = op.let("n", op.activate(x_n + weights.product(f * h, "n")))
    return (op.mix(f, n, h),)


def test_a_cell_that_is_added_is_written_by_its_equation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    added = Cell("mgu", "an MGU", {"f": "forget", "n": "new"}, _mgu, "a paper")
    monkeypatch.setitem(CELLS_BY_NAME, "mgu", added)
    model = forecaster(cell="mgu", layers=2)
    programs = [program_of(model, "mgu", byte=False), program_of(model, "mgu_int8", byte=True)]
    values = np.random.default_rng(0).standard_normal((30, 1)).astype(np.float32)
    for program, near in zip(compiled(programs, tmp_path).values(), (1e-6, 2e-2), strict=True):
        answers = [program.step(value) for value in values]
        wanted = run(model.plan, model.tensors, Ragged(values, np.array([0, 30], np.int64)))[0][0]
        np.testing.assert_allclose(answers[-1], wanted, atol=near)


def test_memory_and_constants_are_told_as_they_are(nets: dict[str, tuple[RunningForecaster, Compiled]]) -> None:
    for name, (_, program) in nets.items():
        size = getattr(program.library, f"{name}_size")
        size.restype = ctypes.c_ulong
        assert size() == program.program.ram, name


def test_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "c-export.md").read_text("utf-8")
    blocks = dict(
        re.findall(r"```(c|bash)\n(.*?)```", page.replace("```bash\nrecurra fit", "```\nrecurra fit"), re.DOTALL)
    )
    model = forecaster(cell="lstm")
    model.save(tmp_path / "runs" / "sales" / "artefact")
    done = recurra("export", str(tmp_path / "runs" / "sales"), "--c", str(tmp_path / "firmware"), "--int8")
    assert done.code == 0 and re.search(r"^RAM +\d", done.out, re.MULTILINE) and "flash" in done.out
    (tmp_path / "main.c").write_text(blocks["c"])
    found = subprocess.run(blocks["bash"], shell=True, cwd=tmp_path, check=True, capture_output=True, text=True)
    values = np.array([51, 54, 53, 52, 56, 57, 58, 52, 51, 55, 54, 53], np.float64)
    inputs = model.encoder.scaler("a").apply(values).astype(np.float32)[None, :, None]
    wanted = coming_values(model.plan.in_precision("int8"), model.tensors, inputs)[0]
    np.testing.assert_allclose(
        [float(line) for line in found.stdout.split()], model.encoder.scaler("a").undo(wanted), rtol=2e-3
    )
