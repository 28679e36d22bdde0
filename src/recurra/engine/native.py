"""The native engine: whether it is there, which instruction set it uses, and sweeps over NumPy arrays.

Not here: torch (autograd.py) and the choice among engines (choose.py). The kernels are in native/.

`RECURRA_ENGINE` forces a choice: `amx`, `avx512_bf16`, `avx512_vnni`, `avx512`, `avx2` or `portable` (the native engine
with that instruction set; the first four differ in bfloat16 and int8 alone), `torch` (torch's kernels in training,
NumPy in answers) or `plain` (the equations).
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from recurra.cells import CELLS
from recurra.config import CellKind, Pool
from recurra.engine.processors import threads
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra import _native
    from recurra._native import Layer, Places

Singles = NDArray[np.float32]
DirectionWeights = tuple[Singles, Singles, Singles, Singles]
_State = tuple[Singles, ...]
VARIABLE = "RECURRA_ENGINE"
WITHOUT = ("torch", "plain")
"""Values of the variable that leave the native engine out."""


@dataclass(frozen=True)
class Engine:
    """What sweeps, and why."""

    name: str
    """An instruction set of the native engine, `torch`, `plain`, or `numpy` where nothing else is there."""
    why: str
    available: tuple[str, ...]
    """Instruction sets of the native engine that this processor runs, best first; none where it was not built."""
    library: ModuleType | None


@cache
def engine() -> Engine:
    """Find the engine; raises UsageError where the variable names one that cannot run here."""
    # The variable is read once a process: kernels packed for one instruction set cannot be swept by another.
    asked = os.environ.get(VARIABLE, "").strip().lower()
    library, trouble = _load()
    available = tuple(library.available()) if library else ()
    # The compiled module may be there and stays unused: so the plain paths can be measured beside it.
    if asked in WITHOUT:
        return Engine(asked, f"{VARIABLE}={asked}", available, None)
    if asked and asked not in available:
        allowed = ", ".join((*available, *WITHOUT))
        raise UsageError(f"{VARIABLE} names no engine of this machine", found=asked, allowed=allowed)
    if library is None:
        # Without torch nothing trains; what answers then is NumPy alone. find_spec looks without loading: torch takes
        # seconds.
        return Engine("torch" if find_spec("torch") else "numpy", trouble, (), None)
    if asked:
        library.choose(asked)
    why = f"{VARIABLE}={asked}" if asked else "the best this processor runs"
    return Engine(library.engine(), why, available, library)


def _load() -> tuple[ModuleType | None, str]:
    try:
        return import_module("recurra._native"), ""
    except ImportError:
        return None, "the native engine was not built: install again where a C++20 compiler is"


class _Compiled:
    """The compiled module, looked up at each use, so that RECURRA_ENGINE is read before any kernel runs."""

    def __getattr__(self, name: str) -> Any:
        """Raises UsageError where there is no engine."""
        library = engine().library
        if library is None:
            raise UsageError("there is no native engine", found=engine().why, advice="take the plain path")
        return getattr(library, name)


if TYPE_CHECKING:
    compiled = _native  # with the types of its stub, _native.pyi
else:
    compiled = _Compiled()


def release_buffers() -> None:
    """Give the memory that the engine keeps for its next sweeps back to the system, as after a training."""
    if engine().library is not None:
        compiled.release_buffers()


def serves(dtype: np.dtype[Any]) -> bool:
    """Tell whether the engine works on arrays of this type: float32, where it was built and is not left out."""
    return dtype == np.float32 and engine().library is not None


def knows(kind: CellKind) -> bool:
    """Tell whether the engine has kernels for a cell; what it has none for is swept by the equations.

    A GRU that resets before its product has none in bfloat16: its second product waits for all of r · h, which those
    kernels have no place for.
    """
    return CELLS[kind.cell].native and (kind.reset_after or kind.precision != "bf16")


def ragged(offsets: NDArray[np.int64]) -> Places:
    """Sequences one after another: (sequences + 1,) offsets that climb from 0 to the number of tokens."""
    # The engine reads the offsets as they lie in memory: int64, one after another. So they are brought into that form.
    return compiled.ragged(np.ascontiguousarray(offsets, np.int64))


def padded(steps: int, lengths: NDArray[np.int64], *, rows: bool = False) -> Places:
    """Sequences as the columns of a (steps, sequences) grid, or with `rows` as the rows of a (sequences, steps) one.

    Each is padded behind its own length.
    """
    return compiled.grid(steps, np.ascontiguousarray(lengths, np.int64), rows=rows)


def layer(kind: CellKind, weights: DirectionWeights, *, reverse: bool, backward: bool, threads: int) -> Layer:
    """Pack the weights of one layer in one direction: input and recurrent, and their biases, in torch's layout."""
    inputs, hidden = weights[0].shape[1], weights[1].shape[1]
    made = compiled.layer(**kind._asdict(), inputs=inputs, hidden=hidden, reverse=reverse)
    made.pack(*weights, backward=backward, threads=threads)
    return made


Made = TypeVar("Made")
Kept = dict[tuple[Any, ...], tuple[tuple[weakref.ref[Any], ...], Made]]
"""What was made of arrays that nobody can change any more, with those arrays; it leaves with the first of them."""


