"""Files import downward only, answers need no torch, and `import recurra` costs nothing."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import recurra
from small_models import save_all

SOURCE = Path(recurra.__file__).parent
HERE = Path(__file__).parent
RANKS = (
    "errors",
    "tasks.names",
    "records",
    "cells",
    "config",
    "arguments",
    "graph",
    "engine.processors",
    "engine.native",
    "engine.words",
    "layers.layer",
    "cells.backends",
    "metrics",
    "artefact",
    "datasets",
    "text",
    "calendar",
    "series",
    "panels",
    "batches",
    "cells.backends.torch",
    "engine",
    "nn",
    "layers",
    "nets",
    "model",
    "tasks.heads.classes.run",
    "tasks.heads.next_token.drawing",
    "tasks.heads.next_token.run",
    "tasks.heads.horizon.run",
    "tasks.heads.panel.encoder",
    "tasks.heads.panel.pretrained",
    "tasks.heads.panel.weighing",
    "tasks.heads.panel.settling",
    "tasks.heads.panel.run",
    "tasks.heads.sequence.run",
    "session_items",
    "session_file",
    "session",
    "session_pool",
    "tasks.task",
    "training",
    "baselines",
    "report",
    "runs.sources",
    "tasks.inputs",
    "tasks.heads",
    "tasks",
    "exports",
    "estimators",
    "importing",
    "runs",
    "streams",
    "labs",
    "cli",
    "__init__",
    "__main__",
)
"""The subjects from low to high, as docs/architecture.md tells them."""

MAY_IMPORT_TORCH = (
    "engine.devices",
    "cells.backends.torch",
    "engine.plain",
    "engine.packed",
    "engine.scan",
    "engine.triton",
    "engine.autograd",
    "engine.choose",
    "nn",
    "layers.draws",
    "nets.learn",
    "tasks.heads.next_token.dynamic",
    "training.",
    "estimators.",
    "importing.torch_nets",
    "labs.",
)
"""Beside layers/*/learn.py: what learns. Everything else answers, reads, measures or draws without torch."""

HEAVY = {
    "torch",
    "pandas",
    "polars",
    "pyarrow",
    "narwhals",
    "sklearn",
    "scipy",
    "matplotlib",
    "statsforecast",
    "onnx",
    "onnxruntime",
}


def modules() -> list[str]:
    return sorted(
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") or "__init__"
        for path in SOURCE.rglob("*.py")
    )


def path_of(module: str) -> Path:
    plain = SOURCE.joinpath(*module.split("."))
    return plain.with_suffix(".py") if plain.with_suffix(".py").is_file() else plain / "__init__.py"


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text("utf-8"))


def subject(module: str) -> str:
    """The longest beginning of its name that has a rank."""
    while module not in RANKS and "." in module:
        module = module.rpartition(".")[0]
    return module


def imports(module: str, *, inside_functions: bool) -> Iterator[str]:
    """Full names of what a module imports when it runs; what only a type checker sees is passed over."""
    waiting: list[ast.AST] = [tree_of(module)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively"
            yield from _from(str(node.module), [name.name for name in node.names])
        elif inside_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _from(home: str, names: list[str]) -> Iterator[str]:
    """`from a import b` imports a.b when that is a module, else a."""
    for name in names:
        inside = f"{home}.{name}".removeprefix("recurra.")
        yield f"recurra.{inside}" if home.split(".")[0] == "recurra" and path_of(inside).is_file() else home


def own(names: Iterator[str]) -> set[str]:
    return {name.removeprefix("recurra.") for name in names if name.startswith("recurra.")}


def test_every_subject_of_the_package_has_a_rank_and_the_documentation_tells_the_same() -> None:
    assert {subject(module) for module in modules()} == set(RANKS)
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| \d+ \| ([^|]*) \|", page, re.MULTILINE)
    told = [name.replace("/", ".") for row in rows for name in re.findall(r"`([a-z_/]+?)(?:/KIND/|/|\.py)`", row)]
    assert told == [name for name in RANKS if not name.startswith("__")]


@pytest.mark.parametrize("module", modules())
def test_a_file_imports_from_lower_ranks_only(module: str) -> None:
    mine = RANKS.index(subject(module))
    higher = {
        name
        for name in own(imports(module, inside_functions=True))
        if subject(name) != subject(module) and RANKS.index(subject(name)) >= mine
    }
    assert not higher, f"{module} imports upwards: {sorted(higher)}"


def test_no_two_files_import_each_other_when_they_are_loaded() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for name in own(imports(module, inside_functions=False)):
                visit(name, (*path, module))
            done.add(module)

    for module in modules():
        visit(module, ())
    assert done >= set(modules())


@pytest.mark.parametrize("module", modules())
def test_heavy_packages_are_imported_inside_functions(module: str) -> None:
    packages = {name.partition(".")[0] for name in imports(module, inside_functions=False)}
    allowed = {"torch"} if module.startswith(MAY_IMPORT_TORCH) or module.endswith(".learn") else set()
    assert not packages & (HEAVY - allowed), module


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith("cli") or name.endswith(".run")])
def test_the_command_line_and_the_numpy_layers_load_no_file_that_imports_torch(module: str) -> None:
    seen, waiting = set(), {module}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        assert "torch" not in set(imports(name, inside_functions=False)), f"{module} loads {name}"
        waiting |= own(imports(name, inside_functions=False)) - seen


def test_the_public_names_are_lazy_and_each_is_what_its_home_defines() -> None:
    homes = {name for names in recurra._HOMES.values() for name in names}
    assert set(recurra.__all__) == homes | set(recurra._MODULES) | {"__version__"}
    for name in recurra._MODULES:
        assert getattr(recurra, name) is importlib.import_module(f"recurra.{name}")
    for home, names in recurra._HOMES.items():
        for name in names:
            assert getattr(recurra, name) is getattr(importlib.import_module(home), name)
    assert dir(recurra) == sorted(recurra.__all__)
    assert recurra.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        recurra.Nothing  # noqa: B018


def loaded_after(code: str) -> set[str]:
    """Run code in a process of its own and return the top-level names of the modules it left loaded."""
    told = "; import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code + told], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_recurra_loads_nothing_heavy() -> None:
    assert not loaded_after("import recurra") & (HEAVY | {"numpy", "pydantic", "typer", "rich"})


def test_the_estimators_are_there_before_torch_is() -> None:
    code = "import recurra; recurra.TextClassifier(); recurra.LanguageModel(); recurra.Forecaster()"
    assert not loaded_after(code) & HEAVY


COMMANDS = {
    "predict": ["predict", "{text}", "--text", "not bad at all"],
    "evaluate": ["evaluate", "{text}", "{rows}", "--no-rival", "--json"],
    "evaluate series": ["evaluate", "{series}", "{table}", "--json"],
    "explain": ["explain", "{text}", "not a good film"],
    "score": ["score", "{language}", "a good film"],
    "generate": ["generate", "{language}", "a good", "--tokens", "5"],
    "forecast": ["forecast", "{series}", "{table}", "--level", "80"],
    "stream": ["stream", "{language}", "{rows}"],
    "stream series": ["stream", "{series}", "{table}"],
    "inspect": ["inspect", "{language}"],
    "help": ["--help"],
    "fit help": ["fit", "text", "--help"],
    "doctor": ["doctor", "--json"],
    "data": ["data", "list"],
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    rows, table = folder / "rows.csv", folder / "table.csv"
    rows.write_text("text,label\na good film,good\nnot good,bad\n")
    table.write_text("unique_id,ds,y\n" + "".join(f"a,2024-01-{day:02d},{day}\n" for day in range(1, 10)))
    return {**save_all(folder), "rows": rows, "table": table}


ONE_AFTER_ANOTHER = """
import json, sys
from command_line import recurra

for command in json.loads(sys.argv[1]):
    done = recurra(*command)
    assert not done.code, done
    print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))
"""


@pytest.fixture(scope="module")
def loaded(places: dict[str, Path]) -> dict[str, set[str]]:
    """What is loaded after each command; in one process, as no module that one of them loaded is unloaded again."""
    commands = [[part.format(**places) for part in command] for command in COMMANDS.values()]
    call, environment = [sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps(commands)], {"PYTHONPATH": str(HERE)}
    done = subprocess.run(call, env=os.environ | environment, capture_output=True, text=True, check=True)
    return {name: set(json.loads(line)) for name, line in zip(COMMANDS, done.stdout.splitlines(), strict=True)}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_that_do_not_learn_never_import_torch(command: str, loaded: dict[str, set[str]]) -> None:
    # pandas, scikit-learn and their like would each cost more than the answer does.
    assert not loaded[command] & (HEAVY | {"jinja2"})


@pytest.mark.parametrize("path", sorted((SOURCE.parents[1] / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_an_example_finds_all_it_imports(path: Path) -> None:
    runpy.run_path(str(path), run_name="imported")
