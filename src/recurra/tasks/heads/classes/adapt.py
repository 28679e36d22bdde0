"""An encoder gets used to texts without labels before a stack learns labels behind it.

The texts may say more of a subject's words than a few labelled rows can. Whether the encoder is kept as it came or as
it is then, rows out of fold decide (stacked_net.py). Not here: what it learns of them (heads/neighbours/learn.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from recurra.config import Settings
from recurra.layers.layer import TokenIds
from recurra.tasks.inputs.labelled import LabelledParts
from recurra.tasks.task import Prepared, Trained

TOKENS, FRESH_TOKENS, MOST_PASSES = 10_000_000, 60_000_000, 10
"""About how many tokens are read in all passes, by an encoder and by a net that knows nothing yet; passes at most."""
TRAINING = {
    "batch_size": 64, "batch_tokens": 8_192, "learning_rate": 2e-3, "table_rate": 0.5, "schedule": "one_cycle",
    "warm_up": 0.05, "weight_decay": 0.01, "clip": 1.0, "ema": 0.0, "patience": 0, "adversarial": 0.0,
    "embedding_dropout": 0.15, "recurrent_dropout": 0.1,
}  # fmt: skip


def adapted(prepared: Prepared, texts: Sequence[TokenIds], trained: Callable[[Prepared], Trained]) -> Trained:
    """Return the net's vectors and sweeps after it has read texts."""
    wanted = FRESH_TOKENS if prepared.data.way == "fresh" else TOKENS
    passes = min(MOST_PASSES, max(1, round(wanted / max(1, sum(map(len, texts))))))
    settings = prepared.settings.changed({**TRAINING, "epochs": passes})
    tensors = trained(replace(prepared, head="neighbours", data=texts, settings=settings))
    return {name: values for name, values in tensors.items() if name.startswith(("embedding.", "recurrent."))}


def reads(settings: Settings, data: LabelledParts) -> bool:
    """Tell whether the net reads texts without labels first.

    The encoder in the box has read much already: on no set known yet do more texts help it surely.
    """
    adapt = settings.training.adapt
    return bool(data.unlabelled) and (adapt == "always" or (adapt == "auto" and data.way == "fresh"))


def read_of(prepared: Prepared) -> Sequence[TokenIds]:
    """Return the ids of the texts without labels that have two tokens or more: one alone has no neighbour.

    Rows that no fold holds out, as where one part is held out for good, are read with them.
    """
    data: LabelledParts = prepared.data
    if not reads(prepared.settings, data):
        return []
    learnt = np.setdiff1d(np.arange(len(data.train.texts)), data.held)
    texts = [*data.unlabelled, *(data.train.texts[row] for row in learnt)]
    return [ids for ids in data.encoder.encode_whole(texts) if len(ids) > 1]
