"""A tagger of trained weights.

Not here: training (learn.py), answers (run.py).
"""

from __future__ import annotations

from recurra.artefact.tensors import rounded, widened
from recurra.tasks.heads.tags.run import RunningTagger
from recurra.tasks.task import Again, Finished, Prepared, Trained


def finish(prepared: Prepared, trained: Trained, _: Again) -> Finished:
    """Join the net, the features and the tags; the weights are those that the artefact will hold."""
    data = prepared.data
    # Rounded before it is measured: what answers now and what answers after loading is the same.
    kept = widened(rounded(trained))
    return Finished(RunningTagger(prepared.plan, kept, data.encoder, data.tags, data.scheme, data.columns))
