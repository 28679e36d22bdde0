"""What an artefact must hold, worked out from its plan before a weight is read.

Not here: files and answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from numpy.typing import NDArray
from pydantic import ValidationError

from recurra.artefact import Artefact
from recurra.config import Precision, problem_line
from recurra.errors import ArtefactError
from recurra.nets.plans import NETS, Plan
from recurra.text.encoder import TextEncoder

Net = TypeVar("Net", bound=Plan)


def expected_shapes(config: dict[str, Any], task: str) -> dict[str, tuple[int, ...]]:
    """Return every weight's name and shape; raises ArtefactError when the plan in `config` is not a valid one."""
    return _checked(config, NETS[task]).weights()


def make_read_only(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Lock the weights of a trained model: the engine packs what cannot change once for ever."""
    for tensor in tensors.values():
        tensor.flags.writeable = False


def in_precision(model: Any, precision: Precision | None) -> Any:
    """Return a running model that multiplies in another precision than it learnt in; None leaves it as it is."""
    return replace(model, plan=model.plan.in_precision(precision)) if precision else model


def plan_of(artefact: Artefact, kind: type[Net]) -> Net:
    """Read the plan of a checked artefact."""
    return _checked(artefact.config, kind)


def encoder_of(artefact: Artefact, words: int) -> TextEncoder:
    """Read the encoder of a checked artefact; its vocabulary must have as many words as the embedding has rows."""
    encoder = TextEncoder.from_json(artefact.files.get("tokenizer.json", b""))
    if len(encoder.vocabulary) != words:
        found = f"{len(encoder.vocabulary)} words"
        raise ArtefactError("tokenizer.json does not fit the embedding", found=found, allowed=f"{words} words")
    return encoder


def _checked(config: dict[str, Any], kind: type[Net]) -> Net:
    import json

    try:
        return kind.model_validate_json(json.dumps(config.get("net")))
    except ValidationError as problem:
        raise ArtefactError(f"recurra.json: net.{problem_line(problem)}") from None
