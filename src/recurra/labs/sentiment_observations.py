"""What the lab `sentiment` concludes: the record's observations and our own questions, by the one rule of verdicts.

Not here: the rule (verdicts.py), training, and the page. No text is written for one outcome alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recurra.labs.record import mean
from recurra.labs.sentiment_nets import Figures
from recurra.labs.sentiment_recipe import STEPS
from recurra.labs.verdicts import Judged, Relation, Written, agree, count, observation, reach
from recurra.nets.run import classifier_net
from recurra.report.numbers import number, percent, points

RECORDED_ACCURACY, RECORDED_LOSS = 0.96, 0.09
ROUNDED_ACCURACY = 0.955
"""The least accuracy that the record's two digits still stand for."""
DECENT = 0.85
"""What "decent" is read as, on unseen reviews."""

Nets = Mapping[str, Sequence[Figures]]
"""The figures of each variant, one for each seed."""
Record = dict[str, Any]


def tests(nets: Nets, name: str, key: str = "test_accuracy") -> list[float]:
    """Return one figure of a variant for each seed."""
    return [figures[key] for figures in nets[name]]


def observations(nets: Nets, record: Record) -> list[Record]:
    """Return the observations whose nets were trained; `record` holds seeds, quick, rival and majority."""
    rows = [_order(nets, record), _simpler(nets), _decent(nets, record)]
    if "literal-random" in nets:
        rows.append(_vectors(nets, record))
    return rows


def questions(nets: Nets, record: Record) -> list[Record]:
    """Return our own questions: over-training, regularisation, gates, and the rival."""
    rows = [_unseen(nets, record), _regularised(nets, record), _gates(nets, record), _order_in_gates(nets, record)]
    if "recipe" in nets:
        rows.append(_rival(nets, record))
    return rows


def judged_results(nets: Nets, record: Record) -> dict[str, Judged]:
    """Hold the record's two figures, as far as they were rounded, against the last epoch of each seed.

    A figure inside the seeds' spread agrees; one that each seed betters is reached.
    """
    figures: dict[str, tuple[float, float, Relation, Written]] = {
        "train_accuracy": (RECORDED_ACCURACY, 0.005, "≥", percent),
        "train_loss": (RECORDED_LOSS, 0.005, "≤", _loss),
    }
    results = {}
    for name, (recorded, rounding, relation, write) in figures.items():
        values, quick = tests(nets, "literal", name), record["too_little"]
        agreed = agree(values, recorded, rounding=rounding, quick=quick, write=write)
        bound = recorded - rounding if relation == "≥" else recorded + rounding
        reached = reach(values, relation, bound, quick=quick, write=write)
        results[name] = agreed if agreed.verdict == "agrees" else reached
    return results


def _loss(value: float) -> str:
    return number(float(value), 3)


def _against(nets: Nets, first: str, second: str, record: Record) -> Judged:
    return reach(tests(nets, first), ">", tests(nets, second), quick=record["too_little"], write=percent)


def _beside(nets: Nets, first: str, second: str) -> str:
    """Write the means of two variants and their difference."""
    left, right = mean(tests(nets, first)), mean(tests(nets, second))
    return f"{percent(left)} against {percent(right)} on test ({points(left - right)})"


def _order(nets: Nets, record: Record) -> Record:
    return observation(
        "The RNN learns temporal relationships in text.",
        _against(nets, "literal", "literal-shuffled", record),
        {
            "reached": "Each seed that reads reviews in order beats each seed that reads them shuffled: order is used.",
            "undecided": "The spreads overlap, so that the net may know no more than which words occur.",
            "does not hold": "Reading in order does not beat reading shuffled words: what this net knows, it knows "
            "from the words that occur.",
        },
        f"The literal net on reviews in order and with the words of each shuffled: "
        f"{_beside(nets, 'literal', 'literal-shuffled')}. Of the regularised net, which pools all states: "
        f"{_beside(nets, 'regularised', 'regularised-shuffled')}.",
    )


def _simpler(nets: Nets) -> Record:
    words = nets["literal"][0]["words"]
    sizes = {cell: _recurrent_weights(cell, words) for cell in ("rnn", "gru")}
    return observation(
        "The simple RNN is simpler than a GRU.",
        count(sizes["rnn"], "<", sizes["gru"]),
        {
            "reached": "Simpler is read as fewer weights in the recurrent part, for the same width.",
            "undecided": "",
            "does not hold": "The GRU of the same width has no more weights in its recurrent part.",
        },
        f"{number(sizes['rnn'])} weights against {number(sizes['gru'])}: a GRU computes three such sums a step.",
    )


def _recurrent_weights(cell: str, words: int) -> int:
    """Count the weights of the literal net's recurrent part, were it made of `cell`."""
    net = STEPS["literal"].settings.changed({"cell": cell, "activation": "tanh"}).net
    return classifier_net(net, words=words, labels=2).recurrent.parameters


def _decent(nets: Nets, record: Record) -> Record:
    rival = record["rival"]
    return observation(
        "Accuracy is decent for a basic model, without advanced tuning or regularisation.",
        reach(tests(nets, "literal"), "≥", DECENT, quick=record["too_little"], write=percent),
        {
            "reached": "Decent is read as 85 % or more on unseen reviews.",
            "undecided": "Decent is read as 85 % or more on unseen reviews; not every seed gets there.",
            "does not hold": "Decent is read as 85 % or more on unseen reviews. The net is far better than guessing, "
            "and it does not get there.",
        },
        f"On test the epoch that validation keeps reaches {percent(mean(tests(nets, 'literal')))}, the last epoch "
        f"{percent(mean(tests(nets, 'literal', 'last_test_accuracy')))}; always the same answer is right in "
        f"{percent(record['majority'])}, {rival['name']} in {percent(rival['accuracy'])}.",
    )


