"""What the numbers of an answer mean, by the model's task: names, units, and what is left to the program.

Not here: computing them (layers.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from recurra.exports.c.arrays import singles
from recurra.exports.c.draft import Draft
from recurra.layers.layer import Floats
from recurra.tasks.names import HELD


@dataclass(frozen=True)
class Meaning:
    """What a header tells of answers."""

    note: str
    names: tuple[str, ...] = ()
    """Names for `NAME_names`, in the order of the answers."""
    arrays: dict[str, Floats] = field(default_factory=dict)
    """Further numbers for the program, by the endings of their names."""


def _classes(model: Any, draft: Draft) -> Meaning:
    note = "a score for each label, the highest wins; divided by the temperature, their softmax is the probabilities"
    return Meaning(note, model.labels, {"temperature": singles([model.temperature])})


def _tags(model: Any, draft: Draft) -> Meaning:
    return Meaning("a score for each tag of the newest token, the highest wins", model.tags)


def _labels(model: Any, draft: Draft) -> Meaning:
    note = "the log-odds of each label; it is said where they reach its threshold"
    odds = [math.log(share / (1 - share)) if share < 1 else 3.0e38 for share in model.thresholds]
    return Meaning(note, model.names, {"thresholds": singles(odds)})


def _ordinal(model: Any, draft: Draft) -> Meaning:
    return Meaning("the log-odds that the class lies above each but the last", model.names)


def _numbers(model: Any, draft: Draft) -> Meaning:
    spread = draft.constant("spread", singles(model.spread))
    mean = draft.constant("mean", singles(model.mean))
    draft.answer.append(
        f"for (int k = 0; k < {len(model.names)}; ++k) answer[k] = answer[k] * {spread}[k] + {mean}[k];"
    )
    return Meaning("a number for each target, in its unit", model.names)


def _words(model: Any, draft: Draft) -> Meaning:
    return Meaning("a score for each word to come next; their softmax is the probabilities")


def _values(model: Any, draft: Draft) -> Meaning:
    config = model.encoder.config
    ways = [
        "logarithms" if config.log else "",
        "differences" if config.difference else "",
        "less the centre and divided by the scale of the series" if config.scale != "none" else "",
        "less the newest one" if config.relative else "",
    ]
    told = ", ".join(way for way in ways if way) or "as they are"
    note = f"the coming values, scaled as those that it reads ({told}), after windows of {config.window} from a reset"
    scalers = model.encoder.scalers
    # Of many series each has a scaler of its own: scaler.json of the artefact lists them.
    one = next(iter(scalers.values())) if len(scalers) == 1 else None
    return Meaning(note, arrays={"centre": singles([one.center]), "scale": singles([one.scale])} if one else {})


def _given(model: Any, draft: Draft) -> Meaning:
    return Meaning("what the net's last layer gives for this step")


MEANINGS: dict[str, Callable[[Any, Draft], Meaning]] = {
    "classes": _classes, "tags": _tags, "multilabel": _labels, "ordinal": _ordinal, "regression": _numbers,
    "next_token": _words, "panel": _values, "sequence": _given,
}  # fmt: skip
"""Of each head that can be written: what its answers mean. It may add to what an answer does."""


def meaning_of(model: Any) -> Callable[[Any, Draft], Meaning] | None:
    """Return what tells the meaning of a model's answers, None of a head that is not written."""
    return MEANINGS.get(HELD[model.task].head)
