"""Sequences cut where an episode begins: each episode is a sequence of its own in the batch that is swept.

So a reset in the middle of a sweep needs no kernel of its own. Of each sequence only the first episode starts from the
state that was given, and not even that one where it begins with a reset; all others start from zeros, as the first step
of a game does. No gradient passes from one sequence of a batch to another, so none passes a reset.

Not here: what callers may give (given.py), and the sweep (layers.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.nn.given import Starts, States


@dataclass(frozen=True)
class Episodes:
    """The episodes of a batch, sequence by sequence, and where their tokens lie."""

    owner: NDArray[np.int64]
    """The sequence of each token."""
    step: NDArray[np.int64]
    """The step of each token within its sequence."""
    offsets: NDArray[np.int64]
    """Where each episode begins among the tokens: (episodes + 1,). A sequence without tokens has one without any."""
    sequence: NDArray[np.int64]
    """The sequence of each episode."""
    carried: NDArray[np.int64]
    """The episodes that start from their sequence's state."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The steps of each episode."""
        return np.diff(self.offsets)

    def begin(self, states: States) -> States:
        """The state each episode starts from: of (…, sequences, hidden), (…, episodes, hidden)."""
        if len(self.carried) == len(self.sequence):
            return states
        carried = torch.from_numpy(self.carried)
        given = torch.from_numpy(self.sequence[self.carried])
        return tuple(_placed(part, given, carried, len(self.sequence)) for part in states)

    def end(self, states: States) -> States:
        """The state each sequence ends with, which is that of its last episode."""
        last = np.flatnonzero(np.diff(self.sequence, append=-1))
        if len(last) == len(self.sequence):
            return states
        return tuple(part.index_select(1, torch.from_numpy(last).to(part.device)) for part in states)

    def where(self, rows: int, steps: int, *, first: bool) -> NDArray[np.int64]:
        """Where each token lies in a padded batch as one table of tokens; `first` says that its rows are sequences."""
        return self.owner * steps + self.step if first else self.step * rows + self.owner

    def grid(self) -> NDArray[np.int64]:
        """The token at each step of each episode, (steps, episodes); behind an episode's end any token stands in."""
        steps = np.arange(self.lengths.max())[:, None]
        tokens: NDArray[np.int64] = np.minimum(self.offsets[:-1] + steps, self.offsets[-1] - 1)
        return tokens

    def within(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The step of each token within its episode, and which episode that is."""
        episode = np.repeat(np.arange(len(self.sequence)), self.lengths)
        return np.arange(self.offsets[-1]) - self.offsets[:-1][episode], episode


def _placed(part: Tensor, given: Tensor, carried: Tensor, episodes: int) -> Tensor:
    zeros = part.new_zeros(part.shape[0], episodes, part.shape[2])
    return zeros.index_copy(1, carried.to(part.device), part.index_select(1, given.to(part.device)))


def episodes_of(lengths: NDArray[np.int64], starts: Starts = None) -> Episodes:
    """Cut sequences of these lengths at the `starts` (sequences, steps); a start behind a sequence's end is none."""
    ends = np.cumsum(lengths)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    step = np.arange(ends[-1]) - (ends - lengths)[owner]
    told = np.zeros(len(owner), np.bool_) if starts is None else starts[owner, step]
    begins = np.flatnonzero(told | (step == 0))
    empty = np.flatnonzero(lengths == 0)
    # An empty sequence is an episode too, of no tokens: it ends with the state it came with.
    sequence = np.concatenate([owner[begins], empty])
    order = np.argsort(sequence, kind="stable")
    begin = np.concatenate([begins, ends[empty]])[order]
    carried = np.concatenate([~told[begins] & (step[begins] == 0), np.ones(len(empty), np.bool_)])[order]
    offsets = np.append(begin, ends[-1])
    return Episodes(owner, step, offsets, sequence[order], np.flatnonzero(carried))
