"""The pre-trained net, learning: the same arithmetic as run.py, over tensors.

Not here: drawing series and their loss (benchmarks/pretraining/).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from recurra.batches import rectangle
from recurra.config import Init
from recurra.layers.draws import Generator
from recurra.layers.matrix.learn import Dense
from recurra.layers.patches.run import TINY, PatchesSpec
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.segments.learn import ascending, first_changes
from recurra.layers.segments.run import QUANTILES
from recurra.panels.patches import CHANNELS, PATCH, SIMPLE

TRUST = (0.0, 0.5, 1.0, 0.5, 0.0, -0.7, 0.5, 0.5, 1.0)
"""What the simple forecasts count at first, as scores of a softmax."""


class PatchesNet(nn.Module):
    """What is read of windows to quantiles; the last layers begin at zero: the first answers are simple forecasts."""

    def __init__(self, spec: PatchesSpec, generator: Generator = None, init: Init = "gates") -> None:
        """Draw the first weights."""
        super().__init__()
        self.spec = spec
        for name, sweep in spec.sweeps().items():
            self.add_module(name, Recurrent(sweep, generator, init))
        for name, part in spec.parts().items():
            self.add_module(name, Dense(part, generator, init))
        change, told = self._part("change"), self._part("told")
        with torch.no_grad():
            change.weight.mul_(0.02)
            told.weight.zero_()
            told.bias.zero_()
            told.bias[:SIMPLE] = torch.tensor(TRUST)
            change.bias.copy_(first_changes(spec.horizon).reshape(-1))

    def _part(self, name: str) -> Any:
        return getattr(self, name)

    def forward(self, tokens: Tensor, told: Tensor, simple: Tensor, seen: Tensor, phases: Tensor) -> Tensor:
        """Return quantiles in spreads, less each window's mean: (windows, horizon, 9)."""
        count, horizon = len(tokens), simple.shape[2]
        hidden = self._part("second")(self._part("entry")(tokens.reshape(-1, CHANNELS * PATCH)))
        for number in range(self.spec.layers):
            given = nn.functional.layer_norm(hidden, hidden.shape[1:], eps=TINY).view(count, -1, hidden.shape[1])
            swept, _ = self._part(f"recurrent{number}")(rectangle(given))
            hidden = hidden + self._part(f"around{number}")(swept.values)
        newest = hidden.view(count, -1, hidden.shape[1])[:, -1]
        held = self._part("narrow")(self._part("wide")(torch.cat([newest, told], dim=1)))
        context = self._part("context")(held)[:, None].expand(-1, horizon, -1)
        step = torch.cat([context, seen, phases.expand(count, -1, -1)], dim=2).reshape(count * horizon, -1)
        each = self._part("told")(self._part("step")(step)).view(count, horizon, -1)
        gate = torch.softmax(each[:, :, :SIMPLE], dim=2)
        middle = (gate * simple.transpose(1, 2)).sum(2, keepdim=True)
        change = self._part("change")(held).view(count, -1, len(QUANTILES))[:, :horizon]
        return middle + ascending(change + each[:, :, SIMPLE:])
