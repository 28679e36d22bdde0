"""Columns of scores for texts: a net and linear scores of n-grams, added up, without torch.

Not here: what the columns mean (regression/, multilabel/, ordinal/), training (learn.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recurra.artefact import Artefact, Stored
from recurra.errors import ArtefactError
from recurra.model import SAMPLES, Model, encoder_of, six_digits, synthetic_sequences
from recurra.nets.run import TargetNet, run_all
from recurra.tasks.heads.classes.run import read_and_scored
from recurra.text.encoder import Encoded, TextEncoder


@dataclass(frozen=True)
class TargetAnswer:
    """What is known of one text: its answer as a line and as JSON, and how much of it the model could read."""

    line: str
    told: dict[str, Any]
    empty: bool
    unk_rate: float
    truncated: int

    @property
    def unread(self) -> bool:
        """Whether the model knows none of its words."""
        return self.unk_rate == 1.0

    def plain(self) -> str:
        """The answer in one line."""
        return self.line

    def record(self) -> dict[str, Any]:
        """What JSON tells of it."""
        return {**self.told, "empty": self.empty, "unk_rate": self.unk_rate, "truncated": self.truncated}


@dataclass(frozen=True, eq=False)
class RunningTargets(Model):
    """A net's plan and weights, the words, and the names of the targets."""

    net = TargetNet
    file = "tokenizer.json"
    use = 'recurra predict FOLDER --text "…"'
    columns_of: ClassVar[int] = 0
    """How many columns fewer than names the net has."""

    plan: TargetNet
    encoder: TextEncoder
    names: tuple[str, ...]
    read_from: tuple[str, ...] = ()
    """The columns of the table that held the targets; empty where they came from no table."""

    @property
    def reading(self) -> dict[str, Any]:
        """How targets are read that are to be compared with its answers, as `TargetReading` has it."""
        return {}

    def scores(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], Encoded]:
        """Return the net's columns (rows, columns), and what the encoder could read of each text."""
        encoded, scores = read_and_scored(
            self.plan,
            self.tensors,
            self.encoder,
            texts,
            lambda part: run_all(self.plan, self.tensors, part.encoded.ids),
        )
        return scores.astype(np.float64), encoded

    @property
    def answer_names(self) -> tuple[str, ...]:
        """The names of the targets."""
        return self.names

    def answers_of(self, lines: Sequence[tuple[str, dict[str, Any]]], encoded: Encoded) -> list[TargetAnswer]:
        """Join each row's answer with what could be read of it."""
        read = zip(lines, encoded.empty, encoded.unk_rate, encoded.truncated, strict=True)
        return [TargetAnswer(*line, bool(empty), float(unk), int(cut)) for line, empty, unk, cut in read]

    @property
    def stored(self) -> Stored:
        """Rounded when it was made: a large vocabulary would weigh four times as much."""
        return "int8"

    def told(self) -> dict[str, Any]:
        """The names of the targets, and where they stood."""
        return {"names": list(self.names), "read_from": list(self.read_from)}

    def selftest(self) -> dict[str, Any]:
        """Columns of the synthetic texts."""
        if not self.plan.flow:
            return {"scores": six_digits(self.scores(SAMPLES)[0])}
        sequences = synthetic_sequences(len(self.encoder.vocabulary))
        return {"scores": six_digits(run_all(self.plan, self.tensors, sequences))}

    @property
    def facts(self) -> dict[str, Any]:
        """What `recurra inspect` tells."""
        return self.told()

    @classmethod
    def checked(cls, held: Artefact, plan: TargetNet) -> tuple[TextEncoder, tuple[str, ...], tuple[str, ...]]:
        """Read the words, the names and their columns; raises ArtefactError for names that do not fit the net."""
        names: Any = held.config.get("names")
        if plan.task != cls.task:
            raise ArtefactError("recurra.json: net.task", found=plan.task, allowed=cls.task)
        wanted = plan.outputs + cls.columns_of
        sound = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not sound or len({*names}) != len(names) or len(names) != wanted:
            raise ArtefactError("recurra.json: names", found=repr(names)[:60], allowed=f"{wanted} distinct texts")
        read_from: Any = held.config.get("read_from")
        if not isinstance(read_from, list) or not all(isinstance(name, str) for name in read_from):
            raise ArtefactError("recurra.json: read_from", found=repr(read_from)[:60], allowed="a list of texts")
        return encoder_of(held, plan.words), tuple(names), tuple(read_from)


def numbers_of(held: Artefact, key: str, count: int) -> NDArray[np.float64]:
    """Read finite numbers of an artefact's description: (count,); raises ArtefactError."""
    values: Any = held.config.get(key)
    sound = isinstance(values, list) and all(type(value) in (int, float) for value in values)
    if not sound or len(values) != count or not np.isfinite(values).all():
        raise ArtefactError(f"recurra.json: {key}", found=repr(values)[:60], allowed=f"{count} finite numbers")
    return np.array(values, np.float64)


def sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn log-odds into probabilities."""
    # By the tanh: e^1000 would be infinite.
    shares: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * scores))
    return shares
