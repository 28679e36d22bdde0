"""Where a net learns: the processor or a GPU; how arrays come there, and how a GPU multiplies.

Not here: what sweeps a cell there (choose.py), and answers, which are always the processor's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recurra.config import Device, Precision
from recurra.errors import UsageError

PROCESSOR = torch.device("cpu")


def device_of(asked: Device) -> torch.device:
    """Return the device of a choice; auto is the GPU where torch can use one. Raises UsageError for one that is not."""
    there = torch.cuda.is_available()
    if asked == "cuda" and not there:
        found, advice = "no GPU that torch can use", "`recurra doctor` tells why"
        raise UsageError("device cuda", found=found, allowed="auto, cpu", advice=advice)
    return torch.device("cuda" if there and asked != "cpu" else "cpu")


def home(net: nn.Module) -> torch.device:
    """Return the device of a net's weights."""
    return next(net.parameters()).device


def tensor_on(device: torch.device, array: NDArray[Any]) -> Tensor:
    """Hand an array to torch on a device; on the processor both share their memory."""
    return torch.from_numpy(array).to(device)


@contextmanager
def products(device: torch.device, precision: Precision) -> Iterator[None]:
    """Set how a GPU multiplies for the length of a `with` block, forward and backward: exactly, or on tensor cores.

    For float32 nothing is rounded (left alone, cuDNN multiplies in TF32). For bf16 the operands have been rounded to
    bfloat16; TF32 holds each such number exactly, so its tensor cores give their products, summed in float32.
    """
    if device.type != "cuda":
        yield
        return
    # Matrix products and cuDNN's recurrent kernels have a switch each.
    homes: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn.rnn)
    before = [one.fp32_precision for one in homes]
    try:
        for one in homes:
            one.fp32_precision = "tf32" if precision == "bf16" else "ieee"
        yield
    finally:
        for one, precise in zip(homes, before, strict=True):
            one.fp32_precision = precise
