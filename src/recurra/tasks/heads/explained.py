"""A page of explained texts: each marked by what its words did to the answer.

Not here: how effects are worked out (effects.py), and what is told of them (explanation.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from recurra.report.blocks import Block, Facts, Figure, Points, Strip, Table
from recurra.report.charts.curves import Line, lines
from recurra.report.page import Report, Section
from recurra.tasks.heads.explanation import Explanation

WORDS = 30
"""Words listed below an explained text."""


def explanation_report(explanations: Sequence[Explanation], *, title: str) -> Report:
    """Return a page of texts, each marked by what its words did to the answer."""
    sections = [
        Section(_title(one), tuple(_explained(one)), f"text-{number}") for number, one in enumerate(explanations, 1)
    ]
    words = "What each word did, in log-odds or in the unit of a number; the effects add up to the answer."
    return Report(f"What {title} sees", words, tuple(sections), {"texts": [one.record() for one in explanations]})


def _explained(told: Explanation) -> list[Block]:
    most = max((abs(word.effect) for word in told.words), default=0.0) or 1.0
    marked: list[tuple[str, float]] = []
    place = 0
    for word in told.words:
        # What stands between words is plain.
        marked += [(told.text[place : word.start], 0.0), (word.text, word.effect / most)]
        place = word.stop
    marked.append((told.text[place:], 0.0))
    sides = ("more", "less") if told.asked == "number" else ("for", "against")
    caption = f"Marked: {sides[0]} `{told.question}`; marked and underlined: {sides[1]}."
    strongest = sorted(told.words, key=lambda word: -abs(word.effect))[:WORDS]
    rows = tuple((word.text, word.start, word.effect) for word in strongest)
    table = Table(("word", "character", "effect"), rows, "The words that did most.")
    return [
        Strip(tuple(part for part in marked if part[0]), caption), *_course(told),
        *([Points(tuple(told.notes))] if told.notes else []), _facts(told), *([table] if rows else []),
    ]  # fmt: skip


def _title(told: Explanation) -> str:
    if told.probability is None:
        return f"{told.label}: {told.predicted}"
    return f"{told.question}, {100 * told.probability:.1f} %"


def _facts(told: Explanation) -> Facts:
    share = [] if told.probability is None else [("its probability", told.probability)]
    return Facts(
        (
            ("answer", told.predicted), (f"{told.asked} asked about", told.question), *share,
            (f"{told.scale} without a word", told.before), (f"{told.scale} with all words", told.after),
            ("missing from the sum", told.missing), ("method", told.method),
        )
    )  # fmt: skip


def _course(told: Explanation) -> list[Block]:
    """The probability or the number after each word, of a net that reads forward."""
    scale = "number" if told.asked == "number" else "probability"
    after: list[float | None] = [getattr(word, scale) for word in told.words]
    if len(after) < 2 or all(value is None for value in after):
        return []
    svg = lines(Line(told.question, list(range(1, len(after) + 1)), after), x_label="word", y_label=scale)
    return [Figure(svg, f"The {scale} of `{told.question}` after each word.")]
