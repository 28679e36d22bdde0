"""`--smoke`: every script with tiny sizes, within seconds, to see that all its lines still run.

Not here: measuring. A smoke run writes nothing into results/ (writing.py), and its figures mean nothing.
"""

from __future__ import annotations

import os
import sys
from typing import TypeVar

VARIABLE = "RECURRA_SMOKE"
"""Tells the processes that a script starts."""
SMOKE = "--smoke" in sys.argv or VARIABLE in os.environ
if SMOKE:
    os.environ[VARIABLE] = "1"
    sys.argv[:] = [word for word in sys.argv if word != "--smoke"]

Size = TypeVar("Size")


def sized(full: Size, small: Size) -> Size:
    """Return the size that is measured, or the one of a smoke run."""
    return small if SMOKE else full
