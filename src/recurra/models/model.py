"""One trained model of any task: its plan and weights, its artefact, its self-test, its card.

Not here: what each task answers (text.py, language.py, series.py). In memory or loaded from a folder, answers take the
same path, without torch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import ValidationError

from recurra.artefact import Artefact, load, require_task, resolve, save
from recurra.config import Precision, problem_line
from recurra.errors import ArtefactError
from recurra.models.origin import Origin, origin_of
from recurra.models.selftest import check_selftest
from recurra.nets.plans import NETS, Plan
from recurra.text.encoder import TextEncoder

Net = TypeVar("Net", bound=Plan)


@dataclass(frozen=True)
class Described:
    """What a model's card says of it beside its layers."""

    title: str
    fact: str
    use: str


@dataclass(frozen=True, eq=False)
class Model:
    """A net's plan and weights; each task adds what it needs to read its inputs and to answer."""

    task: ClassVar[str]
    net: ClassVar[type[Plan]]
    more_is_better: ClassVar[tuple[str, ...]] = ()
    less_is_better: ClassVar[tuple[str, ...]] = ()
    """What is measured of it."""

    plan: Any
    tensors: dict[str, Any]
    origin: Origin = field(default_factory=Origin, kw_only=True)

    def __post_init__(self) -> None:
        """Lock the weights: the engine packs what cannot change once for ever."""
        for tensor in self.tensors.values():
            tensor.flags.writeable = False

    def told(self) -> dict[str, Any]:
        """What the artefact's description holds beside the net, as plain JSON."""
        raise NotImplementedError

    def files(self) -> dict[str, bytes]:
        """The artefact's further files."""
        raise NotImplementedError

    def selftest(self) -> dict[str, Any]:
        """Answers to synthetic rows."""
        raise NotImplementedError

    def described(self) -> Described:
        """What the card says."""
        raise NotImplementedError

    @classmethod
    def read(cls, held: Artefact, plan: Any) -> Self:
        """Take over what `told` and `files` gave; raises ArtefactError for what is wrong."""
        raise NotImplementedError

    def in_precision(self, precision: Precision | None) -> Self:
        """Return the model multiplying in another precision than it learnt in; None leaves it as it is."""
        return replace(self, plan=self.plan.in_precision(precision)) if precision else self

    def save(self, folder: str | Path, *, card: str = "") -> None:
        """Write the artefact: the same model gives the same bytes."""
        config = {"net": self.plan.model_dump(mode="json"), **self.told(), **self.origin.told()}
        save(Path(folder), Artefact(self.task, config, self.tensors, self.files(), self.selftest(), card))

    @classmethod
    def load(cls, folder: str | Path, *, precision: Precision | None = None) -> Self:
        """Read an artefact, check everything, replay its self-test; `precision` answers in another than it learnt in.

        Raises ArtefactError with what is wrong and what to do.
        """
        return cls.from_artefact(load(resolve(Path(folder)), expected=expected_shapes)).in_precision(precision)

    @classmethod
    def from_artefact(cls, held: Artefact) -> Self:
        """Take over an artefact that is in memory and checked; raises ArtefactError for another task's."""
        require_task(held, cls.task)
        plan = _checked(held.config, cls.net)
        model = replace(cls.read(held, plan), origin=origin_of(held.config))
        check_selftest(held.selftest, model.selftest, plan.recurrent.precision)
        return model


def expected_shapes(config: dict[str, Any], task: str) -> dict[str, tuple[int, ...]]:
    """Return every weight's name and shape; raises ArtefactError when the plan in `config` is not a valid one."""
    return _checked(config, NETS[task]).weights()


def encoder_of(artefact: Artefact, words: int) -> TextEncoder:
    """Read the encoder of a checked artefact; its vocabulary must have as many words as the embedding has rows."""
    encoder = TextEncoder.from_json(artefact.files.get("tokenizer.json", b""))
    if len(encoder.vocabulary) != words:
        found = f"{len(encoder.vocabulary)} words"
        raise ArtefactError("tokenizer.json does not fit the embedding", found=found, allowed=f"{words} words")
    return encoder


def _checked(config: dict[str, Any], kind: type[Net]) -> Net:
    try:
        return kind.model_validate_json(json.dumps(config.get("net")))
    except ValidationError as problem:
        raise ArtefactError(f"recurra.json: net.{problem_line(problem)}") from None
