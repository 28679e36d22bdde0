"""The lab `sentiment`: IMDB reviews, the record's simple RNN, and a ladder from there. Its claims and its drawings.

Not here: which nets there are (sentiment_recipe.py), training and measuring them (sentiment_nets.py), and the words and
tables of the page (sheets/sentiment.txt).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from recurra.config import NetConfig
from recurra.labs.lab import Lab, LabRecord, Test, mean
from recurra.labs.page import network_blocks
from recurra.labs.sentiment_answers import FADING, POSITIVE
from recurra.labs.sentiment_data import NEEDED, OFFLINE
from recurra.labs.sentiment_nets import read_reviews, sentiment_record, train_classifier
from recurra.labs.sentiment_recipe import STEPS, sentiment_variants
from recurra.labs.sheet import sheet_named
from recurra.labs.verdicts import Judged, Relation, Written, agree, count, reach
from recurra.nets.layouts import classifier_net
from recurra.records import validated
from recurra.report.blocks import Block, Code
from recurra.report.charts.curves import Line, gradient_norms
from recurra.report.charts.labs import dots_and_ranges, reading, training_beside_recorded, word_map
from recurra.report.charts.scores import confusion, histogram
from recurra.report.drawings.cells import recorded_rnn_equation
from recurra.report.numbers import number, percent, points, power_of_ten

RECORDED_ACCURACY, RECORDED_LOSS = 0.96, 0.09
ROUNDED = 0.005
"""Half a unit of the last digit of both."""
NO_BREAK = "\u00a0"
DECENT = 0.85
"""What "decent" is read as, on unseen reviews."""


def _tests(record: LabRecord, name: str, key: str = "test_accuracy") -> list[float]:
    """Return one figure of a variant for each seed; empty where it was not trained."""
    if name == "literal":
        # Of the literal net the record keeps more figures than the ladder's rows, the last epoch's among them.
        values: list[float] = record["literal"][key]["by_seed"]
        return values
    rows = {row["step"]: row for row in (*record["ladder"], *record["experiments"])}
    return rows[name][key]["by_seed"] if name in rows else []


def _better(first: str, second: str) -> Test:
    """Return the test that each seed of one variant beats each seed of another."""

    def test(record: LabRecord) -> Judged | None:
        # Made-up reviews come without word vectors, so that some variants are not trained.
        mine, theirs = _tests(record, first), _tests(record, second)
        if not mine or not theirs:
            return None
        return reach(mine, ">", theirs, quick=record["too_little"], write=percent)

    return test


def _at_least(bound: float, key: str) -> Test:
    """Return the test that the literal net reaches an accuracy."""
    return lambda record: reach(_tests(record, "literal", key), "≥", bound, quick=record["too_little"], write=percent)


def _weights(record: LabRecord, cell: str) -> int:
    """Count the weights of the literal net's recurrent part, were it made of `cell`."""
    # tanh, since no other cell knows the record's sigmoid; an activation has no weights, so that the count is the same.
    net = STEPS["literal"].settings.changed({"cell": cell, "activation": "tanh"}).net
    return classifier_net(net, words=record["literal"]["words"], labels=2).parameters["recurrent"]


def _rival(record: LabRecord) -> Judged | None:
    alone, rival = _tests(record, "recipe"), record["rival"]["accuracy"]
    return reach(alone, ">", rival, quick=record["too_little"], write=percent) if alone else None


def _recorded(key: str, recorded: float, relation: Relation, write: Written) -> Test:
    """Return the test of a recorded figure: inside the spread of the last epoch's it agrees, bettered it is reached."""

    def test(record: LabRecord) -> Judged:
        values, quick = _tests(record, "literal", key), record["too_little"]
        agreed = agree(values, recorded, rounding=ROUNDED, quick=quick, write=write)
        bound = recorded - ROUNDED if relation == "≥" else recorded + ROUNDED
        # First whether the figure itself is met; a net that does better than recorded has reached it all the same.
        return agreed if agreed.verdict == "agrees" else reach(values, relation, bound, quick=quick, write=write)

    return test


CLAIMS: dict[str, Test] = {
    "order": _better("literal", "literal-shuffled"),
    "simpler": lambda record: count(_weights(record, "rnn"), "<", _weights(record, "gru")),
    "decent": _at_least(DECENT, "test_accuracy"),
    "vectors": _better("literal", "literal-random"),
    "unseen": _at_least(RECORDED_ACCURACY - ROUNDED, "last_test_accuracy"),
    "regularised": _better("regularised", "pooled"),
    "gates": _better("gru", "regularised"),
    "order_in_gates": _better("gru", "gru-shuffled"),
    "rival": _rival,
}
RESULTS = {
    "train_accuracy": _recorded("train_accuracy", RECORDED_ACCURACY, "≥", percent),
    "train_loss": _recorded("train_loss", RECORDED_LOSS, "≤", lambda value: number(float(value), 3)),
}


