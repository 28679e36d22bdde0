"""What the lab `next-value` observes: claims, each tested by the figures of all seeds, and the conclusion.

Not here: measuring (next_value.py) and the page (next_value_page.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra.labs.next_value_counting import ASKED, FLOORS, INITS
from recurra.labs.verdicts import Judged, agree, observation, reach
from recurra.report.blocks import Outcome
from recurra.report.numbers import number, spread

Record = dict[str, Any]

RECORDED, RECORDED_LOSS = 8.01, 5.5
CLOSE = 0.02
"""How near 8 the improved prediction must come, for each seed."""
NEAR = 0.05
"""How near 8.01 an answer must come to be taken for the recorded one."""
FAR = 0.5
"""What an answer far outside the training range may miss by, and still count on."""
START = INITS[0]


def judged(record: Record) -> Record:
    """Return the record with what the rule of verdicts says of its figures."""
    seen = {**record, "observations": observations(record)}
    return {**seen, "results": results(seen), "conclusion": conclusion(seen)}


def observations(record: Record) -> list[Record]:
    """Test every claim by the record's figures."""
    return [_answer(record), _loss(record), _one_run(record), _floor(record), _improved(record), _beyond(record),
            _airline(record)]  # fmt: skip


def results(record: Record) -> dict[str, Record]:
    """The verdicts of the table that lays recorded beside measured."""
    judged = {
        "next_value": _judged_answer(record),
        "loss": _judged_loss(record),
        "constant_loss": agree(
            record["literal_losses"], RECORDED_LOSS, rounding=0.05, quick=record["quick"], write=_three
        ),
        "scheduled_next_value": agree(
            _scheduled(record)["next_values"], RECORDED, rounding=0.005, quick=record["quick"], write=_two
        ),
    }
    return {name: {"verdict": one.verdict, "rule": one.rule} for name, one in judged.items()}


def _two(value: float) -> str:
    return number(float(value), 2)


def _three(value: float) -> str:
    return number(float(value), 3)


def _scheduled(record: Record) -> Record:
    """The runs of the record's own schedule, by its letter: Keras' start, no floor but zero."""
    found: Record = record["schedule"][START]["0"]
    return found


def _judged_answer(record: Record) -> Judged:
    return agree(record["literal_next_values"], RECORDED, rounding=0.005, quick=record["quick"], write=_two)


def _judged_loss(record: Record) -> Judged:
    return agree(_scheduled(record)["losses"], RECORDED_LOSS, rounding=0.05, quick=record["quick"], write=_two)


def _answer(record: Record) -> Record:
    return observation(
        f"The literal recipe, at a constant rate, answers {RECORDED} after [5, 6, 7].",
        _judged_answer(record),
        {
            "agrees": "So it does: 8.01 is one draw among these; its second decimal is the seed's, not the method's.",
            "undecided": "More seeds would tell.",
            "does not hold": "No seed comes there: the record's sequence, or its start, must have been another.",
        },
    )


def _loss(record: Record) -> Record:
    told = _scheduled(record)
    return observation(
        f"Under the recorded schedule the final loss is about {RECORDED_LOSS}.",
        _judged_loss(record),
        {
            "agrees": "So the recorded loss is that of a net whose rate fell to zero before it had learnt the "
            "sequence: what is called optimal is where it stopped.",
            "undecided": "More seeds would tell.",
            "does not hold": "It ends elsewhere, so the recorded loss must belong to other data or another net.",
        },
        f"From 0.001, 0.0001 less every 10 epochs: median {_two(told['median'])}, {spread(told['losses'])}.",
    )


def nearest(record: Record) -> tuple[int, int]:
    """Count the scheduled runs that answer within 0.05 of 8.01, and all of them."""
    answers = [value for floors in record["schedule"].values() for one in floors.values()
               for value in one["next_values"]]  # fmt: skip
    return sum(abs(value - RECORDED) <= NEAR for value in answers), len(answers)


def _one_run(record: Record) -> Record:
    answers = [value for floors in record["schedule"].values() for one in floors.values()
               for value in one["next_values"]]  # fmt: skip
    near, runs = nearest(record)
    judged = reach([abs(value - RECORDED) for value in answers], "≤", NEAR, quick=record["quick"], write=_two)
    return observation(
        f"A run under the recorded schedule, with its loss of {RECORDED_LOSS}, answers {RECORDED}.",
        judged,
        {
            "reached": "So both recorded figures may come from one run.",
            "undecided": f"Both figures may come from one run, but hardly do: the answer {RECORDED} belongs to the "
            "constant rate.",
            "does not hold": f"So the sheet tells of two runs: {RECORDED} of one at a constant rate, {RECORDED_LOSS} "
            "of one under the schedule.",
        },
        f"Of {runs} scheduled runs {near} come within {NEAR} of {RECORDED}. As a mean squared error, {RECORDED_LOSS} "
        "is a typical error of 2.3.",
    )


