"""What a classifier learns from texts without labels: to be sure of them, and to stay so when their vectors are moved.

Sachan, Zaheer & Salakhutdinov 2019 ("Revisiting LSTM networks … via mixed objective function"): the entropy of the
answers, and virtual adversarial steps (Miyato et al. 2017), beside the cross-entropy of labelled texts. Steps of one
length for each text stand here too. Not here: labelled texts (heads/classes/learn.py), an encoder that gets used to a
subject's words (heads/neighbours/).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from recurra.batches import Ragged
from recurra.config import TrainingConfig
from recurra.engine.devices import tensor_on
from recurra.layers.draws import Generator
from recurra.nets.learn import LearningNet
from recurra.training.loop import Step

PROBE = 0.1
"""Length of the step in a drawn direction, by which the one that changes the answers most is found."""


def unlabelled_steps(
    net: LearningNet, ids: Ragged[Tensor], config: TrainingConfig, generator: Generator = None
) -> Iterator[Step]:
    """Give the losses of a batch without labels, each in nats: its entropy, and what a virtual adversarial step moves.

    What follows the last step takes the gradients of the vectors back into the table.
    """
    vectors, gradients = net.vectors(ids, generator), list[Tensor]()
    first = vectors.carry(vectors.values.detach().requires_grad_())
    # Without its entropy only the answer itself is wanted, by which moved ones are held.
    with torch.set_grad_enabled(config.entropy > 0):
        logits = net.judge(first, generator=generator)[0]
    rows, shares = float(len(logits)), functional.softmax(logits.detach(), dim=1)
    if config.entropy:
        logs = functional.log_softmax(logits, dim=1)
        yield Step(-(logs.exp() * logs).sum(), rows, share=config.entropy)
        gradients.append(gradient_of(first.values))
    if config.virtual_adversarial:
        step = virtual_adversarial(net, first, shares, config.virtual_adversarial, generator)
        moved = vectors.carry((first.values.detach() + step).requires_grad_())
        yield Step(_apart(shares, net.judge(moved, generator=generator)[0]), rows)
        gradients.append(gradient_of(moved.values))
    if vectors.values.requires_grad:
        vectors.values.backward(sum(gradients))  # type: ignore[no-untyped-call]


def virtual_adversarial(
    net: LearningNet, vectors: Ragged[Tensor], shares: Tensor, length: float, generator: Generator = None
) -> Tensor:
    """Return the step on token vectors that changes each text's `shares` most: (tokens, size), of norm `length` each.

    One step of the power method from a drawn direction, as in Miyato et al. 2017: the gradient of the divergence there.
    """
    values = vectors.values.detach()
    drawn = torch.randn(values.shape, generator=generator, device=values.device)
    probe = vectors.carry((values + of_length(vectors.carry(drawn), PROBE)).requires_grad_())
    divergence = _apart(shares, net.judge(probe, generator=generator)[0])
    (slope,) = torch.autograd.grad(divergence, probe.values)
    return of_length(vectors.carry(slope), length)


def _apart(shares: Tensor, logits: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the answers from `shares` (rows, classes), summed over rows, in nats."""
    return functional.kl_div(functional.log_softmax(logits, dim=1), shares, reduction="sum")


def adversarial(vectors: Ragged[Tensor], length: float) -> Tensor:
    """Return the step on token vectors that raises each sequence's loss most: (tokens, size), of norm `length` each."""
    return of_length(vectors.carry(gradient_of(vectors.values)), length)


def of_length(steps: Ragged[Tensor], length: float) -> Tensor:
    """Scale steps (tokens, size) to the same norm for each text, over all of its tokens."""
    owners = tensor_on(steps.values.device, steps.owners())
    # One norm over all tokens of a text, as in the paper: a norm for each token would move all of them alike.
    squares = steps.values.new_zeros(steps.sequences).index_add(0, owners, (steps.values**2).sum(dim=1))
    # A text without a gradient is not moved; without the clamp it would be moved to NaN.
    return steps.values * (length / squares.sqrt().clamp(min=1e-12))[owners, None]


def gradient_of(values: Tensor) -> Tensor:
    """Return what a loss left behind at a leaf."""
    if values.grad is None:
        raise RuntimeError("no loss was taken back to these values")
    return values.grad
