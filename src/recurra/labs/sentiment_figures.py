"""The drawings and tables of the lab `sentiment`, by the names that its sheet gives them.

Not here: what is claimed (sentiment.py), and how charts are drawn (report/charts/).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recurra.config import NetConfig, validated
from recurra.labs.lab import LabRecord
from recurra.labs.page import network_blocks
from recurra.labs.sentiment_answers import FADING, POSITIVE
from recurra.labs.sheet import Drawing
from recurra.nets.run import classifier_net
from recurra.report.blocks import Align, Block, Code, Facts, Table
from recurra.report.charts.curves import Line, gradient_norms
from recurra.report.charts.labs import Recorded, dots_and_ranges, reading, training_beside_recorded, word_map
from recurra.report.charts.scores import confusion, histogram
from recurra.report.drawings.cells import recorded_rnn_equation
from recurra.report.numbers import number, percent, spread

RECORDED_ACCURACY, RECORDED_LOSS = 0.96, 0.09
NO_BREAK = "\u00a0"


def _classes(record: LabRecord) -> Table:
    facts = record["data"]
    classes = sorted({name for counts in facts["classes"].values() for name in counts})
    rows = tuple(
        (part, facts["rows"][part], *(counts.get(name, 0) for name in classes))
        for part, counts in facts["classes"].items()
    )
    return Table(("part", "reviews", *classes), rows)


def _lengths(record: LabRecord) -> str:
    lengths = record["data"]["lengths"]
    # Bars of one width: the middle of each stands for its reviews, wherever in the bar they are.
    middles = (np.array(lengths["edges"][:-1]) + np.array(lengths["edges"][1:])) / 2
    return histogram(
        # The record keeps counts, not lengths: each bar's reviews stand in its middle, and the same bars come out.
        np.repeat(middles, lengths["counts"]).tolist(),
        x_label="words and signs of a training review",
        y_label="reviews",
        bins=len(middles),
        marker=float(lengths["kept"]),
    )


def _padded(record: LabRecord) -> Code:
    shown = record["padding"]
    columns = (shown[name] for name in ("texts", "rows", "ids", "lengths"))
    return Code("\n".join(
        f"{text}\n  → {row}\n  → {ids}   (length {length})" for text, row, ids, length in zip(*columns, strict=True)
    ))  # fmt: skip


def _network(record: LabRecord, place: int) -> list[Block]:
    """The record's own net (0), or the last of the ladder (1)."""
    name, settings = list(record["settings"].items())[place]
    net = validated(NetConfig, settings["net"])
    # The vocabulary is as large as training found it; settings alone do not tell the size of the table.
    words = next(step["words"] for step in record["ladder"] if step["step"] == name)
    plan = classifier_net(net, words=words, labels=2)
    directions = "both directions, " if net.bidirectional else "one direction, "
    vectors = "from random vectors" if record["made_up"] else "GloVe, learned further"
    layers = (
        ("embedding", "embedding", vectors, f"(tokens, {plan.embedding.size})"),
        ("recurrent", "recurrent", f"{directions}{net.hidden} units", f"(tokens, {plan.recurrent.outputs})"),
        ("pooling", "pooling", " + ".join(net.pool), f"(reviews, {plan.pooling.outputs})"),
        ("dense", "dense", "two classes", "(reviews, 2)"),
    )
    return network_blocks(plan, layers, source="w")


def _facts(record: LabRecord) -> Facts:
    """What the record leaves open, and how it is read."""
    settings = record["settings"]["literal"]
    net, training = settings["net"], settings["training"]
    return Facts(
        (
            ("words kept of a review", f"the last {settings['text']['max_length']}"),
            ("units", net["hidden"]),
            ("word vectors", f"{net['embedding_size']}, learned further"),
            ("optimiser", f"Adam, {training['learning_rate']:g} throughout"),
            ("reviews in a batch", training["batch_size"]),
            ("epochs", training["epochs"]),
            ("dropout, weight decay, averaging", "none"),
            ("longest gradient", f"{training['clip']:g} (ours: a try without it fell from 87 % to 74 % half way)"),
        )
    )


def _ladder(record: LabRecord) -> str:
    """Test accuracy of every step, each seed a dot."""
    steps, rival = record["ladder"], record["rival"]
    return dots_and_ranges(
        [step["title"] for step in steps],
        [_percents(step) for step in steps],
        x_label="test accuracy, %",
        line=(100 * rival["accuracy"], f"{rival['name']}: {percent(rival['accuracy'])}"),
    )


