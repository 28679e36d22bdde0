"""Make docs/api.md from the docstrings of the public names, as `help()` shows them.

Not here: the names (src/recurra/__init__.py) and their texts (each in its own file). Run: `make pages`.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from smoke import SMOKE
from writing import PARTS

import recurra
from recurra.artefact import write_atomically

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
HEAD = """# The public names

Made by `make pages` from the docstrings: what `help(recurra)` tells, on one page. All other names of the package may
change without notice. Commands: [cli.md](cli.md). Each task has a page of its own:
[texts](text-classification.md), [language](language-models.md), [series](forecasting.md).
"""
FIRST = ("load", "TextClassifier", "LanguageModel", "Forecaster", "nn")
"""What most people come for; the rest follows in the order of the alphabet."""
OWN = {"asked", "changed_params", "fit_prepared", "holding", "parameter_names", "settings"}
"""Methods that the package's own files call."""
DOCTEST = re.compile(r"\s*# doctest:.*")


def main() -> None:
    """Write the page."""
    page = PARTS / "api.md" if SMOKE else PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(page, rendered())
    print(page)


def rendered() -> str:
    """Return the page."""
    rest = sorted(set(recurra.__all__) - {*FIRST, "__version__"}, key=str.lower)
    names = [*FIRST, *rest]
    return "\n".join([HEAD, *(part for name in names for part in told(name, getattr(recurra, name)))]).rstrip() + "\n"


def told(name: str, value: Any) -> list[str]:
    """Return the part of a name."""
    title = f"recurra.{name}"
    if isinstance(value, ModuleType):
        inside = [(key, getattr(value, key)) for key in public(value)]
        return [f"## {title}", "", text_of(value), *(part for key, item in inside for part in member(key, item))]
    if inspect.isclass(value):
        methods = [(key, item) for key, item in inspect.getmembers(value, callable) if is_shown(value, key)]
        shown = [] if hasattr(value, "model_fields") else code(signature(name, value))
        return [f"## {title}", "", *shown, text_of(value), *fields(value), *of_methods(methods)]
    if callable(value):
        return [f"## {title}", "", *code(signature(name, value)), text_of(value)]
    return [f"## {title}", "", "The Settings that a fit begins with; `.changed({…})` gives others.", ""]


def fields(value: Any) -> list[str]:
    """Return the choices of a group of settings: name, default, meaning."""
    rows = [
        f"| `{name}` | `{field.default!r}` | {escaped(field.description)} |"
        for name, field in getattr(value, "model_fields", {}).items()
        if field.description
    ]
    return ["| choice | default | |", "|---|---|---|", *rows, ""] if rows else []


def escaped(text: str) -> str:
    """A text in a table's row: one line, and no markup of its own."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")


def public(module: ModuleType) -> list[str]:
    """The functions and classes that a module, or a package's own files, define, in its own order."""
    return [
        key
        for key, item in vars(module).items()
        if not key.startswith("_")
        and callable(item)
        and f"{getattr(item, '__module__', '')}.".startswith(f"{module.__name__}.")
    ]


def is_shown(kind: type, key: str) -> bool:
    """Whether a method is one that a user calls: public, with a text, and ours."""
    item = inspect.getattr_static(kind, key)
    home = getattr(getattr(item, "__func__", item), "__module__", "") or ""
    return (
        not key.startswith("_")
        and key not in OWN
        and home.startswith("recurra")
        and bool(inspect.getdoc(getattr(kind, key)))
    )


def of_methods(methods: list[tuple[str, Any]]) -> list[str]:
    """Return the parts of a class's methods."""
    return [part for key, item in methods for part in member(key, item)]


def member(key: str, item: Any) -> list[str]:
    """Return the part of a method, or of a function in a module."""
    return [f"### {key}", "", *code(signature(key, item)), text_of(item)]


def signature(name: str, value: Any) -> str:
    """A call as a user writes it."""
    try:
        told = str(inspect.signature(value))
    except (TypeError, ValueError):
        return name
    # Types told as text, as they stand in the file; a named tuple wraps each in a mark.
    told = re.sub(r"ForwardRef\('([^']*)'\)|'([^']*)'", r"\1\2", told)
    return name + told.replace("(self, ", "(").replace("(self)", "()")


def code(line: str) -> list[str]:
    """A call in a block, long ones broken at the commas."""
    broken = re.sub(r", (?=[*\w]+(?::|=|,|\)))", ",\n    ", line) if len(line) > 110 else line
    return ["```text", broken, "```"]


def text_of(value: Any) -> str:
    """A docstring, its examples in a block."""
    text, _, examples = (inspect.getdoc(value) or "").partition("\n>>> ")
    shown = ["", "```text", f">>> {DOCTEST.sub('', examples).strip()}", "```"] if examples else []
    return "\n".join([text.strip(), *shown, ""])


if __name__ == "__main__":
    main()
