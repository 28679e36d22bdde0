"""Dynamic evaluation: a language model goes on learning from each part of a text that it has just scored.

Each token's score comes before anything is learnt from it: nothing is known that a reader of the text would not know.
The text's own words and style then become probable (Krause et al. 2018, Dynamic Evaluation of Neural Sequence Models).

Not here: scores of a model that stays as it is (run.py), and learning from a training text (learn.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recurra.batches import Ragged, stream_chunks
from recurra.config import NetConfig
from recurra.layers.layer import Floats, TokenIds
from recurra.nets.learn import LearningNet, load_tensors, to_tensor
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.training.adam import WholeAdam


@dataclass(frozen=True)
class Dynamics:
    """How quickly a model follows a text; chosen on WikiText-2's validation part."""

    rate: float = 5e-4
    """What a step moves a weight, in terms of its usual gradient."""
    decay: float = 2e-3
    """Share of the way back to the learnt weights, a step: what is long past is forgotten."""
    steps: int = 32
    """Tokens scored between two steps."""
    memory: float = 0.999
    """Decay of the mean of squared gradients, by whose root a gradient is divided."""


def dynamic_scores(model: RunningLanguage, ids: TokenIds, dynamics: Dynamics = Dynamics()) -> Floats:
    """Return each token's log probability in nats given all before it, by a model that follows: (tokens - 1,).

    The model itself stays as it is. Each gradient is divided by the root of its mean square over the text so far, as in
    the paper's RMS form; its squares are of the training text, which an artefact does not hold.
    """
    net = LearningNet(model.plan, NetConfig()).eval()
    load_tensors(net, model.tensors)
    weights: list[Tensor] = list(net.parameters())
    learnt = [weight.detach().clone() for weight in weights]
    # Without a first moment: what a step learns is this part's alone.
    optimiser = WholeAdam(weights, lr=dynamics.rate, betas=(0.0, dynamics.memory))
    scores, state = np.empty(max(len(ids) - 1, 0), np.float64), None
    for start, stop in stream_chunks(len(ids), dynamics.steps):
        part, final = _scored(net, ids[start : stop + 1], state)
        scores[start:stop] = part.detach().numpy()
        optimiser.zero_grad()
        (-part.mean()).backward()  # type: ignore[no-untyped-call]
        _dense_gradients(weights)
        optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(weights, learnt, dynamics.decay)
        state = [tuple(one.detach() for one in parts) for parts in final]
    return scores


def _scored(net: LearningNet, ids: TokenIds, state: Any) -> tuple[Tensor, Any]:
    """Score a part, its first token as context alone: (tokens - 1,) with a graph, and the states."""
    stream = Ragged(np.ascontiguousarray(ids[:-1]), np.array([0, len(ids) - 1], np.int64))
    hidden, final = net(to_tensor(stream), state)
    shares = torch.log_softmax(net.output(hidden, net.embedding.weight), dim=1)
    targets = torch.from_numpy(ids[1:].astype(np.int64))
    return shares[torch.arange(len(targets)), targets], final


def _dense_gradients(weights: list[Tensor]) -> None:
    # The table's gradient is of all its rows, by its scores; where torch adds a sparse part, it may stay sparse.
    for weight in weights:
        if weight.grad is not None and weight.grad.is_sparse:
            weight.grad = weight.grad.to_dense()
