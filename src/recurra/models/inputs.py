"""What a classifier's net reads of encoded texts: their own lengths, or all padded the tutorial's way.

Not here: encoding and cutting (text/encoder.py). Training and answers both come through here, so they read alike.
"""

from __future__ import annotations

from recurra.config import TextConfig
from recurra.text.pad import pad
from recurra.text.vocabulary import Ids


def net_ids(ids: list[Ids], config: TextConfig) -> list[Ids]:
    """Return the ids as they are, or with `pad_to_max` each padded in front with <pad> to `max_length`, to be swept."""
    if not config.pad_to_max:
        return ids
    matrix, _ = pad(ids, config.max_length)
    return list(matrix)
