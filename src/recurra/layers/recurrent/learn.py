"""Stacked recurrent layers, learning: (tokens, inputs) -> (tokens, outputs) and the final states.

Not here: the equations (cells/) and how they are swept (choose.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from recurra.batches import Ragged
from recurra.cells.backends.torch import SweepWeights, TensorState
from recurra.config import Init
from recurra.engine.choose import Route, TokenRows, sweep_layer
from recurra.layers.draws import Generator, draw_recurrent, elements, variational
from recurra.layers.recurrent.run import RecurrentSpec


class Recurrent(nn.Module):
    """Sweeps layer by layer and direction by direction; weights carry torch.nn's names and layout."""

    def __init__(self, spec: RecurrentSpec, generator: Generator = None, init: Init = "gates") -> None:
        """Draw the first weights."""
        super().__init__()
        self.spec = spec
        for name, shape in spec.weights().items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))
        # After all are registered, in one order: each draw moves the generator on.
        for name, weight in self.named_parameters():
            draw_recurrent(name, weight, spec, init, generator)

    def forward(
        self,
        inputs: Ragged[Tensor],
        states: Sequence[TensorState | None] | None = None,
        *,
        between: float = 0.0,
        weight_drop: float = 0.0,
        generator: Generator = None,
        rows: TokenRows | None = None,
        route: Route | None = None,
    ) -> tuple[Ragged[Tensor], list[TensorState | None]]:
        """Sweep. `states` holds one state per sweep, in the order of `spec.sweeps`; so do the final states.

        `between` is variational dropout on the outputs of each layer, `weight_drop` the share of recurrent weights that
        a sweep does without; both are active in training only, their masks drawn from `generator`. With `rows`
        (tokens,) the inputs are distinct ones, and `rows` tells which of them each token has.
        """
        final: list[TensorState | None] = []
        directions = 2 if self.spec.bidirectional else 1
        for first in range(0, self.spec.layers * directions, directions):
            numbers = range(first, first + directions)
            weights = [self._weights(number, weight_drop, generator) for number in numbers]
            given = [states[number] for number in numbers] if states is not None else None
            inputs, ends = sweep_layer(self.spec.computed, inputs, weights, _known(given), rows=rows, route=route)
            # Only the first layer's inputs are words; behind it every token has a value of its own.
            rows = None
            final += ends
            inputs = variational(inputs, between if self.training else 0.0, generator)
        return inputs, final

    def _weights(self, number: int, weight_drop: float, generator: Generator) -> SweepWeights:
        layer, suffix = self.spec.sweeps[number]
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        held: Any = [getattr(self, f"{kind}_l{layer}{suffix}", None) for kind in kinds]
        weight, recurrent, bias, recurrent_bias = held
        # A weight that the cell does not have is one of no rows.
        none = weight.new_zeros(0)
        recurrent = none.view(0, self.spec.hidden) if recurrent is None else recurrent
        # One mask for all steps of the sweep: it costs one product of the weights, whatever the length.
        recurrent = elements(recurrent, weight_drop if self.training else 0.0, generator)
        return SweepWeights(weight, recurrent, bias, none if recurrent_bias is None else recurrent_bias)


def _known(states: Sequence[TensorState | None] | None) -> list[TensorState] | None:
    """States as they came out of an earlier sweep: all of them, or none."""
    known = [state for state in states or () if state is not None]
    # All or none: a sweep that ended without a state gives None for each direction.
    return known or None
