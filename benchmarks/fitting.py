"""A run that a measuring script reads: fitted by `recurra fit` where it has not ended yet, and resumed where it began.

Not here: the options of a fit, and what is measured of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from smoke import SMOKE

from recurra.__main__ import main


@contextmanager
def run_folder(told: str | None, usual: str) -> Iterator[tuple[Path, Path]]:
    """Read the command line of a script that does what is `told`; give the run's folder and one that goes away."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default=usual, help="folder of the run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch) / "run" if SMOKE else Path(asked.run), Path(scratch)


def fitted(folder: Path, words: Sequence[str]) -> Path:
    """Return the folder of a run that has ended; `words` are those of the command but for where it goes.

    Raises SystemExit with the command's code where it fails.
    """
    if not (folder / "report.json").exists():
        resume = ["--resume"] if folder.is_dir() else []
        # Put back: a result names the command that measured it.
        own = sys.argv
        sys.argv = ["recurra", "fit", *words, "--out", str(folder), *resume]
        try:
            main()
        except SystemExit as left:
            if left.code:
                raise
        finally:
            sys.argv = own
    return folder
