"""One trained model of any task: its plan and weights, its artefact, self-test, card and precision, how it came to be.

Not here: what a model answers (tasks/heads/KIND/run.py), and the files themselves (artefact/). In memory or loaded from
a folder, answers take the same path, without torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from recurra.artefact import Artefact, Stored, load_artefact, require_task, resolve, save_artefact
from recurra.artefact.tensors import rounded, widened
from recurra.batches import Ragged, join
from recurra.config import Precision
from recurra.datasets.columns import TextColumns
from recurra.errors import ArtefactError
from recurra.layers.layer import Floats, Shapes, TokenIds
from recurra.nets.run import Plan
from recurra.nets.stepping import Finish
from recurra.records import Frozen, problem_line
from recurra.tasks.names import HELD
from recurra.text.encoder import TextEncoder

TOLERANCE: dict[Precision, float] = {"float32": 1e-4, "bf16": 3e-2, "int8": 1e-1}
"""How far self-test rows may be off, relative: generous beside each precision's rounding, far below what a wrong weight
does."""

MOST_EPOCHS = 1_000
"""A longer history is left out: a description has a size."""

KEYS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_perplexity", "lr")
"""The keys of a history in the order in which a fit tells them; JSON sorts them."""

SAMPLES = ("the", "it is not as good as the first one, but not bad", "where are they?")
"""Texts for the self-test of a model without a net, whose n-grams no number can name."""

Argument = str | int | float | bool | tuple[str, ...] | None
Form = Literal["column", "table", "lists", "matrix"]
"""Numbers of one target or of several; labels as lists, or as 0 and 1."""
History = list[dict[str, float]]
_Record = TypeVar("_Record", bound=Frozen)


class ModelOrigin(Frozen):
    """How a model came to be, with which a reloaded estimator goes on; artefacts of before tell nothing of it.

    `parameters` are its constructor's arguments as they were given, `settings` all choices in effect, held as they
    stand: whether they still can be chosen is asked when somebody fits again.
    """

    # Not the estimator's own types: an artefact of tomorrow may hold arguments that this version does not have.
    parameters: dict[str, Argument] = Field(default_factory=dict)
    settings: dict[str, dict[str, Any]] | None = None
    history: tuple[dict[str, float], ...] = ()
    best_epoch: int = Field(default=0, ge=0)
    text: str | None = None
    label: str | None = None
    """The columns of texts and labels, where they came from a table."""
    form: Form | None = None
    """What targets came as in Python, in which an estimator then answers; None: from a file, or always in one form."""

    @property
    def columns(self) -> TextColumns | None:
        """The columns read, None where they are not known."""
        return TextColumns(self.text, self.label) if self.text is not None else None

    @property
    def epochs(self) -> History:
        """The history in the order in which a fit tells it."""
        # A history came out of JSON in the order of the alphabet; unknown keys go last.
        places = {key: place for place, key in enumerate(KEYS)}
        return [dict(sorted(row.items(), key=lambda item: places.get(item[0], len(KEYS)))) for row in self.history]


@dataclass(frozen=True, eq=False)
class Model:
    """A net's plan and weights, and the way from inputs to arrays; each head adds what it needs to answer."""

    task: ClassVar[str]
    net: ClassVar[type[Plan]]
    file: ClassVar[str]
    """The artefact's file of the encoder; empty: it has none."""
    use: ClassVar[str]
    """The command that answers, as the card tells it."""
    more_is_better: ClassVar[tuple[str, ...]] = ()
    less_is_better: ClassVar[tuple[str, ...]] = ()
    """What is measured of it."""

    plan: Any
    tensors: dict[str, Any]
    encoder: Any
    origin: ModelOrigin = field(default_factory=ModelOrigin, kw_only=True)

    def __post_init__(self) -> None:
        """Lock the weights: the engine packs what cannot change once for ever."""
        for tensor in self.tensors.values():
            # By identity: the engine keeps what it packed for as long as this very array lives unchanged.
            tensor.flags.writeable = False

    @property
    def stored(self) -> Stored:
        """How its weights usually lie on the disc."""
        return "float32"

    @property
    def coarse(self) -> tuple[str, ...]:
        """Beginnings of the names of weights that were rounded to int8 before, and lie there so."""
        return ()

    @property
    def finish(self) -> tuple[Finish, float]:
        """How scores become answers in a session, and what they are multiplied by first."""
        return "none", 1.0

    @property
    def answer_names(self) -> tuple[str, ...]:
        """What each column of a session's answer stands for; empty where the columns have no names."""
        return ()

    def answered(self, answers: Floats) -> Floats:
        """Return a session's answers (rows, columns) in the model's own terms, where `finish` does not say it all."""
        return answers

    def ids_of(self, text: str, *, begins: bool) -> TokenIds:
        """Return the ids of a text's tokens as a session reads them: (tokens,), or (tokens, ids of a token)."""
        return np.asarray(self.encoder.encode_whole([text])[0], np.int64)

    def told(self) -> dict[str, Any]:
        """Return what the artefact's description holds of the head, as plain JSON."""
        raise NotImplementedError

    @classmethod
    def read(cls, held: Artefact, plan: Any) -> Self:
        """Take over what `told` and the encoder's file gave; raises ArtefactError for what is wrong."""
        raise NotImplementedError

    def selftest(self) -> dict[str, Any]:
        """Return answers to synthetic rows."""
        raise NotImplementedError

    @property
    def fact(self) -> str:
        """What a card says of it before its layers."""
        raise NotImplementedError

    @property
    def facts(self) -> dict[str, Any]:
        """What `recurra inspect` tells beside its layers, as plain JSON."""
        return {}

    @property
    def summary(self) -> str:
        """The same in a line for people; empty: nothing."""
        return ""

    def in_precision(self, precision: Precision | None) -> Self:
        """Return the model multiplying in another precision than it learnt in; None leaves it as it is."""
        # The weights stay float32: they are rounded where they are packed, so one artefact answers in each.
        return replace(self, plan=self.plan.in_precision(precision)) if precision else self

    def save(self, folder: str | Path, *, card: str = "", stored: Stored | None = None) -> None:
        """Write the artefact: the same model gives the same bytes. `stored` as `Artefact` has it, or as is usual."""
        stored = stored or self.stored
        if stored == "int8":
            # The self-test is answered by what will be read.
            replace(self, tensors=widened(rounded(self.tensors)))._write(folder, card, stored)
        else:
            self._write(folder, card, stored)

    def _write(self, folder: str | Path, card: str, stored: Stored) -> None:
        origin = self.origin.model_dump(mode="json", exclude_defaults=True)
        # What says nothing is left out, so that an artefact from before `origin` keeps its bytes.
        config = {"net": self.plan.model_dump(mode="json"), **self.told(), **({"origin": origin} if origin else {})}
        files = {self.file: self.encoder.to_json()} if self.file else {}
        save_artefact(
            Path(folder), Artefact(self.task, config, self.tensors, files, self.selftest(), card, stored, self.coarse)
        )

    @classmethod
    def load(cls, folder: str | Path, *, precision: Precision | None = None) -> Self:
        """Read an artefact, check everything, replay its self-test; `precision` answers in another than it learnt in.

        Raises ArtefactError with what is wrong and what to do.
        """
        return cls.from_artefact(load_artefact(resolve(Path(folder)), expected=cls.shapes)).in_precision(precision)

    @classmethod
    def shapes(cls, config: dict[str, Any], task: str) -> Shapes:
        """Return every weight's name and shape; raises ArtefactError for another task's model, or no valid plan."""
        # Before the weights: what another task's model is, is told at once, and not that its layers do not fit.
        require_task(task, cls.task)
        return checked_record(cls.net, config.get("net"), "net").weights()

    @classmethod
    def from_artefact(cls, held: Artefact) -> Self:
        """Take over an artefact that is in memory and checked; raises ArtefactError for another task's."""
        require_task(held.task, cls.task)
        plan = checked_record(cls.net, held.config.get("net"), "net")
        # Artefacts of before have no origin; an empty record says as much.
        origin = checked_record(ModelOrigin, held.config.get("origin", {}), "origin")
        # `read` knows the head's part alone; how the model came to be is the same record in every task.
        model = replace(cls.read(held, plan), origin=origin)
        model._replay(held.selftest)
        return model

    def _replay(self, saved: Mapping[str, Any]) -> None:
        """Raise ArtefactError when the self-test rows come out otherwise than they were saved."""
        # Of the precision it was saved in: the replay comes before `in_precision`.
        near = TOLERANCE[self.plan.precision]
        for name, rows in self.selftest().items():
            wanted, got = np.asarray(saved.get(name), dtype=np.float64), np.asarray(rows)
            # allclose would spread a shape that merely fits.
            if wanted.shape != got.shape or not np.allclose(got, wanted, rtol=near, atol=near):
                raise ArtefactError(
                    f"the self-test rows ({name}) come out otherwise than when the model was saved",
                    advice="save the model again, or report the processor and the versions of `recurra doctor`",
                )

    def card(self, history: History, epoch: int) -> str:
        """Return the README.md that lies in the artefact: figures and how to use it, never users' rows."""
        counts = self.plan.parameters
        rows = [f"| {name} | {spec.kind} | {counts[name]:,} |" for name, spec in self.plan.layers().items()]
        table = ["| layer | kind | parameters |", "|---|---|---|", *rows]
        figures = history[epoch - 1].items() if history else ()
        told = ", ".join(f"{name} {value:.4g}" for name, value in figures if name != "seconds")
        kept = [f"The epoch that was kept: {told}.", ""] if told else []
        use = f'Use it: `{self.use}`, or `recurra.load("FOLDER")`.'
        return "\n".join([f"# {HELD[self.task].noun.capitalize()}", "", self.fact, "", *table, "", *kept, use, ""])


