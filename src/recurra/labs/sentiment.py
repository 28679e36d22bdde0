"""The lab `sentiment`: IMDB reviews, the record's simple RNN, and a ladder from there. Its claims.

Not here: which nets there are (sentiment_recipe.py), training and measuring them (sentiment_nets.py), its drawings
(sentiment_figures.py), and the words of the page (sheets/sentiment.txt).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from recurra.labs.lab import Lab, LabRecord, Test, mean
from recurra.labs.sentiment_answers import FADING
from recurra.labs.sentiment_data import NEEDED, OFFLINE
from recurra.labs.sentiment_figures import FIGURES, RECORDED_ACCURACY, RECORDED_LOSS
from recurra.labs.sentiment_nets import read_reviews, sentiment_record, train_classifier
from recurra.labs.sentiment_recipe import STEPS, sentiment_variants
from recurra.labs.sheet import sheet_named
from recurra.labs.verdicts import Judged, Relation, Written, agree, count, reach
from recurra.nets.run import classifier_net
from recurra.report.numbers import number, percent, points, power_of_ten

ROUNDED = 0.005
"""Half a unit of the last digit of both."""
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
    return classifier_net(net, words=record["literal"]["words"], labels=2).recurrent.parameters


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

    # Claims can be tested on a record whose gradients were not measured.
    gradients = record.get("gradients", {})
    # The last place is the farthest step back: what a gate is for shows there.
    far = {text: gradients[name]["trained"][-1] for name, text in FADING.items() if name in gradients}
    return {
        "tests": partial(_tests, record),
        "weights": partial(_weights, record),
        "score": score,
        "beside": beside,
        "far": ", ".join(f"{text} {_small(value)}" for text, value in far.items()),
    }


def _small(value: float) -> str:
    digits, _, exponent = f"{value:.1e}".partition("e")
    return power_of_ten(digits, int(exponent))


def _settings(record: LabRecord) -> dict[str, Any]:
    settings = record["settings"]["literal"]
    return {f"{part}.{name}": value for part in ("text", "net", "training") for name, value in settings[part].items()}


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
    figures=FIGURES,
    terms=_terms,
    settings=_settings,
    recorded={STEPS["literal"].title: {"accuracy": "96 %", "loss": "0.09"}},
    needed=NEEDED,
    offline=OFFLINE,
)
