"""Layers of torch.nn, one after another, as records and weights of our own.

Not here: which layers there are, and in which order (states.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import UsageError, either
from recurra.importing.asked import Asked, Stage
from recurra.importing.source import Source, checked_spec
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.convolution.run import ConvolutionSpec
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.sequences import SequenceNet

Group = dict[str, NDArray[Any]]
"""The arrays of one layer by their own names."""

CELL_OF = {4: "lstm", 3: "gru", 1: "rnn"}
"""The cell, by how many gates lie stacked in its weights."""
OF_SWEEP = re.compile(r"(weight|bias)_(ih|hh)_l(\d+)(_reverse)?")


@dataclass
class Built:
    """What the layers so far have become."""

    specs: list[Any] = field(default_factory=list)
    weights: list[Group] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    """The file's own arrays, which torch is given."""
    places: int = 1
    """Places of a chunk that the flow has here."""

    def add(self, spec: Any, weights: Group, group: Group) -> None:
        """Put a layer behind the others."""
        self.specs.append(spec)
        # Of float64 some may be beyond float32: they become infinite, and are refused before the proof.
        with np.errstate(over="ignore"):
            self.weights.append({name: np.array(values, np.float32, order="C") for name, values in weights.items()})
        self.groups.append(group)

    def named(self, plan: SequenceNet) -> dict[str, Any]:
        """Return all weights by their full names: the plan numbers its layers in the same order."""
        return {
            f"{layer}.{name}": values
            for layer, weights in zip(plan.layers(), self.weights, strict=True)
            for name, values in weights.items()
        }


def is_recurrent(group: Group) -> bool:
    """Tell whether these are weights of a recurrent layer or cell."""
    return "weight_ih" in group or "weight_ih_l0" in group


def sizes_of(group: Group, kind: str) -> tuple[int, int]:
    """Inputs and outputs of a layer by its shapes; an embedding reads one number, the token id."""
    if kind == "recurrent":
        named = stacked(group)
        both = 2 if "weight_ih_l0_reverse" in named else 1
        return named["weight_ih_l0"].shape[-1], named.get("weight_hh_l0", np.zeros((0, 0))).shape[-1] * both
    rows, columns = group["weight"].shape[:2]
    return (1, columns) if kind == "embedding" else (columns, rows)


