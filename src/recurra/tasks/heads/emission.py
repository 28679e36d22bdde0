"""What a head's `emit.py` says of its model as an ONNX graph, and how one is found.

Not here: the heads, writing files and the comparison with ONNX Runtime (exports/).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.batches import join
from recurra.errors import ArtefactError, either
from recurra.graph import Graph
from recurra.layers.grams.run import PLACES, Counted, GramsSpec, scored
from recurra.layers.layer import Floats, weights_of
from recurra.layers.wide.run import WideSpec, odds
from recurra.nets.emit import n_grams
from recurra.nets.run import run
from recurra.tasks.names import HELD

Answers = dict[str, NDArray[Any]]
"""Outputs by their names: a row for each sequence, or for each token where the net does not pool."""


@dataclass(frozen=True)
class Case:
    """Inputs that a graph and Recurra both answer."""

    sequences: list[NDArray[Any]]
    """Token ids or values of each, (tokens, …)."""
    beside: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Further inputs by their names, a row for each sequence."""


@dataclass(frozen=True)
class Emission:
    """How a model of one head becomes a graph."""

    write: Callable[[Any, Graph], None]
    """(model, graph): inputs, net, outputs."""
    answers: Callable[[Any, Case], Answers]
    """(model, case) -> what Recurra answers, under the names of the graph's outputs."""
    told: Callable[[Any], dict[str, Any]]
    """What else a user of the graph must know, as plain JSON by name."""
    choice: str = ""
    """The output whose largest value of each row is the answer; empty: numbers, of which none is chosen."""
    drawn: Callable[[Any, np.random.Generator, int], dict[str, NDArray[Any]]] | None = None
    """(model, generator, rows) -> inputs for the proof, where these are no sequences: `Case.beside` has them."""


def emission_of(model: Any) -> Emission:
    """Return what the head of a model says; raises ArtefactError for one that says nothing."""
    home = f"{type(model).__module__.rpartition('.')[0]}.emit"
    if find_spec(home) is None:
        advice = "fit a net alone: " + either("--recipe net", 'recipe="net"')
        raise ArtefactError("a model of this kind has no ONNX graph", found=_kind(model), advice=advice)
    # Beside the class that answers.
    emission: Emission = import_module(home).EMISSION
    return emission


def _kind(model: Any) -> str:
    """What a model is called, in a word or two."""
    return f"{HELD[model.plan.task].noun}, {getattr(model.plan, 'kind', 'net')}"


def scores_of(model: Any, case: Case) -> Floats:
    """Return what a net gives, with the scores of n-grams where they stand beside it, or those alone."""
    scores: Floats = np.float32(0)  # type: ignore[assignment]
    if case.sequences:
        scores, _ = run(model.plan, model.tensors, join(case.sequences))
    for name, spec in n_grams(model.plan).items():
        places, weights = case.beside[f"{name}_places"], weights_of(model.tensors, name)
        owners, rows = np.nonzero(places >= 0)
        known = places[owners, rows].astype(np.int64)
        if isinstance(spec, WideSpec):
            column = odds(weights, owners, known, len(places))
            scores = scores + column * (np.arange(model.plan.outputs) == model.plan.outputs - 1)
        else:
            counts = case.beside[f"{name}_counts"][owners, rows].astype(np.int64)
            scores = scores + scored(spec, weights, Counted(owners, known, counts), len(places))
    return scores.astype(np.float32)


def grams_drawn(model: Any, random: np.random.Generator, rows: int) -> dict[str, NDArray[Any]]:
    """Draw n-grams of texts for the linear parts of a model: some known, some unknown, of any number."""
    told: dict[str, NDArray[Any]] = {}
    for name, spec in n_grams(model.plan).items():
        known = model.tensors[f"{name}.place"].astype(np.int32)
        places = np.full((rows, 24), -1, np.int32)
        for row in places:
            some = random.choice(known, min(len(known), int(random.integers(0, 13))), replace=False)
            chosen = np.unique(np.concatenate([some, random.integers(0, PLACES, random.integers(0, 12))]))
            row[: len(chosen)] = chosen
        told[f"{name}_places"] = places
        if isinstance(spec, GramsSpec):
            told[f"{name}_counts"] = random.integers(1, 5, places.shape).astype(np.float32)
    return told


def grams_told(model: Any) -> dict[str, Any]:
    """Return how the n-grams of a model are made, by the names of its linear parts, where it has some."""
    said = {name: spec.model_dump(mode="json") for name, spec in n_grams(model.plan).items()}
    return {"n_grams": said} if said else {}