def _floor(record: Record) -> Record:
    gains = _gains(record["schedule"][START])
    return observation(
        "The recorded schedule needs a floor above zero.",
        reach(gains, ">", 0.0, quick=record["quick"], write=_two),
        {
            "reached": "With a tenth of the first rate left, each seed goes on learning and ends lower.",
            "undecided": "It helps some seeds and not others.",
            "does not hold": "No seed ends lower with one.",
        },
        "The rate is zero from epoch 101 on, and would be −0.0009 in the last epochs. What the floor of 0.0001 takes "
        f"off the final loss, seed by seed: {spread(gains)}.",
    )


def _gains(floors: Record) -> list[float]:
    without, with_floor = (floors[name]["losses"] for name in FLOORS)
    return [first - second for first, second in zip(without, with_floor, strict=True)]


def _improved(record: Record) -> Record:
    off = [abs(value - 8) for value in record["next_values"]]
    return observation(
        f"The improved recipe answers 8.00 ± {CLOSE} with the window held out.",
        reach(off, "≤", CLOSE, quick=record["quick"]),
        {
            "reached": "Relative to their last value all windows of a counting sequence are alike: the step of one is "
            "built into how a window is read, and only its size is learnt.",
            "undecided": "Not every seed does.",
            "does not hold": "No seed comes so near.",
        },
        f"Seeds gave {spread(record['next_values'], 4)}.",
    )


def _beyond(record: Record) -> Record:
    last = record["last"]
    return observation(
        f"A net trained on 1 … {last} counts on beyond its range.",
        reach([abs(value - 23) for value in record["literal_beyond_values"]], "≤", FAR, quick=record["quick"]),
        {
            "reached": "It has learnt to add one.",
            "undecided": "Some seeds do.",
            "does not hold": "It has learnt the numbers that it saw, not how to count.",
        },
        f"After [20, 21, 22] the literal network answers {spread(record['literal_beyond_values'])} where 23 is right.",
    )


def _airline(record: Record) -> Record:
    airline = record["airline"]
    mases: Sequence[float] = airline["multi_step"]["mases"]
    return observation(
        "On a real series the network beats the seasonal naive forecast.",
        reach(mases, "<", airline["seasonal_naive_mase"], quick=record["quick"], write=_two),
        {
            "reached": "Each seed does, 24 months ahead.",
            "undecided": "Seeds disagree: which weights one starts from decides it.",
            "does not hold": "No seed does: last year's month is the better forecast.",
        },
        f"24 months ahead: MASE {_two(airline['multi_step']['mase'])} ({spread(mases)}), seasonal naive "
        f"{_two(airline['seasonal_naive_mase'])}, naive {_two(airline['naive_mase'])}; one step ahead: "
        f"{_two(airline['one_step']['mase'])}.",
    )


SAID: dict[str, dict[Outcome, str]] = {
    "answer": {
        "agrees": "The recorded 8.01 agrees with the literal recipe at a constant rate",
        "undecided": "Whether the recorded 8.01 agrees with the literal recipe is undecided",
        "does not hold": "The recorded 8.01 does not agree with the literal recipe",
        "too little data to tell": "The quick version has too few runs to tell of the recorded 8.01",
    },
    "loss": {
        "agrees": "the recorded final loss of 5.5 agrees with the recorded schedule",
        "undecided": "of the recorded final loss of 5.5 the schedule decides nothing",
        "does not hold": "the recorded final loss of 5.5 is not that of the recorded schedule",
        "too little data to tell": "nor of the final loss of 5.5",
    },
    "one run": {
        "reached": "one run may give both",
        "undecided": "one run hardly gives both",
        "does not hold": "no run gives both, so the sheet tells of two",
        "too little data to tell": "nor whether one run gave both",
    },
    "improved": {
        "reached": "The improved recipe answers 8.00 ± 0.02 from each seed",
        "undecided": "The improved recipe answers 8.00 ± 0.02 from some seeds",
        "does not hold": "The improved recipe does not answer 8.00 ± 0.02",
        "too little data to tell": "The improved recipe was run too few times to tell",
    },
    "airline": {
        "reached": "on airline passengers the network beats the seasonal naive forecast 24 months ahead",
        "undecided": "on airline passengers seeds disagree on whether it beats the seasonal naive forecast",
        "does not hold": "on airline passengers it does not beat the seasonal naive forecast",
        "too little data to tell": "and so was the net of airline passengers",
    },
}
"""The conclusion's sentences, for each outcome of the observations named."""


def conclusion(record: Record) -> str:
    """Say what the verdicts say; able to disagree with the record."""
    places = {"answer": 0, "loss": 1, "one run": 2, "improved": 4, "airline": 6}
    said = {name: SAID[name][record["observations"][place]["verdict"]] for name, place in places.items()}
    window = f"[{', '.join(f'{value:g}' for value in ASKED)}]"
    return (
        f"{said['answer']} after {window} ({spread(record['literal_next_values'])}); {said['loss']} "
        f"({spread(_scheduled(record)['losses'])}); {said['one run']}. {said['improved']} "
        f"({spread(record['next_values'], 4)}); {said['airline']}."
    )
