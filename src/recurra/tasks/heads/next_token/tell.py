"""The sections of a report on a language model: perplexity, its course, the rival's, and samples.

Not here: the network and the settings, which all tasks share (run_sections.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from recurra.report.blocks import Block, Code, Figure, Paragraph
from recurra.report.charts.curves import Line, lines
from recurra.report.numbers import number
from recurra.report.page import Section
from recurra.report.run_sections import (
    RunRecord,
    RunRows,
    epoch_numbers,
    measured,
    network_section,
    result_section,
    section,
    training_section,
)

SCORES = (
    ("perplexity", "perplexity", False),
    ("loss", "loss, nats a token", False),
    ("bits_per_byte", "bits a byte of text", False),
    ("dynamic_perplexity", "perplexity, dynamic evaluation", False),
    ("dynamic_bits_per_byte", "bits a byte, dynamic evaluation", False),
    ("unknown_words", "words that the model does not know", False),
)
RIVAL_SCORES = {"perplexity": "perplexity", "loss": "loss, nats a token", "seconds": "seconds to train"}
LARGEST_LOSS = 50.0
"""Nats a token beyond which a perplexity is not drawn."""


def language_sections(record: RunRecord) -> list[Section]:
    """Return what the record of a language model's run holds, in the order one reads it."""
    scores = record.part("evaluation")
    count = scores.counted("tokens")
    judged = Paragraph(f"Judged on {number(count)} tokens.") if count else None
    return [
        *result_section(record, judged, SCORES, RIVAL_SCORES, "tokens"),
        *training_section(record, _perplexities(record.rows("history"), sampled=_sampled(record))),
        *section("Samples", _samples(scores.rows("samples"))),
        *network_section(record),
    ]


def _sampled(record: RunRecord) -> bool:
    """Tell whether training scored a sample of the words, from settings in groups or side by side."""
    told = dict(record.part("settings").flat())
    return bool(measured(told.get("training.samples", told.get("samples"))))


def _perplexities(history: RunRows, *, sampled: bool) -> Figure | None:
    """Return perplexity over epochs, on a logarithmic axis; a loss over sampled words has an axis of its own."""
    epochs = epoch_numbers(history)
    curves: list[Line] = []
    for prefix, name in (("", "training"), ("val_", "validation")):
        values = _perplexity(history, prefix, sampled=sampled and not prefix)
        if any(value is not None for value in values):
            curves.append(Line(f"{name} perplexity", epochs, values, dashed=bool(curves)))
    if not curves:
        return None
    caption, right = "Perplexity over epochs.", ""
    if sampled and history.has("loss"):
        curves.append(Line("training loss", epochs, history.column("loss"), axis="right"))
        right = "training loss, nats"
        caption += " The training loss counts only the words that a step scores, so it is no perplexity: right axis."
    # Perplexities fall from thousands to tens: on an even axis all but the first epochs would be one level line.
    return Figure(lines(*curves, x_label="epoch", y_label="perplexity", right_label=right, log=True), caption)


def _perplexity(history: RunRows, prefix: str, *, sampled: bool) -> Sequence[float | None]:
    """Return the perplexities as recorded, or from the losses: exp(loss), but for a loss over sampled words."""
    # The exponential of such a loss is no perplexity: fewer words compete for each place.
    if sampled or history.has(f"{prefix}perplexity"):
        return history.column(f"{prefix}perplexity")
    # A diverged loss would make all other epochs one line at the bottom, and above 709 `exp` overflows.
    losses = history.column(f"{prefix}loss")
    return [math.exp(loss) if loss is not None and loss < LARGEST_LOSS else None for loss in losses]


def _samples(samples: RunRows) -> list[Block]:
    """Return texts the model has written, each with how it was asked."""
    blocks: list[Block] = []
    for sample in samples:
        asked = [
            f"{key} {number(value)}" for key in ("temperature", "seed") if (value := sample.measured(key)) is not None
        ]
        prompt = str(sample.get("prompt") or "")
        words = [f"After “{prompt}”" if prompt else "From the start", *asked]
        blocks.append(Code(str(sample.get("text") or ""), ", ".join(words) + "."))
    return blocks
