"""Every measuring script still runs: with tiny sizes, and without writing a result.

Not here: its figures, which mean nothing then.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from smoke_runs import smoke

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = sorted(path for path in BENCHMARKS.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))
KEPT = (BENCHMARKS / "results", ROOT / "docs", ROOT / "README.md")


def written() -> dict[Path, int]:
    """When each file that a benchmark may write was changed last."""
    files = [file for path in KEPT for file in (path.rglob("*") if path.is_dir() else [path])]
    return {file: file.stat().st_mtime_ns for file in files}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs_with_smoke_and_writes_no_result(script: Path, tmp_path: Path) -> None:
    before = written()
    code, told = smoke(script, tmp_path, seconds=200)
    assert written() == before
    assert code == 0, told
    if "left out: " in told:
        pytest.skip(told[told.index("left out: ") :].splitlines()[0])
