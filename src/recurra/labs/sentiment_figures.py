"""The pictures and tables of the lab `sentiment`.

Not here: words around them (sentiment_page.py), drawing (report/lab_charts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.labs.sentiment_observations import RECORDED_ACCURACY, RECORDED_LOSS
from recurra.labs.sentiment_samples import POSITIVE
from recurra.report.blocks import Align, Block, Code, Facts, Figure, Paragraph, Table
from recurra.report.charts import Line, gradient_norms
from recurra.report.lab_charts import Recorded, dots_and_ranges, reading, training_beside_recorded, word_map
from recurra.report.numbers import number, percent, power_of_ten, spread
from recurra.report.score_charts import confusion, histogram

Record = dict[str, Any]
NO_BREAK = "\u00a0"


def data_blocks(record: Record) -> list[Block]:
    """Rows and classes of each part, lengths of the reviews, and one padded."""
    facts, lengths = record["data"], record["data"]["lengths"]
    classes = sorted({name for counts in facts["classes"].values() for name in counts})
    rows = tuple(
        (part, facts["rows"][part], *(counts.get(name, 0) for name in classes))
        for part, counts in facts["classes"].items()
    )
    middles = (np.array(lengths["edges"][:-1]) + np.array(lengths["edges"][1:])) / 2
    values = np.repeat(middles, lengths["counts"]).tolist()
    picture = histogram(
        values, x_label="words and signs of a training review", y_label="reviews",
        bins=len(middles), marker=float(lengths["kept"]),
    )  # fmt: skip
    return [
        Table(("part", "reviews", *classes), rows, "Class balance of each part."),
        Figure(
            picture,
            f"Lengths of the training reviews: half have at most {number(round(lengths['median']))} words, the longest "
            f"{number(lengths['longest'])}; the last bar holds all longer ones. The literal net reads the last "
            f"{lengths['kept']}, which cuts {percent(lengths['cut'], 1)} of the reviews.",
        ),
        _padded(record["padding"]),
    ]


def _padded(shown: Record) -> Code:
    lines = "\n".join(
        f"{text}\n  → {row}\n  → {ids}   (length {length})"
        for text, row, ids, length in zip(shown["texts"], shown["rows"], shown["ids"], shown["lengths"], strict=True)
    )
    caption = f"Padding in front, and truncation to the last {shown['length']} tokens, on two made-up texts."
    return Code(lines, caption)


def curve_blocks(record: Record) -> list[Block]:
    """The record's picture, accuracy against loss over the epochs, with validation beside it."""
    literal = record["literal"]
    kept = literal["kept_epochs"]
    picture = training_beside_recorded(
        literal["curves"], kept=kept, recorded=Recorded(RECORDED_ACCURACY, RECORDED_LOSS)
    )
    return [
        Figure(
            picture,
            f"Accuracy against loss: the literal net, {_seeds(record)}, each a line. Rings stand on the epochs that "
            f"validation accuracy keeps ({', '.join(map(str, kept))}); dotted lines are what the record states.",
        )
    ]


def _seeds(record: Record) -> str:
    return "one seed" if record["seeds"] == 1 else f"{record['seeds']} seeds"


def ladder_blocks(record: Record) -> list[Block]:
    """Test accuracy of every step, each seed a dot, and the same figures as a table."""
    steps, rival = record["ladder"], record["rival"]
    shares = [[100 * value for value in step["test_accuracy"]["by_seed"]] for step in steps]
    picture = dots_and_ranges(
        [step["title"] for step in steps], shares, x_label="test accuracy, %",
        line=(100 * rival["accuracy"], f"{rival['name']}: {percent(rival['accuracy'])}"),
    )  # fmt: skip
    caption = "The ladder: test accuracy of the epoch that validation keeps, a dot for each seed, the mean beside it."
    return [Figure(picture, caption), _step_table(steps, "The ladder's figures: means over seeds.")]


def experiment_table(record: Record) -> Table:
    """The experiments beside the steps that they start from."""
    return _step_table(record["experiments"], "What tests the observations: means over seeds.")


def _step_table(rows: Sequence[Record], caption: str) -> Table:
    header = ("step", "recurrent weights", "train, %", "validation, %", "test, %", "over seeds")
    align: tuple[Align, ...] = ("left", "right", "right", "right", "right", "right")
    lines = tuple(
        (
            row["title"],
            row["recurrent_parameters"],
            number(100 * row["train_accuracy"]["mean"], 2),
            number(100 * row["val_accuracy"]["mean"], 2) if "val_accuracy" in row else "—",
            number(100 * row["test_accuracy"]["mean"], 2),
            spread([100 * share for share in row["test_accuracy"]["by_seed"]]),
        )
        for row in rows
    )
    return Table(header, lines, caption, align)


