"""How a tensor of some values may lie in memory: what torch allows, and people's code makes.

Not here: what is done with them (test_layouts.py, test_layouts_steps.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

GAP = float("nan")
"""What lies between the values: whoever reads it shows it."""


def _turned(values: Tensor) -> Tensor:
    """As a transposed matrix lies, or a batch-first state: the first axis runs fastest."""
    order = list(reversed(range(values.dim())))
    return values.permute(order).contiguous().permute(order)


def _swapped(values: Tensor) -> Tensor:
    """The first two axes changed, the last one in order: the usual (batch, layers, hidden).transpose(0, 1)."""
    return values if values.dim() < 2 else values.transpose(0, 1).contiguous().transpose(0, 1)


def _among_columns(values: Tensor) -> Tensor:
    table = values.new_full((*values.shape[:-1], values.shape[-1] + 3), GAP)
    table[..., 1:-2] = values
    return table[..., 1:-2]


def _every_second(values: Tensor) -> Tensor:
    table = values.new_full((*values.shape[:-1], 2 * values.shape[-1]), GAP)
    table[..., ::2] = values
    return table[..., ::2]


def _among_rows(values: Tensor) -> Tensor:
    table = values.new_full((2 * values.shape[0] + 1, *values.shape[1:]), GAP)
    table[1::2] = values
    return table[1::2]


def _further_on(values: Tensor) -> Tensor:
    memory = values.new_full((values.numel() + 5,), GAP)
    memory[5:] = values.flatten()
    return memory[5:].view(values.shape)


def _one_row_again(values: Tensor) -> Tensor:
    return values[:1].expand_as(values) if len(values) else values


def _one_number_again(values: Tensor) -> Tensor:
    return values.flatten()[0].expand_as(values) if values.numel() else values


def _imaginary(values: Tensor) -> Tensor:
    """The imaginary part of a conjugate: torch keeps the minus sign beside the memory."""
    return torch.complex(torch.zeros_like(values), -values).conj().imag


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "in one piece": lambda values: values,
    "turned": _turned,
    "swapped": _swapped,
    "among columns": _among_columns,
    "every second": _every_second,
    "among rows": _among_rows,
    "further on": _further_on,
    "one row again": _one_row_again,
    "one number again": _one_number_again,
    "imaginary": _imaginary,
}
APART = {name: lay for name, lay in LAYOUTS.items() if not name.startswith("one ")} | {"imaginary": _further_on}
"""Those that can be written to: each value has a place of its own, and no sign stands beside it."""

names = st.sampled_from(list(LAYOUTS))
apart = st.sampled_from(list(APART))


class Hand:
    """Draws tensors one after another from a fixed seed, each laid as the next of the names says."""

    def __init__(self, seed: int, names: list[str]) -> None:
        """Names are taken in turn, as often as needed."""
        self.random, self.names, self.count = torch.Generator().manual_seed(seed), names, 0

    def draw(self, *shape: int, scale: float = 1.0) -> Tensor:
        """Return the next tensor, a leaf that nobody learns yet."""
        lay = LAYOUTS[self.names[self.count % len(self.names)]]
        self.count += 1
        return lay(torch.randn(shape, generator=self.random) * scale).detach()


@pytest.fixture(scope="module")
def nan_where_nobody_wrote() -> Iterator[None]:
    """Fill memory that torch makes with NaN; on one thread, because torch's small kernels wait long for a second."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch._C._set_deterministic_algorithms(
        True
    )  # as torch.use_deterministic_algorithms, which loads its compiler first
    yield
    torch._C._set_deterministic_algorithms(False)
    torch.set_num_threads(threads)


def in_one_piece(tensor: Tensor) -> Tensor:
    """The same values, as the engine likes them best."""
    return tensor.detach().resolve_neg().clone(memory_format=torch.contiguous_format)
