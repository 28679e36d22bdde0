"""Run every measuring script, quickest first, then render the tables of README.md and docs/performance.md.

Not here: measuring. Hours on two cores; the long scripts keep their parts, so `make bench` may be stopped and go on.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from smoke import SMOKE

from recurra.cli.console import say
from recurra.datasets.known.sets import find

HERE = Path(__file__).parent
SCRIPTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("agreement.py", ()),
    ("activations.py", ()),
    ("startup.py", ()),
    ("steps.py", ()),
    ("voice.py", ()),
    ("sessions.py", ()),
    ("rtneural.py", ()),
    ("reading.py", ()),
    ("streams.py", ()),
    ("company.py", ()),
    ("footprint.py", ()),
    ("tokenise.py", ("imdb",)),
    ("quick_labs.py", ("imdb", "glove", "wikitext-2")),
    ("labs.py", ("imdb", "glove", "wikitext-2")),
    ("tables.py", ()),
)
"""Each script, and the data sets it needs."""


def main() -> int:
    """Return 0, or 1 where a script failed; one whose data are not here is left out and said so."""
    failed = [name for name, needed in SCRIPTS if not done(name, needed)]
    if failed:
        say(f"failed: {', '.join(failed)}")
    return int(bool(failed))


def done(name: str, needed: tuple[str, ...]) -> bool:
    """Run one script; False where it failed. A smoke run only tells what it would run."""
    missing = [data for data in needed if find(data) is None]
    if missing:
        say(f"{name}: left out, not on this machine: {', '.join(missing)}")
        return True
    say(name)
    if SMOKE:
        return (HERE / name).is_file()
    return subprocess.run([sys.executable, str(HERE / name)], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
