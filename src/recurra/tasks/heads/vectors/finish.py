"""An encoder of trained weights.

Not here: training (learn.py), answers (run.py).
"""

from __future__ import annotations

from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.task import Again, Finished, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, _: Again) -> Finished:
    """Join the net and the words."""
    return Finished(RunningEncoder(prepared.plan, trained, prepared.data.encoder))
