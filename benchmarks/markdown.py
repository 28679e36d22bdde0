"""How a result becomes a Markdown table: reading, percent, spans, and what made it.

Not here: which tables there are (tables.py, tables_engine.py).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from writing import ON

MISSING = "not measured yet"

Record = dict[str, Any]
Rows = list[Sequence[str]]


def read(results: Path, name: str) -> Record | None:
    """Return the record of results/NAME.json, None where it is not measured yet."""
    path = results / f"{name}.json"
    if not path.is_file():
        return None
    record: Record = json.loads(path.read_text(encoding="utf-8"))
    return record


def percent(value: float) -> str:
    """A share in percent with two decimals."""
    return f"{100 * value:.2f} %"


def span(values: Sequence[float], digits: int, unit: str = "") -> str:
    """Lowest and highest, such as `7.91 … 8.12`."""
    if len(values) == 1:
        return "1 seed"
    return f"{min(values):.{digits}f} … {max(values):.{digits}f}{unit}"


def table(header: Sequence[str], rows: Rows) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def made_on(rows: Sequence[Record]) -> list[str]:
    """The machines that rows were measured on, of most rows first; none where rows do not tell."""
    return [name for name, _ in Counter(row[ON] for row in rows if ON in row).most_common()]


def made_by(record: Record, note: str = "", machines: Sequence[str] = ()) -> str:
    """The command, the machine and the versions that a table's figures come from; of several machines their list."""
    versions = record.get("versions", {})
    command = record.get("lab_command") or record["command"]
    told = [f"`{command}`", *([note] if note else [])]
    if len(machines) > 1:
        return f"\n<sub>{', '.join(told)}, on {'; '.join(machines)}</sub>\n"
    told += [f"{name} {versions[name]}" for name in ("python", "torch", "numpy") if name in versions]
    told += [f"{versions['cores']} cores"] if "cores" in versions else []
    told += [f"load {record['load_average']}"] if "load_average" in record else []
    return f"\n<sub>{', '.join(told)}</sub>\n"
