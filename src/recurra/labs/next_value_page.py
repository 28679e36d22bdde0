"""The page of the lab `next-value`: every line of the record beside what was measured.

Not here: measuring (next_value.py).
"""

from __future__ import annotations

from typing import Any

from recurra.labs.next_value import ASKED, LITERAL, RECORDED
from recurra.labs.next_value_figures import airline_blocks, curve_blocks, schedule_blocks, search_blocks
from recurra.labs.record import QUICK_NOTE, Head, LabPage, lab_report, mean, network_blocks
from recurra.labs.verdicts import agree
from recurra.nets.plans import forecaster
from recurra.report.blocks import Block, Compared, Comparison, Facts, Paragraph, Table, Verdict
from recurra.report.numbers import spread
from recurra.report.page import Report

CLOSE = 0.02
"""How near 8 the improved prediction must come, for each seed."""
NEAR = 0.2
"""How near the mean over seeds must come to the recorded value: about the half of what replicas spread over."""
REPLICA = (7.7, 8.2)
"""Where replicas of the literal record were seen to fall."""


def page(record: dict[str, Any], head: Head) -> Report:
    """Compose the page from the record of `measure`."""
    subtitle = "An LSTM predicts the next value of a sequence: recorded beside measured."
    if record["quick"]:
        subtitle += f" {QUICK_NOTE}"
    parts = LabPage(
        aim="Build a long short-term memory network that predicts the next value of a numeric sequence.",
        objective=(
            "Train 50 LSTM units with ReLU on windows of three values and predict what follows [5, 6, 7].",
            "See how far the same recipe carries on a real series: actual against predicted.",
        ),
        algorithm=_algorithm(),
        data=_data(record),
        pseudocode=PSEUDOCODE,
        network=_network(),
        training=_training(record),
        curves=curve_blocks(record),
        result=_result(record),
        observations=_observations(record),
        conclusion=conclusion(record),
    )
    titles = ("The next value of a sequence", subtitle)
    return lab_report(titles, parts, record, head=head, settings=record["settings"]["literal"])


PSEUDOCODE = (
    "Write the sequence down and cut it into windows of three values; the value after each window is its target.",
    "Lay out the network: 50 LSTM units with ReLU, then a dense, fully connected layer of one unit.",
    "Compile: optimiser Adam, loss mean squared error.",
    "Fit for 200 epochs with output suppressed.",
    "Predict the value after [5, 6, 7].",
    "Draw actual against predicted.",
)


def _algorithm() -> list[Block]:
    return [
        Paragraph(
            "Each window is read value by value. The cell state carries what was seen; three gates decide what enters, "
            "what stays and what is told. With ReLU in place of tanh the state can grow with the values it counts, "
            "which is why unscaled numbers work at all. The dense layer turns the last state into the next value."
        ),
        Paragraph(
            "“Literal” does what the record says and no more. “Improved” reads each window relative to its last value, "
            "starts with ten times the learning rate and lets it fall to zero, and is trained on 1 … 7 only; it is "
            "named so wherever it appears."
        ),
    ]


def _data(record: dict[str, Any]) -> list[Block]:
    return [
        Paragraph(
            "The record shows the window “[5.6, 7]”; it is read as [5, 6, 7]. It does not state the sequence, the "
            "scaling, the learning rate of this part, the batch size, or whether 8 was in training. Here they are:"
        ),
        Facts(
            (
                ("sequence (literal)", "1, 2, … 10, unscaled; 7 windows; 8 is seen in training"),
                ("sequence (improved)", "1, 2, … 7; neither [5, 6, 7] → 8 nor any value of 8 or more is in training"),
                ("windows", "three values each, the next value as target"),
                ("learning rate, batch", "0.001, the whole batch at once"),
                ("second series", "airline passengers, 144 months, in thousands; the last 24 months are the test part"),
            )
        ),
    ]


def _network() -> list[Block]:
    plan = forecaster(LITERAL.net, horizon=1)
    drawn = (
        ("recurrent", "recurrent", "50 LSTM units, ReLU", "(batch, 3, 50)"),
        ("last state", "pooling", "last", "(batch, 50)"),
        ("dense", "dense", "one unit", "(batch, 1)"),
    )
    return network_blocks(plan, drawn)


def _training(record: dict[str, Any]) -> list[Block]:
    return [
        Paragraph(
            f"200 epochs, {record['seeds']} seeds, each from its own initial weights. The improved version differs "
            "in the sequence (1 … 7 instead of 1 … 10) and in the choices below that are not alike:"
        ),
        Table(
            ("choice", "literal", "improved"),
            tuple(
                (name, str(value), str(record["settings"]["improved"][name]))
                for name, value in record["settings"]["literal"].items()
            ),
            "What was chosen.",
        ),
    ]


def _result(record: dict[str, Any]) -> list[Block]:
    literal, improved, beyond = record["literal_next_values"], record["next_values"], record["beyond_values"]
    rows = (
        Compared(
            "value after [5, 6, 7], literal",
            str(RECORDED),
            f"{mean(literal):.2f}",
            spread(literal),
            agree(literal, RECORDED, rounding=0.005, quick=record["quick"]).verdict,
            "Depends on the initial weights; one run is one draw.",
        ),
        Compared(
            "value after [5, 6, 7], improved", None, f"{mean(improved):.3f}", spread(improved, 4), None,
            "Window and target held out.",
        ),
        Compared("after [20, 21, 22], improved", None, f"{mean(beyond):.3f}", spread(beyond, 4), None, "True: 23."),
        Compared(
            "after [20, 21, 22], literal", None, f"{mean(record['literal_beyond_values']):.2f}",
            spread(record["literal_beyond_values"]), None, "True: 23; far outside what it was trained on.",
        ),
        *_loss_rows(record),
    )  # fmt: skip
    return [
        Comparison(rows, f"What the record states beside the mean of {record['seeds']} seeds today, and their spread."),
        *search_blocks(record),
        *airline_blocks(record),
    ]


