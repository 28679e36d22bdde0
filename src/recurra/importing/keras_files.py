"""Files of Keras 3 as layers of our own: `.keras`, which tells its layers, and `.weights.h5`, which has their weights.

Keras itself is not needed; what is held against is a statement of its equations (keras_equations.py). Keras stacks the
gates of a GRU as z r h and multiplies from the right.

Not here: HDF5 (child.py), the layers of a configuration (keras_layers.py).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.reading import parse_json
from recurra.artefact.tensors import refuse_infinite
from recurra.importing.asked import Asked, Stage
from recurra.importing.child import arrays_of
from recurra.importing.keras_equations import equations
from recurra.importing.keras_layers import layers_of, require_sizes, stages_of
from recurra.importing.source import LARGEST, Net, Source, checked_plan
from recurra.importing.stages import Group, build
from recurra.importing.states import reading_of

LARGEST_CONFIG = 16 << 20
"""Bytes of a configuration, at most."""
WITHIN = re.compile(r"(?:layers/)?([a-z0-9_]+)((?:/(?:forward_layer|backward_layer|layer|cell))*)/vars/(\d+)")
ORDER = {4: (0, 1, 2, 3), 3: (1, 0, 2), 1: (0,)}
"""Where Keras has our gates, by how many there are."""
USUAL = "what a file of weights does not tell was taken as Keras' own: tanh and sigmoid within an LSTM and a GRU"


def read_keras(source: Source, asked: Asked) -> Net:
    """Read a file of Keras; raises ArtefactError and UsageError with what is not known or does not fit."""
    config, weights = _unzipped(source) if source.path.suffix.lower() == ".keras" else (None, source.data)
    # What is not imported is told before the weights are opened.
    layers = layers_of(source, config, asked) if config is not None else []
    stages, notes = stages_of(source, layers)
    arrays = _layers(source, arrays_of(source, weights))
    groups = {name: _as_torch(source, name, given) for name, given in arrays.items()}
    if config is None:
        reading = reading_of(source, groups, asked)
        stages = [_form(source, stage, arrays) for stage in reading.stages]
        notes = (*reading.notes, USUAL)
    require_sizes(source, layers, groups)
    if bare := [stage.name for stage in stages if not stage.function and stage.name not in groups]:
        raise source.refused(f"the layer {bare[0]} has no weights in the file")
    built = build(source, groups, stages, asked)
    plan = checked_plan(source, built.specs)
    took = tuple(str(stage) for stage in stages)
    return Net(plan, built.named(plan), took, equations(stages, built.specs, arrays), "Keras' equations", notes)


def _unzipped(source: Source) -> tuple[Any, bytes]:
    """The configuration and the weights of an archive; each is read up to its bound, whatever the archive claims."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            parts = []
            for name, most in (("config.json", LARGEST_CONFIG), ("model.weights.h5", LARGEST)):
                with archive.open(name) as member:
                    parts.append(member.read(most + 1))
                if len(parts[-1]) > most:
                    raise source.refused(f"{name} is too large", allowed=f"{most:,} bytes")
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, OSError) as problem:
        advice = "save it again with Keras 3: model.save('model.keras')"
        raise source.refused(f"not an archive of Keras 3: {problem}", advice=advice) from None
    return parse_json(parts[0], file=f"{source.path}: config.json"), parts[1]


def _layers(source: Source, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Group]:
    """The arrays by layer; of a layer within another `backward_layer/cell/0` and the like."""
    found: dict[str, Group] = {}
    for path, values in arrays.items():
        place = WITHIN.fullmatch(path)
        if place is None:
            # What an optimiser remembers is no part of the net.
            if path.startswith("optimizer/"):
                continue
            advice = "only layers one after another are imported, saved by Keras 3"
            raise source.refused("an array of an unknown place", found=path[:200], advice=advice)
        own = f"{place[2].strip('/')}/{place[3]}".lstrip("/")
        found.setdefault(place[1], {})[own] = values
    refuse_infinite(arrays, file=str(source.path))
    return found


def _as_torch(source: Source, name: str, given: Group) -> Group:
    """The arrays of a layer as torch would have them."""
    if "cell/0" in given:
        return _direction(source, name, given, "cell/")
    if "forward_layer/cell/0" in given:
        forward = _direction(source, name, given, "forward_layer/cell/")
        backward = _direction(source, name, given, "backward_layer/cell/")
        return {**forward, **{f"{own}_reverse": values for own, values in backward.items()}}
    plain = {own.removeprefix("layer/"): values for own, values in given.items()}
    if name.startswith("embedding"):
        return {"weight": plain["0"]} if plain.keys() == {"0"} else plain
    if {"0"} <= plain.keys() <= {"0", "1"} and plain["0"].ndim == 2:
        return {"weight": plain["0"].T, **({"bias": plain["1"]} if "1" in plain else {})}
    # Of a kind that is not known: `build` refuses it by its name.
    return plain


def _direction(source: Source, name: str, given: Group, home: str) -> Group:
    own = {name for name in given if name.startswith(home)}
    if unknown := sorted(own - {f"{home}{place}" for place in range(3)}):
        raise source.refused(f"layer {name} has an array that is not known", found=unknown[0][:80])
    kernel, recurrent = given.get(f"{home}0"), given.get(f"{home}1")
    if kernel is None or recurrent is None or kernel.ndim != 2 or recurrent.ndim != 2 or not recurrent.size:
        raise source.refused(f"layer {name} has no weights of a recurrent layer")
    units, columns = recurrent.shape
    order = ORDER.get(columns // units if columns % units == 0 else 0)
    if order is None or kernel.shape[1] != columns:
        raise source.refused(f"layer {name} is of no known cell", found=f"{kernel.shape} and {recurrent.shape}")
    made = {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T}
    if (bias := given.get(f"{home}2")) is not None:
        # One bias, or a GRU's two: of the input's product and of the state's.
        both = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        if both.shape != (2, columns):
            raise source.refused(f"layer {name} has a bias of no known form", found=str(bias.shape))
        made |= {"bias_ih_l0": both[0], "bias_hh_l0": both[1]}
    gates = {own: np.split(values, len(order)) for own, values in made.items()}
    return {own: np.concatenate([parts[place] for place in order]) for own, parts in gates.items()}


def _form(source: Source, stage: Stage, arrays: Mapping[str, Group]) -> Stage:
    """Which form a GRU has: two biases tell that the reset meets the product."""
    given = arrays.get(stage.name, {})
    recurrent = next((values for own, values in given.items() if own.endswith("cell/1")), None)
    if recurrent is None or recurrent.ndim != 2 or recurrent.shape[1] != 3 * recurrent.shape[0]:
        return stage
    biases = [values.ndim for own, values in given.items() if own.endswith("cell/2")]
    if not biases:
        wrong = f"layer {stage.name}: without a bias its weights do not tell whether reset_after is true"
        raise source.refused(wrong, advice="import the .keras file, which does")
    return replace(stage, reset_after=biases[0] == 2)