def model_of(task: str) -> type[Any]:
    """Return the class of a task's models: its head's run.py has it."""
    # By name: an answer needs the head alone, and a task's record brings readers, rivals and reports along.
    model: type[Any] = import_module(f"recurra.tasks.heads.{HELD[task].head}.run").MODEL
    return model


def load_any(folder: Path, *, precision: Precision | None = None) -> Any:
    """Return the model of an artefact, whatever its task; raises ArtefactError as each task's load does."""
    # Only the folder knows its task: the model of that task then says which tensors there must be.
    held = load_artefact(folder, expected=lambda config, task: model_of(task).shapes(config, task))
    return model_of(held.task).from_artefact(held).in_precision(precision)


def checked_record(kind: type[_Record], record: Any, name: str) -> _Record:
    """Check one record of an artefact's description, which is not trusted; raises ArtefactError with the field."""
    try:
        return kind.model_validate_json(json.dumps(record))
    except ValidationError as problem:
        raise ArtefactError(f"recurra.json: {name}.{problem_line(problem)}") from None


def kept_history(history: History) -> tuple[dict[str, float], ...]:
    """Return a history without seconds, which differ from run to run, or nothing where it is too long."""
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in history]
    return tuple(rows) if len(rows) <= MOST_EPOCHS else ()


