"""A language model of trained weights; nothing is fitted on validation.

Not here: training (learn.py), answers (run.py).
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.tasks.task import Finished, Prepared


def finish(prepared: Prepared, tensors: dict[str, NDArray[Any]]) -> Finished:
    """Join the net and the encoder."""
    return Finished(RunningLanguage(prepared.plan, tensors, prepared.data.encoder))
