"""The page of the lab `next-value`: every line of the record beside what was measured.

Not here: measuring (next_value.py), verdicts (next_value_observations.py), pictures (next_value_figures.py).
"""

from __future__ import annotations

import statistics
from typing import Any

from recurra.labs.next_value_counting import LITERAL
from recurra.labs.next_value_figures import (
    airline_blocks,
    curve_blocks,
    schedule_blocks,
    search_blocks,
    sequence_blocks,
)
from recurra.labs.next_value_observations import RECORDED, RECORDED_LOSS, START
from recurra.labs.program import program_steps
from recurra.labs.record import Head, mean
from recurra.labs.sheet import (
    QUICK_NOTE,
    LabPage,
    lab_report,
    network_blocks,
    output_block,
    program_part,
    try_it,
)
from recurra.labs.verdicts import RULE, observation_block
from recurra.nets.run import forecast_net
from recurra.report.blocks import Block, Compared, Comparison, Facts, Paragraph, Table
from recurra.report.numbers import number, spread
from recurra.report.page import Report


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
        pseudocode=tuple(step.title for step in program_steps("next-value")),
        program=program_part("next-value"),
        network=_network(),
        training=_training(record),
        curves=curve_blocks(record),
        result=_result(record),
        observations=_observations(record),
        conclusion=record["conclusion"],
    )
    titles = ("The next value of a sequence", subtitle)
    return lab_report(titles, parts, record, head=head, settings=record["settings"]["literal"])


TRY_IT = (
    "recurra forecast runs/improved --values 20,21,22",
    "recurra forecast runs/literal --values 5,6,7",
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
            "scaling, or whether 8 was in training. “Batch size 1000” is read as the whole batch at once: more than "
            "there are windows. Its words are those of Keras (LSTM, Dense, output suppressed), so weights start as "
            "Keras' do; torch's start stands beside. Here they are:"
        ),
        Facts(
            (
                ("sequence (literal)", f"1, 2, … {record['last']}, unscaled; 8 is seen in training"),
                ("sequence (improved)", "1, 2, … 7; neither [5, 6, 7] → 8 nor any value of 8 or more is in training"),
                ("windows", "three values each, the next value as target"),
                ("rate, literal", "0.001 throughout, as the sheet says of no schedule beside the answer 8.01"),
                ("rate, scheduled", "0.001, less 0.0001 every 10 epochs, as the sheet says beside the final loss"),
                ("second series", "airline passengers, 144 months, in thousands; the last 24 months are the test part"),
            )
        ),
        *sequence_blocks(record),
    ]


def _network() -> list[Block]:
    plan = forecast_net(LITERAL.net, horizon=1)
    drawn = (
        ("recurrent", "recurrent", "50 LSTM units, ReLU", "(batch, 3, 50)"),
        ("last state", "pooling", "last", "(batch, 50)"),
        ("dense", "dense", "one unit", "(batch, 1)"),
    )
    return network_blocks(plan, drawn)


def _training(record: dict[str, Any]) -> list[Block]:
    runs = len(record["literal_losses"])
    return [
        Paragraph(
            f"200 epochs; {runs} seeds of the counting sequence under each start and rate, {record['seeds']} of all "
            "else, each from its own initial weights. The improved version differs in the sequence and in the choices "
            "below that are not alike:"
        ),
        Table(
            ("choice", "literal", "improved"),
            tuple(
                (name, _chosen(value), _chosen(record["settings"]["improved"][name]))
                for name, value in record["settings"]["literal"].items()
            ),
            "What was chosen.",
        ),
    ]


def _chosen(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _result(record: dict[str, Any]) -> list[Block]:
    literal, improved, beyond = record["literal_next_values"], record["next_values"], record["beyond_values"]
    scheduled, results = record["schedule"][START]["0"], record["results"]
    rows = (
        Compared(
            "value after [5, 6, 7], constant rate", number(RECORDED, 2), _median(literal, 2), spread(literal),
            results["next_value"]["verdict"], "Literal: median of the seeds.",
        ),
        Compared(
            "final loss, recorded schedule", number(RECORDED_LOSS, 1), _median(scheduled["losses"], 2),
            spread(scheduled["losses"]), results["loss"]["verdict"], "Literal: the rate falls to zero.",
        ),
        Compared(
            "… the same runs' value after [5, 6, 7]", number(RECORDED, 2), _median(scheduled["next_values"], 2),
            spread(scheduled["next_values"]), results["scheduled_next_value"]["verdict"],
            "Two runs on one sheet: see Observations.",
        ),
        Compared(
            "… final loss at a constant rate", number(RECORDED_LOSS, 1), _median(record["literal_losses"], 3),
            spread(record["literal_losses"], 3), results["constant_loss"]["verdict"], "",
        ),
        Compared(
            "value after [5, 6, 7], improved", None, number(mean(improved), 3), spread(improved, 4), None,
            "Window and target held out.",
        ),
        Compared(
            "after [20, 21, 22], improved", None, number(mean(beyond), 3), spread(beyond, 4), None, "True: 23.",
        ),
        Compared(
            "after [20, 21, 22], literal", None, _median(record["literal_beyond_values"], 2),
            spread(record["literal_beyond_values"]), None, "True: 23; far outside what it was trained on.",
        ),
        _optimal_row(record),
    )  # fmt: skip
    caption = f"What the record states beside the median of {len(literal)} seeds today, and their spread."
    blocks: list[Block] = [Comparison(rows, caption), output_block(summary(record)), try_it(TRY_IT)]
    return [*blocks, *schedule_blocks(record), *search_blocks(record), *airline_blocks(record)]


def _median(values: list[float], decimals: int) -> str:
    return number(float(statistics.median(values)), decimals)


def _optimal_row(record: dict[str, Any]) -> Compared:
    optimal = record["optimal"]
    return Compared(
        "lowest loss of a search (airline, validation)", None, number(optimal["loss"], 3), "1 seed", None,
        f"Batch size {optimal['batch_size']}, learning rate {number(optimal['learning_rate'])}; scaled units.",
    )  # fmt: skip


def _observations(record: dict[str, Any]) -> list[Block]:
    return [Paragraph(RULE), *(observation_block(row) for row in record["observations"])]


def summary(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few lines that the command prints."""
    airline, literal = record["airline"], record["literal_next_values"]
    scheduled = record["schedule"][START]["0"]
    optimal, results = record["optimal"], record["results"]
    return [
        ("next value after [5, 6, 7], recorded", number(RECORDED, 2)),
        (
            "… literal, constant rate",
            f"{_median(literal, 3)}   {spread(literal, 3)}   {results['next_value']['verdict']}",
        ),
        ("… improved, window held out", f"{number(record['next_value'], 4)}   {spread(record['next_values'], 4)}"),
        ("final loss, recorded", number(RECORDED_LOSS, 1)),
        (
            "… literal, recorded schedule",
            f"{_median(scheduled['losses'], 2)}   {spread(scheduled['losses'])}   {results['loss']['verdict']}",
        ),
        ("next value after [20, 21, 22], improved", number(mean(record["beyond_values"]), 4)),
        ("airline, one step: MASE", number(airline["one_step"]["mase"], 3)),
        ("airline, 24 steps: MASE", number(airline["multi_step"]["mase"], 3)),
        ("… seasonal naive", number(airline["seasonal_naive_mase"], 3)),
        (
            "lowest loss on validation",
            f"{number(optimal['loss'], 3)} (batch size {optimal['batch_size']}, "
            f"learning rate {number(optimal['learning_rate'])})",
        ),
    ]
