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
from recurra.layers.convolution.run import ConvolutionSpec
from recurra.layers.layer import Floats
from recurra.nets.sequences import SequenceNet
from recurra.tasks.heads.sequence.run import ImportedNet, States

ALLOWED = 1e-5
"""How far answers may be apart: absolute up to 1, relative to a step's largest beyond.

Where the other tool's own float32 is nearly as far from its float64, twice that: no float32 comes nearer.
"""

DRAWN = ((1, 1, True), (3, 2, False), (2, 7, True), (1, 128, True))
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
    notes: tuple[str, ...] = ()


def prove(net: Net, model: ImportedNet, place: Place) -> Proof:
    """Hold the answers against the other tool's; raises ArtefactError with what differs most."""
    worst, count, notes = 0.0, 0, []
    for case in cases(net.plan):
        count += 1
        states = case.states or model.zero_states(len(case.values))
        wanted = net.reference(case.values, states)
        apart, name = _farthest(_answered(model, case), wanted)
        worst = max(worst, apart)
        if apart > ALLOWED:
            rounding = _farthest(net.single(case.values, states), wanted)[0] if net.single else 0.0
            if apart > max(ALLOWED, 2 * rounding):
                raise ArtefactError(
                    f"answers otherwise than {net.against}", place=place, advice="nothing was written",
                    found=f"{apart:.1e} apart in {name} of {case.name}", allowed=f"{ALLOWED:g}",
                )  # fmt: skip
            notes.append(f"{case.name}: {apart:.1e} apart, where its own float32 is {rounding:.1e} off its float64")
    return Proof(worst, count, tuple(notes))


def _farthest(found: tuple[Any, States], wanted: tuple[Any, States]) -> tuple[float, str]:
    return max((distance(ours, theirs), name) for name, ours, theirs in _pairs(found, wanted))


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
    spike[0, 3, plan.inputs // 2] = 30 if _reach(plan) == 1 else 1
    yield Case("zeros with a spike", spike, None)


def distance(ours: Floats, theirs: Floats) -> float:
    """The largest difference, relative to the largest number of a step where that is beyond 1.

    Infinite where shapes differ.
    """
    if ours.shape != theirs.shape:
        return float("inf")
    # A score near zero beside one of 30 is a sum of terms like 30: its last digits are theirs.
    apart = np.abs(ours - theirs) / np.abs(theirs).max(axis=-1, keepdims=True, initial=1)
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
    return (_reach(plan) * random.standard_normal((sequences, steps, plan.inputs))).astype(np.float32)


def _reach(plan: SequenceNet) -> float:
    """How large values usually are: samples of a sound lie within ±1, most of them well within."""
    return 0.1 if isinstance(plan.chain[0], ConvolutionSpec) else 1.0


def _states(plan: SequenceNet, random: np.random.Generator, sequences: int) -> States:
    return [
        tuple(random.uniform(-1, 1, (sequences, hidden)).astype(np.float32) for _ in parts)
        for parts, hidden in plan.sweeps
    ]