def kept_with(
    kept: Kept[Made], arrays: Sequence[NDArray[Any]], what: tuple[Any, ...], make: Callable[[], Made]
) -> Made:
    """Return what was made of these very arrays before, or make it; `what` sets apart things made of the same ones."""
    key = (*what, *(id(array) for array in arrays))
    # Arrays are told by identity, not by value: a comparison would read all weights at every call.
    entry = kept.get(key)
    # An identity may come back after its array has gone: the arrays themselves are compared too.
    if entry and all(reference() is array for reference, array in zip(entry[0], arrays, strict=True)):
        return entry[1]
    found = make()
    # Weak references: what is kept of a trained model must not keep the model itself alive.
    kept[key] = tuple(weakref.ref(array) for array in arrays), found
    # One array is enough: all weights of a model are let go together.
    weakref.finalize(arrays[0], kept.pop, key, None)
    return found


_packed: Kept[Layer] = {}


def packed_once(kind: CellKind, weights: DirectionWeights, *, reverse: bool) -> Layer:
    """Pack for answers only; once for ever where the weights are read-only, as those of a trained model are."""

    def make() -> Layer:
        return layer(kind, weights, reverse=reverse, backward=False, threads=threads())

    # A read-only array cannot change behind our back, so its packed form stays true; a writable one is packed anew.
    changing = any(weight.flags.writeable for weight in weights)
    return make() if changing else kept_with(_packed, weights, (kind, reverse), make)


def sweep(
    kind: CellKind,
    weights: Sequence[DirectionWeights],
    values: Singles | None,
    offsets: NDArray[np.int64],
    state: _State | None = None,
    rows: NDArray[np.int32] | None = None,
    projected: Sequence[Singles] | None = None,
) -> tuple[Singles, _State]:
    """Sweep a layer over ragged sequences: values (tokens, inputs) -> outputs (tokens, directions * hidden).

    `weights` holds one entry, or two: forward and reverse. The parts of a state are (directions, sequences, hidden).
    A token's input is its row of the values: its own, or the one that `rows` (tokens,) tells. Words come again and
    again, and each row is multiplied once; the outputs have the same bits. In place of values there may be their
    products with the weights, a table for each direction (words.py).
    """
    packed = [packed_once(kind, side, reverse=number == 1) for number, side in enumerate(weights)]
    hidden = weights[0][1].shape[1]
    # Not zeroed: every token belongs to a sequence, and the sweep writes each one.
    outputs = np.empty((int(offsets[-1]), len(packed) * hidden), np.float32)
    final = [np.empty((len(packed), len(offsets) - 1, hidden), np.float32) for _ in kind.states]
    start = [np.ascontiguousarray(part) for part in state or ()]
    hidden_start, cell_start = _two(start)
    final_hidden, final_cell = _two(final)
    compiled.forward(
        packed,
        ragged(offsets),
        values=None if values is None else np.ascontiguousarray(values),
        outputs=outputs,
        hidden=hidden_start,
        cell=cell_start,
        final_hidden=final_hidden,
        final_cell=final_cell,
        rows=rows,
        projected=projected,
        keep=False,
        threads=threads(),
    )
    return outputs, tuple(final)


_Scorer = tuple[Singles, Singles, Singles]
"""What scores a token for attention: weight (units, inputs), bias (units,) and query (heads, units)."""


class Pooled(NamedTuple):
    """Rows (sequences, columns of all parts), and what their gradient needs; None where a part is not wanted."""

    rows: Singles
    where: NDArray[np.int32] | None
    """The token that has each maximum: (sequences, inputs); -1 in an empty sequence."""
    shares: Singles | None
    """Attention's softmax: (heads, tokens)."""
    hidden: Singles | None
    """tanh(W h + b) of each token: (tokens, units); None where nobody learns."""


def pool(
    values: Singles,
    places: Places,
    parts: Sequence[Pool],
    scorer: _Scorer | None = None,
    *,
    directions: int = 1,
    learning: bool = False,
    threads: int,
) -> Pooled:
    """Pool ragged sequences: values (tokens, inputs) -> the parts side by side; an empty sequence gives zeros.

    `last` is each direction's own end; `attention` wants a scorer (Yang et al. 2016), each of its heads an equal share
    of the inputs. All parts come from one reading of the values. Raises ValueError for shapes that do not fit.
    """
    tokens, inputs = values.shape
    sequences = places.sequences
    pooled = Pooled(
        np.empty((sequences, inputs * len(parts)), np.float32),
        np.empty((sequences, inputs), np.int32) if "max" in parts else None,
        np.empty((len(scorer[2]), tokens), np.float32) if scorer else None,
        np.empty((tokens, len(scorer[0])), np.float32) if scorer and learning else None,
    )
    compiled.pool(
        places,
        values=values,
        parts=parts,
        directions=directions,
        scorer=scorer,
        **pooled._asdict(),
        threads=threads,
    )
    return pooled


def _two(parts: Sequence[Singles]) -> tuple[Singles | None, Singles | None]:
    return parts[0] if parts else None, parts[1] if len(parts) > 1 else None
