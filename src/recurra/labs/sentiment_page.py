"""The page of the lab `sentiment`: every line of the record beside what was measured.

Not here: measuring (sentiment.py), the pictures (sentiment_figures.py).
"""

from __future__ import annotations

from typing import Any

from recurra.config import NetConfig
from recurra.labs.record import QUICK_NOTE, Head, LabPage, lab_report, network_blocks
from recurra.labs.sentiment_figures import (
    cell_table,
    curve_blocks,
    gradient_blocks,
    neighbour_table,
    variant_table,
)
from recurra.labs.verdicts import reach
from recurra.nets.plans import classifier
from recurra.report.blocks import Block, Code, Compared, Comparison, Facts, Paragraph, Verdict
from recurra.report.equations import recorded_rnn_equation
from recurra.report.numbers import number, percent, spread, spread_of_shares
from recurra.report.page import Report

RECORDED_ACCURACY, RECORDED_LOSS = 0.96, 0.09

PSEUDOCODE = (
    "Import the libraries.",
    "Load the sequences: the IMDB data set.",
    "Split the data: training, validation (other films), test (the official half, read once).",
    "Pad and truncate the sequences (shown under Data; the lengths travel along, so pads are never swept).",
    "Build a simple RNN model on pre-trained word vectors; GRU and LSTM beside it.",
    "Train; draw accuracy against training loss.",
    "Keep the epoch that validation chooses; measure it on the test part.",
)


def page(record: dict[str, Any], head: Head) -> Report:
    """Compose the page from the record of `measure`."""
    subtitle = "A simple RNN on IMDB with pre-trained word embeddings: recorded beside measured."
    if record["quick"]:
        subtitle += f" {QUICK_NOTE}"
    parts = LabPage(
        aim="Implement an RNN model with the IMDB data set.",
        objective=OBJECTIVES,
        algorithm=_algorithm(),
        data=_data(record),
        pseudocode=PSEUDOCODE,
        network=_network(record),
        training=_training(record),
        curves=curve_blocks(record),
        result=_result(record),
        observations=_observations(record),
        conclusion=conclusion(record),
    )
    return lab_report(
        ("Sentiment of film reviews", subtitle), parts, record, head=head, settings=_flat(record["settings"]["rnn"])
    )


OBJECTIVES = (
    "Understand how a recurrent network works in natural language processing.",
    "Classify the sentiment of IMDB reviews in two classes.",
    "Use pre-trained word embeddings to improve the model.",
)


def _algorithm() -> list[Block]:
    return [
        Paragraph(
            "A review is read word by word. Each word's vector e(t) and the state h(t−1) of what was read before make "
            "the new state h(t); the states of all steps are pooled into one vector, from which a dense layer tells "
            "the label. Back-propagation through time adjusts all weights, the word vectors among them."
        ),
        recorded_rnn_equation(
            "As the record writes it. The index k is the layer, or a slip of the pen; with one layer it is dropped."
        ),
    ]


def _data(record: dict[str, Any]) -> list[Block]:
    shown = record["padding"]
    lines = "\n".join(
        f"{text}\n  → {row}\n  → {ids}   (length {length})"
        for text, row, ids, length in zip(shown["texts"], shown["rows"], shown["ids"], shown["lengths"], strict=True)
    )
    return [
        Paragraph(
            "IMDB (Maas et al. 2011): film reviews, half of them negative. Validation holds out whole films of the "
            "training half, so that no film is on both sides; reviews whose text occurs in the test half are dropped."
        ),
        Facts(tuple((name, number(count)) for name, count in record["data"].items())),
        Code(lines, "Padding in front and truncation to twelve tokens, on two made-up texts.", wrap=True),
    ]