def encoder_of(artefact: Artefact, words: int | None) -> TextEncoder:
    """Read the encoder of a checked artefact; its vocabulary must have as many words as the embedding, if any, rows."""
    encoder = TextEncoder.from_json(artefact.files.get("tokenizer.json", b""))
    if words is not None and len(encoder.vocabulary) != words:
        found = f"{len(encoder.vocabulary)} words"
        raise ArtefactError("tokenizer.json does not fit the embedding", found=found, allowed=f"{words} words")
    return encoder


def synthetic_sequences(words: int) -> list[NDArray[np.int32]]:
    """The same, one array (tokens,) each."""
    rows = synthetic_ids(words)
    return [rows.values[start:stop] for start, stop in pairwise(rows.offsets)]


def synthetic_ids(words: int) -> Ragged[NDArray[np.int32]]:
    """Three short sequences of token ids spread over the vocabulary, for self-tests."""
    # One, seven and twelve tokens: shorter and longer than what the engine takes at a time.
    random = np.random.default_rng(0)
    return join([random.integers(0, words, length).astype(np.int32) for length in (1, 7, 12)])


def six_digits(values: NDArray[Any]) -> list[list[float]]:
    """Six digits of each self-test value: what an artefact keeps."""
    # A float32 has seven digits; the last differs from processor to processor.
    return [[float(f"{value:.6g}") for value in row] for row in np.asarray(values, dtype=np.float64)]
