"""What a classifier learns from, once rows are numbered and split: its parts, and the records kept of them.

Not here: rows as they were given (texts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import TextColumns
from recurra.datasets.splits import Split
from recurra.tasks.inputs.texts import Part
from recurra.text.encoder import TextEncoder


@dataclass(frozen=True)
class LabelledRows:
    """Texts and their labels, and the numbers by which a reader finds them, from 0, where these are not their order."""

    texts: list[str]
    labels: list[str] | None
    numbers: NDArray[np.int64] | None = None


class Fold(NamedTuple):
    """Numbers of the rows that judges learn from, and of those that they then answer."""

    learnt: NDArray[np.int64]
    held: NDArray[np.int64]


@dataclass(frozen=True)
class LabelledParts:
    """What the head learns from and is finished on."""

    classes: NDArray[Any]
    train: Part
    validation: Part | None
    encoder: TextEncoder
    wide: bool = False
    folds: Sequence[Fold] = ()
    """The parts of a cross-fit, or the one part that is held out; none where the net answers alone."""
    numbers: NDArray[np.int64] | None = None
    """Of each row of a stack: where a reader finds it."""
    net_name: str = ""
    """What reports call the net among other judges."""
    way: str = ""
    """How that net comes about (heads/classes/choose.py)."""
    unlabelled: Sequence[str] = ()
    """Texts that the encoder gets used to before it learns labels."""
    taught: Sequence[str] = ()
    """Those of them that the judges of a stack label themselves, round by round."""
    dense: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    """Weight and bias by which the encoder that it begins with makes its vectors."""

    @property
    def held(self) -> NDArray[np.int64]:
        """The rows that folds hold out, fold by fold."""
        return np.concatenate([fold.held for fold in self.folds])


def labelled_rows(part: Part, classes: NDArray[Any]) -> LabelledRows:
    """Return a part as rivals take it."""
    return LabelledRows(part.texts, [str(classes[target]) for target in part.targets])


def kept_of(columns: TextColumns | None, cut: Split | None) -> dict[str, Any]:
    """Return what a rival needs to learn from the same rows: their columns, and which of them were held out."""
    held_out = cut.validation.tolist() if cut is not None else []
    return {"columns": asdict(columns) if columns is not None else None, "held_out": held_out}
