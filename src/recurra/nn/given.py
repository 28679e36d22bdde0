"""What callers give a layer beside its input: states of any form, lengths, and the steps where episodes begin.

Not here: the layers (layers.py), and what an episode's beginning does (episodes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

Lengths = Tensor | Sequence[int] | NDArray[np.int64] | None
Starts = NDArray[np.bool_] | None
"""Where episodes begin, (sequences, steps)."""
States = tuple[Tensor, ...]
"""Hidden, and for an LSTM its cell: (layers * directions, sequences, hidden) each."""


def states_of(layer: Any, hx: Any) -> States | None:
    """The parts of a state, none at the start; None where `hx` is not what the layer takes."""
    if hx is None:
        return ()
    count = 2 if layer.cell == "lstm" else 1
    parts = hx if count == 2 else (hx,)
    return tuple(parts) if isinstance(parts, (tuple, list)) and len(parts) == count else None


def each(hx: Any, change: Callable[[Any], Any]) -> Any:
    """The parts of a state, of whatever form, each changed."""
    if hx is None:
        return None
    return tuple(change(part) for part in hx) if type(hx) in (tuple, list) else change(hx)


def widened(values: Any) -> Any:
    """Numbers of half precision as float32; all else as it is."""
    half = isinstance(values, (Tensor, PackedSequence)) and values.data.dtype in (torch.bfloat16, torch.float16)
    return values.float() if half else values


def lengths_of(lengths: Lengths, rows: int, steps: int) -> NDArray[np.int64]:
    """The length of each sequence, all steps where none are told. Raises ValueError for lengths that do not fit."""
    if lengths is None:
        return np.full(rows, steps)
    told = np.asarray(lengths.cpu() if isinstance(lengths, Tensor) else lengths)
    if told.shape != (rows,):
        raise ValueError(f"lengths: found shape {told.shape}, allowed ({rows},): one for each sequence")
    if told.dtype.kind not in "iu":
        raise ValueError(f"lengths: found numbers of type {told.dtype}, allowed whole numbers")
    if told.min() < 0 or told.max() > steps:
        raise ValueError(f"lengths: found {told.min()} to {told.max()}, allowed 0 to {steps}, the steps there are")
    return told.astype(np.int64)


def check_can_reset(layer: Any) -> None:
    """Raises ValueError where the states of a layer cannot be reset on the way."""
    if layer.bidirectional:
        raise ValueError("reset: found a layer of both directions, allowed bidirectional=False: one reads from the end")
    if torch._C._get_tracing_state() is not None:
        # The mask decides which sequences there are: the trace would hold those of this very mask for ever.
        raise ValueError("reset: found torch.jit.trace, allowed none: the trace would keep this mask as a constant")


def starts_of(reset: Any, lengths: NDArray[np.int64], shape: tuple[int, ...], *, turned: bool) -> Starts:
    """Where episodes begin, (sequences, steps), of a mask of this shape; None where nowhere. `turned`: steps first.

    A mark behind a sequence's length is none. Raises ValueError for a mask of another shape or type.
    """
    told = np.asarray(reset.detach().cpu() if isinstance(reset, Tensor) else reset)
    if told.shape != shape:
        raise ValueError(f"reset: found shape {told.shape}, allowed {shape}: one for each step of the input")
    if told.dtype != np.bool_:
        raise ValueError(f"reset: found numbers of type {told.dtype}, allowed true and false: take `reset != 0`")
    rows = told[None] if told.ndim == 1 else told.T if turned else told
    starts: NDArray[np.bool_] = rows & (np.arange(rows.shape[1]) < lengths[:, None])
    return starts if starts.any() else None
