"""What may be asked of a model of several labels about a text: the log-odds of each label by itself.

Not here: how effects are worked out (heads/effects.py), what is told of them (heads/explanation.py).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from recurra.tasks.heads.explanation import Question, chosen_label, one_column
from recurra.tasks.heads.multilabel.run import RunningLabeller


def questions(model: RunningLabeller, text: str, label: str | None) -> list[Question]:
    """Return the questions about the labels that are said, the most probable first, or about `label`.

    Where none is said, it is the most probable one. Raises UsageError for an unknown label.
    """
    shares = model.shares([text])[0]
    said = model.chosen(shares)[0]
    ranked = np.argsort(-shares[0], kind="stable")
    answer = [place for place in ranked.tolist() if said[place]]
    predicted = model.separator.join(model.names[place] for place in answer)
    asked = (answer or [int(ranked[0])]) if label is None else [chosen_label(label, model.names)]
    return [
        Question("label", model.names[place], predicted, float(shares[0, place]), partial(one_column, place))
        for place in asked
    ]
