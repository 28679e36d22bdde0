"""What an artefact holds once it is in memory, and the check that it is of the wanted task.

Not here: files. `folder.py` writes and reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recurra.errors import ArtefactError

TASKS: dict[str, str] = {"text": "a text classifier", "language": "a language model", "series": "a forecaster"}
"""Every task and what an artefact of it is called in messages."""

VERBS: dict[str, str] = {"text": "recurra predict", "language": "recurra generate", "series": "recurra forecast"}
"""The command that answers with an artefact of each task."""


@dataclass(frozen=True, eq=False)
class Artefact:
    """A saved model: everything needed to answer, and nothing of the users' data.

    `config` and `selftest` are plain JSON (dicts with text keys, lists, texts, numbers, booleans, None). `tensors` are
    float32, or uint16 that hold the raw bits of bfloat16. `files` may hold tokenizer.json and scaler.json. `card` is
    the README.md, which people may edit.
    """

    task: str
    config: dict[str, Any]
    tensors: dict[str, np.ndarray]
    files: dict[str, bytes] = field(default_factory=dict)
    selftest: dict[str, Any] = field(default_factory=dict)
    card: str = ""


def require_task(held: str, task: str) -> None:
    """Raise ArtefactError such as "this is a forecaster" when an artefact of the task `held` is not of `task`."""
    if held != task:
        raise ArtefactError(
            f"this is {TASKS.get(held, held)}",
            allowed=TASKS.get(task, task),
            advice=f"use `{VERBS.get(held, 'recurra inspect')}` with it",
        )
