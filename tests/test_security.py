"""No file of the package can run what it reads, and none grows beyond what one can read."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import recurra
from small_models import text_model

SOURCE = Path(recurra.__file__).parent
FILES = sorted(path for path in SOURCE.rglob("*.py"))
NAMES = [str(path.relative_to(SOURCE)) for path in FILES]

FORBIDDEN_MODULES = {
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "mmap",
    "yaml",
    "h5py",
    "tables",
    "code",
    "imp",
}
MAY_USE = {"importing/hdf5.py": {"h5py"}}
"""The converter's child process, which can open no file and reaches no memory but its own."""
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_ATTRIBUTES = {"read_pickle", "to_pickle", "memmap", "open_memmap", "fromfile"}
OF_OS = {"system", "popen", "execv", "execve"}
OF_TORCH = {"load", "save", "hub", "package", "jit"}
OF_NUMPY = {"load", "loadtxt", "genfromtxt", "memmap", "fromfile"}


def dangers(tree: ast.Module) -> Iterator[str]:
    """Name everything that could run or map what is read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(str(node.module), {name.name for name in node.names})
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node)


def _from(home: str, names: set[str]) -> Iterator[str]:
    if home.partition(".")[0] in FORBIDDEN_MODULES:
        yield home
    yield from (f"{home}.{name}" for name in names if home == "torch" and name in OF_TORCH)
    yield from (f"{home}.{name}" for name in names if home == "numpy" and name in OF_NUMPY)


def _call(node: ast.Call) -> Iterator[str]:
    if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
        yield node.func.id
    for given in node.keywords:
        allowed = isinstance(given.value, ast.Constant) and given.value.value is False
        if given.arg in ("allow_pickle", "shell", "trust_remote_code") and not allowed:
            yield str(given.arg)
        if given.arg == "mmap_mode":
            yield "mmap_mode"


def _attribute(node: ast.Attribute) -> Iterator[str]:
    home = node.value.id if isinstance(node.value, ast.Name) else ""
    if node.attr in FORBIDDEN_ATTRIBUTES:
        yield f"{home}.{node.attr}"
    for homes, names in ((("os",), OF_OS), (("torch",), OF_TORCH), (("np", "numpy"), OF_NUMPY)):
        if home in homes and node.attr in names:
            yield f"{home}.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_file_unpickles_evaluates_or_maps_what_it_reads(path: Path) -> None:
    found = set(dangers(ast.parse(path.read_text("utf-8"))))
    assert not found - MAY_USE.get(str(path.relative_to(SOURCE)), set())


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "import mmap",
        "torch.load(path)",
        "from torch import load",
        "np.load(path, allow_pickle=True)",
        "numpy.memmap(path)",
        "json.loads(text, allow_pickle=flag)",
        "eval(text)",
        "exec(text)",
        "yaml.load(text)\nimport yaml",
        "pd.read_pickle(path)",
        "subprocess.run(line, shell=True)",
        "os.system(line)",
        "def f():\n    import dill",
    ],
)
def test_the_search_finds_what_it_is_for(code: str) -> None:
    assert list(dangers(ast.parse(code)))


def test_the_search_passes_what_is_harmless() -> None:
    code = "import json\nre.compile(x)\nmodel.load(path)\nself.eval()\nnp.loads\nsafetensors.numpy.load(data)"
    assert not list(dangers(ast.parse(code)))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_security_checks_are_never_assertions(path: Path) -> None:
    # `python -O` removes assertions; every check must stay.
    assert not [node.lineno for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Assert)]


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in zip(NAMES, FILES, strict=True)}
    assert not {name: length for name, length in lengths.items() if length > 300}


def test_no_function_is_longer_than_40_lines() -> None:
    lengths = {
        f"{name}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, path in zip(NAMES, FILES, strict=True)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: length for name, length in lengths.items() if length > 40}


def test_every_file_says_what_it_is_and_what_it_is_not() -> None:
    silent = []
    for name, path in zip(NAMES, FILES, strict=True):
        text = path.read_text("utf-8")
        told = ast.get_docstring(ast.parse(text)) or ""
        if text.strip() and ("Not here" not in told or not told.splitlines()[0].endswith((".", ":", "?"))):
            silent.append(name)
    assert not silent


def test_loading_and_refusing_work_the_same_without_assertions(tmp_path: Path) -> None:
    text_model().save(tmp_path / "model")
    weights = tmp_path / "model" / "weights.safetensors"
    ask = [sys.executable, "-O", "-m", "recurra", "predict", str(tmp_path / "model"), "--text", "a good film"]
    assert subprocess.run(ask, capture_output=True, check=False).returncode == 0
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    refused = subprocess.run(ask, capture_output=True, text=True, check=False)
    assert refused.returncode == 4 and "weights.safetensors" in refused.stderr
