"""What a head's `emit.py` says of its model as an ONNX graph, and how one is found.

Not here: the heads, writing files and the comparison with ONNX Runtime (exports/).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from recurra.graph import Graph
from recurra.tasks.names import CALLED

Answers = dict[str, NDArray[Any]]
"""Outputs by their names: a row for each sequence, or for each token where the net does not pool."""


@dataclass(frozen=True)
class Emission:
    """How a model of one head becomes a graph."""

    write: Callable[[Any, Graph], None]
    """(model, graph): inputs, net, outputs."""
    answers: Callable[[Any, Sequence[NDArray[Any]]], Answers]
    """(model, sequences) -> what Recurra answers, under the names of the graph's outputs."""
    told: Callable[[Any], dict[str, Any]]
    """What else a user of the graph must know, as plain JSON by name."""
    choice: str = ""
    """The output whose largest value of each row is the answer; empty: numbers, of which none is chosen."""


def emission_of(task: str) -> Emission:
    """Return what the head of a task says."""
    # By name, as `model_of` finds a head's answers.
    emission: Emission = import_module(f"recurra.tasks.heads.{CALLED[task].head}.emit").EMISSION
    return emission
