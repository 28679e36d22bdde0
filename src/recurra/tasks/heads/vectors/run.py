"""Vectors as answers: a trained encoder gives each text a vector of length 1, without torch.

Texts of like meaning have vectors of a small angle; any classifier of numbers can go on from there. Not here: training
(learn.py), saving and loading (model.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.artefact import Artefact
from recurra.layers.layer import Floats
from recurra.model import Model, encoder_of, six_digits, synthetic_ids
from recurra.nets.run import EncoderNet, run_all
from recurra.tasks.inputs.vectors import unit
from recurra.text.vocabulary import UNK


def unread_texts(empty: int, unread: int, texts: int) -> list[str]:
    """Warn of texts whose vectors say nothing: so many of all without a word, so many without a known one."""
    one, told = texts == 1, list[str]()
    if empty:
        zeros = f"{empty:,} of {texts:,} texts are empty: their vectors are zeros"
        told.append("the text is empty: its vector is zeros" if one else zeros)
    if unread:
        which = "the text is" if one else f"{unread:,} of {texts:,} texts are"
        why = "it, and its vector says nothing of it" if one else "them, and their vectors say nothing of them"
        told.append(f"{which} unread: the encoder knows no word of {why}; is it the script or language it learnt from?")
    return told


@dataclass(frozen=True, eq=False)
class RunningEncoder(Model):
    """A net's plan and weights, and the words."""

    task = "encoder"
    net = EncoderNet
    file = "tokenizer.json"
    use = 'recurra.load("FOLDER").transform(texts)'
    more_is_better = ("cosine", "centred")

    plan: EncoderNet

    def answered(self, answers: Floats) -> Floats:
        """As vectors of length 1."""
        return unit(answers)

    @property
    def size(self) -> int:
        """Features of a vector."""
        return self.plan.dense.outputs

    @property
    def dense(self) -> tuple[Floats, Floats]:
        """Weight (size, features) and bias of what makes a vector of the net's features."""
        return self.tensors["dense.weight"], self.tensors["dense.bias"]

    def vectors(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[str]]:
        """Return the vectors (texts, size) of length 1, and what is to be warned of.

        A text longer than the encoder's `max_length` is read in windows of that length; its vector is the mean of
        theirs, each counting by its tokens. A text without a word has zeros.
        """
        whole = self.encoder.encode_whole(texts)
        longest = self.encoder.config.max_length
        windows = [ids[start : start + longest] for ids in whole for start in range(0, len(ids), longest)]
        counts = [-(-len(ids) // longest) for ids in whole]
        sums = np.zeros((len(whole), self.size), np.float32)
        if windows:
            answers = run_all(self.plan, self.tensors, windows)
            weights = np.array([len(window) for window in windows], np.float32)
            np.add.at(sums, np.repeat(np.arange(len(whole)), counts), unit(answers) * weights[:, None])
        empty = sum(1 for ids in whole if not len(ids))
        unread = sum(1 for ids in whole if len(ids) and (ids == UNK).all())
        return unit(sums), unread_texts(empty, unread, len(whole))

    def told(self) -> dict[str, Any]:
        """Nothing beside the net."""
        return {}

    def selftest(self) -> dict[str, Any]:
        """Vectors of the synthetic texts, their first 16 numbers."""
        rows = synthetic_ids(self.plan.embedding.words)
        sequences = [rows.values[start:stop] for start, stop in pairwise(rows.offsets)]
        return {"vectors": six_digits(run_all(self.plan, self.tensors, sequences)[:, :16])}

    @property
    def fact(self) -> str:
        """How many words it knows, and how long a vector is."""
        return f"{len(self.encoder.vocabulary):,} words and pieces, vectors of {self.size}."

    @classmethod
    def read(cls, held: Artefact, plan: EncoderNet) -> Self:
        """Check the words."""
        return cls(plan, held.tensors, encoder_of(held, plan.embedding.words))


MODEL = RunningEncoder
