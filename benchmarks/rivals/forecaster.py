"""A fresh process that fits one rival on a panel and forecasts it, in an environment without ours.

Run by benchmarks/series_rivals.py: `python forecaster.py WHO TASK.npz ANSWERS.npz`. The task holds `flat` (values,),
`lengths` (series,), `horizon` and `seconds`, of the processor, after which training is stopped; the answers
`told` (series, horizon) and, in `note`, how it learnt. Not here: measuring.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as lightning
import torch

WINDOW = 3
"""Values that a rival reads, in horizons; its makers' examples have two to five."""
TRAINER: dict[str, Any] = {
    "accelerator": "cpu", "devices": 1, "logger": False, "enable_checkpointing": False, "enable_progress_bar": False,
    "enable_model_summary": False,
}  # fmt: skip


class Stop(lightning.Callback):  # type: ignore[misc]
    """Ends training after so many seconds of the processor."""

    # Of the class: some libraries train a copy.
    steps = 0
    stopped = False

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        """Count a step, and look at the time."""
        Stop.steps += 1
        if time.process_time() > self.seconds:
            Stop.stopped = trainer.should_stop = True


def told_of_training() -> str:
    """Say how much was learnt."""
    return f"{Stop.steps:,} steps{', stopped by time' if Stop.stopped else ''}"


def main() -> None:
    """Answer one task."""
    who, task, answers = sys.argv[1:]
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    given = np.load(task)
    series = np.split(given["flat"].astype(np.float32), np.cumsum(given["lengths"])[:-1])
    told = RIVALS[who](series, int(given["horizon"]), Stop(float(given["seconds"])))
    np.savez(answers, told=told, note=told_of_training())


def nixtla(name: str) -> Callable[..., Any]:
    """A net of NeuralForecast with its defaults: 1,000 steps; windows of three horizons."""

    def told(series: list[Any], horizon: int, stop: Stop) -> Any:
        from neuralforecast import NeuralForecast, models

        rows = [pd.DataFrame({"unique_id": row, "ds": np.arange(len(one)), "y": one}) for row, one in enumerate(series)]
        # It refuses a panel with a shorter series unless it may fill up what is before that.
        padded = min(map(len, series)) < (WINDOW + 1) * horizon
        net = getattr(models, name)(
            h=horizon, input_size=WINDOW * horizon, random_seed=1, callbacks=[stop], start_padding_enabled=padded,
            **TRAINER,
        )  # fmt: skip
        forecaster = NeuralForecast(models=[net], freq=1)
        forecaster.fit(pd.concat(rows, ignore_index=True))
        answers = forecaster.predict().sort_values(["unique_id", "ds"], kind="stable")
        return answers[name].to_numpy().reshape(len(series), horizon)

    return told


def darts(series: list[Any], horizon: int, stop: Stop) -> Any:
    """RNNModel of Darts with an LSTM and its defaults, 100 epochs; each series scaled to 0 … 1, as its examples do."""
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import RNNModel

    window = (WINDOW - 1) * horizon
    scaler = Scaler()
    scaled = scaler.fit_transform([TimeSeries.from_values(one) for one in series])
    # It learns from windows of a horizon more than it reads; shorter series teach nothing.
    long = [one for one in scaled if len(one) > window + horizon]
    net = RNNModel(
        model="LSTM", input_chunk_length=window, training_length=window + horizon, random_state=0,
        pl_trainer_kwargs={**TRAINER, "callbacks": [stop]},
    )  # fmt: skip
    net.fit(long, verbose=False)
    answers = scaler.inverse_transform(net.predict(n=horizon, series=scaled, verbose=False))
    return np.stack([one.values().ravel() for one in answers])


RIVALS: dict[str, Callable[..., Any]] = {
    "NeuralForecast LSTM": nixtla("LSTM"), "NeuralForecast NHITS": nixtla("NHITS"), "Darts RNNModel, LSTM": darts
}  # fmt: skip

if __name__ == "__main__":
    main()
