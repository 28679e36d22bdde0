"""Options that several commands share, said once: the fields of a dataclass become options of a command.

Not here: the options themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with each parameter that is a dataclass replaced by options, one a field.

    Fields are annotated as typer annotates options; the command gets the dataclass made of what was given.
    """
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, Any] = {
        name: each.annotation for name, each in signature.parameters.items() if is_dataclass(each.annotation)
    }

    def call(**given: Any) -> None:
        made = {
            name: kind(**{part.name: given.pop(part.name) for part in fields(kind)}) for name, kind in groups.items()
        }
        command(**given, **made)

    options = [option for kind in groups.values() for option in _options(kind)]
    own = [each.replace(kind=each.KEYWORD_ONLY) for name, each in signature.parameters.items() if name not in groups]
    call.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__annotations__ = {}
    return call


def _options(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            part.name, inspect.Parameter.KEYWORD_ONLY, default=_default(part), annotation=hints[part.name]
        )
        for part in fields(kind)
    ]


def _default(part: Field[Any]) -> Any:
    return part.default_factory() if part.default_factory is not MISSING else part.default
