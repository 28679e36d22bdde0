"""A run that a measuring script reads: fitted by `recurra fit` where it has not ended yet, and resumed where it began.

Not here: the options of a fit, and what is measured of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from recurra.__main__ import main


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
