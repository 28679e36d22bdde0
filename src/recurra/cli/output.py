"""How results and talk are printed: results on stdout, talk on stderr, `--json` as one object.

Not here: what is printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import category

from recurra.errors import printable

if TYPE_CHECKING:
    from recurra.tasks.task import Rows


def say(line: str) -> None:
    """Talk: one line on stderr."""
    print(printable(line), file=sys.stderr, flush=True)


def warn(lines: Sequence[str]) -> None:
    """Tell warnings on stderr."""
    for line in lines:
        say(f"warning: {line}")


def tell_rows(rows: Rows) -> None:
    """Tell what is doubtful and remarkable of rows that were read."""
    warn(rows.warnings)
    for remark in rows.remarks:
        say(remark)


def harmless(text: str) -> str:
    """Escape the control characters that could steer a terminal; line ends, tabs and every script stay."""
    return "".join(repr(one)[1:-1] if category(one) == "Cc" and one not in "\n\t" else one for one in text)


def emit_json(record: Any) -> None:
    """Print one JSON object as a result; NaN would not be JSON and is refused by construction."""
    print(json.dumps(record, allow_nan=False, ensure_ascii=False, default=_plain))


def emit_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a plain table whose columns line up."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def plain_figures(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table of figures shows of an evaluation; that the network lost is told in a sentence below it."""
    return {
        name: value for name, value in evaluation.items() if isinstance(value, int | float | str) and name != "lost"
    }


def told_rival(rival: Mapping[str, Any]) -> str:
    """Tell a rival's figures in one line, as many digits as the model's own."""
    return ", ".join(f"{name} {_cell(value)}" for name, value in rival.items())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return printable(str(value))


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
