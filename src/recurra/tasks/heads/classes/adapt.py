"""An encoder gets used to texts without labels before a stack learns labels behind it.

The texts may say more of a subject's words than a few labelled rows can. Whether the encoder is kept as it came or as
it is then, rows out of fold decide (stacked_net.py). Not here: what it learns of them (heads/neighbours/learn.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recurra.layers.layer import TokenIds
from recurra.tasks.inputs.labelled import LabelledParts
from recurra.tasks.task import Again, Prepared, Trained

TOKENS, FRESH_TOKENS, MOST_PASSES = 10_000_000, 60_000_000, 10
"""About how many tokens are read in all passes, by an encoder and by a net that knows nothing yet; passes at most."""
TRAINING = {
    "batch_size": 64, "batch_tokens": 8_192, "learning_rate": 2e-3, "table_rate": 0.5, "schedule": "one_cycle",
    "warm_up": 0.05, "weight_decay": 0.01, "clip": 1.0, "ema": 0.0, "patience": 0, "adversarial": 0.0,
    "embedding_dropout": 0.15, "recurrent_dropout": 0.1,
}  # fmt: skip


def adapted(prepared: Prepared, texts: Sequence[TokenIds], again: Again, of: int) -> Trained:
    """Return the net's vectors and sweeps after it has read texts; it is the first of so many nets."""
    wanted = FRESH_TOKENS if prepared.data.way == "fresh" else TOKENS
    passes = min(MOST_PASSES, max(1, round(wanted / max(1, sum(map(len, texts))))))
    settings = prepared.settings.changed({**TRAINING, "epochs": passes})
    trained = again(replace(prepared, head="neighbours", data=texts, settings=settings), 1, of)
    return {name: values for name, values in trained.items() if name.startswith(("embedding.", "recurrent."))}


def read_of(data: LabelledParts) -> Sequence[TokenIds]:
    """Return the ids of the texts without labels that have two tokens or more: one alone has no neighbour.

    Rows that no fold holds out, as where one part is held out for good, are read with them.
    """
    if not data.unlabelled:
        return []
    learnt = np.setdiff1d(np.arange(len(data.train.texts)), np.concatenate([fold.held for fold in data.folds]))
    texts = [*data.unlabelled, *(data.train.texts[row] for row in learnt)]
    return [ids for ids in data.encoder.encode_whole(texts) if len(ids) > 1]
