"""Losses as (sum, count): weights, smoothing, the sampled softmax, adversarial steps."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest
import torch

from recurra.batches import Ragged, join
from recurra.layers.matrix.learn import Tied
from recurra.layers.matrix.run import TiedSpec
from recurra.nets.learn import to_tensor
from recurra.tasks.heads.classes import learn as classes
from recurra.tasks.heads.classes.learn import Labelled, TextBatch
from recurra.tasks.heads.horizon import learn as horizon
from recurra.tasks.heads.next_token import learn as next_token
from small_tasks import TRAINING, text_task, texts


def test_cross_entropy_is_summed_by_weight_and_divided_once() -> None:
    logits = torch.tensor([[0.0, 0.0], [2.0, 0.0], [5.0, -5.0]])
    total, count = classes.classification(logits, torch.tensor([0, 1, 1]), torch.tensor([1.0, 0.5, 0.0]))
    assert float(total) == pytest.approx(np.log(2) + 0.5 * np.log1p(np.exp(2.0))) and count == 1.5


def test_label_smoothing_spreads_its_share_over_all_classes() -> None:
    logits = torch.tensor([[1.0, -1.0, 0.5]])
    shares = torch.log_softmax(logits, dim=1)[0]
    total, _ = classes.classification(logits, torch.tensor([2]), torch.ones(1), smoothing=0.3)
    assert float(total) == pytest.approx(float(-(0.7 * shares[2] + 0.1 * shares.sum())))
    task = text_task(TRAINING.model_copy(update={"label_smoothing": 0.3}))
    smoothed = next(task.steps(task.batches(0)[0], None)).loss.detach()
    plain = text_task(TRAINING)
    assert float(smoothed) != float(next(plain.steps(plain.batches(0)[0], None)).loss.detach())
    # Validation measures the truth, not the smoothed targets.
    assert task.validate()["val_loss"] == plain.validate()["val_loss"]


def test_a_row_of_weight_zero_leaves_no_gradient() -> None:
    gradients = []
    for labels in ([0, 1], [0, 0]):
        part = Labelled(texts(2).sequences, np.array(labels), np.array([1.0, 0.0], np.float32))
        task = text_task(TRAINING, train=part)
        step = next(task.steps(TextBatch(np.array([0, 1]), join(part.sequences), False), None))
        step.loss.backward()  # type: ignore[no-untyped-call]
        gradients.append([weight.grad.to_dense() for weight in task.net.parameters() if weight.grad is not None])
        assert step.count == 1.0
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_squared_errors_are_counted_over_all_steps() -> None:
    total, count = horizon.squared_error(torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.tensor([[0.0, 2.0], [3.0, 3.0]]))
    assert (float(total), count) == (5.0, 4.0)


def test_the_adversarial_step_has_the_stated_norm_for_each_text_and_raises_its_loss() -> None:
    task = text_task(TRAINING)
    vectors = task.net.vectors(to_tensor(join(texts(6).sequences)))
    leaf = vectors.carry(vectors.values.detach().requires_grad_())
    targets = torch.from_numpy(texts(6).labels)

    def loss_of(values: torch.Tensor) -> torch.Tensor:
        logits = task.net.judge(vectors.carry(values))[0]
        return torch.nn.functional.cross_entropy(logits, targets, reduction="none")

    before = loss_of(leaf.values)
    before.sum().backward()  # type: ignore[no-untyped-call]
    step = classes.adversarial(leaf, 0.3)
    for start, stop in itertools.pairwise(vectors.offsets):
        assert float(step[start:stop].norm()) == pytest.approx(0.3, rel=1e-5)
    assert (loss_of(leaf.values.detach() + step) > before).all()
    still = Ragged(torch.ones(3, 2, requires_grad=True), np.array([0, 2, 3]))
    (still.values[:2] * torch.tensor([3.0, 4.0])).sum().backward()  # type: ignore[no-untyped-call]
    moved = classes.adversarial(still, 1.0)
    assert not moved[2].any() and float(moved[:2].norm()) == pytest.approx(1.0)


def test_adversarial_training_learns_from_both_losses_after_the_first_epoch() -> None:
    config = TRAINING.model_copy(update={"adversarial": 0.5})
    task = text_task(config)
    assert [batch.adversarial for epoch in range(2) for batch in task.batches(epoch)] == [False] * 6 + [True] * 6
    batch = task.batches(1)[0]
    steps = []
    for step in task.steps(batch, None):
        (step.loss * step.share).backward()  # type: ignore[no-untyped-call]
        steps.append(step)
    assert [step.share for step in steps] == [0.5, 0.5] and bool(steps[1].loss > steps[0].loss)
    seen = {int(word) for row in batch.rows for word in task.train.sequences[row]}
    gradient = task.net.embedding.weight.grad
    assert gradient is not None and {int(row) for row in gradient.to_dense().any(dim=1).nonzero()} == seen


def outputs_of(words: int = 9, rows: int = 7) -> tuple[Tied, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    output = Tied(TiedSpec(words=words)).double()
    with torch.no_grad():
        output.bias.copy_(torch.randn(words, 1, generator=generator))
    table = torch.randn(words, 4, generator=generator, dtype=torch.float64).requires_grad_()
    hidden = torch.randn(rows, 4, generator=generator, dtype=torch.float64).requires_grad_()
    return output, hidden, table, torch.randint(0, words, (rows,), generator=generator)


@pytest.mark.parametrize("chance", [1.0, 0.25])
def test_the_sampled_softmax_with_every_word_kept_is_the_full_softmax(chance: float) -> None:
    output, hidden, table, targets = outputs_of()
    full, count = next_token.full_softmax(output, hidden, table, targets)
    wanted = torch.autograd.grad(full, [hidden, table, output.bias])
    constant = torch.full((9,), chance, dtype=torch.float64)
    sampled, kept = next_token.sampled_softmax(output, hidden, table, targets, drawn=np.arange(9), chance=constant)
    assert kept == count == 7.0
    torch.testing.assert_close(sampled, full, rtol=1e-12, atol=0)
    for found, gradient in zip(torch.autograd.grad(sampled, [hidden, table, output.bias]), wanted, strict=True):
        torch.testing.assert_close(found.to_dense(), gradient, rtol=1e-10, atol=1e-12)


def test_scores_of_bfloat16_are_those_of_float32_but_for_its_rounding() -> None:
    output, hidden, table, targets = outputs_of()
    hidden, table, output = hidden.float(), table.float(), output.float()
    plain, _ = next_token.full_softmax(output, hidden, table, targets)
    half = partial(output, precision="bf16")
    rounded, _ = next_token.full_softmax(half, hidden, table, targets)
    drawn, chance = np.arange(9), torch.ones(9)
    sampled, _ = next_token.sampled_softmax(half, hidden, table, targets, drawn=drawn, chance=chance)
    assert rounded.dtype == torch.float32 and not torch.equal(rounded, plain)
    # Three roundings of 2^-9 each, of scores of about 4.
    assert rounded.item() == pytest.approx(plain.item(), rel=0.01) == pytest.approx(sampled.item(), rel=0.01)


def test_the_sampled_softmax_reaches_only_the_words_it_kept_and_corrects_their_scores() -> None:
    output, hidden, table, targets = outputs_of(rows=2)
    targets = torch.tensor([1, 4])
    chance = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
    sampled, _ = next_token.sampled_softmax(output, hidden, table, targets, drawn=np.array([7, 7]), chance=chance)
    kept = [1, 4, 7]
    scores = (output(hidden, table) - chance.log())[:, kept]
    wanted = -(torch.log_softmax(scores, dim=1)[[0, 1], [0, 1]]).sum()
    torch.testing.assert_close(sampled, wanted, rtol=1e-12, atol=0)
    gradient = torch.autograd.grad(sampled, table)[0]
    assert sorted(set(gradient.coalesce().indices()[0].tolist())) == kept


def test_the_chance_of_a_word_to_be_kept_is_what_drawing_shows() -> None:
    counts = np.array([50, 30, 0, 19, 1])
    chance = next_token.inclusion_chance(counts, samples=2, targets=3)
    random, kept = np.random.default_rng(0), np.zeros(5)
    for _ in range(4000):
        drawn = random.choice(5, 2, p=next_token.proposal(counts))
        text = random.choice(5, 3, p=counts / counts.sum())
        kept[np.union1d(drawn, text)] += 1
    assert np.abs(kept / 4000 - chance).max() < 0.03
    assert (chance > 0).all() and (chance <= 1).all()