def _terms(record: LabRecord) -> dict[str, Any]:
    def score(name: str, key: str = "test_accuracy") -> str:
        return percent(mean(_tests(record, name, key)))

    def beside(first: str, second: str) -> str:
        """Write the means of two variants and their difference."""
        left, right = mean(_tests(record, first)), mean(_tests(record, second))
        return f"{percent(left)} against {percent(right)} on test ({points(left - right)})"

    def answer(review: LabRecord, title: str) -> str:
        """Write a net's answer to a made-up review, and whether it is right."""
        # The sign says whether the answer is right, the percentage how sure of it the net is, not of "positive".
        share = review["positive"][title]
        said = POSITIVE if share >= 0.5 else "negative"
        words = f"{'✓' if said == review['label'] else '✗'} {said}, {percent(max(share, 1 - share), 0)}"
        return words.replace(" ", NO_BREAK)

    # Claims can be tested on a record whose gradients were not measured.
    gradients = record.get("gradients", {})
    # The last place is the farthest step back: what a gate is for shows there.
    far = {text: gradients[name]["trained"][-1] for name, text in FADING.items() if name in gradients}
    return {
        "tests": partial(_tests, record),
        "weights": partial(_weights, record),
        "score": score,
        "percents": _percents,
        "answer": answer,
        "beside": beside,
        "far": ", ".join(f"{text} {_small(value)}" for text, value in far.items()),
    }


def _small(value: float) -> str:
    digits, _, exponent = f"{value:.1e}".partition("e")
    return power_of_ten(digits, int(exponent))


def _settings(record: LabRecord) -> dict[str, Any]:
    settings = record["settings"]["literal"]
    return {f"{part}.{name}": value for part in ("text", "net", "training") for name, value in settings[part].items()}


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
    plan: Any = classifier_net(net, words=words, labels=2)
    directions = "both directions, " if net.bidirectional else "one direction, "
    vectors = "from random vectors" if record["made_up"] else "GloVe, learned further"
    layers = (
        ("embedding", "embedding", vectors, f"(tokens, {plan.embedding.size})"),
        ("recurrent", "recurrent", f"{directions}{net.hidden} units", f"(tokens, {plan.recurrent.outputs})"),
        ("pooling", "pooling", " + ".join(net.pool), f"(reviews, {plan.pooling.outputs})"),
        ("dense", "dense", "two classes", "(reviews, 2)"),
    )
    return network_blocks(plan, layers, source="w")


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


def _curves(record: LabRecord) -> str:
    """The record's picture, accuracy against loss over the epochs, with validation beside it."""
    literal, recorded = record["literal"], {"accuracy": RECORDED_ACCURACY, "loss": RECORDED_LOSS}
    return training_beside_recorded(literal["curves"], kept=literal["kept_epochs"], recorded=recorded)


def _reading(record: LabRecord) -> str:
    shown = record["samples"]["reading"]
    answers = {title: shown["answers"][title] for title in record["samples"]["nets"]}
    return reading(shown["words"], answers, x_label="probability of a positive review after this word")


def _confusion(record: LabRecord) -> str:
    test = record["samples"]["test"]
    return confusion(test["confusion"], test["labels"])


def _word_map(record: LabRecord) -> str | None:
    """Words before and after training; none where no vectors were given."""
    # Without GloVe there is no table from before training to draw beside the one after.
    words = record["samples"].get("map")
    return word_map(words["words"], words["before"], words["after"], groups=words["groups"]) if words else None


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


LAB = Lab(
    name="sentiment",
    algorithm="simple RNN, back-propagation through time",
    sheet=sheet_named("sentiment"),
    variants=sentiment_variants,
    prepare=read_reviews,
    train=train_classifier,
    compose=sentiment_record,
    claims=CLAIMS,
    results=RESULTS,
    figures={
        "recorded_equation": lambda record: recorded_rnn_equation(),
        "lengths": _lengths,
        "padded": _padded,
        "first_network": lambda record: _network(record, 0),
        "last_network": lambda record: _network(record, 1),
        "ladder": _ladder,
        "curves": _curves,
        "reading": _reading,
        "confusion": _confusion,
        "word_map": _word_map,
        "gradients": _gradients,
    },
    terms=_terms,
    settings=_settings,
    recorded={STEPS["literal"].title: {"accuracy": "96 %", "loss": "0.09"}},
    needed=NEEDED,
    offline=OFFLINE,
)