def _loss_rows(record: dict[str, Any]) -> tuple[Compared, ...]:
    optimal = record["optimal"]
    losses = record["literal_losses"]
    return (
        Compared(
            "final loss, counting sequence", "5.5", f"{mean(losses):.3f}", spread(losses, 3),
            agree(losses, 5.5, rounding=0.05, quick=record["quick"]).verdict,
            "As a mean squared error 5.5 would be a typical error of 2.3: a net that errs so does not answer 8.01.",
        ),
        Compared(
            "optimal loss (airline, validation)", "5.5", f"{optimal['loss']:.3f}", "1 seed", None,
            f"Batch size {optimal['batch_size']}; recorded with 1000. Scaled units. A cross-entropy of 5.5 nats would "
            "be a perplexity of 245: the loss of a language model.",
        ),
    )  # fmt: skip


def _observations(record: dict[str, Any]) -> list[Block]:
    literal, improved = record["literal_next_values"], record["next_values"]
    airline = record["airline"]
    far = [abs(value - 23) for value in record["literal_beyond_values"]]
    return [
        _verdict(
            f"The literal recipe gives about {RECORDED} after [5, 6, 7].",
            near_recorded(literal),
            f"Mean of {len(literal)} seed(s) {mean(literal):.2f}, spread {spread(literal)}; replicas were seen between "
            f"{REPLICA[0]} and {REPLICA[1]}. One run's second decimal is the seed's, not the method's.",
        ),
        _verdict(
            f"The improved recipe predicts 8.00 ± {CLOSE} with the window held out.",
            all(abs(value - 8) <= CLOSE for value in improved),
            f"Seeds gave {spread(improved, 4)}. Relative to their last value all windows of a counting sequence are "
            "alike: the step of one is built into how a window is read, and only its size is learnt.",
        ),
        _verdict(
            "An LSTM trained on 1 … 10 counts on beyond its range.",
            max(far) <= 0.5,
            f"After [20, 21, 22] the literal network misses 23 by {min(far):.2f} to {max(far):.2f}.",
        ),
        _verdict(
            "On a real series the network beats the seasonal naive forecast.",
            airline["multi_step"]["mase"] < airline["seasonal_naive_mase"],
            f"24 months ahead: MASE {airline['multi_step']['mase']:.2f}, seasonal naive "
            f"{airline['seasonal_naive_mase']:.2f}, naive {airline['naive_mase']:.2f}; one step ahead: "
            f"{airline['one_step']['mase']:.2f}.",
        ),
        *schedule_blocks(record),
    ]


def near_recorded(values: list[float]) -> bool:
    """Tell whether the literal recipe's mean over seeds is near what the record states."""
    return abs(mean(values) - RECORDED) <= NEAR


def _verdict(claim: str, holds: bool, evidence: str) -> Verdict:
    return Verdict(claim, "reached" if holds else "does not hold", evidence)


def conclusion(record: dict[str, Any]) -> str:
    """Say what the figures say; able to disagree with the record."""
    literal = record["literal_next_values"]
    agrees = near_recorded(literal)
    improved = record["next_values"]
    exact = all(abs(value - 8) <= CLOSE for value in improved)
    airline = record["airline"]
    better = airline["multi_step"]["mase"] < airline["seasonal_naive_mase"]
    window = f"[{', '.join(f'{value:g}' for value in ASKED)}]"
    return (
        f"The recorded {RECORDED} {'agrees' if agrees else 'does not agree'} with what {len(literal)} seed(s) of the "
        f"literal recipe give after {window} (mean {mean(literal):.2f}, spread {spread(literal)}). The improved recipe "
        f"{'reaches' if exact else 'does not reach'} 8.00 ± {CLOSE} for each seed. On airline passengers the network "
        f"{'beats' if better else 'does not beat'} the seasonal naive forecast 24 months ahead. A final loss of 5.5 "
        f"{'was' if 4.5 <= mean(record['literal_losses']) <= 6.5 else 'was not'} met on the counting sequence."
    )


def summary(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few lines that the command prints."""
    airline = record["airline"]
    return [
        ("next value after [5, 6, 7], recorded", str(RECORDED)),
        ("… literal", f"{mean(record['literal_next_values']):.3f}   {spread(record['literal_next_values'], 3)}"),
        ("… improved, window held out", f"{record['next_value']:.4f}   {spread(record['next_values'], 4)}"),
        ("next value after [20, 21, 22], improved", f"{mean(record['beyond_values']):.4f}"),
        ("airline, one step: MASE", f"{airline['one_step']['mase']:.3f}"),
        ("airline, 24 steps: MASE", f"{airline['multi_step']['mase']:.3f}"),
        ("… seasonal naive", f"{airline['seasonal_naive_mase']:.3f}"),
        (
            "optimal loss on validation",
            f"{record['optimal']['loss']:.3f} (batch size {record['optimal']['batch_size']}, "
            f"learning rate {record['optimal']['learning_rate']:g})",
        ),
    ]
