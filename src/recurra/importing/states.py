"""A state dict of torch.nn: which of its arrays are which layer, and the same layers of our own.

Names and shapes tell cells, embeddings and linear layers; a state dict holds neither their order nor the functions
between them. Where more than one reading is possible, nothing is chosen: `--layers` is asked for.

Not here: torch, whose answers are the proof (torch_nets.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.tensors import FOREIGN, from_bfloat16, refuse_infinite, unpack
from recurra.errors import UsageError, either
from recurra.importing.asked import Asked, Stage, read_layers
from recurra.importing.source import Net, Source, checked_plan
from recurra.importing.stages import Built, Group, build, cell_of, is_recurrent, sizes_of, stacked

MOST = 6
"""Layers whose order is looked for; more are asked for."""


@dataclass(frozen=True)
class Reading:
    """The layers of a file in the order of the flow."""

    stages: list[Stage]
    notes: tuple[str, ...]


def read_states(source: Source, asked: Asked) -> Net:
    """Read a safetensors file of torch; raises ArtefactError and UsageError with what is not known or does not fit."""
    return net_of(source, unpack(source.data, dtypes=FOREIGN, file=str(source.path), noted=True), asked)


def net_of(source: Source, arrays: Mapping[str, NDArray[Any]], asked: Asked) -> Net:
    """Return the net of arrays that have the names of torch.nn."""
    groups, notes = groups_of(source, arrays, asked.prefix)
    reading = reading_of(source, groups, asked)
    stages = reading.stages
    for stage in stages:
        if stage.activation and cell_of(groups[stage.name]) != "rnn":
            allowed = "an activation of a simple RNN alone: torch has no other"
            raise UsageError(either("--layers", "layers"), found=str(stage), allowed=allowed)
    built = build(source, groups, stages, asked)
    plan = checked_plan(source, built.specs)
    return _with_torch(plan, built, stages, (*notes, *reading.notes))


def reading_of(source: Source, groups: dict[str, Group], asked: Asked) -> Reading:
    """Return the layers as they were asked for, or in the one order in which their sizes fit; raises UsageError."""
    reading = _asked_for(groups, asked) if asked.layers else _found(source, groups)
    return replace(reading, stages=[_with_activation(stage, groups, asked) for stage in reading.stages])


def _with_torch(plan: Any, built: Built, stages: list[Stage], notes: tuple[str, ...]) -> Net:
    import torch

    from recurra.engine.processors import installed
    from recurra.importing.torch_nets import torch_net

    took, against = tuple(str(stage) for stage in stages), f"torch {installed('torch')}"
    exact, single = torch_net(stages, built), torch_net(stages, built, torch.float32)
    return Net(plan, built.named(plan), took, exact, against, notes, single)


def groups_of(source: Source, arrays: Mapping[str, NDArray[Any]], prefix: str) -> tuple[dict[str, Group], list[str]]:
    """Return the arrays by what stands before their last dot, and notes of what was left out or rounded."""
    chosen = {
        name[len(prefix) + 1 :] if prefix else name: values
        for name, values in arrays.items()
        if not prefix or name.startswith(f"{prefix}.")
    }
    if not arrays:
        raise source.refused("no arrays of floats in it")
    if not chosen:
        known = ", ".join(sorted({name.partition(".")[0] for name in arrays}))
        raise UsageError(either("--prefix", "prefix"), found=repr(prefix), allowed=known[:200])
    notes = [f"{len(arrays) - len(chosen)} arrays do not begin with {prefix}: left out"] if prefix else []
    if any(values.dtype == np.float64 for values in chosen.values()):
        notes.append("float64 was rounded to float32")
    groups: dict[str, Group] = {}
    for name, values in chosen.items():
        home, _, own = name.rpartition(".")
        # Raw bits of bfloat16 come as uint16; widening is exact.
        groups.setdefault(home, {})[own] = from_bfloat16(values) if values.dtype == np.uint16 else values
    refuse_infinite({name: each for name, each in chosen.items() if each.dtype.kind in "fu"}, file=str(source.path))
    return groups, [note for note in notes if not note.startswith("0 ")]


def _asked_for(groups: dict[str, Group], asked: Asked) -> Reading:
    stages = read_layers(asked.layers)
    names = [name for stage in stages if stage.function is None for name in stage.name.split("+")]
    for name in names:
        home, _, own = name.rpartition(".")
        if name not in groups and own in groups.get(home, {}):
            # A matrix may have a name of its own, such as a table that is never learnt.
            groups[name] = {"weight": groups[home].pop(own)}
            if not groups[home]:
                del groups[home]
        if name not in groups:
            known = ", ".join(name or "." for name in sorted(groups))
            raise UsageError(either("--layers", "layers"), found=repr(name), allowed=known[:300])
    rest = sorted(set(groups) - set(names))
    for stage in stages:
        forward, both, backward = stage.name.partition("+")
        if both:
            # Two cells that read from either end are what torch calls one layer of two directions.
            reverse = {f"{name}_reverse": values for name, values in stacked(groups[backward]).items()}
            groups[stage.name] = {**stacked(groups[forward]), **reverse}
    return Reading(stages, (f"left out: {', '.join(rest)}",) if rest else ())


def _found(source: Source, groups: Mapping[str, Group]) -> Reading:
    """Find the one order of all layers in which their sizes fit."""
    kinds = {name: _kinds(name, group) for name, group in groups.items()}
    strange = sorted(name or "." for name, found in kinds.items() if not found)
    shown = ",".join(name or "." for name in sorted(groups, key=_natural))
    if strange or len(groups) > MOST or not any(map(is_recurrent, groups.values())):
        what = f"layers that names and shapes do not tell: {', '.join(strange)[:200]}" if strange else "its layers"
        raise _unknown(source, what, f"name the ones to take, in order, with settings and functions, out of {shown}")
    orders = list(_orders(groups, kinds))
    if len(orders) != 1:
        wrong = "the sizes of its layers fit in no order" if not orders else "its layers fit in more than one order"
        raise _unknown(source, wrong, f"name them in order, out of {shown}")
    order = [name for name, _ in orders[0]]
    dense = [name for name, kind in orders[0] if kind == "dense"]
    if len(dense) > 1 or (dense and order[-1] != dense[0]):
        given = ",".join(name if name != dense[0] else f"{name},relu" for name in order)
        wrong = "which functions stand between its linear layers, a state dict does not tell"
        raise _unknown(source, wrong, f"say --layers {given}, or without relu, or another")
    notes = [f"the flow was found by sizes: {','.join(name or '.' for name in order)}"] if len(order) > 1 else []
    if dense:
        notes.append(f"no function was known before or behind {dense[0]}: --layers {','.join(order)},sigmoid adds one")
    return Reading([Stage(name) for name in order], tuple(notes))


def _unknown(source: Source, wrong: str, advice: str) -> UsageError:
    return UsageError(f"{source.path}: {wrong}", advice=f"{either('--layers', 'layers')}: {advice}")


def _kinds(name: str, group: Group) -> tuple[str, ...]:
    """What a group may be by its names and shapes."""
    if is_recurrent(group):
        return ("recurrent",)
    weight = group.get("weight")
    if not group.keys() <= {"weight", "bias"} or weight is None or weight.ndim != 2:
        return ()
    if "bias" in group:
        return ("dense",)
    return ("embedding",) if "emb" in name.lower() else ("dense", "embedding")


def _orders(groups: Mapping[str, Group], kinds: Mapping[str, tuple[str, ...]]) -> Iterator[list[tuple[str, str]]]:
    for order in permutations(groups):
        # Names that differ by a number alone, cells.0 and cells.1, keep its order.
        numbered = [(re.sub(r"\d+", "#", name), _natural(name)) for name in order]
        if any(a[0] == b[0] and a[1] > b[1] for place, a in enumerate(numbered) for b in numbered[place:]):
            continue
        for first in kinds[order[0]]:
            found = [(order[0], first), *((name, kinds[name][0]) for name in order[1:])]
            if any(kind == "embedding" for _, kind in found[1:]):
                continue
            sizes = [sizes_of(groups[name], kind) for name, kind in found]
            if all(before[1] == after[0] for before, after in pairwise(sizes)):
                yield found


def _natural(name: str) -> list[tuple[int, str]]:
    """Names in the order in which people count: fc2 before fc10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _with_activation(stage: Stage, groups: Mapping[str, Group], asked: Asked) -> Stage:
    mine = not (stage.activation or stage.function) and cell_of(groups[stage.name]) == "rnn"
    return replace(stage, activation=asked.activation) if mine else stage