def _network(record: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    for cell in ("rnn", "lstm"):
        net = NetConfig.model_validate_json(_json(record["settings"][cell]["net"]))
        plan = classifier(net, words=record["cells"][cell]["words"], labels=2)
        directions = "both directions, " if net.bidirectional else ""
        drawn = (
            ("embedding", "embedding", "GloVe, learned further", f"(tokens, {plan.embedding.size})"),
            ("recurrent", "recurrent", f"{directions}{net.hidden} units", f"(tokens, {plan.recurrent.outputs})"),
            ("pooling", "pooling", " + ".join(net.pool), f"(reviews, {plan.pooling.outputs})"),
            ("dense", "dense", "two classes", "(reviews, 2)"),
        )
        blocks += [Paragraph(f"The {NAMES[cell]}:"), *network_blocks(plan, drawn, source="e")]
    return blocks


NAMES = {"rnn": "simple RNN", "lstm": "LSTM", "gru": "GRU"}


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def _training(record: dict[str, Any]) -> list[Block]:
    cells = record["cells"]
    return [
        Paragraph(
            f"{record['seeds']} seed(s) for each cell. Validation chooses the epoch that is kept; training goes on to "
            "the end of the curve, because the record's training accuracy and loss are those of its end."
        ),
        cell_table(cells),
    ]


def _result(record: dict[str, Any]) -> list[Block]:
    simple, best = record["cells"]["rnn"], record["cells"][record["best"]]
    rows = [
        Compared(
            "training accuracy, simple RNN", "96 %", percent(simple["train_accuracy"]),
            spread_of_shares(simple["train_accuracy_by_seed"]),
            reach(simple["train_accuracy_by_seed"], "≥", RECORDED_ACCURACY, quick=record["quick"]).verdict,
            "Mean over the last epoch, dropout on.",
        ),
        Compared(
            "training loss, simple RNN", "0.09", f"{simple['train_loss']:.3f}",
            spread(simple["train_loss_by_seed"], 3),
            reach(simple["train_loss_by_seed"], "≤", RECORDED_LOSS, quick=record["quick"]).verdict,
            "Mean over the last epoch, dropout on.",
        ),
        Compared(
            "test accuracy, simple RNN kept by validation", None, percent(simple["test_accuracy"]),
            spread_of_shares(simple["test_accuracy_by_seed"]), None, "The record states no test accuracy.",
        ),
        Compared(
            f"test accuracy, {NAMES[record['best']]} (better of GRU and LSTM on validation)", None,
            percent(best["test_accuracy"]), spread_of_shares(best["test_accuracy_by_seed"]), None, "",
        ),
        Compared(
            f"… with {record['rival']['name']} log-odds beside it (wide)", None, percent(best["wide_test_accuracy"]),
            spread_of_shares(best["wide_test_accuracy_by_seed"]), None, "Weight chosen on validation.",
        ),
        Compared(f"rival: {record['rival']['name']}", None, percent(record["rival"]["accuracy"]), "1 fit", None, ""),
        Compared("majority", None, percent(record["majority"]), "", None, ""),
    ]  # fmt: skip
    against = record["against_rival"]
    note = (
        f"{NAMES[record['best']]} against {record['rival']['name']} on the same reviews (paired bootstrap, seed 0): "
        f"difference {100 * against['difference']:+.2f} points, 95 % interval {100 * against['low']:+.2f} … "
        f"{100 * against['high']:+.2f}, p = {against['p']:.3f}."
    )
    return [Comparison(tuple(rows), "What the record states beside what was measured today."), Paragraph(note)]


def _observations(record: dict[str, Any]) -> list[Block]:
    told = record["observations"]
    base = told["base"]["test_accuracy"]
    lost = told["shuffled"]["base_minus_this"]
    plain = told["plain"]["base_minus_this"]
    chance = told["random"]["base_minus_this"]
    frozen = told["frozen"]["base_minus_this"]
    return [
        Paragraph(
            "Each line of the record is an experiment that could refute it, in one choice that differs from the base."
        ),
        variant_table(told),
        _verdict(
            "The RNN learns temporal relationships in text.",
            lost,
            f"With the words of every review shuffled the same network reaches "
            f"{percent(told['shuffled']['test_accuracy'])} instead of {percent(base)}: {_points(lost)}.",
        ),
        _simpler(told["simpler_than_gru"]),
        Verdict(
            "Accuracy is decent without advanced tuning or regularisation.",
            "reached" if told["plain"]["test_accuracy"] >= 0.85 else "does not hold",
            f"Without any regularisation {percent(told['plain']['test_accuracy'])}, with it {percent(base)}: "
            f"{_points(plain)}. Decent is read as 85 % or more.",
        ),
        _verdict(
            "Pre-trained embeddings capture the meaning of words.",
            chance,
            f"From random vectors {percent(told['random']['test_accuracy'])} instead of {percent(base)}: "
            f"{_points(chance)}. Frozen GloVe {percent(told['frozen']['test_accuracy'])}: {_points(frozen)}.",
        ),
        neighbour_table(record["neighbours"]),
        *gradient_blocks(record["gradients"]),
    ]


def _simpler(pair: dict[str, Any]) -> Verdict:
    """The simple RNN beside a GRU of the same width, same recipe, same reviews."""
    return Verdict(
        "The simple RNN is simpler than a GRU: fewer weights and less time for the same width.",
        "reached"
        if all(pair["rnn"][name] < pair["gru"][name] for name in ("parameters", "seconds"))
        else "does not hold",
        f"Parameters {number(pair['rnn']['parameters'])} against {number(pair['gru']['parameters'])}, training "
        f"{pair['rnn']['seconds']:.0f} s against {pair['gru']['seconds']:.0f} s, test accuracy "
        f"{percent(pair['rnn']['test_accuracy'])} against {percent(pair['gru']['test_accuracy'])}.",
    )


def _verdict(claim: str, difference: dict[str, float], evidence: str) -> Verdict:
    """A claim holds when the base is better and the interval leaves zero out; across zero it is undecided."""
    if difference["low"] > 0:
        return Verdict(claim, "reached", evidence)
    return Verdict(claim, "does not hold" if difference["high"] < 0 else "undecided", evidence)


def conclusion(record: dict[str, Any]) -> str:
    """Say what the figures say; able to disagree with the record."""
    simple, best, rival = record["cells"]["rnn"], record["cells"][record["best"]], record["rival"]
    reached = simple["train_accuracy"] >= RECORDED_ACCURACY and simple["train_loss"] <= RECORDED_LOSS
    lost = record["observations"]["shuffled"]["base_minus_this"]
    order = "it uses word order" if lost["low"] > 0 else "that it uses word order is not shown"
    return (
        f"The recorded 96 % training accuracy and 0.09 training loss are {'reached' if reached else 'not reached'} "
        f"({percent(simple['train_accuracy'])}, {simple['train_loss']:.3f}); on unseen reviews the same network "
        f"reaches {percent(simple['test_accuracy'])}; in the smaller experiments {order}. "
        f"The {NAMES[record['best']]} reaches "
        f"{percent(best['test_accuracy'])}, {'more' if best['test_accuracy'] > rival['accuracy'] else 'not more'} "
        f"than {rival['name']} ({percent(rival['accuracy'])}); both together {percent(best['wide_test_accuracy'])}."
    )


def summary(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few lines that the command prints."""
    lines = []
    for cell, told in record["cells"].items():
        figures = f"train {percent(told['train_accuracy'])} loss {told['train_loss']:.3f}"
        lines.append((NAMES[cell], f"{figures}  test {percent(told['test_accuracy'])}  {told['seconds']:.0f} s"))
    best = record["cells"][record["best"]]
    lines.append((f"{NAMES[record['best']]} + n-gram log-odds (wide)", f"test {percent(best['wide_test_accuracy'])}"))
    lines.append((record["rival"]["name"], f"test {percent(record['rival']['accuracy'])}"))
    return lines


def _points(difference: dict[str, float]) -> str:
    low, high = 100 * difference["low"], 100 * difference["high"]
    return f"{100 * difference['difference']:+.2f} points for the base ({low:+.2f} … {high:+.2f})"


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    return {f"{part}.{name}": value for part in ("text", "net", "training") for name, value in settings[part].items()}