def cell_of(group: Group) -> str:
    """Return the cell by the shapes of its weights; empty: none that is known."""
    recurrent = stacked(group).get("weight_hh_l0", np.zeros(0))
    rows, hidden = recurrent.shape if recurrent.ndim == 2 else (0, 0)
    return CELL_OF.get(rows // hidden if hidden and rows % hidden == 0 else 0, "")


def stacked(group: Group) -> Group:
    """Return the arrays of a cell under the names of a stack with one layer."""
    return {f"{name}_l0" if name[-3:] in ("_ih", "_hh") else name: values for name, values in group.items()}


def build(source: Source, groups: Mapping[str, Group], stages: list[Stage], asked: Asked) -> Built:
    """Make each layer in turn; raises ArtefactError and UsageError that name it."""
    built = Built()
    for stage in stages:
        if stage.function:
            _function(source, built, stage)
            continue
        group = groups[stage.name]
        if is_recurrent(group):
            _recurrent(source, built, stage, group, asked)
        elif not group.keys() <= {"weight", "bias"} or "weight" not in group or group["weight"].ndim not in (2, 3):
            found = ", ".join(f"{name} {values.shape}" for name, values in group.items())
            raise source.refused(f"layer {stage.name} is of a kind that is not imported", found=found[:200])
        else:
            _product(source, built, stage, group, asked, next_inputs=_inputs_behind(groups, stages, stage))
    _check_read(stages, built.specs, asked)
    if built.places > 1:
        raise source.refused("the last layer leaves several places of a chunk", found=f"{built.places}", allowed="1")
    return built


def _check_read(stages: list[Stage], specs: list[Any], asked: Asked) -> None:
    """Raise UsageError for what was said of a layer that does not read it."""
    for stage, spec in zip(stages, specs, strict=True):
        strides = (stage.stride, stage.left, stage.right) != (1, 0, 0)
        if (stage.activation and not isinstance(spec, RecurrentSpec)) or (
            strides and not isinstance(spec, ConvolutionSpec)
        ):
            raise UsageError(
                either("--layers", "layers"), found=str(stage), allowed=f"no settings of a {spec.kind} layer"
            )
    if asked.activation and not any(stage.activation for stage in stages):
        raise UsageError(either("--activation", "activation"), found="no simple RNN", advice="leave it out")
    if asked.length and not any(isinstance(spec, ConvolutionSpec) for spec in specs):
        raise UsageError(either("--length", "length"), found="no convolution", advice="leave it out")


def _inputs_behind(groups: Mapping[str, Group], stages: list[Stage], stage: Stage) -> int:
    """How much the layer behind reads; 0: there is none that tells it."""
    behind = stages[stages.index(stage) + 1 :]
    following = next((groups[each.name] for each in behind if each.function is None), None)
    if following is None or not (is_recurrent(following) or "weight" in following):
        return 0
    return sizes_of(following, "recurrent" if is_recurrent(following) else "dense")[0]


def _function(source: Source, built: Built, stage: Stage) -> None:
    if not built.specs:
        raise UsageError(either("--layers", "layers"), found=stage.name, allowed="a layer with weights first")
    sizes = {"function": stage.function, "inputs": built.specs[-1].outputs, "places": built.places}
    if stage.function == "softmax" and built.places > 1:
        raise source.refused("a softmax over several places of a chunk is not imported")
    built.add(checked_spec(source, ActivationSpec, stage.name, **sizes), {}, {})


def _recurrent(source: Source, built: Built, stage: Stage, group: Group, asked: Asked) -> None:
    named = stacked(group)
    _one_place(source, built, stage)
    if "weight_hh_l0" not in named or any(not OF_SWEEP.fullmatch(name) for name in named):
        found = ", ".join(sorted(name for name in named if not OF_SWEEP.fullmatch(name))) or "no weight_hh"
        wrong = f"layer {stage.name or '.'}: arrays that are not imported, such as projections"
        raise source.refused(wrong, found=found[:200])
    cell, hidden = cell_of(group), int(named["weight_hh_l0"].shape[-1])
    if not cell:
        found = f"weight_hh {named['weight_hh_l0'].shape}"
        raise source.refused(f"layer {stage.name or '.'}: of no known cell", found=found, allowed="lstm, gru, rnn")
    if asked.cell and asked.cell != cell:
        allowed = f"{cell}, by the shapes of {stage.name or '.'}"
        raise UsageError(either("--cell", "cell"), found=asked.cell, allowed=allowed)
    spec = checked_spec(
        source, RecurrentSpec, stage.name,
        cell=cell, activation=_activation(stage, cell), inputs=int(named["weight_ih_l0"].shape[-1]), hidden=hidden,
        layers=1 + max(int(OF_SWEEP.fullmatch(name)[3]) for name in named),  # type: ignore[index]
        bidirectional="weight_ih_l0_reverse" in named, reset_after=stage.reset_after,
    )  # fmt: skip
    built.add(spec, _weights_of(source, stage, named, spec), group)


def _activation(stage: Stage, cell: str) -> str:
    if cell != "rnn":
        # --activation speaks of simple RNNs; a file of Keras may tell another of an LSTM.
        return stage.activation or "tanh"
    if not stage.activation:
        raise UsageError(
            f"the nonlinearity of the RNN {stage.name or '.'}, which its weights do not tell",
            allowed="tanh or relu", advice=f"say {either('--activation tanh', 'activation=tanh')} or relu",
        )  # fmt: skip
    return stage.activation


def _weights_of(source: Source, stage: Stage, named: Group, spec: RecurrentSpec) -> Group:
    wanted = spec.weights()
    biased = any(name.startswith("bias") for name in named)
    # Without biases torch adds none; ours are zeros.
    blank = {} if biased else {name: np.zeros(shape) for name, shape in wanted.items() if name.startswith("bias")}
    there = {**named, **blank}
    for name, shape in wanted.items():
        if name not in there or there[name].shape != shape:
            found = f"{there[name].shape}" if name in there else "none"
            raise source.refused(f"layer {stage.name or '.'}: {name}", found=found, allowed=str(shape))
    return {name: there[name] for name in wanted}


def _product(source: Source, built: Built, stage: Stage, group: Group, asked: Asked, *, next_inputs: int) -> None:
    weight = group["weight"]
    bias = group.get("bias", np.zeros(weight.shape[0]))
    if weight.ndim == 3 and (built.places > 1 or weight.shape[2] > 1 or not built.specs):
        _convolution(source, built, stage, group, bias, asked)
        return
    _one_place(source, built, stage)
    rows, columns = weight.shape[:2]
    if not built.specs and "bias" not in group and _looks_up(source, stage, weight, next_inputs):
        built.add(checked_spec(source, EmbeddingSpec, stage.name, words=rows, size=columns), {"weight": weight}, group)
        return
    spec = checked_spec(source, DenseSpec, stage.name, inputs=columns, outputs=rows)
    # A convolution of one place is a product.
    built.add(spec, {"weight": weight.reshape(rows, columns), "bias": bias}, group)


def _looks_up(source: Source, stage: Stage, weight: NDArray[Any], next_inputs: int) -> bool:
    """Whether a first matrix without a bias is a table of vectors, not a linear layer."""
    table, product = bool(weight.shape[1] == next_inputs), bool(weight.shape[0] == next_inputs)
    if "emb" in stage.name.lower() or table != product:
        return table
    advice = "name an embedding so that emb stands in its name"
    raise source.refused(f"layer {stage.name} may be an embedding or a linear layer without a bias", advice=advice)


def _convolution(source: Source, built: Built, stage: Stage, group: Group, bias: NDArray[Any], asked: Asked) -> None:
    filters, channels, kernel = group["weight"].shape
    length = built.places if built.specs else asked.length
    if not length:
        wrong = f"the length of a chunk, which the convolution {stage.name} reads, is not in a state dict"
        raise UsageError(wrong, advice=f"say {either('--length 576', 'length=576')}")
    spec = checked_spec(
        source, ConvolutionSpec, stage.name, length=length, channels=channels, filters=filters, kernel=kernel,
        stride=stage.stride, left=stage.left, right=stage.right, reflect=stage.reflect,
    )  # fmt: skip
    # torch has a filter's channels one after another, each with its places; chunks here lie place by place.
    weight = group["weight"].transpose(0, 2, 1).reshape(filters, kernel * channels)
    built.add(spec, {"weight": weight, "bias": bias}, group)
    built.places = spec.places


def _one_place(source: Source, built: Built, stage: Stage) -> None:
    if built.places > 1:
        wrong = f"layer {stage.name or '.'} reads one place, but the convolution before it leaves {built.places}"
        raise source.refused(wrong, advice="only chunks that convolutions bring down to one place are imported")
