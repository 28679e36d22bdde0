"""The sections of a report on a sentence encoder: cosines, their spread over the texts, the rival's.

Not here: the network and the settings, which all tasks share (run_sections.py).
"""

from __future__ import annotations

import numpy as np

from recurra.report.blocks import Figure, Paragraph
from recurra.report.charts.curves import Line, lines
from recurra.report.numbers import number
from recurra.report.page import Section
from recurra.report.run_sections import (
    RunRecord,
    measured,
    network_section,
    result_section,
    section,
    training_section,
)

SCORES = (("centred", "cosine of centred vectors", False), ("cosine", "cosine", False))
RIVAL_SCORES = {"centred": "centred cosine", "cosine": "cosine", "seconds": "seconds to train"}


def vector_sections(record: RunRecord) -> list[Section]:
    """Return what the record of an encoder's run holds, in the order one reads it."""
    scores = record.part("evaluation")
    count = scores.counted("rows")
    judged = Paragraph(f"Judged on {number(count)} texts.") if count else None
    return [
        *result_section(record, judged, SCORES, RIVAL_SCORES, "texts"),
        *section("Texts from the worst to the best", [_spread(scores)]),
        *training_section(record),
        *network_section(record),
    ]


def _spread(scores: RunRecord) -> Figure | None:
    """Return the cosine at each share of the texts."""
    values = [measured(value) for value in scores.listed("quantiles")]
    if len(values) < 2:
        return None
    shares = [round(float(share)) for share in np.linspace(0, 100, len(values))]
    curve = Line("centred cosine", shares, values)
    chart = lines(curve, x_label="% of the texts have at most", y_label="centred cosine")
    return Figure(chart, "How near the vectors come to the teacher's, from the worst text to the best.")
