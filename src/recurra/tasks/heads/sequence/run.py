"""An imported net answers arrays: values or token ids of each step -> outputs of each step and final states.

Not here: how it is read from another tool's file and proven (importing/), saving and loading (model.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recurra.artefact import Artefact
from recurra.batches import Ragged, join
from recurra.errors import DataError, UsageError
from recurra.layers.layer import ArrayState, Floats, TokenIds
from recurra.model import Model, checked_record, six_digits
from recurra.nets.run import run
from recurra.nets.sequences import SequenceNet
from recurra.records import Frozen

States = list[ArrayState]
"""A tuple of parts (sequences, units) for each sweep: the hidden state, and an LSTM's inner one."""


class ImportOrigin(Frozen):
    """Where a net came from, and what its answers were held against."""

    file: str
    """The name of the file, without folders."""
    sha256: str
    form: str
    """torch, onnx or keras."""
    took: tuple[str, ...]
    """The layers as they are called there, in the order of the flow."""
    against: str
    """Whose answers it was held against."""
    difference: float = Field(ge=0)
    """The largest that was found, relative to a step's largest number where that is beyond 1."""
    cases: int = Field(ge=1)
    notes: tuple[str, ...] = ()
    """What was left out, or taken for granted."""


@dataclass(frozen=True, eq=False)
class ImportedNet(Model):
    """A net that has learnt elsewhere: `run` answers arrays."""

    task = "sequence"
    net = SequenceNet
    file = ""
    use = 'recurra.load("FOLDER").run(values)'

    plan: SequenceNet
    encoder: ImportOrigin
    """Where it came from; it reads numbers, so nothing is encoded."""

    def run(
        self, values: NDArray[Any] | Sequence[NDArray[Any]], states: States | None = None
    ) -> tuple[Floats | list[Floats], States]:
        """Return outputs of each step, float32, and the states in which the sequences ended.

        `values` are (sequences, steps, features) or, of a net that looks token ids up, whole numbers (sequences,
        steps); or a list of sequences of any lengths, (steps, features) each. Outputs have the same form.
        `states`, as an earlier call returned them, go on from there; None begins with zeros. Raises DataError for
        values, UsageError for states, that do not fit.
        """
        ragged = self._ragged(values)
        begun = self._states(states, ragged.sequences)
        if not len(ragged.values):
            # Nothing was read: the states are where they were.
            outputs: Floats = np.zeros((0, self.plan.outputs), np.float32)
            ended: Sequence[ArrayState] | None = begun
        else:
            outputs, ended = run(self.plan, self.tensors, ragged, None if states is None else begun)
        if isinstance(values, np.ndarray):
            return outputs.reshape(*values.shape[:2], self.plan.outputs), list(ended or ())
        return np.split(outputs, ragged.offsets[1:-1]) if ragged.sequences else [], list(ended or ())

    def zero_states(self, sequences: int) -> States:
        """Return the states in which every sequence begins."""
        return [tuple(np.zeros((sequences, hidden), np.float32) for _ in parts) for parts, hidden in self.plan.sweeps]

    def ids_of(self, text: str, *, begins: bool) -> TokenIds:
        """Raise UsageError: which words its ids stand for, it was not told."""
        raise UsageError("this net reads token ids", found="a text", allowed="whole numbers, one a token")

    def _ragged(self, values: NDArray[Any] | Sequence[NDArray[Any]]) -> Ragged[NDArray[Any]]:
        words, features = self.plan.words, self.plan.inputs
        wanted = "(steps,) whole numbers" if words else f"(steps, {features:,}) numbers"
        pieces = [np.asarray(piece) for piece in values]
        for number, piece in enumerate(pieces):
            kinds, shape = ("iu", ()) if words else ("iuf", (features,))
            if piece.dtype.kind not in kinds or piece.ndim != len(shape) + 1 or piece.shape[1:] != shape:
                found = f"{piece.dtype} {piece.shape} at sequence {number}"
                raise DataError("values do not fit the net", found=found, allowed=f"for each sequence {wanted}")
        dtype: Any = np.int32 if words else np.float32
        if not pieces:
            return Ragged(np.zeros((0,) if words else (0, features), dtype), np.zeros(1, np.int64))
        ragged = join(pieces)
        _check(ragged.values, words)
        return ragged.carry(np.ascontiguousarray(ragged.values, dtype))

    def _states(self, states: States | None, sequences: int) -> States:
        if states is None:
            return self.zero_states(sequences)
        wanted = [tuple((sequences, hidden) for _ in parts) for parts, hidden in self.plan.sweeps]
        given = [tuple(np.asarray(part, np.float32) for part in state) for state in states]
        if (found := [tuple(part.shape for part in state) for state in given]) != wanted:
            raise UsageError("states do not fit", found=str(found)[:200], allowed=str(wanted)[:200])
        if not all(np.isfinite(part).all() for state in given for part in state):
            raise UsageError("states hold numbers that are not finite", advice="begin with states=None")
        return [tuple(np.ascontiguousarray(part) for part in state) for state in given]

    def told(self) -> dict[str, Any]:
        """Where it came from."""
        return {"imported": self.encoder.model_dump(mode="json")}

    @classmethod
    def read(cls, held: Artefact, plan: SequenceNet) -> Self:
        """Check the record."""
        return cls(plan, held.tensors, checked_record(ImportOrigin, held.config.get("imported"), "imported"))

    def selftest(self) -> dict[str, Any]:
        """Outputs of synthetic sequences, their first 16 numbers, and the first of each part of the states."""
        outputs, states = self.run(drawn(self.plan, (1, 7, 12)))
        parts = [part[:, :4] for state in states for part in state]
        return {
            "outputs": six_digits(np.concatenate(outputs)[:, :16]),
            "states": six_digits(np.concatenate(parts, axis=1)),
        }

    @property
    def fact(self) -> str:
        """Where it came from, and how near its answers are."""
        source = self.encoder
        return f"Imported from {source.file} ({source.form}). {self.summary}"

    @property
    def facts(self) -> dict[str, Any]:
        """The same as a record."""
        return self.told()

    @property
    def summary(self) -> str:
        """How near its answers are."""
        source = self.encoder
        return f"within {source.difference:.1e} of {source.against}, in {source.cases} cases"


def drawn(plan: SequenceNet, lengths: Sequence[int], *, seed: int = 0) -> list[NDArray[Any]]:
    """Draw sequences of these lengths that the net can read: N(0, 1), or any of its token ids."""
    random = np.random.default_rng(seed)
    if words := plan.words:
        return [random.integers(0, words, length).astype(np.int32) for length in lengths]
    return [random.standard_normal((length, plan.inputs)).astype(np.float32) for length in lengths]


def _check(values: NDArray[Any], words: int | None) -> None:
    if words and len(values) and not (values.min() >= 0 and values.max() < words):
        found = f"{values.min()} … {values.max()}"
        raise DataError("token ids that the net does not know", found=found, allowed=f"0 … {words - 1}")
    # Also what is finite in float64 and would not be in float32.
    if not words and not (np.abs(values) <= np.finfo(np.float32).max).all():
        raise DataError("values that are not finite", advice="look for blanks in what is read")


MODEL = ImportedNet
