"""How large the house is: files that a command runs through, lines, comments, names defined twice, import circles.

Not here: speed. Run: `make census`, or `python benchmarks/census.py`; it writes results/census.json.
"""

from __future__ import annotations

import ast
import io
import json
import statistics
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from pathlib import Path
from typing import Any

from smoke import SMOKE
from writing import write_result

SOURCE = Path(__file__).parents[1] / "src" / "recurra"
ENGINE = "_native"
"""The compiled module, which imports no file of ours."""
AGREED = {"CELL", "HEAD", "MODEL", "TASK", "main"}
"""Names that several files define by agreement, each under its own."""
PROFILE = """
import json, os, runpy, sys
from pathlib import Path

import recurra
home, calls = str(Path(recurra.__file__).parent), set()

def own(code):
    inside = code.co_filename.startswith(home) and code.co_name[:1] != "<" and code.co_flags & 1
    return (os.path.relpath(code.co_filename, home), code.co_qualname) if inside else None

def profile(frame, event, argument):
    if event == "call" and (callee := own(frame.f_code)):
        before = frame.f_back
        while before is not None and not (caller := own(before.f_code)):
            before = before.f_back
        calls.add((caller if before is not None else None, callee))

from recurra.__main__ import main
out, sys.argv = sys.argv[1], ["recurra", *sys.argv[2:]]
sys.setprofile(profile)
try:
    main()
except SystemExit as left:
    code = left.code
sys.setprofile(None)
Path(out).write_text(json.dumps([code, [list(call) for call in calls]]))
"""


def main() -> None:
    """Count, print and write."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    figures = {**commands(), **sizes(trees), **names(trees), "import_circles": circles(trees)}
    for name, value in figures.items():
        print(f"{name:34} {value}")
    write_result("census", figures, seeds=())


def commands() -> dict[str, Any]:
    """Files of ours that `fit text` and `predict --text` run through, and the calls between two of their functions."""
    with tempfile.TemporaryDirectory() as scratch:
        if SMOKE:
            return {"help": profiled(scratch, "--help")}
        run = str(Path(scratch) / "run")
        small = ["--set", "hidden=8", "--epochs", "1", "--threads", "1", "--quiet"]
        fit = profiled(scratch, "fit", "text", "synthetic", "--out", run, *small)
        predict = profiled(scratch, "predict", run, "--text", "a good film")
    return {"fit_text": fit, "predict_text": predict}


def profiled(scratch: str, *command: str) -> dict[str, int]:
    """Run a command in a child that notes each call."""
    out = Path(scratch) / "calls.json"
    subprocess.run([sys.executable, "-c", PROFILE, str(out), *command], check=True, stdout=subprocess.DEVNULL)
    code, calls = json.loads(out.read_text())
    if code:
        raise SystemExit(f"recurra {' '.join(command)} ended with {code}")
    between = [(caller, callee) for caller, callee in calls if caller]
    crossing = sum(caller[0] != callee[0] for caller, callee in between)
    return {"files": len({callee[0] for _, callee in calls}), "calls": len(between), "crossing": crossing}


def sizes(trees: dict[Path, ast.Module]) -> dict[str, Any]:
    """Lines without docstrings and blanks, comments among them, and how long functions and files are."""
    code = comments = 0
    for path, tree in trees.items():
        told = docstring_lines(tree)
        kinds = kinds_of_lines(path.read_text("utf-8"))
        code += len(kinds["code"] - told)
        comments += len(kinds["comment"])
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    )
    largest = max(trees, key=lambda path: len(path.read_text("utf-8").splitlines()))
    return {
        "files": len(trees),
        "code_lines": code,
        "comments_per_100_lines": round(100 * comments / code, 2),
        "function_median": statistics.median(lengths),
        "function_p90": lengths[len(lengths) * 9 // 10],
        "largest_file": [str(largest.relative_to(SOURCE)), len(largest.read_text("utf-8").splitlines())],
    }


def kinds_of_lines(text: str) -> dict[str, set[int]]:
    """Numbers of the lines that hold code, and of those that hold a comment."""
    kinds: dict[str, set[int]] = {"code": set(), "comment": set()}
    quiet = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            # a mark for a tool tells a reader nothing
            if not token.string.startswith(("# type:", "# fmt:", "# noqa")):
                kinds["comment"].add(token.start[0])
        elif token.type not in quiet:
            kinds["code"].update(range(token.start[0], token.end[0] + 1))
    return kinds


def docstring_lines(tree: ast.Module) -> set[int]:
    """Lines of texts that stand alone: docstrings of modules, classes and functions, and those below constants."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def names(trees: dict[Path, ast.Module]) -> dict[str, Any]:
    """Public names that two or more files define; constants, written in capitals, are each file's own."""
    seen = Counter(name for tree in trees.values() for name in defined(tree))
    twice = sorted(name for name, count in seen.items() if count > 1)
    names = [name for name in twice if not name.isupper()]
    return {"names_defined_twice": len(names), "constants_defined_twice": len(twice) - len(names), "those_names": names}


def defined(tree: ast.Module) -> set[str]:
    """The public names that a file defines at its top."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in found if not name.startswith("_")} - AGREED


def circles(trees: dict[Path, ast.Module]) -> list[list[str]]:
    """Groups of files that import each other, by imports of any kind: at the top, in functions, for type checkers."""
    edges = {module_of(path): imported(tree) for path, tree in trees.items()}
    reach = {name: reachable(name, edges) for name in edges}
    groups = {
        frozenset(other for other in reach[name] if name in reach[other]) for name in edges if name in reach[name]
    }
    return sorted(sorted(group) for group in groups if len(group) > 1)


def module_of(path: Path) -> str:
    """The dotted name of a file, without the package's."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") or "__init__"


def imported(tree: ast.Module) -> set[str]:
    """The files of ours that a file imports, anywhere."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("recurra"):
            home = str(node.module).removeprefix("recurra").removeprefix(".")
            if home == ENGINE:
                continue
            for alias in (alias for alias in node.names if alias.name != ENGINE):
                inside = f"{home}.{alias.name}".removeprefix(".")
                place = SOURCE.joinpath(*inside.split("."))
                found.add(inside if place.with_suffix(".py").is_file() or place.is_dir() else home or "__init__")
    return found


def reachable(start: str, edges: dict[str, set[str]]) -> set[str]:
    """What a file imports, and what that imports."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = edges.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen


if __name__ == "__main__":
    main()
