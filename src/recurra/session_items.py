"""What a session is given, as arrays that the engine takes: token ids, observations, lists of texts; else refused.

Not here: texts becoming tokens, and what is read of them (session.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import UsageError
from recurra.nets.stepping import Steps

LARGEST_ID = 2**63 - 1


def listed(items: Any) -> tuple[Sequence[str] | None, NDArray[Any]]:
    """Return several items as a list of texts, or None, and else as an array. Raises UsageError for what is neither."""
    if isinstance(items, list | tuple):
        texts: Any = items
    else:
        array = np.asarray(items) if not isinstance(items, str | bytes) else np.zeros(())
        if not array.ndim:
            allowed, advice = "a list of texts or of token ids, or an array", "put one item into a list"
            raise UsageError("items", found=type(items).__name__, allowed=allowed, advice=advice)
        # An array, or a column of another library, of texts.
        texts = array.tolist() if array.dtype.kind in "OUT" else []
    return (texts, np.zeros(0)) if len(texts) and isinstance(texts[0], str) else (None, array_of(items, "items"))


def array_of(items: Any, what: str) -> NDArray[Any]:
    """Return an array of what somebody gave; raises UsageError for what is none, and for masked values."""
    try:
        array = np.asarray(items)
    except (TypeError, ValueError, OverflowError) as problem:
        allowed = "an array, or lists of one length"
        raise UsageError(what, found=str(problem).partition(".")[0][:80], allowed=allowed) from None
    # NumPy would hand on what lies under the mask, as if it were there.
    parts = items if isinstance(items, list | tuple) and array.ndim > 1 else [items]
    if (masks := sys.modules.get("numpy.ma")) and any(
        isinstance(part, masks.MaskedArray) and masks.is_masked(part) for part in parts
    ):
        raise UsageError(what, found="masked values", allowed="values that are there", advice="fill them in first")
    return array


def tokens_of(items: Any, steps: Steps) -> NDArray[Any]:
    """Return token ids (tokens, ids of a token) or observations (tokens, features). Raises UsageError for others."""
    array = array_of(items, "tokens" if steps.each else "observations")
    if array.shape == (0,):
        array = np.empty((0, steps.each or steps.inputs), np.int64)
        return array if steps.each else array.astype(np.float32)
    return _ids(array, steps) if steps.each else _observations(array, steps)


def _observations(array: NDArray[Any], steps: Steps) -> NDArray[np.float32]:
    if array.dtype.kind not in "fiub" or array.ndim != 2 or array.shape[1] != steps.inputs:
        found = f"{array.dtype} of shape {array.shape}"
        raise UsageError("observations", found=found, allowed=f"numbers of shape (tokens, {steps.inputs})")
    # What float32 cannot hold becomes infinite, and is refused as such.
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)


def _ids(array: NDArray[Any], steps: Steps) -> NDArray[np.int64]:
    if array.dtype.kind not in "iu" or array.ndim != (1 if steps.each == 1 else 2):
        allowed = "whole numbers, one a token" if steps.each == 1 else f"{steps.each} ids for each token"
        raise UsageError("tokens", found=f"{array.dtype} of shape {array.shape}", allowed=allowed)
    if array.dtype == np.uint64:
        # Else the largest would come round as negative ones, and be told so.
        array = np.minimum(array, np.uint64(LARGEST_ID))
    return np.ascontiguousarray(array.reshape(len(array), steps.each), np.int64)


def require_readable(tokens: NDArray[Any], steps: Steps) -> None:
    """Raise UsageError for what the engine would refuse: before streams are reset for it."""
    if steps.each and tokens.size and not 0 <= tokens.min() <= tokens.max() < steps.words:
        raise UsageError("tokens", found=f"{tokens.min()} to {tokens.max()}", allowed=f"0 to {steps.words - 1}")
    if not steps.each and not np.isfinite(tokens).all():
        raise UsageError("observations", found="one that is not finite", allowed="finite numbers")


def require_room(out: Any, shape: tuple[int, ...]) -> None:
    """Raise UsageError for what no answer can be written to."""
    right = isinstance(out, np.ndarray) and out.shape == shape and out.dtype.kind == "f" and out.flags.writeable
    if not right:
        found = f"{out.dtype} of shape {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise UsageError("out", found=found, allowed=f"an array of float32, shape {shape}, open to writing")


def require_language(model: Any) -> None:
    """Raise UsageError where no token can be drawn."""
    if not hasattr(model, "generated"):
        raise UsageError("sample", found=type(model).__name__, allowed="a language model")


def require_unpadded(model: Any) -> None:
    """Raise UsageError for a net that learnt with pads before each text."""
    config = getattr(getattr(model, "encoder", None), "config", None)
    if getattr(config, "pad_to_max", False):
        raise UsageError("this net reads pads before each text (classic_pad)", advice="train without pad_to_max")


@contextmanager
def refusing() -> Iterator[None]:
    """What the engine refuses, it names; here it becomes an error of ours."""
    try:
        yield
    except (TypeError, ValueError) as problem:
        raise UsageError(str(problem).partition("\n")[0]) from None
