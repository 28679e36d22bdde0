"""The one rule of verdicts: over seeds, never from a quick run, and with a sentence for each outcome."""

from __future__ import annotations

import json

import pytest

from recurra.errors import UsageError
from recurra.labs.verdicts import TOO_LITTLE, agree, count, observation, observation_block, reach

SENTENCES = {"agrees": "Yes.", "reached": "Yes.", "undecided": "Perhaps.", "does not hold": "No."}


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([7.91, 8.12, 8.0], "agrees"),
        ([8.02, 8.03, 8.04], "does not hold"),
        ([8.014, 8.02, 8.03], "agrees"),  # 8.014 would have been written down as 8.01
        ([7.9, 8.1], "undecided"),
        ([8.01], "undecided"),
    ],
)
def test_a_recorded_value_agrees_when_it_lies_inside_the_seeds_spread(values: list[float], verdict: str) -> None:
    assert agree(values, 8.01, rounding=0.005, quick=False).verdict == verdict


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.957, 0.958, 0.959], "reached"),
        ([0.957, 0.958, 0.954], "undecided"),
        ([0.951, 0.952, 0.954], "does not hold"),
        ([0.99, 0.99], "undecided"),
    ],
)
def test_a_bound_is_reached_when_every_seed_gets_there(values: list[float], verdict: str) -> None:
    assert reach(values, "≥", 0.955, quick=False).verdict == verdict


def test_a_rival_beaten_by_three_seeds_of_five_is_neither_beaten_nor_not() -> None:
    judged = reach([1.50, 1.52, 1.55, 1.64, 1.66], "<", 1.60, quick=False)
    assert judged.verdict == "undecided" and "3 of 5 seeds" in judged.rule


@pytest.mark.parametrize(
    ("mine", "theirs", "verdict"),
    [
        ([90, 95, 97], [100, 101, 102], "reached"),
        ([100, 101, 102], [90, 95, 97], "does not hold"),
        ([90, 99, 95], [98, 120, 110], "undecided"),
        ([90, 95, 97], [100], "undecided"),
        ([90], [100, 101, 102], "undecided"),
    ],
)
def test_networks_differ_where_the_spreads_of_their_seeds_lie_apart(
    mine: list[float], theirs: list[float], verdict: str
) -> None:
    assert reach(mine, "<", theirs, quick=False).verdict == verdict


def test_a_difference_of_one_seed_is_undecided_however_large() -> None:
    assert reach([0.79], ">", 0.0, quick=False).verdict == "undecided"


def test_a_quick_run_tells_nothing_and_refutes_nothing() -> None:
    for judged in (
        agree([1.0, 1.0, 1.0], 8.01, rounding=0.005, quick=True),
        reach([1.0, 1.0, 1.0], "<", 0.5, quick=True),
    ):
        told = observation("It does.", judged, SENTENCES)
        assert told["verdict"] == "too little data to tell" and told["explanation"] == TOO_LITTLE


def test_counts_of_weights_need_no_seeds() -> None:
    assert count(8576, "<", 25728).verdict == "reached"
    assert count(25728, "<", 8576).verdict == "does not hold"


def test_what_is_said_depends_on_the_outcome_and_none_may_be_missing() -> None:
    lost = reach([2.0, 2.1, 2.2], "<", 1.0, quick=False)
    told = observation("It is below one.", lost, SENTENCES, "Measured thrice.")
    assert told["explanation"] == "Measured thrice. No."
    assert set(told) >= {"claim", "verdict", "rule", "figures"}
    assert json.loads(json.dumps(told)) == told
    assert observation_block(told).outcome == "does not hold"
    with pytest.raises(UsageError, match="explain undecided"):
        observation("It is below one.", lost, {"reached": "Yes.", "does not hold": "No."})
