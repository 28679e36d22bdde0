"""The proof of an ONNX file: ONNX Runtime and Recurra answer a thousand drawn inputs, padded and not, and are compared.

Not here: writing the file (onnx.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.tensors import rounded, widened
from recurra.errors import ArtefactError, either
from recurra.layers.matrix.run import BagSpec, EmbeddingSpec
from recurra.nets.emit import state_sizes
from recurra.tasks.heads.emission import Answers, Case, emission_of, grams_drawn
from recurra.text.features import FEATURES

INPUTS = 1000
"""Sequences that are compared, at least."""
LENGTHS = (1, 2, 7, 512)
BATCHES = (1, 3, 32)
ALLOWED = 1e-5
"""Difference of an output, in units of its largest value where that is above 1."""
AGREEING = 0.9
"""Of int8: rows that must have the answer of the model before it was rounded."""
SCORES = 2**23
"""Numbers that an output may have at once: of a large vocabulary fewer tokens are compared together."""


@dataclass(frozen=True)
class Proof:
    """What was compared and found."""

    inputs: int
    largest: float
    """The largest difference of an output, in units of its largest value where that is above 1."""
    agreeing: float
    """Rows, or tokens, with the same answer as the model that was exported; 1 where none is chosen."""
    bytes: int
    rounding: float = 0.0
    """Of int8: the largest difference from the model before it was rounded, likewise."""

    @property
    def line(self) -> str:
        """The same for people."""
        same = f", the same answer for {self.agreeing:.2%}" if self.agreeing < 1 else ", every answer the same"
        rounded = f"; rounding moved outputs by {self.rounding:.1e} at most" if self.rounding else ""
        return f"{self.inputs:,} inputs, largest difference {self.largest:.1e}{same}{rounded}"


def proven(model: Any, data: bytes, *, int8: bool = False, allowed: float = ALLOWED) -> Proof:
    """Compare a file with the model in float32 that it was made of; raises ArtefactError where they differ by more
    than is `allowed`.

    With `int8` every output must be that of the model with its weights rounded, and the answers are compared with
    those before.
    """
    session, emission = _session(data), emission_of(model)
    exact = replace(model, tensors=widened(rounded(model.tensors))) if int8 else model
    compared, apart, moved, agree = 0, [0.0], [0.0], [np.ones(0, np.bool_)]
    for case in cases(model):
        got, wanted = answered(session, model, case), emission.answers(exact, case)
        before = emission.answers(model, case) if int8 else wanted
        apart += [_apart(got[name], each) for name, each in wanted.items()]
        moved += [_apart(each, before[name]) for name, each in wanted.items()]
        compared += len(case.sequences) or len(next(iter(case.beside.values())))
        if emission.choice:
            agree.append(_agree(got[emission.choice], before[emission.choice], allowed))
    same = np.concatenate(agree)
    # NumPy's maximum keeps NaN, which is above nothing; Python's would pass it over.
    proof = Proof(
        compared, float(np.max(apart)), float(same.mean()) if len(same) else 1.0, len(data), float(np.max(moved))
    )
    if not proof.largest <= allowed or proof.agreeing < (AGREEING if int8 else 1):
        told = f"{allowed:g}, and {AGREEING if int8 else 1:.0%} of the answers the same"
        near = f"if that is near enough, allow it: {either('--tolerance 1e-4', 'tolerance=1e-4')}"
        way = near if not proof.largest <= allowed else f"export without {either('--int8', 'int8=True')}"
        raise ArtefactError("ONNX Runtime answers otherwise than Recurra", found=proof.line, allowed=told, advice=way)
    return proof


def cases(model: Any) -> Iterator[Case]:
    """Draw batches of sequences for a model: of each length and size, of one length and of several."""
    if (draw := emission_of(model).drawn) or not model.plan.flow:
        yield from windows(partial(draw or grams_drawn, model))
        return
    random, drawn, width = np.random.default_rng(0), 0, widest(model)
    # A net of windows never reads more steps than its own.
    longest = getattr(getattr(model.encoder, "config", None), "window", max(LENGTHS))
    mixed = False
    while drawn < INPUTS:
        for length in LENGTHS:
            for batch in BATCHES:
                steps = max(1, min(length, longest, SCORES // width))
                count = max(1, min(batch, SCORES // (width * steps)))
                # Every second time others of the batch are shorter: their pads must not matter.
                others = random.integers(1, steps + 1, count) if mixed else np.full(count, steps)
                others[0] = steps
                drawn += count
                sequences = [sequence(model, random, int(each)) for each in others]
                yield Case(sequences, grams_drawn(model, random, count))
        mixed = not mixed


def windows(draw: Callable[[np.random.Generator, int], dict[str, NDArray[Any]]]) -> Iterator[Case]:
    """Draw batches of inputs that all have one length."""
    random = np.random.default_rng(0)
    for _ in range(-(-INPUTS // sum(BATCHES))):
        for batch in BATCHES:
            yield Case([], draw(random, batch))


def widest(model: Any) -> int:
    """Return how many numbers the largest output has for each token: of a net that pools about none."""
    return 1 if model.plan.pools else int(getattr(model.plan, "output", model.plan.flow[-1][1]).outputs)


def sequence(model: Any, random: np.random.Generator, length: int) -> NDArray[Any]:
    """Draw one sequence that the net can read."""
    first = model.plan.flow[0][1]
    if not isinstance(first, EmbeddingSpec | BagSpec):
        return random.standard_normal((length, first.inputs)).astype(np.float32)
    size = (length, FEATURES) if isinstance(first, BagSpec) else length
    return random.integers(0, first.words, size).astype(np.int32)


def answered(session: Any, model: Any, case: Case) -> Answers:
    """Run a file over sequences, padded, from states of zeros; of a net that answers tokens the pads are left out."""
    outputs = [each.name for each in session.get_outputs() if not each.name.startswith("state_")]
    sequences = case.sequences
    if not sequences:
        return dict(zip(outputs, session.run(outputs, case.beside), strict=True))
    lengths = np.array([len(each) for each in sequences], np.int32)
    padded = np.zeros((len(sequences), int(lengths.max()), *sequences[0].shape[1:]), sequences[0].dtype)
    for row, each in zip(padded, sequences, strict=True):
        row[: len(each)] = each
    first = session.get_inputs()[0].name
    given = {first: padded, "sequence_lens": lengths, **case.beside, **begun(model, len(sequences))}
    found = dict(zip(outputs, session.run(outputs, given), strict=True))
    if model.plan.pools:
        return found
    there = np.arange(padded.shape[1]) < lengths[:, None]
    return {name: value[there] for name, value in found.items()}


def begun(model: Any, batch: int) -> dict[str, NDArray[np.float32]]:
    """Return the states with which a batch begins: zeros, by their names."""
    sizes = state_sizes(model.plan)
    return {f"state_in_{name}": np.zeros((batch, size), np.float32) for name, size in sizes.items()}


def _session(data: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Errors alone: its warnings are about nodes that it leaves out.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _apart(got: NDArray[Any], wanted: NDArray[Any]) -> float:
    unit = max(1.0, float(np.abs(wanted).max(initial=0)))
    return float(np.abs(got - wanted).max(initial=0)) / unit


def _agree(got: NDArray[Any], wanted: NDArray[Any], allowed: float) -> NDArray[np.bool_]:
    """Tell of which rows both choose the same; where two are as high as each other, either is right."""
    rows = np.arange(len(wanted))
    chosen = wanted[rows, got.argmax(axis=1)]
    highest = wanted.max(axis=1)
    return np.asarray(highest - chosen <= 2 * allowed * np.maximum(1, np.abs(highest)))
