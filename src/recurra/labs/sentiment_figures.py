"""The pictures and tables of the lab `sentiment`.

Not here: words and verdicts (sentiment_page.py).
"""

from __future__ import annotations

from typing import Any

from recurra.report.blocks import Block, Figure, Paragraph, Table
from recurra.report.charts import Line, accuracy_against_loss, gradient_norms, lines


def curve_blocks(record: dict[str, Any]) -> list[Block]:
    """The lab's picture, accuracy against training loss, for the simple RNN; validation of all cells beside."""
    history = record["cells"]["rnn"]["history"]
    epochs = [one["epoch"] for one in history]
    picture = accuracy_against_loss(
        epochs,
        [one["accuracy"] for one in history],
        loss=[one["loss"] for one in history],
        val_accuracy=[one["val_accuracy"] for one in history],
    )
    curves = [
        Line(cell, [one["epoch"] for one in told["history"]], [one["val_accuracy"] for one in told["history"]])
        for cell, told in record["cells"].items()
    ]
    return [
        Figure(picture, "Accuracy against training loss: the simple RNN, first seed."),
        Figure(lines(*curves, x_label="epoch", y_label="validation accuracy"), "The three cells on validation."),
    ]


def cell_table(cells: dict[str, Any]) -> Table:
    """The three cells side by side."""
    header = ("cell", "parameters", "epochs", "kept", "seconds", "train accuracy", "train loss", "test accuracy")
    rows = tuple(
        (
            cell,
            told["parameters"],
            len(told["history"]),
            told["best_epoch"],
            round(told["seconds"]),
            told["train_accuracy"],
            told["train_loss"],
            told["test_accuracy"],
        )
        for cell, told in cells.items()
    )
    return Table(header, rows, "The three cells: means over seeds; epochs and the kept epoch of the first seed.")


def variant_table(told: dict[str, Any]) -> Table:
    """The experiments beside their base."""
    names = {
        "base": "base: GloVe learned further, regularised",
        "shuffled": "words of each review shuffled",
        "plain": "no regularisation",
        "random": "random vectors",
        "frozen": "GloVe frozen",
        "gru": "GRU in place of the simple RNN",
    }
    rows = tuple(
        (text, told[name]["train_accuracy"], told[name]["val_accuracy"], told[name]["test_accuracy"])
        for name, text in names.items()
    )
    header = ("experiment", "train accuracy", "validation accuracy", "test accuracy")
    return Table(header, rows, "Simple RNN, shorter texts and fewer epochs than the record's own; one seed.")


def neighbour_table(neighbours: dict[str, Any]) -> Table:
    """Nearest words before and after training."""
    rows = tuple((word, ", ".join(near["before"]), ", ".join(near["after"])) for word, near in neighbours.items())
    return Table(("word", "nearest in GloVe", "nearest after training"), rows, "Neighbours by cosine.")


def gradient_blocks(gradients: dict[str, Any]) -> list[Block]:
    """Why gates: how fast the gradient fades back in time."""
    distance = gradients["distance"]
    curves = [
        Line(f"{cell}, {state}", distance, gradients[cell][state], dashed=state == "untrained")
        for cell in ("rnn", "lstm", "gru")
        for state in ("trained", "untrained")
    ]
    far = {cell: gradients[cell]["trained"][-1] for cell in ("rnn", "lstm", "gru")}
    told = ", ".join(f"{cell} {value:.1e}" for cell, value in far.items())
    return [
        Paragraph(
            f"Why gates: a word {distance[-1]} steps back moves the last state this much, relative to the last word: "
            f"{told}. Without gates each step multiplies the gradient anew; a gate can let it pass unchanged."
        ),
        Figure(
            gradient_norms(distance, *curves),
            "Norm of the gradient of the sum of the last state by the input so many steps back (forward direction), "
            "relative to the last input.",
        ),
    ]
