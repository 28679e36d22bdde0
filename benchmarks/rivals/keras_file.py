"""Keras itself writes a net of every layer that is imported, and what it predicts: `python keras_file.py FOLDER`.

Run by tests/test_importing_keras.py in the rivals' environment (`make rivals`), or in any that has Keras 3.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras  # type: ignore[import-not-found, unused-ignore]
import numpy as np
from keras import layers  # type: ignore[import-not-found, unused-ignore]


def main(folder: Path) -> None:
    """Write net.keras, net.weights.h5 and answers.npz."""
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            layers.Input((None,)),
            layers.Embedding(11, 6),
            layers.Bidirectional(layers.LSTM(8, return_sequences=True)),
            layers.GRU(5, return_sequences=True, reset_after=False),
            layers.GRU(4, return_sequences=True),
            layers.Dropout(0.1),
            layers.SimpleRNN(7, activation="relu", return_sequences=True),
            layers.TimeDistributed(layers.Dense(3)),
            layers.Activation("softmax"),
        ]
    )
    random = np.random.default_rng(0)
    net.set_weights([random.normal(0, 0.4, weight.shape) for weight in net.get_weights()])
    ids = random.integers(0, 11, (3, 9))
    net.save(folder / "net.keras")
    net.save_weights(folder / "net.weights.h5")
    np.savez(folder / "answers.npz", ids=ids, outputs=net.predict(ids, verbose=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
