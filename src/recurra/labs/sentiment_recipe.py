"""What the lab `sentiment` is made of: the three cells and their choices, full and quick, and the experiments' base.

Not here: training and measuring.
"""

from __future__ import annotations

from recurra.config import Cell, Settings
from recurra.estimators.text import TEXT_SETTINGS

CELLS: tuple[Cell, ...] = ("rnn", "lstm", "gru")
SIMPLE = TEXT_SETTINGS.changed(
    {
        "cell": "rnn",
        "max_length": 400,
        "pool": ["mean", "max"],
        "adversarial": 0.0,
        "word_dropout": 0.05,
        "embedding_dropout": 0.1,
        "dropout": 0.2,
        "epochs": 10,
        "learning_rate": 1e-3,
        "table_rate": 1.5,
        "warm_up": 0.1,
        "monitor": "val_accuracy",
    }
)
"""The simple RNN: little regularisation, trained on until the training loss is where the record has it."""

GATED = TEXT_SETTINGS
"""GRU and LSTM: the recipe of text classification."""

QUICK = {
    "epochs": 3,
    "max_length": 100,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "table_rate": 0.5,
    "hidden": 32,
    "adversarial": 0.0,
}
"""What a slice of 1,500 reviews can bear in a minute."""

EXPERIMENT = SIMPLE.changed({"max_length": 200, "epochs": 4})
"""What the experiments on the observations share: the record's own simple RNN on shorter texts, fewer epochs."""

EXPERIMENT_QUICK = {
    "epochs": 2,
    "max_length": 80,
    "batch_size": 16,
    "learning_rate": 3e-3,
    "table_rate": 1.0,
    "hidden": 32,
}


def settings_for(cell: Cell, *, quick: bool) -> Settings:
    """Return the choices for a cell."""
    settings = SIMPLE if cell == "rnn" else GATED.changed({"cell": cell})
    if not quick:
        return settings
    return settings.changed(QUICK)
