"""What a training is: a fingerprint of its choices and its data, so that a checkpoint of another is never gone on with.

Not here: files (artefact/checkpoints.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

NOWHERE = {"training": {"device"}}
"""Where a net learns is no part of what it learns."""


def fingerprint(choices: Iterable[BaseModel | int], arrays: Iterable[NDArray[Any]]) -> str:
    """SHA-256 over settings, plans and seeds, and over the encoded data with their shapes."""
    digest = hashlib.sha256()
    for choice in choices:
        digest.update(
            (choice.model_dump_json(exclude=NOWHERE) if isinstance(choice, BaseModel) else str(choice)).encode() + b"\n"
        )
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
