"""The proof of an import: the net's answers beside the other tool's, on drawn and on extreme values.

Not here: the other tool (torch_nets.py and its neighbours).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.errors import ArtefactError, Place
from recurra.importing.source import Net
from recurra.layers.layer import Floats
from recurra.nets.sequences import SequenceNet
from recurra.tasks.heads.sequence.run import ImportedNet, States

ALLOWED = 1e-5
"""How far answers may be apart: absolute up to 1, relative beyond."""

DRAWN = ((1, 1, True), (3, 2, True), (3, 2, False), (2, 7, True), (1, 512, False), (1, 512, True))
"""Sequences and steps of what is drawn, and whether they begin with drawn states."""
EXTREME = {"zeros": 0.0, "ones": 1.0, "minus ones": -1.0, "numbers of 1e-30": 1e-30}


class Case(NamedTuple):
    """One call."""

    name: str
    values: NDArray[Any]
    states: States | None
    parts: bool = False
    """Whether it is answered in two parts, the second from the first one's states."""


class Proof(NamedTuple):
    """What was found."""

    difference: float
    cases: int


def prove(net: Net, model: ImportedNet, place: Place) -> Proof:
    """Hold the answers against the other tool's; raises ArtefactError with what differs most."""
    worst, told, count = 0.0, "", 0
    for case in cases(net.plan):
        count += 1
        wanted = net.reference(case.values, case.states or model.zero_states(len(case.values)))
        found = _answered(model, case)
        for name, ours, theirs in _pairs(found, wanted):
            apart = distance(ours, theirs)
            if apart > worst:
                worst, told = apart, f"{name} of {case.name}"
    if worst > ALLOWED:
        raise ArtefactError(
            f"answers otherwise than {net.against}", place=place,
            found=f"{worst:.1e} apart in {told}", allowed=f"{ALLOWED:g}", advice="nothing was written",
        )  # fmt: skip
    return Proof(worst, count)


def cases(plan: SequenceNet, seed: int = 0) -> Iterator[Case]:
    """Drawn values with and without states, then extreme ones; a net of one direction is also stopped on its way."""
    random = np.random.default_rng(seed)
    for sequences, steps, begun in DRAWN:
        values = _drawn(plan, random, sequences, steps)
        states = _states(plan, random, sequences) if begun else None
        yield Case(f"{sequences} × {steps} drawn steps{' with states' if begun else ''}", values, states)
    if not any(spec.bidirectional for spec in plan.stacks):
        yield Case("9 drawn steps in two parts", _drawn(plan, random, 2, 9), _states(plan, random, 2), parts=True)
    if plan.words:
        for word in (0, plan.words - 1):
            yield Case(f"token {word} again and again", np.full((1, 16), word, np.int32), None)
        return
    for name, value in EXTREME.items():
        yield Case(name, np.full((1, 16, plan.inputs), value, np.float32), None)
    spike = np.zeros((1, 16, plan.inputs), np.float32)
    spike[0, 3, plan.inputs // 2] = 30
    yield Case("zeros with a 30", spike, None)


def distance(ours: Floats, theirs: Floats) -> float:
    """The largest difference, relative beyond 1; infinite where shapes differ."""
    if ours.shape != theirs.shape:
        return float("inf")
    apart = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
    # A NaN is apart from everything.
    return float(np.nan_to_num(apart, nan=np.inf).max(initial=0))


def _answered(model: ImportedNet, case: Case) -> tuple[Any, States]:
    if not case.parts:
        return model.run(case.values, case.states)
    half = case.values.shape[1] // 2
    first, states = model.run(case.values[:, :half], case.states)
    second, states = model.run(case.values[:, half:], states)
    return np.concatenate([np.asarray(first), np.asarray(second)], axis=1), states


def _pairs(found: tuple[Any, States], wanted: tuple[Any, States]) -> Iterator[tuple[str, Any, Any]]:
    yield "outputs", found[0], wanted[0]
    for number, (ours, theirs) in enumerate(zip(found[1], wanted[1], strict=True)):
        for part, one, other in zip(("hidden", "cell"), ours, theirs, strict=False):
            yield f"{part} state of sweep {number}", one, other


def _drawn(plan: SequenceNet, random: np.random.Generator, sequences: int, steps: int) -> NDArray[Any]:
    if plan.words:
        return random.integers(0, plan.words, (sequences, steps)).astype(np.int32)
    return random.standard_normal((sequences, steps, plan.inputs)).astype(np.float32)


def _states(plan: SequenceNet, random: np.random.Generator, sequences: int) -> States:
    return [
        tuple(random.uniform(-1, 1, (sequences, hidden)).astype(np.float32) for _ in parts)
        for parts, hidden in plan.sweeps
    ]
