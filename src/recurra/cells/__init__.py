"""The recurrent cells, each written once: a file `NAME.py` beside this one whose `CELL` says all about it.

Not here: how a step is computed or set as a formula (backends/), and the native kernels (native/src/kernels/cell/).
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from recurra.cells.cell import Cell

CELLS: dict[str, Cell] = {
    # Found by their files, so that adding a cell is adding a file; nothing else lists them.
    file.name: import_module(f"{__name__}.{file.name}").CELL
    for file in iter_modules(__path__)
    if not file.ispkg and file.name != "cell"
}
"""Every cell by its name, in the order of the alphabet."""
