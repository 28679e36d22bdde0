"""A net of segments, learning: the same arithmetic as run.py, over tensors.

Not here: drawing windows and their loss (tasks/heads/panel/learn.py).
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from recurra.batches import rectangle
from recurra.config import Init
from recurra.layers.draws import Generator, elements
from recurra.layers.matrix.learn import Dense
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.segments.run import DAMPING, MIDDLE, NORMAL, QUANTILES, SegmentsSpec

WIDER = (0.7, 1.2)
"""How wide they are at the first and at the last step, in usual changes."""
TRUST = (0.0, 1.0, 1.0, 0.5, -0.5)
"""What the simple forecasts count at first, as scores of a softmax."""
TRUST_LONGER = (0.5, 1.0)
"""Those of a longer season."""


class Segments(nn.Module):
    """Features to quantiles; the last layers begin at zero, so that the first answers are the simple forecasts'."""

    entry: Dense
    wide: Dense
    narrow: Dense
    gate: Dense
    damping: Dense
    change: Dense
    step: Dense
    around: Dense
    place: Dense
    mixed: Dense
    told: Dense
    """The last five are there where coming steps are read."""

    def __init__(self, spec: SegmentsSpec, generator: Generator = None, init: Init = "gates") -> None:
        """Draw the first weights."""
        super().__init__()
        self.spec = spec
        self.recurrent = Recurrent(spec.recurrent, generator, init)
        for name, part in spec.parts().items():
            self.add_module(name, Dense(part, generator, init))
        with torch.no_grad():
            for last in (self.gate, self.damping, self.change, *([self.told] if spec.ahead else [])):
                last.weight.zero_()
            self.gate.bias.copy_(torch.tensor(TRUST + (TRUST_LONGER if spec.longer else ())))
            self.damping.bias.fill_(1.0)
            self.change.bias.copy_(first_changes(spec.horizon).reshape(-1))

    def forward(
        self, segments: Tensor, extras: Tensor, skips: Tensor, slope: Tensor, spread: Tensor,
        steps: Tensor | None = None, *,
        dropout: float = 0.0, between: float = 0.0, weight_drop: float = 0.0, generator: Generator = None,
    ) -> Tensor:  # fmt: skip
        """Return quantiles less each window's mean, in units of its level (or logarithms): (windows, horizon, 9).

        `dropout` falls on the first layer behind the sweep; `between` and `weight_drop` are the sweep's own.
        """
        horizon = self.spec.horizon
        _, states = self.recurrent(
            rectangle(self.entry(segments)), between=between, weight_drop=weight_drop, generator=generator
        )
        swept = elements(states[-1][0], between * self.training, generator)
        wide = elements(self.wide(torch.cat([swept, extras], dim=1)), dropout * self.training, generator)
        hidden = self.narrow(wide)
        gate = torch.softmax(self.gate(hidden), dim=1)
        damping = DAMPING[0] + DAMPING[1] * torch.sigmoid(self.damping(hidden))
        steps_ahead = torch.arange(1, horizon + 1, dtype=damping.dtype, device=damping.device)
        powers = damping**steps_ahead
        middle = (gate[:, :, None] * skips).sum(1) + gate[:, 3:4] * slope * damping * (1 - powers) / (1 - damping)
        change = self.change(hidden).view(-1, horizon, len(QUANTILES))
        if steps is not None:
            places = self.place(torch.eye(horizon, dtype=steps.dtype, device=steps.device))
            step = torch.relu(self.step(steps) + self.around(hidden)[:, None] + places)
            change = change + self.told(self.mixed(step))
        return middle[:, :, None] + ascending(change) * spread[:, :, None]


def ascending(raw: Tensor) -> Tensor:
    """As run.py's."""
    steps, middle = nn.functional.softplus(raw), raw[..., MIDDLE : MIDDLE + 1]
    above = middle + torch.cumsum(steps[..., MIDDLE + 1 :], dim=-1)
    below = middle - torch.cumsum(steps[..., :MIDDLE].flip(-1), dim=-1).flip(-1)
    return torch.cat([below, middle, above], dim=-1)


def first_changes(horizon: int) -> Tensor:
    """Return what `ascending` makes quantiles of a normal distribution of: (horizon, 9)."""
    width = torch.linspace(*WIDER, horizon)[:, None]
    # softplus(log(e^d - 1)) = d
    gaps = [math.log(math.expm1(after - before)) for before, after in pairwise(NORMAL)]
    raw = torch.tensor([*gaps[:MIDDLE], 0.0, *gaps[MIDDLE:]])
    steps = nn.functional.softplus(raw) * width
    scaled = torch.log(torch.expm1(steps))
    scaled[:, MIDDLE] = 0.0
    return scaled
