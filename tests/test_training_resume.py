"""Checkpoints: a run that was killed goes on to the same weights, bit for bit, as one that was left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import killed_runs
from recurra.config import TrainingConfig
from recurra.nets.learn import tensors_of
from recurra.training import loop
from recurra.training.checkpoints import load_checkpoint
from recurra.training.progress import Watch
from small_tasks import TRAINING, language_task, text_task


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, killed_runs.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["text", "-9", "language", "-9", "series", "-9"], done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("task", killed_runs.TASKS)
def test_a_run_killed_in_the_middle_ends_with_the_same_weights_as_one_left_alone(task: str, killed: Path) -> None:
    found = load_checkpoint(killed / task)
    assert found is not None and found.state["epoch"] == 3
    epochs: list[dict[str, float]] = []
    resumed = killed_runs.fit(task, killed / task, Watch(on_epoch=epochs.append))
    assert [record["epoch"] for record in epochs] == [4, 5, 6]
    whole = killed_runs.fit(task, None)
    tensors = whole.model_.tensors
    assert tensors.keys() == resumed.model_.tensors.keys()
    assert all(tensors[name].tobytes() == value.tobytes() for name, value in resumed.model_.tensors.items())
    assert _timeless(resumed.history_) == _timeless(whole.history_)
    assert resumed.best_epoch_ == whole.best_epoch_


def _timeless(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in history]


def test_a_resumed_run_writes_the_same_artefact(killed: Path, tmp_path: Path) -> None:
    killed_runs.fit("series", killed / "series").model_.save(tmp_path / "resumed")
    killed_runs.fit("series", None).model_.save(tmp_path / "whole")
    for name in ("recurra.json", "weights.safetensors", "scaler.json", "SHA256SUMS"):
        assert (tmp_path / "resumed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "muon", "sgd"])
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_every_optimiser_goes_on_from_its_moments(
    optimiser: str, ema: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BETWEEN_CHECKPOINTS", 0.0)
    config = TRAINING.model_copy(update={"optimiser": optimiser, "ema": ema, "epochs": 4})
    whole = text_task(config)
    wanted = loop.fit(whole, config, seed=0)
    _stopped(text_task(config), config, tmp_path, after=2)
    task = text_task(config)
    progress = loop.fit(task, config, seed=0, run=tmp_path)
    assert _timeless(progress.history) == _timeless(wanted.history)
    assert all(np.array_equal(value, tensors_of(whole.net)[name]) for name, value in tensors_of(task.net).items())


@pytest.mark.parametrize("samples", [0, 5])
def test_a_language_model_goes_on_with_sampled_and_with_full_softmax(
    samples: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BETWEEN_CHECKPOINTS", 0.0)
    config = TrainingConfig(samples=samples, steps=5, epochs=4)
    wanted = loop.fit(language_task(config), config, seed=0)
    _stopped(language_task(config), config, tmp_path, after=3)
    assert _timeless(loop.fit(language_task(config), config, seed=0, run=tmp_path).history) == _timeless(wanted.history)


class _StopError(Exception):
    pass


def _stopped(task: Any, config: TrainingConfig, run: Path, *, after: int) -> None:
    def stop(epoch: int, position: int, batches: int, loss: float) -> None:
        if epoch == after + 1 and position == batches:
            raise _StopError

    with pytest.raises(_StopError):
        loop.fit(task, config, seed=0, run=run, watch=Watch(on_step=stop))


def test_tiny_epochs_do_not_wait_for_the_disc(tmp_path: Path) -> None:
    config = TRAINING.model_copy(update={"epochs": 5})
    written: list[int] = []

    def look(record: dict[str, float]) -> None:
        written.append(sum(path.name.startswith("checkpoint") for path in tmp_path.rglob("*")))

    loop.fit(text_task(config), config, seed=0, run=tmp_path, watch=Watch(on_epoch=look))
    found = load_checkpoint(tmp_path)
    assert not any(written) and found is not None and found.state["epoch"] == 5
