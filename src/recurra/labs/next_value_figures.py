"""The pictures and tables of the lab `next-value`.

Not here: words and verdicts (next_value_page.py).
"""

from __future__ import annotations

from statistics import median
from typing import Any

from recurra.labs.next_value_observations import NEAR, RECORDED, RECORDED_LOSS, nearest
from recurra.report.blocks import Block, Figure, Paragraph, Table
from recurra.report.charts import Line, actual_against_predicted, lines
from recurra.report.lab_charts import dots_and_ranges, marked_points
from recurra.report.numbers import number, spread


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
    fit, seed = record["literal_fit"], record["literal_seed"]
    asked = fit["actual"].index(8.0)
    told = f"[5, 6, 7] → {number(fit['predicted'][asked], 2)}"
    points = marked_points(fit["actual"], fit["predicted"], place=asked, text=told)
    return [
        Figure(loss, f"Training loss of the literal network at a constant rate (seed {seed})."),
        Figure(
            points,
            f"Actual against predicted on the counting sequence: the literal network, seed {seed}: its answer is in "
            "the middle of all seeds. On the line the two are the same; ringed is what the record asks.",
        ),
    ]


def sequence_blocks(record: dict[str, Any]) -> list[Block]:
    """What each length of the counting sequence gives: which of them makes both recorded figures usual."""
    rows = tuple(
        (f"1 … {row['last']}", row["next_value"]["median"], _range(row["next_value"]), row["loss"]["median"],
         _range(row["loss"]))
        for row in record["sequences"]
    )  # fmt: skip
    if not rows:
        return []
    header = ("sequence", "answer, constant rate", "its spread", "final loss, schedule", "its spread")
    return [
        Paragraph(
            f"Which sequence? Recorded are an answer of {RECORDED} and a final loss of {RECORDED_LOSS}. The longer the "
            f"sequence, the larger the loss that the schedule leaves. With 1 … {record['last']} both recorded figures "
            "are usual."
        ),
        Table(header, rows, f"Medians over {len(record['literal_losses'])} seeds, Keras' start, floor 0."),
    ]


def _range(told: dict[str, float]) -> str:
    return spread([told["least"], told["most"]])


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


STARTS = {"keras": "Keras' start", "torch": "torch's start"}


def schedule_blocks(record: dict[str, Any]) -> list[Block]:
    """The record's schedule under both floors, and where it ends from each start."""
    kinds = [
        (f"{STARTS[init]}, floor {floor}", told)
        for init, floors in record["schedule"].items()
        for floor, told in floors.items()
    ]
    ends = dots_and_ranges(
        [name for name, _ in kinds],
        [told["losses"] for _, told in kinds],
        x_label="final loss, mean squared error",
        line=(RECORDED_LOSS, f"recorded: {RECORDED_LOSS}"),
        middle="median",
    )
    rows = tuple(
        (name, told["median"], told["least"], told["most"], median(told["next_values"])) for name, told in kinds
    )
    header = ("start and floor", "median", "least", "most", "answer to [5, 6, 7], median")
    near, runs = nearest(record)
    return [
        *_courses(record),
        Figure(ends, "Final loss under the recorded schedule, a dot for each seed; medians in figures."),
        Table(header, rows, f"Final losses; {near} of these {runs} runs answer within {NEAR} of {RECORDED}."),
    ]


def _courses(record: dict[str, Any]) -> list[Block]:
    """Rates and the first seed's losses over epochs."""
    told = record["schedules"]
    epochs, literal, sensible = told["epochs"], told["literal"], told["sensible"]
    floors = (("floor 0, by the letter", literal), (f"floor {number(sensible['floor'])}", sensible))
    rates = lines(
        Line("without a floor", epochs, told["without_floor"]),
        *(Line(name, epochs, one["rates"]) for name, one in floors),
        x_label="epoch",
        y_label="learning rate",
    )
    losses = lines(
        *(Line(name, epochs, one["losses"]) for name, one in floors),
        x_label="epoch",
        y_label="mean squared error",
        log=True,
    )
    return [
        Figure(rates, "The schedule as the record's rule gives it, and under two floors (`StepDrop(min_lr=…)`)."),
        Figure(losses, "Training loss on the counting sequence under both floors: Keras' start, a seed in the middle."),
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
        Table(("batch size", *(f"learning rate {number(rate)}" for rate in rates)), rows, "Validation loss, one seed."),
    ]
