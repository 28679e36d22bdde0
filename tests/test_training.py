"""Training: schedules, row-sparse steps, clipping, averaging, losses, early stopping; a killed run ends the same."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recurra.batches import Ragged, join
from recurra.config import NetConfig, TrainingConfig
from recurra.errors import RecurraError
from recurra.layers.specs import TiedSpec
from recurra.layers.tied.learn import Tied
from recurra.nets.learn import LearningClassifier, LearningForecaster, LearningLanguage, tensors_of, to_tensor
from recurra.nets.plans import classifier, forecaster, language
from recurra.training import losses
from recurra.training.loop import _descend, fit
from recurra.training.optimisers import Average, clip, optimisers_of, set_rate
from recurra.training.progress import Watch
from recurra.training.schedules import Constant, Cosine, OneCycle, StepDrop, schedule_of
from recurra.training.tasks import Labelled, LanguageTask, SeriesTask, TextTask
from recurra.training.threads import step_work, threads_for

WORDS = 12
NET = NetConfig(cell="gru", hidden=6, embedding_size=5, pool=("last", "mean"))
TRAINING = TrainingConfig(epochs=3, batch_size=4, learning_rate=0.01, schedule="constant", clip=0.0)


def rows(count: int, *, seed: int = 0) -> Labelled:
    """Texts whose label is whether word 3 stands in them."""
    random = np.random.default_rng(seed)
    texts = [random.integers(0, WORDS, random.integers(1, 9)).astype(np.int32) for _ in range(count)]
    labels = np.array([int(3 in text) for text in texts])
    return Labelled(texts, labels, np.ones(count, np.float32))


def text_task(config: TrainingConfig, *, net: NetConfig = NET, train: Labelled | None = None) -> TextTask:
    torch.manual_seed(0)
    made = LearningClassifier(classifier(net, words=WORDS, labels=2), net)
    return TextTask(made, train or rows(24), rows(16, seed=1), config, 0)


def language_task(config: TrainingConfig, *, words: int = 40) -> LanguageTask:
    torch.manual_seed(0)
    net = NetConfig(cell="lstm", hidden=6, embedding_size=5)
    streams = np.random.default_rng(0).integers(0, words, (4, 60)).astype(np.int32)
    made = LearningLanguage(language(net, words=words), net)
    return LanguageTask(made, streams, streams[:, :20], config, 0)


# --- schedules ---


def test_the_lab_records_schedule_reaches_zero_at_epoch_100_and_never_goes_below() -> None:
    literal = StepDrop(0.001, 1e-4, 10)
    assert [literal.rate(epoch, 200) for epoch in (0, 9.99, 10, 95)] == [0.001, 0.001, 0.0009, 0.0001]
    assert literal.rate(99.9, 200) == 0.0001 and literal.rate(100, 200) == 0.0
    assert all(literal.rate(epoch, 200) == 0.0 for epoch in range(100, 200))
    assert 0.001 - 1e-4 * (190 // 10) < 0
    floored = StepDrop(0.001, 1e-4, 10, min_lr=2e-4)
    assert [floored.rate(epoch, 200) for epoch in (70, 80, 90, 199)] == [0.0003, 2e-4, 2e-4, 2e-4]


def test_one_cycle_rises_to_its_highest_rate_and_falls_to_nearly_nothing() -> None:
    cycle = OneCycle(0.1, warm=0.25)
    rates = [cycle.rate(epoch, 100) for epoch in np.linspace(0, 100, 401)]
    assert rates[0] == pytest.approx(0.1 / 25) and rates[-1] == pytest.approx(0.1 / 1e4)
    assert int(np.argmax(rates)) == 100 and max(rates) == pytest.approx(0.1)
    assert (np.diff(rates[:101]) > 0).all() and (np.diff(rates[100:]) < 0).all()
    assert OneCycle(0.1, warm=0.0).rate(0, 10) == pytest.approx(0.1)


def test_cosine_goes_from_its_highest_rate_over_the_middle_to_its_floor() -> None:
    cosine = Cosine(0.2, min_lr=0.1)
    assert [cosine.rate(epoch, 8) for epoch in (0, 4, 8, 9)] == pytest.approx([0.2, 0.15, 0.1, 0.1])


@pytest.mark.parametrize("schedule", ["constant", "step", "one_cycle", "cosine"])
def test_every_schedule_by_name_stays_between_nothing_and_the_learning_rate(schedule: str) -> None:
    config = TrainingConfig.model_validate({"schedule": schedule, "learning_rate": 0.05, "drop": 0.03, "drop_every": 2})
    rates = [schedule_of(config).rate(epoch, 20) for epoch in np.linspace(0, 20, 81)]
    assert min(rates) >= 0 and max(rates) <= 0.05 + 1e-15
    assert (len(set(rates)) == 1) == isinstance(schedule_of(config), Constant)


def test_a_schedule_moves_within_an_epoch_and_the_history_tells_its_last_rate() -> None:
    config = TRAINING.model_copy(update={"schedule": "cosine"})
    progress = fit(text_task(config), config, seed=0)
    cosine = Cosine(0.01)
    assert [record["lr"] for record in progress.history] == [cosine.rate(epoch + 5 / 6, 3) for epoch in range(3)]


# --- optimisers ---


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_a_step_moves_the_rows_it_saw_and_no_other_row_of_a_table(optimiser: str) -> None:
    config = TRAINING.model_copy(update={"optimiser": optimiser, "weight_decay": 0.1, "clip": 1.0})
    train = Labelled([np.array([2, 5, 5], np.int32), np.array([7], np.int32)], np.array([0, 1]), np.ones(2, np.float32))
    task = text_task(config, train=train)
    optimisers = optimisers_of(task.net, config)
    table = task.net.embedding.weight
    for row, seen in ((0, {2, 5}), (1, {7})):
        before = table.detach().clone()
        batch = type(task.batches(0)[0])(np.array([row]), False)
        _descend(task, batch, None, optimisers, config.clip)
        moved = (table.detach() != before).any(dim=1)
        # In the second step Adam's moments of rows 2 and 5 are not zero: they must rest all the same.
        assert {int(word) for word in moved.nonzero()} == seen


def test_biases_and_tables_never_decay_and_tables_have_their_own_rate() -> None:
    task = language_task(TrainingConfig(samples=3, steps=5))
    config = TrainingConfig(optimiser="adamw", weight_decay=0.5, table_rate=0.1)
    dense, tables = optimisers_of(task.net, config)
    names = {id(weight): name for name, weight in task.net.named_parameters()}
    decayed = {names[id(weight)] for group in dense.param_groups if group["weight_decay"] for weight in group["params"]}
    assert decayed == {"recurrent.weight_ih_l0", "recurrent.weight_hh_l0", "projection.weight"}
    assert {names[id(weight)] for weight in tables.param_groups[0]["params"]} == {"embedding.weight", "output.bias"}
    assert not tables.param_groups[0].get("weight_decay", 0.0)
    set_rate([dense, tables], 0.2)
    assert [group["lr"] for group in dense.param_groups] == [0.2, 0.2]
    assert tables.param_groups[0]["lr"] == pytest.approx(0.02)


def test_frozen_vectors_stay_as_they_were_and_everything_else_learns() -> None:
    config = TRAINING.model_copy(update={"adversarial": 1.0})
    task = text_task(config, net=NET.model_copy(update={"freeze_embedding": True}))
    before = tensors_of(task.net)
    fit(task, config, seed=0)
    after = tensors_of(task.net)
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {"embedding.weight"}


def test_clipping_measures_dense_and_row_sparse_gradients_together() -> None:
    task = text_task(TRAINING)
    batch = to_tensor(join([np.array([1, 1, 4], np.int32), np.array([1], np.int32)]))
    task.net(batch).square().sum().backward()
    dense = [weight.grad.to_dense().clone() for weight in task.net.parameters() if weight.grad is not None]
    wanted = float(torch.cat([gradient.flatten() for gradient in dense]).norm())
    assert clip(task.net, 0.0) == pytest.approx(wanted, rel=1e-6)
    assert clip(task.net, wanted / 4) == pytest.approx(wanted, rel=1e-6)
    for weight, gradient in zip(task.net.parameters(), dense, strict=True):
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad.to_dense(), gradient / 4, rtol=1e-4, atol=1e-8)
    assert task.net.embedding.weight.grad.is_sparse  # type: ignore[union-attr]
    assert clip(task.net, wanted) == pytest.approx(wanted / 4, rel=1e-4)


def test_the_moving_average_follows_its_formula_and_goes_in_and_out_of_the_net() -> None:
    net = text_task(TRAINING).net
    average = Average(net, 0.9)
    wanted = net.dense.bias.detach().clone()
    for step in range(1, 30):
        with torch.no_grad():
            net.dense.bias.add_(float(step))
        average.update(net)
        decay = min(0.9, (1 + step) / (10 + step))
        wanted = decay * wanted + (1 - decay) * net.dense.bias.detach()
    own = net.dense.bias.detach().clone()
    with pytest.raises(ZeroDivisionError), average.applied(net):
        torch.testing.assert_close(net.dense.bias.detach(), wanted)
        raise ZeroDivisionError
    assert torch.equal(net.dense.bias, own)


def test_validation_sees_the_average_and_the_average_is_what_is_kept() -> None:
    config = TRAINING.model_copy(update={"ema": 0.8, "epochs": 1})
    task = text_task(config)
    progress = fit(task, config, seed=0)
    plain_config = TRAINING.model_copy(update={"epochs": 1})
    plain = text_task(plain_config)
    fit(plain, plain_config, seed=0)
    loss, accuracy = task.measure(task.validation)  # type: ignore[arg-type]
    assert (progress.history[0]["val_loss"], progress.history[0]["val_accuracy"]) == (loss, accuracy)
    assert not np.array_equal(tensors_of(task.net)["dense.weight"], tensors_of(plain.net)["dense.weight"])


# --- losses ---


def test_cross_entropy_is_summed_by_weight_and_divided_once() -> None:
    logits = torch.tensor([[0.0, 0.0], [2.0, 0.0], [5.0, -5.0]])
    total, count = losses.classification(logits, torch.tensor([0, 1, 1]), torch.tensor([1.0, 0.5, 0.0]))
    assert float(total) == pytest.approx(np.log(2) + 0.5 * np.log1p(np.exp(2.0))) and count == 1.5


def test_label_smoothing_spreads_its_share_over_all_classes() -> None:
    logits = torch.tensor([[1.0, -1.0, 0.5]])
    shares = torch.log_softmax(logits, dim=1)[0]
    total, _ = losses.classification(logits, torch.tensor([2]), torch.ones(1), smoothing=0.3)
    assert float(total) == pytest.approx(float(-(0.7 * shares[2] + 0.1 * shares.sum())))
    task = text_task(TRAINING.model_copy(update={"label_smoothing": 0.3}))
    smoothed = next(task.steps(task.batches(0)[0], None)).loss
    plain = text_task(TRAINING)
    assert float(smoothed) != float(next(plain.steps(plain.batches(0)[0], None)).loss)
    # Validation measures the truth, not the smoothed targets.
    assert task.validate()["val_loss"] == plain.validate()["val_loss"]


def test_a_row_of_weight_zero_leaves_no_gradient() -> None:
    gradients = []
    for labels in ([0, 1], [0, 0]):
        part = Labelled(rows(2).sequences, np.array(labels), np.array([1.0, 0.0], np.float32))
        task = text_task(TRAINING, train=part)
        step = next(task.steps(type(task.batches(0)[0])(np.array([0, 1]), False), None))
        step.loss.backward()  # type: ignore[no-untyped-call]
        gradients.append([weight.grad.to_dense() for weight in task.net.parameters() if weight.grad is not None])
        assert step.count == 1.0
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_squared_errors_are_counted_over_all_steps() -> None:
    total, count = losses.squared_error(torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.tensor([[0.0, 2.0], [3.0, 3.0]]))
    assert (float(total), count) == (5.0, 4.0)


def test_the_adversarial_step_has_the_stated_norm_for_each_text_and_raises_its_loss() -> None:
    task = text_task(TRAINING)
    vectors = task.net.vectors(to_tensor(join(rows(6).sequences)))
    leaf = vectors.carry(vectors.values.detach().requires_grad_())
    targets = torch.from_numpy(rows(6).labels)

    def loss_of(values: torch.Tensor) -> torch.Tensor:
        logits = task.net.judge(vectors.carry(values))
        return torch.nn.functional.cross_entropy(logits, targets, reduction="none")

    before = loss_of(leaf.values)
    before.sum().backward()  # type: ignore[no-untyped-call]
    step = losses.adversarial(leaf, 0.3)
    for start, stop in itertools.pairwise(vectors.offsets):
        assert float(step[start:stop].norm()) == pytest.approx(0.3, rel=1e-5)
    assert (loss_of(leaf.values.detach() + step) > before).all()
    still = Ragged(torch.ones(3, 2, requires_grad=True), np.array([0, 2, 3]))
    (still.values[:2] * torch.tensor([3.0, 4.0])).sum().backward()  # type: ignore[no-untyped-call]
    moved = losses.adversarial(still, 1.0)
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
    assert [step.share for step in steps] == [0.5, 0.5] and float(steps[1].loss) > float(steps[0].loss)
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
    full, count = losses.full_softmax(output, hidden, table, targets)
    wanted = torch.autograd.grad(full, [hidden, table, output.bias])
    constant = torch.full((9,), chance, dtype=torch.float64)
    sampled, kept = losses.sampled_softmax(output, hidden, table, targets, drawn=np.arange(9), chance=constant)
    assert kept == count == 7.0
    torch.testing.assert_close(sampled, full, rtol=1e-12, atol=0)
    for found, gradient in zip(torch.autograd.grad(sampled, [hidden, table, output.bias]), wanted, strict=True):
        torch.testing.assert_close(found.to_dense(), gradient, rtol=1e-10, atol=1e-12)


def test_the_sampled_softmax_reaches_only_the_words_it_kept_and_corrects_their_scores() -> None:
    output, hidden, table, targets = outputs_of(rows=2)
    targets = torch.tensor([1, 4])
    chance = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
    sampled, _ = losses.sampled_softmax(output, hidden, table, targets, drawn=np.array([7, 7]), chance=chance)
    kept = [1, 4, 7]
    scores = (output(hidden, table) - chance.log())[:, kept]
    wanted = -(torch.log_softmax(scores, dim=1)[[0, 1], [0, 1]]).sum()
    torch.testing.assert_close(sampled, wanted, rtol=1e-12, atol=0)
    gradient = torch.autograd.grad(sampled, table)[0]
    assert sorted(set(gradient.coalesce().indices()[0].tolist())) == kept


def test_the_chance_of_a_word_to_be_kept_is_what_drawing_shows() -> None:
    counts = np.array([50, 30, 0, 19, 1])
    chance = losses.inclusion_chance(counts, samples=2, targets=3)
    random, kept = np.random.default_rng(0), np.zeros(5)
    for _ in range(4000):
        drawn = random.choice(5, 2, p=losses.proposal(counts))
        text = random.choice(5, 3, p=counts / counts.sum())
        kept[np.union1d(drawn, text)] += 1
    assert np.abs(kept / 4000 - chance).max() < 0.03
    assert (chance > 0).all() and (chance <= 1).all()


# --- tasks ---


@pytest.mark.parametrize("steps", [1, 7, 59, 200])
def test_a_language_epoch_predicts_every_token_once_from_a_start_that_moves(steps: int) -> None:
    task = language_task(TrainingConfig(steps=steps))
    starts = set()
    for epoch in range(6):
        chunks = task.batches(epoch)
        assert [place for start, stop, _ in chunks for place in range(start, stop)] == list(range(59))
        assert max(stop - start for start, stop, _ in chunks) <= steps
        assert chunks == task.batches(epoch)
        starts.add(chunks[0][1])
    assert len(starts) > 1 or steps == 1 or steps == 200


@pytest.mark.parametrize(("samples", "sparse"), [(0, False), (5, True), (100, False)])
def test_a_language_model_learns_with_sampled_and_with_full_softmax(samples: int, sparse: bool) -> None:
    config = TrainingConfig(samples=samples, steps=5, epochs=3, learning_rate=0.03, optimiser="adamw")
    task = language_task(config)
    assert task.sparse is sparse
    before = task.validate()["val_loss"]
    progress = fit(task, config, seed=0)
    assert progress.history[-1]["val_loss"] < before
    assert progress.history[-1]["val_perplexity"] == pytest.approx(np.exp(progress.history[-1]["val_loss"]))


def test_a_tasks_measure_is_a_mean_over_rows_however_they_are_batched() -> None:
    task = text_task(TRAINING)
    part = rows(30, seed=3)
    one_by_one = [task.measure(Labelled([text], part.labels[[row]], part.weights[[row]]))
                  for row, text in enumerate(part.sequences)]  # fmt: skip
    assert task.measure(part) == pytest.approx(tuple(np.mean(one_by_one, axis=0)), rel=1e-5)


def test_a_series_epoch_takes_every_window_once_in_another_order() -> None:
    windows = np.arange(30, dtype=np.float32).reshape(10, 3, 1)
    torch.manual_seed(0)
    net = LearningForecaster(forecaster(NET, horizon=2), NET)
    task = SeriesTask(net, (windows, windows[:, :2, 0]), None, TRAINING, 0)
    orders = [np.concatenate(task.batches(epoch)).tolist() for epoch in range(2)]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert [len(batch) for batch in task.batches(0)] == [4, 4, 2]
    assert task.validate() == {} and task.score == "loss"


# --- the loop ---


def test_early_stopping_waits_for_its_patience_and_keeps_the_best_weights() -> None:
    config = TRAINING.model_copy(update={"epochs": 60, "patience": 4, "learning_rate": 0.05})
    random = np.random.default_rng(5)
    noise = Labelled(rows(24).sequences, random.integers(0, 2, 24), np.ones(24, np.float32))
    task = text_task(config, train=noise)
    progress = fit(task, config, seed=0)
    curve = [record["val_loss"] for record in progress.history]
    assert progress.best_epoch == int(np.argmin(curve)) + 1 < len(curve) == progress.best_epoch + 4 < 60
    loss, _ = task.measure(task.validation)  # type: ignore[arg-type]
    assert loss == min(curve) != curve[-1]
    assert progress.history[-1]["epoch"] == len(curve) == progress.epoch and not task.net.training


def test_accuracy_can_decide_instead_of_the_loss() -> None:
    config = TRAINING.model_copy(update={"epochs": 8, "monitor": "val_accuracy", "learning_rate": 0.03})
    progress = fit(text_task(config), config, seed=0)
    curve = [record["val_accuracy"] for record in progress.history]
    assert progress.best_epoch == int(np.argmax(curve)) + 1


def test_training_that_diverges_says_so_at_once() -> None:
    config = TRAINING.model_copy(update={"optimiser": "sgd", "learning_rate": 100.0, "epochs": 50})
    net = NetConfig(cell="rnn", activation="relu", hidden=6)
    torch.manual_seed(0)
    made = LearningForecaster(forecaster(net, horizon=1), net)
    values = np.random.default_rng(0).standard_normal((20, 4, 1)).astype(np.float32) * 10
    task = SeriesTask(made, (values, values[:, -1]), None, config, 0)
    with pytest.raises(RecurraError, match=r"training diverged in epoch \d+; found loss (nan|inf).*smaller learning_r"):
        fit(task, config, seed=0)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    net = NET.model_copy(update={"dropout": 0.5, "embedding_dropout": 0.3, "word_dropout": 0.1})
    ends = []
    for seed in (0, 0, 1):
        torch.manual_seed(99)
        task = text_task(TRAINING, net=net)
        fit(task, TRAINING, seed=seed)
        torch.rand(seed + 1)
        ends.append(tensors_of(task.net))
    assert all(np.array_equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert not np.array_equal(ends[0]["dense.weight"], ends[2]["dense.weight"])


def test_whoever_watches_is_told_every_step_and_every_epoch() -> None:
    steps: list[tuple[int, int, int]] = []
    epochs: list[Any] = []
    watch = Watch(lambda epoch, place, of, loss: steps.append((epoch, place, of)), epochs.append)
    progress = fit(text_task(TRAINING), TRAINING, seed=0, watch=watch)
    assert steps == [(epoch, place, 6) for epoch in (1, 2, 3) for place in range(1, 7)]
    assert epochs == progress.history
    assert list(epochs[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "lr", "seconds"]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    task = text_task(TRAINING)
    first = fit(task, TRAINING, seed=0, run=tmp_path)
    told: list[Any] = []
    again = text_task(TRAINING)
    second = fit(again, TRAINING, seed=0, run=tmp_path, watch=Watch(None, told.append))
    assert not told and second.history == first.history and second.best_epoch == first.best_epoch
    assert all(np.array_equal(value, tensors_of(task.net)[name]) for name, value in tensors_of(again.net).items())


def test_small_steps_take_one_thread_and_give_the_others_back() -> None:
    before = torch.get_num_threads()
    small, large = step_work(NET, 100), step_work(NetConfig(hidden=256), 16_384)
    with threads_for(small):
        assert torch.get_num_threads() == 1
    with threads_for(large):
        assert torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError), threads_for(small):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before
