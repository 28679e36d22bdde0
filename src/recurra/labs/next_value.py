"""The lab `next-value`: an LSTM of 50 ReLU units predicts the next value of a sequence. Its claims and its drawings.

Not here: which nets there are (next_value_recipe.py), training and measuring them (next_value_nets.py), and the words
of the page (sheets/next-value.txt).
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Any

from recurra.labs.lab import Lab, LabRecord
from recurra.labs.next_value_nets import next_value_record, read_airline, train_forecaster
from recurra.labs.next_value_recipe import FLOORS, INITS, LITERAL, next_value_variants
from recurra.labs.page import network_blocks
from recurra.labs.sheet import fixed, sheet_named
from recurra.labs.verdicts import Judged, agree, reach
from recurra.nets.layouts import forecast_net
from recurra.report.blocks import Block
from recurra.report.charts.curves import Line, actual_against_predicted, lines
from recurra.report.charts.labs import dots_and_ranges, marked_points
from recurra.report.numbers import number

RECORDED, RECORDED_LOSS = 8.01, 5.5
CLOSE = 0.02
"""How near 8 the improved prediction must come, for each seed."""
NEAR = 0.05
"""How near 8.01 an answer must come to be taken for the recorded one."""
FAR = 0.5
"""What an answer far outside the training range may miss by, and still count on."""
START = INITS[0]
YEARS = slice(-5 * 12, None)
"""Of the airline series the last five years are drawn."""


_two, _three = partial(fixed, decimals=2), partial(fixed, decimals=3)


def _scheduled(record: LabRecord) -> LabRecord:
    """The runs of the record's own schedule, by its letter: Keras' start, no floor but zero."""
    runs: LabRecord = record["schedule"][START]["0"]
    return runs


def _scheduled_answers(record: LabRecord) -> list[float]:
    """What all scheduled runs answer to [5, 6, 7], from both starts and under both floors."""
    # All four groups together: one run is looked for that gives both figures, whatever its start and floor.
    groups = [group for floors in record["schedule"].values() for group in floors.values()]
    return [value for group in groups for value in group["next_values"]]


def _gains(record: LabRecord) -> list[float]:
    """What the floor takes off the final loss, seed by seed."""
    # Seed by seed: both start from the same weights, so that the difference is the floor's alone.
    without, with_floor = (record["schedule"][START][name]["losses"] for name in FLOORS)
    return [first - second for first, second in zip(without, with_floor, strict=True)]


def _off(values: list[float], aim: float) -> list[float]:
    return [abs(value - aim) for value in values]


def _answer(record: LabRecord) -> Judged:
    return agree(record["literal_next_values"], RECORDED, rounding=0.005, quick=record["quick"], write=_two)


def _loss(record: LabRecord) -> Judged:
    return agree(_scheduled(record)["losses"], RECORDED_LOSS, rounding=0.05, quick=record["quick"], write=_two)


CLAIMS = {
    "answer": _answer,
    "loss": _loss,
    "one_run": lambda record: reach(
        _off(_scheduled_answers(record), RECORDED), "≤", NEAR, quick=record["quick"], write=_two
    ),
    "floor": lambda record: reach(_gains(record), ">", 0.0, quick=record["quick"], write=_two),
    "improved": lambda record: reach(_off(record["next_values"], 8), "≤", CLOSE, quick=record["quick"]),
    "beyond": lambda record: reach(_off(record["literal_beyond_values"], 23), "≤", FAR, quick=record["quick"]),
    "airline": lambda record: reach(
        record["airline"]["multi_step"]["mases"], "<", record["airline"]["seasonal_naive_mase"],
        quick=record["quick"], write=_two,
    ),
    "forecaster": lambda record: reach(
        record["airline"]["forecaster"]["mases"], "<", min(record["airline"]["multi_step"]["mases"]),
        quick=record["quick"], write=_two,
    ),
}  # fmt: skip
RESULTS = {
    "next_value": _answer,
    "loss": _loss,
    "constant_loss": lambda record: agree(
        record["literal_losses"], RECORDED_LOSS, rounding=0.05, quick=record["quick"], write=_three
    ),
    "scheduled_next_value": lambda record: agree(
        _scheduled(record)["next_values"], RECORDED, rounding=0.005, quick=record["quick"], write=_two
    ),
}


def _terms(record: LabRecord) -> dict[str, Any]:
    # What several sentences of the sheet use; figures that stand in the record are read from there.
    answers = _scheduled_answers(record)
    # The answers that would be taken for the recorded one.
    near = sum(off <= NEAR for off in _off(answers, RECORDED))
    return {
        "scheduled": _scheduled(record),
        "gains": _gains(record),
        "near": near,
        "runs": len(answers),
        "groups": _scheduled_groups(record),
        "median": median,
        "choice": _chosen,
    }


def _network(record: LabRecord) -> list[Block]:
    layers = (
        ("recurrent", "recurrent", "50 LSTM units, ReLU", "(batch, 3, 50)"),
        ("last state", "pooling", "last", "(batch, 50)"),
        ("dense", "dense", "one unit", "(batch, 1)"),
    )
    return network_blocks(forecast_net(LITERAL.net, horizon=1), layers)


def _chosen(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _loss_curve(record: LabRecord) -> str:
    history = record["literal_history"]
    curve = Line("training loss", [row["epoch"] for row in history], [row["loss"] for row in history])
    # Logarithmic: the loss falls from about 80 to 0.2, and most of what is learnt lies below 5.
    return lines(curve, x_label="epoch", y_label="mean squared error", log=True)


def _points(record: LabRecord) -> str:
    fit = record["literal_fit"]
    # The point that the record asks for, [5, 6, 7] → 8, is ringed among the others.
    place = fit["actual"].index(8.0)
    answer = f"[5, 6, 7] → {number(fit['predicted'][place], 2)}"
    return marked_points(fit["actual"], fit["predicted"], place=place, text=answer)


def _scheduled_curves(record: LabRecord, kind: str) -> list[Line]:
    """Rates or losses over epochs under both floors."""
    courses = record["schedules"]
    floors = {"floor 0, by the letter": "literal", f"floor {number(courses['sensible']['floor'])}": "sensible"}
    return [Line(name, courses["epochs"], courses[key][kind]) for name, key in floors.items()]


def _rates(record: LabRecord) -> str:
    free = Line("without a floor", record["schedules"]["epochs"], record["schedules"]["without_floor"])
    return lines(free, *_scheduled_curves(record, "rates"), x_label="epoch", y_label="learning rate")


def _scheduled_losses(record: LabRecord) -> str:
    curves = _scheduled_curves(record, "losses")
    return lines(*curves, x_label="epoch", y_label="mean squared error", log=True)


def _scheduled_groups(record: LabRecord) -> dict[str, LabRecord]:
    """The groups of scheduled runs by the names that drawing and table give them."""
    starts = {"keras": "Keras' start", "torch": "torch's start"}
    return {
        f"{starts[init]}, floor {floor}": group
        for init, floors in record["schedule"].items()
        for floor, group in floors.items()
    }


def _ends(record: LabRecord) -> str:
    groups = _scheduled_groups(record)
    return dots_and_ranges(
        list(groups),
        [group["losses"] for group in groups.values()],
        x_label="final loss, mean squared error",
        line=(RECORDED_LOSS, f"recorded: {RECORDED_LOSS}"),
        middle="median",
    )


def _passengers(record: LabRecord, kind: str) -> str:
    airline = record["airline"]
    held, values, told = airline["held"], airline["values"], airline[kind]
    # Nothing was forecast before the test part: None leaves the curves out there.
    before: list[float | None] = [None] * (len(values) - held)
    ends = {end: (before + told[end])[YEARS] for end in ("low", "high") if end in told}
    return actual_against_predicted(
        airline["months"][YEARS],
        values[YEARS],
        predicted=(before + told["forecast"])[YEARS],
        **ends,
        test_from=len(values[YEARS]) - held,
        x_label="month",
        y_label="passengers, thousands",
    )


LAB = Lab(
    name="next-value",
    algorithm="LSTM, back-propagation through time",
    sheet=sheet_named("next-value"),
    variants=next_value_variants,
    prepare=read_airline,
    train=train_forecaster,
    compose=next_value_record,
    claims=CLAIMS,
    results=RESULTS,
    figures={
        "network": _network,
        "loss": _loss_curve,
        "counting": _points,
        "rates": _rates,
        "scheduled_losses": _scheduled_losses,
        "ends": _ends,
        "one_step": lambda record: _passengers(record, "one_step"),
        "multi_step": lambda record: _passengers(record, "multi_step"),
        "forecaster": lambda record: _passengers(record, "forecaster"),
    },
    terms=_terms,
    settings=lambda record: record["settings"]["literal"],
    recorded={"constant": {"next_value": "8.01"}, "schedule": {"loss": "5.5", "next_value": "8.01"}},
)
