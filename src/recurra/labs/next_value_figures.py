"""The pictures and tables of the lab `next-value`.

Not here: words and verdicts (next_value_page.py).
"""

from __future__ import annotations

from typing import Any

from recurra.report.blocks import Block, Figure, Paragraph, SideBySide, Table, Verdict
from recurra.report.charts import (
    Line,
    actual_against_predicted,
    actual_against_predicted_points,
    lines,
)


def curve_blocks(record: dict[str, Any]) -> list[Block]:
    """Loss over epochs and actual against predicted, of the literal network."""
    history = record["literal_history"]
    epochs = [one["epoch"] for one in history]
    loss = lines(
        Line("training loss", epochs, [one["loss"] for one in history]),
        x_label="epoch",
        y_label="mean squared error",
        log=True,
    )
    fit = record["literal_fit"]
    points = actual_against_predicted_points(fit["actual"], fit["predicted"])
    return [
        Figure(loss, "Training loss of the literal network (first seed)."),
        SideBySide((Figure(points, "Actual against predicted on the counting sequence, literal, first seed."),)),
    ]


def airline_blocks(record: dict[str, Any]) -> list[Block]:
    """Actual against predicted, one step and many steps ahead, and the scores beside the naive rivals."""
    airline = record["airline"]
    held, values, months = airline["held"], airline["values"], airline["months"]
    shown = slice(-5 * 12, None)
    blocks: list[Block] = [
        Paragraph(
            "Airline passengers. One step ahead, each month is forecast from the true months before it; many steps "
            "ahead, all 24 months from the end of training. The two are different questions: the second is a forecast."
        )
    ]
    for kind, caption in (("one_step", "one step ahead"), ("multi_step", "24 steps ahead, reading its own answers")):
        predicted = [None] * (len(values) - held) + airline[kind]["forecast"]
        svg = actual_against_predicted(
            months[shown],
            values[shown],
            predicted=predicted[shown],
            test_from=5 * 12 - held,
            x_label="month",
            y_label="passengers, thousands",
        )
        blocks.append(Figure(svg, f"Airline passengers, {caption}. On the shade: the test part."))
    rows = tuple(_scores(airline[kind], caption) for kind, caption in (("one_step", "one"), ("multi_step", "24")))
    header = ("steps ahead", "LSTM MAE", "LSTM MASE", "naive MASE", "seasonal naive MASE")
    return [
        *blocks,
        Table(header, rows, "Errors on the last 24 months; MAE in thousands, mean of seeds."),
    ]


def _scores(part: dict[str, Any], caption: str) -> tuple[str | float, ...]:
    return (caption, part["mae"], part["mase"], part["naive_mase"], part["seasonal_naive_mase"])


def schedule_blocks(record: dict[str, Any]) -> list[Block]:
    """The record's learning-rate schedule under both floors."""
    told = record["schedules"]
    epochs, literal, sensible = told["epochs"], told["literal"], told["sensible"]
    rates = lines(
        Line("without a floor", epochs, told["without_floor"]),
        Line("floor 0 (literal)", epochs, literal["rates"]),
        Line(f"floor {sensible['floor']:g} (sensible)", epochs, sensible["rates"]),
        x_label="epoch",
        y_label="learning rate",
    )
    losses = lines(
        Line("floor 0 (literal)", epochs, literal["losses"]),
        Line(f"floor {sensible['floor']:g} (sensible)", epochs, sensible["losses"]),
        x_label="epoch",
        y_label="mean squared error",
        log=True,
    )
    gained = sensible["losses"][-1] < literal["losses"][-1]
    return [
        Verdict(
            "A learning rate of 0.001 that drops by 0.0001 every 10 epochs needs a floor above zero.",
            "reached" if gained else "does not hold",
            f"It is zero from epoch 101 on and would be {min(told['without_floor']):.4f} in the last epochs. "
            f"Floored at 0 the network stops learning at a loss of {literal['losses'][-1]:.3f}; "
            f"floored at {sensible['floor']:g} it ends at {sensible['losses'][-1]:.3f}, "
            f"{'lower' if gained else 'no lower'}.",
        ),
        Figure(rates, "The schedule as the record's rule gives it, and under two floors (`StepDrop(min_lr=…)`)."),
        Figure(losses, "Training loss on the counting sequence under both floors."),
    ]


def search_blocks(record: dict[str, Any]) -> list[Block]:
    """The search over batch size and learning rate."""
    optimal = record["optimal"]
    rates = sorted({point["learning_rate"] for point in optimal["grid"]})
    sizes = sorted({point["batch_size"] for point in optimal["grid"]})
    found = {(point["batch_size"], point["learning_rate"]): point["loss"] for point in optimal["grid"]}
    rows = tuple((str(size), *(found[size, rate] for rate in rates)) for size in sizes)
    return [
        Paragraph(
            f"The optimal loss: lowest mean squared error on validation (airline, scaled units) within "
            f"{optimal['epochs']} epochs. A batch of 1000 holds all windows of this series at once."
        ),
        Table(("batch size", *(f"learning rate {rate:g}" for rate in rates)), rows, "Validation loss, one seed."),
    ]
