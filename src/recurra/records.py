"""Records that are checked: closed, immutable, strictly typed; and how what pydantic finds is told in one line.

Not here: the choices of a user (config.py), specs of layers (layers/).
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from recurra.errors import UsageError

_Model = TypeVar("_Model", bound=BaseModel)


class Frozen(BaseModel):
    """A closed, immutable, strictly typed record."""

    # Strict: the text "3" is no number and 1 no truth value, so a slip in a file is refused, not read as what is near.
    # Fields have no descriptions: pydantic would parse each record's source for docstrings, 60 ms of a first answer.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def validated(model: type[_Model], values: dict[str, Any]) -> _Model:
    """Check `values` as JSON would be checked (lists may stand for tuples); raise UsageError with the field's path."""
    try:
        # Through JSON on purpose: strict mode takes tuples only as tuples, but from JSON a list will do.
        return model.model_validate_json(json.dumps(values, default=_plain))
    except ValidationError as problem:
        raise UsageError(problem_line(problem)) from None


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's own. What JSON has no word for becomes a text, which no field takes."""
    return value.tolist() if hasattr(value, "dtype") else repr(value)


def problem_line(problem: ValidationError) -> str:
    """Tell the first problem of a validation as `field.path: message`, without echoing long values."""
    # One line: the first problem, and how many more there are.
    first = problem.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "(whole)"
    # Cut at 60 characters: a whole array may have been given in place of a number.
    more = f" (and {problem.error_count() - 1} more)" if problem.error_count() > 1 else ""
    return f"{path}: {first['msg']}, found {str(first['input'])[:60]!r}{more}"
