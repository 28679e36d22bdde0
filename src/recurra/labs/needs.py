"""The known data sets that a lab needs, all missing ones told in one line before anything is made.

Not here: what a lab does with them.
"""

from __future__ import annotations

from collections.abc import Sequence

from recurra.datasets.known.sets import find
from recurra.errors import DataError


def require_data(lab: str, names: Sequence[str], *, offline: str = "") -> None:
    """Raise DataError that names all data sets this machine lacks, and how to bring them.

    `offline` is what one can do without them.
    """
    missing = [name for name in names if find(name) is None]
    if missing:
        bring = " and ".join(f"`recurra data get {name}`" for name in missing)
        raise DataError(
            f"the lab {lab} needs data that are not on this machine",
            found=f"no {' and no '.join(missing)}",
            advice=f"run {bring}, set RECURRA_DATA{f', or {offline}' if offline else ''}",
        )
