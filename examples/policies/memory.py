"""A policy that remembers: it learns by REINFORCE in torch, and then acts without torch in a pool of sessions.

A cue is shown at a corridor's first step and never again; at its end the policy turns left or right, and is right where
the cue pointed. Many corridors run side by side, and each begins anew when it has ended: `reset` tells the layer where,
`truncated` learns from the endless run a chunk at a time, and `done` tells the pool the same in play.

Not here: the layers (recurra.nn), sessions (docs/sessions.md). Run it: python examples/policies/memory.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import recurra

CORRIDORS, CHUNK, STEPS = 32, 24, 3600
UNITS = 16


class Run(NamedTuple):
    """Corridors side by side, each array (steps, corridors)."""

    seen: Tensor
    """(steps, corridors, 3): the cue at the first step, whether this is the end, and noise."""
    starts: Tensor
    ends: Tensor
    cues: Tensor
    """Where the cue pointed: 0 or 1, at every step."""


def corridors(steps: int, seed: int) -> Run:
    """Draw corridors of 3 to 8 steps, one behind the other."""
    random = np.random.default_rng(seed)
    starts, ends = np.zeros((2, steps, CORRIDORS), np.bool_)
    cues = np.zeros((steps, CORRIDORS), np.int64)
    for corridor in range(CORRIDORS):
        begin = 0
        while begin < steps:
            length, cue = int(random.integers(3, 9)), int(random.integers(2))
            starts[begin, corridor] = True
            cues[begin : begin + length, corridor] = cue
            # The last corridor of a run may have no end.
            ends[begin + length - 1 : begin + length, corridor] = True
            begin += length
    shown = np.where(starts, 2 * cues - 1, 0)
    seen = np.stack([shown, ends, random.standard_normal(starts.shape)], axis=2)
    return Run(torch.tensor(seen, dtype=torch.float32), *map(torch.from_numpy, (starts, ends, cues)))


class Policy(nn.Module):
    """What is seen, and what is remembered -> scores of left and right."""

    def __init__(self) -> None:
        super().__init__()
        self.memory, self.choice = recurra.nn.GRU(3, UNITS), nn.Linear(UNITS, 2)

    def forward(self, seen: Tensor, state: Any = None, *, reset: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(steps, corridors, 3) -> scores (steps, corridors, 2), and the state."""
        states, state = self.memory(seen, state, reset=reset)
        return self.choice(states), state


def trained(seed: int = 0) -> Policy:
    """Learn by REINFORCE (Williams 1992): what was rewarded at a corridor's end becomes more probable."""
    torch.manual_seed(seed)
    policy, run = Policy(), corridors(STEPS, seed)
    optimiser = torch.optim.Adam(policy.parameters(), lr=0.02)
    for scores, _, steps in recurra.nn.truncated(policy, run.seen, CHUNK, reset=run.starts):
        logs = scores.log_softmax(dim=2)
        turned = torch.multinomial(logs.exp().flatten(0, 1), 1).view(logs.shape[:2])
        reward = 2.0 * (turned == run.cues[steps]) - 1
        loss = -(logs.gather(2, turned[..., None])[..., 0] * reward)[run.ends[steps]].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return policy


def artefact(policy: Policy, folder: Path) -> Path:
    """Save a policy and import it: its answers are held against torch's before anything is written."""
    file = folder / "policy.safetensors"
    save_file(policy.state_dict(), file)
    recurra.import_model(file, folder / "policy", layers="memory,choice")
    return folder / "policy"


def played(model: Path, run: Run) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Act step by step, without torch: (steps, corridors)."""
    pool = recurra.SessionPool(model, CORRIDORS)
    steps = zip(run.seen.numpy(), run.starts.numpy(), strict=True)
    return np.stack([pool.push(seen, done=starts).argmax(axis=1) for seen, starts in steps])


def main() -> None:
    """Learn, then play corridors that were never seen."""
    policy, run = trained(), corridors(1000, seed=1)
    with TemporaryDirectory() as folder:
        turned = played(artefact(policy, Path(folder)), run)
    right = (turned == run.cues.numpy())[run.ends.numpy()]
    sys.stdout.write(f"{right.mean():.1%} of {right.size:,} corridors ended on the right side\n")


if __name__ == "__main__":
    main()
