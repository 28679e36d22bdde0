"""How a model came to be: its estimator's arguments and settings, its history, the columns it read.

Not here: what it answers with. Artefacts of before tell nothing of it; a model answers without.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from recurra.config import Frozen, problem_line
from recurra.datasets.columns import TextColumns
from recurra.errors import ArtefactError

MOST_EPOCHS = 1_000
"""A longer history is left out: a description has a size."""

KEYS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_perplexity", "lr")
"""The keys of a history in the order in which a fit tells them; JSON sorts them."""

Argument = str | int | float | bool | tuple[str, ...] | None


class Origin(Frozen):
    """What a reloaded estimator goes on with.

    `parameters` are its constructor's arguments as they were given, `settings` all choices in effect, held as they
    stand: whether they still can be chosen is asked when somebody fits again.
    """

    parameters: dict[str, Argument] = Field(default_factory=dict)
    settings: dict[str, dict[str, Any]] | None = None
    history: tuple[dict[str, float], ...] = ()
    best_epoch: int = Field(default=0, ge=0)
    text: str | None = None
    label: str | None = None
    """The columns of texts and labels, where they came from a table."""

    @property
    def columns(self) -> TextColumns | None:
        """The columns read, None where they are not known."""
        return TextColumns(self.text, self.label) if self.text is not None else None

    @property
    def epochs(self) -> list[dict[str, float]]:
        """The history in the order in which a fit tells it."""
        return [dict(sorted(row.items(), key=lambda item: _order(item[0]))) for row in self.history]

    def told(self) -> dict[str, Any]:
        """Return what an artefact holds: nothing where nothing is known."""
        record = self.model_dump(mode="json", exclude_defaults=True)
        return {"origin": record} if record else {}


def _order(key: str) -> int:
    return KEYS.index(key) if key in KEYS else len(KEYS)


def origin_of(config: Mapping[str, Any]) -> Origin:
    """Read what an artefact tells of its model's origin; raises ArtefactError for what is no such record."""
    if "origin" not in config:
        return Origin()
    try:
        return Origin.model_validate_json(json.dumps(config["origin"]))
    except ValidationError as problem:
        raise ArtefactError(f"recurra.json: origin.{problem_line(problem)}") from None


def kept_history(history: list[dict[str, float]]) -> tuple[dict[str, float], ...]:
    """Return a history without seconds, which differ from run to run, or nothing where it is too long."""
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in history]
    return tuple(rows) if len(rows) <= MOST_EPOCHS else ()
