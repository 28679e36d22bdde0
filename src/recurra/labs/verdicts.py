"""One rule for verdicts in all labs: what a claim says, against the figures of all seeds.

Not here: the figures (each lab measures its own) and how a verdict looks (report/blocks.py).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recurra.errors import UsageError
from recurra.report.blocks import Outcome, Verdict
from recurra.report.numbers import number, spread_as

SEEDS = 3
"""Fewer say nothing about what another seed would give."""

Relation = Literal["<", "≤", "≥", ">"]
HOLDS: dict[Relation, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "≤": operator.le,
    "≥": operator.ge,
    ">": operator.gt,
}

TOO_LITTLE = "The quick version learns from too little data, or too briefly, to tell."

Written = Callable[[float], str]


@dataclass(frozen=True)
class Judged:
    """A verdict, the rule that gave it in words, the figures it was read from, and what else it might have been."""

    verdict: Outcome
    rule: str
    figures: dict[str, Any]
    possible: tuple[Outcome, ...]


def agree(values: Sequence[float], recorded: float, *, rounding: float, quick: bool, write: Written = number) -> Judged:
    """Hold a recorded value against the seeds' `values`; `rounding` is half a unit of its last digit (0.005 of 8.01).

    `write` writes the figures in the rule's words.
    """
    told = f"recorded {write(recorded)}, rounded by at most {number(rounding)}; seeds {_span(values, write)}"
    # A recorded 8.01 may have been anything from 8.005 to 8.015, so the spread is held against that range.
    inside = min(values) <= recorded + rounding and max(values) >= recorded - rounding
    figures = {"values": list(values), "recorded": recorded, "rounding": rounding}
    # Agreement is a statement on the spread as a whole: there is no seed that agrees and one that does not.
    return _judged("agrees", [inside] * len(values), told, figures, seeds=len(values), quick=quick)


def reach(
    values: Sequence[float],
    relation: Relation,
    against: float | Sequence[float],
    *,
    quick: bool,
    seeds: int = 0,
    unit: str = "seeds",
    write: Written = number,
) -> Judged:
    """Ask whether each seed's figure stands in `relation` to `against`: one number, or each seed's of another network.

    A single number is a bound or a rival that needs no seed. `seeds` is how many there are where several networks'
    figures are joined; `unit` names what was repeated, where that is not seeds.
    """
    # A bound needs no seeds; another network has its own, and each is held against each: no pairing is implied.
    others = [float(against)] if isinstance(against, int | float) else list(against)
    right = [HOLDS[relation](value, other) for value in values for other in others]
    # Of two networks the one with fewer seeds decides how much the comparison can tell.
    repeated = len(values) if isinstance(against, int | float) else min(len(values), len(others))
    told = f"{unit} {_span(values, write)} {relation} {_span(others, write)}"
    figures = {"values": list(values), "relation": relation, "against": others}
    return _judged("reached", right, told, figures, seeds=seeds or repeated, quick=quick, unit=unit)


def count(value: float, relation: Relation, other: float, *, write: Written = number) -> Judged:
    """Compare what needs no seed, such as counts of weights; a quick run may decide it too."""
    told = f"{write(value)} {relation} {write(other)}, which needs no seed"
    figures = {"values": [value], "relation": relation, "against": [other]}
    # A count is the same from every seed: one comparison decides, in a quick run too.
    if HOLDS[relation](value, other):
        return Judged("reached", told, figures, ("reached", "does not hold"))
    return Judged("does not hold", f"not so: {told}", figures, ("reached", "does not hold"))


def _span(values: Sequence[float], write: Written) -> str:
    return write(values[0]) if len(values) == 1 else spread_as(values, write)


def _judged(
    good: Outcome,
    right: Sequence[bool],
    told: str,
    figures: dict[str, Any],
    *,
    seeds: int,
    quick: bool,
    unit: str = "seeds",
) -> Judged:
    """Turn comparisons, one a seed or a pair of seeds, into a verdict."""
    possible: tuple[Outcome, ...] = (good, "undecided", "does not hold")
    # The order matters: a quick run says nothing at all, then too few seeds, and only then what they say.
    if quick:
        return Judged("too little data to tell", f"quick run: {told}", figures, possible)
    if seeds < SEEDS:
        return Judged("undecided", f"fewer than {SEEDS} {unit}: {told}", figures, possible)
    if all(right):
        return Judged(good, told, figures, possible)
    if any(right):
        share = f"{sum(right)} of {len(right)} {unit if len(right) == seeds else f'pairs of {unit}'}"
        return Judged("undecided", f"true of {share}: {told}", figures, possible)
    return Judged("does not hold", f"not so: {told}", figures, possible)


def observation(claim: str, judged: Judged, sentences: Mapping[Outcome, str], evidence: str = "") -> dict[str, Any]:
    """Return a claim with its verdict as the plain record that JSON and the page keep.

    `sentences` explains each outcome that the rule might give, not only the one it gave; `evidence` is said whatever
    it gave. Raises UsageError where a sentence is missing.
    """
    # All sentences are asked for, not only the one that is due: the next run may need another.
    missing = [outcome for outcome in judged.possible if outcome not in sentences]
    if missing:
        raise UsageError(f"sentences of {claim!r}", found=", ".join(sentences), advice=f"explain {', '.join(missing)}")
    explanation = sentences.get(judged.verdict, TOO_LITTLE)
    return {
        "claim": claim,
        "verdict": judged.verdict,
        "rule": judged.rule,
        "figures": judged.figures,
        "explanation": " ".join(part for part in (evidence, explanation) if part),
    }


def observation_block(record: Mapping[str, Any]) -> Verdict:
    """Return an observation as the page shows it."""
    return Verdict(record["claim"], record["verdict"], record["explanation"], record["rule"])
