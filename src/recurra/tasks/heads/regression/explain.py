"""What may be asked of a regressor about a text: each of its numbers, in its unit.

Not here: how effects are worked out (heads/effects.py), what is told of them (heads/explanation.py).
"""

from __future__ import annotations

from functools import partial

from recurra.tasks.heads.explanation import Question, chosen_label, one_column
from recurra.tasks.heads.regression.run import RunningRegressor


def questions(model: RunningRegressor, text: str, label: str | None) -> list[Question]:
    """Return the questions about all numbers, or about the one called `label`; raises UsageError for an unknown one."""
    numbers = model.numbers([text])[0][0]
    asked = range(len(model.names)) if label is None else [chosen_label(label, model.names)]
    return [
        Question(
            "number", model.names[place], f"{numbers[place]:.6g}", None, partial(one_column, place),
            model.mean[place], model.spread[place],
        )
        for place in asked
    ]  # fmt: skip
