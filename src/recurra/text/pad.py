"""Truncating and padding: the visible steps that bring sequences to one length.

Not here: how nets run, since they read sequences of their own lengths. `pad` is for the tutorial's way (`pad_to_max`),
for teaching and for comparisons with padded tools.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recurra.config import TextConfig
from recurra.errors import UsageError
from recurra.text.vocabulary import PAD, Ids


def truncate(ids: Ids, length: int, *, end: Literal["head", "tail", "head+tail"]) -> Ids:
    """Keep at most `length` ids: the first ones, the last ones, or the first quarter and the last three.

    A review says at its end what it means; the quarter is rounded down. Raises UsageError for a length below 1.
    """
    if length < 1:
        raise UsageError("cannot truncate to this length", found=str(length), allowed="1 or more")
    if len(ids) <= length:
        return ids
    head = {"head": length, "tail": 0, "head+tail": length // 4}[end]
    return np.concatenate([ids[:head], ids[len(ids) - (length - head) :]])


def pad(
    sequences: Sequence[Ids], length: int, *, where: Literal["front", "back"] = "front"
) -> tuple[Ids, NDArray[np.int64]]:
    """Return the sequences as a matrix (sequences, length) filled with <pad>, and their lengths (sequences,).

    Raises UsageError where a sequence is longer than `length`: truncating is a step of its own.
    """
    lengths = np.array([len(ids) for ids in sequences], dtype=np.int64)
    if len(lengths) and lengths.max() > length:
        longest = int(lengths.argmax())
        found = f"{lengths[longest]} ids in sequence {longest + 1}"
        raise UsageError(
            "sequence longer than the padding", found=found, allowed=f"at most {length}", advice="truncate first"
        )
    matrix = np.full((len(sequences), length), PAD, dtype=np.int32)
    for row, ids in zip(matrix, sequences, strict=True):
        start = length - len(ids) if where == "front" else 0
        row[start : start + len(ids)] = ids
    return matrix, lengths


def net_ids(ids: list[Ids], config: TextConfig) -> list[Ids]:
    """Return what a classifier's net reads: the ids as they are, or with `pad_to_max` all padded in front to be swept.

    Training and answers both come through here, so they read alike.
    """
    return list(pad(ids, config.max_length)[0]) if config.pad_to_max else ids