def reading_block(record: Record) -> Figure:
    """One review read word by word."""
    shown = record["samples"]["reading"]
    answers = {title: shown["answers"][title] for title in record["samples"]["nets"]}
    picture = reading(shown["words"], answers, x_label="probability of a positive review after this word")
    return Figure(
        picture,
        "One made-up review read word by word: what each net would answer if the text ended here. Right of the middle "
        "is positive.",
    )


def sample_blocks(record: Record) -> list[Block]:
    """Right and wrong answers: on made-up reviews with their text, on the test part with numbers only."""
    shown = record["samples"]
    titles = shown["nets"]
    rows = tuple(
        (row["text"], row["label"], *(_answer(row["label"], row["positive"][title]) for title in titles))
        for row in shown["made_up"]
    )
    test = shown["test"]
    sure = tuple(
        (row["id"], row["words"], row["label"], row["answer"], percent(row["share"], 1))
        for kind in ("right", "wrong")
        for row in test[kind]
    )
    return [
        Table(("made-up review", "meant", *titles), rows, "Right and wrong: the answer and its probability."),
        Figure(confusion(test["confusion"], test["labels"]), "The literal net's answers on the test part."),
        Table(
            ("test review", "words", "label", "answer", "probability"), sure,
            "Where the literal net is surest: five right answers, five wrong ones. Reviews are told by their number in "
            "the data set; their text stays there.",
        ),
    ]  # fmt: skip


def _answer(label: str, positive: float) -> str:
    """Write an answer to a made-up review, and whether it is right."""
    answer = POSITIVE if positive >= 0.5 else "negative"
    sign = "✓" if answer == label else "✗"
    return f"{sign} {answer}, {percent(max(positive, 1 - positive), 0)}".replace(" ", NO_BREAK)


def word_blocks(record: Record) -> list[Block]:
    """The map of words before and after training, and nearest words; none where no vectors were given."""
    shown = record["samples"]
    if "map" not in shown:
        return []
    words = shown["map"]
    return [
        Figure(
            word_map(words["words"], words["before"], words["after"], groups=words["groups"]),
            "Words of praise, of blame and of neither, before training (rings) and after (dots), on the plane in "
            "which they spread most (principal components of both). Praise is drawn to the right.",
        ),
        _neighbour_table(shown["neighbours"]),
    ]


def _neighbour_table(neighbours: Record) -> Table:
    rows = tuple((word, ", ".join(near["before"]), ", ".join(near["after"])) for word, near in neighbours.items())
    return Table(("word", "nearest in GloVe", "nearest after training"), rows, "Neighbours by cosine.")


FADING = {"literal": "simple RNN, σ", "tanh": "simple RNN, tanh", "lstm": "LSTM", "gru": "GRU"}


def gradient_blocks(record: Record) -> list[Block]:
    """Why gates: how fast the gradient fades back in time."""
    gradients = record["gradients"]
    distance, named = gradients["distance"], {name: text for name, text in FADING.items() if name in gradients}
    curves = [
        Line(f"{text}, {state}", distance, gradients[name][state], dashed=state == "untrained")
        for name, text in named.items()
        for state in ("trained", "untrained")
    ]
    far = ", ".join(f"{text} {_small(gradients[name]['trained'][-1])}" for name, text in named.items())
    return [
        Paragraph(
            f"Why gates: a word {distance[-1]} steps back moves the last state this much, relative to the last word: "
            f"{far}. Without gates each step multiplies the gradient anew; a gate can let it pass unchanged."
        ),
        Figure(
            gradient_norms(distance, *curves),
            "Norm of the gradient of the sum of the last state by the input so many steps back (forward direction), "
            "relative to the last input.",
        ),
    ]


def _small(value: float) -> str:
    digits, _, exponent = f"{value:.1e}".partition("e")
    return power_of_ten(digits, int(exponent))


def facts_block(record: Record) -> Facts:
    """What the record leaves open, and how it is read."""
    settings = record["settings"]["literal"]
    net, training, text = settings["net"], settings["training"], settings["text"]
    return Facts(
        (
            ("words kept of a review", f"the last {text['max_length']}"),
            ("units", net["hidden"]),
            ("word vectors", f"{net['embedding_size']}, learned further"),
            ("optimiser", f"Adam, {training['learning_rate']:g} throughout"),
            ("reviews in a batch", training["batch_size"]),
            ("epochs", training["epochs"]),
            ("dropout, weight decay, averaging", "none"),
            ("longest gradient", f"{training['clip']:g} (ours: a try without it fell from 87 % to 74 % half way)"),
        )
    )
