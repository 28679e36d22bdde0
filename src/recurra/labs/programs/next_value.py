"""The next value of a sequence: the record's LSTM of 50 ReLU units on a counting sequence; about a second.

Not here: the recorded schedule, many seeds and airline passengers, which `recurra lab next-value` runs. It writes a
picture and a model beside itself.
"""

# %% Import the libraries.
from pathlib import Path

import numpy as np

from recurra import SERIES_SETTINGS, Forecaster
from recurra.report.charts.labs import marked_points
from recurra.series import windows

# %% Write the sequence down and cut it into windows of three values; the value after each window is its target.
sequence = np.arange(1.0, 15.0)
cut = windows(sequence, window=3, horizon=1)
for inputs, target in zip(cut.inputs, cut.targets, strict=True):
    print(inputs, "→", target)

# %% Lay out the network: 50 LSTM units with ReLU, then a dense, fully connected layer of one unit.
settings = SERIES_SETTINGS.changed(
    {
        "cell": "lstm",
        "activation": "relu",
        "init": "keras",
        "hidden": 50,
        "window": 3,
        "horizon": 1,
        "scale": "none",
    }
)

# %% Compile: optimiser Adam, loss mean squared error.
settings = settings.changed(
    {"optimiser": "adam", "learning_rate": 0.001, "schedule": "constant", "clip": 0.0, "batch_size": 1000}
)

# %% Fit for 200 epochs with output suppressed.
settings = settings.changed({"epochs": 200})
model = Forecaster(validation=0, random_state=0, config=settings)
model.fit(sequence)
print(f"final loss {model.history_[-1]['loss']:.4f}")

# %% Predict the value after [5, 6, 7].
print(f"after [5, 6, 7]: {model.predict([5.0, 6.0, 7.0])[0]:.4f}")
print(f"after [20, 21, 22]: {model.predict([20.0, 21.0, 22.0])[0]:.4f}")
model.save("next-value-model")

# %% Draw actual against predicted.
actual = sequence[3:]
predicted = model.model_.one_step("series", sequence, first=3)
place = int(np.flatnonzero(actual == 8)[0])
picture = marked_points(actual.tolist(), predicted.tolist(), place=place, text=f"[5, 6, 7] → {predicted[place]:.2f}")
Path("actual-against-predicted.svg").write_text(picture, encoding="utf-8")
