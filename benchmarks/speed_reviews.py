"""Layers over real reviews of unequal lengths: beside torch packed, padded or length-sorted, and beside Keras.

Not here: layers over grids (speed.py), and whole training steps (speed_steps.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import torch
from rival import rival, there
from timing import HIDDEN, INPUTS, LONGEST, NAMES, SEQUENCES, THREADS, Step, in_turn, review_lengths
from torch import Tensor, nn

import recurra.nn
from recurra.batches import Integers


def reviews() -> dict[str, Any]:
    """Real reviews cut at 500 tokens, useful tokens: torch packed, padded to 500 and length-sorted."""
    lengths = review_lengths(SEQUENCES * 8)
    return {
        f"{cell} {how}": ragged(cell, lengths, against=how)
        for cell in ("lstm", "gru")
        for how in ("packed", "padded", "sorted")
    }


def reviews_keras() -> dict[str, Any]:
    """The same beside Keras' layer where it is there, padded to 500: as a graph or by XLA, whichever is quicker."""
    lengths = review_lengths(SEQUENCES * 8)
    told: dict[str, Any] = {}
    for cell, xla in product(("lstm", "gru"), (False, True)) if there() else ():
        task = {"rival": "keras_layer", "cell": cell, "threads": THREADS, "xla": xla}
        with rival(**task, inputs=INPUTS, hidden=HIDDEN, rows=SEQUENCES, steps=LONGEST) as step:
            one = in_turn(over_reviews(cell, lengths), again(step, len(lengths) // SEQUENCES), rounds=5, warm=1)
        if one["rival_seconds"] < told.get(cell, {}).get("rival_seconds", math.inf):
            told[cell] = one | {"tokens_per_second": float(lengths.sum()) / one["seconds"], "xla": xla}
    return told


def again(step: Step, times: int) -> Step:
    """A step so many times; their seconds where another process takes them."""
    return lambda: sum(seconds for seconds in (step() for _ in range(times)) if seconds is not None)


def ragged(cell: str, lengths: Integers, *, against: str, rounds: int = 7) -> dict[str, float]:
    """Training steps over batches of 64 reviews: ours as they come, the rival's packed, padded or length-sorted."""
    torch.manual_seed(0)
    theirs = getattr(nn, NAMES[cell])(INPUTS, HIDDEN)
    order = np.sort(lengths) if against == "sorted" else lengths
    longest = LONGEST if against == "padded" else 0
    other = [batch_of(rows, longest or int(rows.max())) for rows in np.split(order, len(order) // SEQUENCES)]

    def their_steps() -> None:
        for values, told in other:
            if against == "packed":
                theirs(nn.utils.rnn.pack_padded_sequence(values, told, enforce_sorted=False))[0].data.sum().backward()
            else:
                theirs(values)[0].sum().backward()

    told = in_turn(over_reviews(cell, lengths), their_steps, rounds=rounds, warm=1)
    return told | {"tokens_per_second": float(lengths.sum()) / told["seconds"]}


def over_reviews(cell: str, lengths: Integers) -> Step:
    """Training steps of our layer over batches of 64 reviews as they come."""
    layer = getattr(recurra.nn, NAMES[cell])(INPUTS, HIDDEN)
    batches = [batch_of(rows, int(rows.max())) for rows in np.split(lengths, len(lengths) // SEQUENCES)]

    def steps() -> None:
        for values, told in batches:
            layer(values, lengths=told)[0].sum().backward()

    return steps


def batch_of(lengths: Integers, steps: int) -> tuple[Tensor, Tensor]:
    """Random values for so many steps and sequences, and the lengths."""
    return torch.randn(steps, len(lengths), INPUTS, requires_grad=True), torch.from_numpy(lengths)


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"reviews": reviews, "reviews_keras": reviews_keras}