def _vectors(nets: Nets, record: Record) -> Record:
    return observation(
        "Pre-trained embeddings, as a learned embedding layer, let the model capture the meaning of words.",
        _against(nets, "literal", "literal-random", record),
        {
            "reached": "Each seed that starts from GloVe beats each seed that starts from random vectors.",
            "undecided": "The spreads overlap: on this much text the net may learn its words as well by itself.",
            "does not hold": "No seed gains from GloVe: on this much text the net learns its words as well by itself.",
        },
        f"GloVe learned further, and random vectors: {_beside(nets, 'literal', 'literal-random')}. GloVe kept as it "
        f"is: {percent(mean(tests(nets, 'literal-frozen')))}.",
    )


def _unseen(nets: Nets, record: Record) -> Record:
    last = tests(nets, "literal", "last_test_accuracy")
    return observation(
        "What is learnt to 96 % is as good on unseen reviews.",
        reach(last, "≥", ROUNDED_ACCURACY, quick=record["too_little"], write=percent),
        {
            "reached": "Training and test agree.",
            "undecided": "Not for every seed.",
            "does not hold": "The recorded 96 % is the accuracy on reviews that the net has learnt by heart: "
            "over-training, which the validation loss shows from the kept epoch on.",
        },
        f"After the last epoch: training {percent(mean(tests(nets, 'literal', 'train_accuracy')))}, validation "
        f"{percent(mean(tests(nets, 'literal', 'last_val_accuracy')))}, test {percent(mean(last))}.",
    )


def _regularised(nets: Nets, record: Record) -> Record:
    return observation(
        "Regularisation helps the simple RNN.",
        _against(nets, "regularised", "pooled", record),
        {
            "reached": "Each regularised seed beats each seed without.",
            "undecided": "The spreads overlap.",
            "does not hold": "No regularised seed beats a seed without.",
        },
        f"With dropout, weight decay and averaging, and without: {_beside(nets, 'regularised', 'pooled')}.",
    )


def _gates(nets: Nets, record: Record) -> Record:
    return observation(
        "Gates help.",
        _against(nets, "gru", "regularised", record),
        {
            "reached": "Each seed of the GRU beats each seed of the simple RNN of the same choices.",
            "undecided": "The spreads of GRU and simple RNN overlap.",
            "does not hold": "No seed of the GRU beats a seed of the simple RNN.",
        },
        f"GRU and simple RNN, all else the same: {_beside(nets, 'gru', 'regularised')}. LSTM: "
        f"{percent(mean(tests(nets, 'lstm')))}.",
    )


def _order_in_gates(nets: Nets, record: Record) -> Record:
    return observation(
        "A GRU uses the order of words.",
        _against(nets, "gru", "gru-shuffled", record),
        {
            "reached": "Each seed that reads reviews in order beats each seed that reads them shuffled.",
            "undecided": "The spreads overlap: most of what decides a review lies in which words occur.",
            "does not hold": "Reading in order does not beat reading shuffled words.",
        },
        f"In order and shuffled: {_beside(nets, 'gru', 'gru-shuffled')}.",
    )


def _rival(nets: Nets, record: Record) -> Record:
    rival = record["rival"]
    alone, wide = tests(nets, "recipe"), tests(nets, "recipe", "wide_test_accuracy")
    difference = mean(alone) - rival["accuracy"]
    return observation(
        f"The product's recipe beats {rival['name']}.",
        reach(alone, ">", rival["accuracy"], quick=record["too_little"], write=percent),
        {
            "reached": "Each seed beats it.",
            "undecided": "Not every seed beats it; counting word groups is still a rival worth keeping.",
            "does not hold": "The network lost; try more reviews, or `wide`, which joins the two.",
        },
        f"{percent(mean(alone))} against {percent(rival['accuracy'])} ({points(difference)}); both together (wide) "
        f"{percent(mean(wide))}.",
    )


def conclusion(record: Record) -> str:
    """Say what the figures say; able to disagree with the record."""
    literal, best = record["literal"], record["ladder"][-1]
    verdicts = {name: judged["verdict"] for name, judged in record["results"].items()}
    told = ", ".join(
        f"{recorded} {what} {verdicts[key]} ({shown})"
        for recorded, what, key, shown in (
            ("96 %", "training accuracy", "train_accuracy", percent(literal["train_accuracy"]["mean"])),
            ("0.09", "training loss", "train_loss", _loss(literal["train_loss"]["mean"])),
        )
    )
    first = record["observations"][0]
    return (
        f"The record's own net, {literal['epochs']} epochs: {told}. On unseen reviews the epoch that validation keeps "
        f"reaches {percent(literal['test_accuracy']['mean'])}, the last one "
        f"{percent(literal['last_test_accuracy']['mean'])}. {first['claim']} — {first['verdict']}. The ladder ends at "
        f"{percent(best['test_accuracy']['mean'])} ({best['title']}), beside {percent(record['rival']['accuracy'])} of "
        f"{record['rival']['name']}."
    )