def _percents(row: LabRecord) -> list[float]:
    return [100 * share for share in row["test_accuracy"]["by_seed"]]


def _step_table(rows: Sequence[LabRecord]) -> Table:
    header = ("step", "recurrent weights", "train, %", "validation, %", "test, %", "over seeds")
    align: tuple[Align, ...] = ("left", "right", "right", "right", "right", "right")

    def mean_of(row: LabRecord, key: str) -> str:
        # The row of net and n-grams together has no validation figure: validation weighed the two.
        return number(100 * row[key]["mean"], 2) if key in row else "—"

    lines = tuple(
        (
            row["title"],
            row["recurrent_parameters"],
            *(mean_of(row, key) for key in ("train_accuracy", "val_accuracy", "test_accuracy")),
            spread(_percents(row)),
        )
        for row in rows
    )
    return Table(header, lines, "", align)


def _curves(record: LabRecord) -> str:
    """The record's picture, accuracy against loss over the epochs, with validation beside it."""
    recorded = Recorded(RECORDED_ACCURACY, RECORDED_LOSS)
    return training_beside_recorded(
        record["literal"]["curves"], kept=record["literal"]["kept_epochs"], recorded=recorded
    )


def _reading(record: LabRecord) -> str:
    shown = record["samples"]["reading"]
    answers = {title: shown["answers"][title] for title in record["samples"]["nets"]}
    return reading(shown["words"], answers, x_label="probability of a positive review after this word")


def _made_up_reviews(record: LabRecord) -> Table:
    titles = record["samples"]["nets"]
    rows = tuple(
        (row["text"], row["label"], *(_answer(row["label"], row["positive"][title]) for title in titles))
        for row in record["samples"]["made_up"]
    )
    return Table(("made-up review", "meant", *titles), rows)


def _answer(label: str, positive: float) -> str:
    """Write an answer to a made-up review, and whether it is right."""
    # The sign says whether the answer is right, the percentage how sure of it the net is, not of "positive".
    answer = POSITIVE if positive >= 0.5 else "negative"
    sign = "✓" if answer == label else "✗"
    return f"{sign} {answer}, {percent(max(positive, 1 - positive), 0)}".replace(" ", NO_BREAK)


def _surest(record: LabRecord) -> Table:
    """Reviews of the test part by their numbers: where the literal net is surest and right, surest and wrong."""
    test = record["samples"]["test"]
    rows = tuple(
        (row["id"], row["words"], row["label"], row["answer"], percent(row["share"], 1))
        for row in (*test["right"], *test["wrong"])
    )
    return Table(("test review", "words", "label", "answer", "probability"), rows)


def _confusion(record: LabRecord) -> str:
    test = record["samples"]["test"]
    return confusion(test["confusion"], test["labels"])


def _word_map(record: LabRecord) -> str | None:
    """Words before and after training; none where no vectors were given."""
    # Without GloVe there is no table from before training to draw beside the one after.
    words = record["samples"].get("map")
    return word_map(words["words"], words["before"], words["after"], groups=words["groups"]) if words else None


def _neighbours(record: LabRecord) -> Table | None:
    near = record["samples"].get("neighbours")
    if near is None:
        return None
    rows = tuple((word, ", ".join(told["before"]), ", ".join(told["after"])) for word, told in near.items())
    return Table(("word", "nearest in GloVe", "nearest after training"), rows)


def _gradients(record: LabRecord) -> str:
    """Why gates: how fast the gradient fades back in time."""
    gradients = record["gradients"]
    curves = [
        Line(f"{text}, {state}", gradients["distance"], gradients[name][state], dashed=state == "untrained")
        for name, text in FADING.items()
        if name in gradients
        for state in ("trained", "untrained")
    ]
    return gradient_norms(gradients["distance"], *curves)


FIGURES: dict[str, Drawing] = {
    "recorded_equation": lambda record: recorded_rnn_equation(),
    "classes": _classes,
    "lengths": _lengths,
    "padded": _padded,
    "first_network": lambda record: _network(record, 0),
    "last_network": lambda record: _network(record, 1),
    "facts": _facts,
    "ladder": _ladder,
    "steps_of_the_ladder": lambda record: _step_table(record["ladder"]),
    "curves": _curves,
    "reading": _reading,
    "made_up_reviews": _made_up_reviews,
    "confusion": _confusion,
    "surest": _surest,
    "experiments": lambda record: _step_table(record["experiments"]),
    "word_map": _word_map,
    "neighbours": _neighbours,
    "gradients": _gradients,
}
