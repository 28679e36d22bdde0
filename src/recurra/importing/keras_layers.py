"""The layers that a configuration of Keras 3 tells, in the order of the flow.

Not here: their weights (keras_files.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from recurra.errors import UsageError, either
from recurra.importing.asked import Asked, Stage
from recurra.importing.source import Source
from recurra.importing.stages import Group

SILENT = ("InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "ActivityRegularization")
"""Layers that change nothing once a net has learnt."""
CELLS = {"LSTM": ("tanh", "relu"), "GRU": ("tanh",), "SimpleRNN": ("tanh", "relu", "sigmoid")}
"""Recurrent layers and the activations that ours have too."""
FUNCTIONS = ("tanh", "relu", "sigmoid", "softmax")
ALIKE = ("units", "activation", "recurrent_activation", "use_bias", "reset_after", "return_sequences")
"""What both directions of a Bidirectional must say alike."""
EACH_STEP = "it answers after each step; Keras answers once, which is the last: outputs[:, -1]"


@dataclass(frozen=True)
class KerasLayer:
    """One layer of a configuration."""

    home: str
    """Where its weights lie."""
    kind: str
    name: str
    config: Mapping[str, Any]


def layers_of(source: Source, config: Any, asked: Asked) -> list[KerasLayer]:
    """Return the layers of a Sequential or of a chain; raises ArtefactError for another net."""
    for name, given in (("layers", asked.layers), ("activation", asked.activation), ("prefix", asked.prefix),
                        ("length", asked.length)):  # fmt: skip
        if given:
            raise UsageError(either(f"--{name}", name), found="a .keras file, which tells it", advice="leave it out")
    with _in_form(source):
        kind, told = config["class_name"], config["config"]["layers"]
        layers, counts = [], dict[str, int]()
        for each in told:
            # Keras names the places of weights by class, in the order of the layers.
            stem = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", each["class_name"]).lower()
            number = counts.get(stem, 0)
            counts[stem] = number + 1
            home = f"{stem}_{number}" if number else stem
            layers.append(KerasLayer(home, each["class_name"], each["config"]["name"], each["config"]))
        if kind != "Sequential":
            _check_chain(source, told)
    return layers


@contextmanager
def _in_form(source: Source) -> Iterator[None]:
    """A configuration is another's JSON: what is not where Keras writes it becomes an error of ours."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError):
        raise source.refused("its configuration has another form than Keras 3 writes") from None


def _check_chain(source: Source, told: list[Any]) -> None:
    """Each layer must read the one before, and that alone."""
    for before, after in pairwise(told):
        text = json.dumps(after["inbound_nodes"])
        read = re.findall(r'"keras_history": \["((?:[^"\\]|\\.)*)"', text)
        if read != [before["config"]["name"]]:
            found = f"{after['config']['name']} reads {', '.join(read) or 'nothing'}"
            raise source.refused("its layers do not follow one another", found=found[:200])


def stages_of(source: Source, layers: list[KerasLayer]) -> tuple[list[Stage], tuple[str, ...]]:
    """Return the layers as stages, and notes; raises ArtefactError that names what is not imported."""
    stages: list[Stage] = []
    notes: list[str] = []
    with _in_form(source):
        for layer in layers:
            stages += _stages(source, layer, notes)
    return stages, tuple(notes)


def require_sizes(source: Source, layers: list[KerasLayer], groups: Mapping[str, Group]) -> None:
    """Raise ArtefactError where the weights of a layer, as torch would have them, are not those of its configuration.

    Keras would not load such a file.
    """
    for layer in layers:
        group, config = groups.get(layer.home, {}), _inner(layer)
        table = layer.kind == "Embedding"
        units = config.get("output_dim" if table else "units")
        for name, axis in (("weight_hh_l0", 1), ("weight", 1 if table else 0)):
            if name in group and units not in (None, group[name].shape[axis]):
                found, allowed = f"weights of {group[name].shape[axis]}", f"{units}, as its configuration says"
                raise source.refused(f"layer {layer.name}: units", found=found, allowed=allowed)
        biased = any("bias" in name for name in group)
        if group and not table and config.get("use_bias", biased) != biased:
            found = f"{'a' if biased else 'no'} bias in the file"
            raise source.refused(f"layer {layer.name}: use_bias is {config['use_bias']}", found=found)


def _inner(layer: KerasLayer) -> Mapping[str, Any]:
    inner: Mapping[str, Any] = layer.config
    return inner["layer"]["config"] if layer.kind in ("TimeDistributed", "Bidirectional") else inner


def _stages(source: Source, layer: KerasLayer, notes: list[str]) -> list[Stage]:
    if layer.kind in SILENT:
        return []
    config, kind = _inner(layer), layer.kind
    if kind == "TimeDistributed":
        kind = layer.config["layer"]["class_name"]
    if kind == "Activation":
        return _functions(source, layer, config)
    if kind == "Embedding":
        if config.get("mask_zero"):
            notes.append("mask_zero: here token 0 is a token like others; give sequences without pads")
        return [Stage(layer.home)]
    if kind == "Dense":
        return [Stage(layer.home), *_functions(source, layer, config)]
    if kind in CELLS or kind == "Bidirectional":
        return [_recurrent(source, layer, notes)]
    raise source.refused(f"layer {layer.name}: a {kind} is not imported")


def _functions(source: Source, layer: KerasLayer, config: Mapping[str, Any]) -> list[Stage]:
    given = config.get("activation", "linear")
    if given in FUNCTIONS:
        return [Stage(given, function=given)]
    if given != "linear":
        allowed = ", ".join(("linear", *FUNCTIONS))
        raise source.refused(
            f"layer {layer.name}: an activation that is not imported", found=str(given)[:80], allowed=allowed
        )
    return []


def _recurrent(source: Source, layer: KerasLayer, notes: list[str]) -> Stage:
    config, kind = layer.config, layer.kind
    both = kind == "Bidirectional"
    if both:
        kind, merged = config["layer"]["class_name"], config.get("merge_mode", "concat")
        back = (config.get("backward_layer") or {}).get("config", {})
        config = config["layer"]["config"]
        if apart := [name for name in ALIKE if name in back and back[name] != config.get(name)]:
            raise source.refused(f"layer {layer.name}: its two directions are not alike", found=apart[0])
        if merged != "concat":
            raise source.refused(f"layer {layer.name}: merge_mode", found=str(merged), allowed="concat")
    activation = config.get("activation", "tanh")
    allowed = CELLS.get(kind, ())
    if activation not in allowed or config.get("recurrent_activation", "sigmoid") != "sigmoid":
        found = f"{kind} with {activation} and {config.get('recurrent_activation', 'no gates')}"
        raise source.refused(f"layer {layer.name}: functions that are not imported", found=found[:120],
                             allowed=f"{', '.join(allowed)} and sigmoid")  # fmt: skip
    if config.get("go_backwards"):
        raise source.refused(f"layer {layer.name}: go_backwards is not imported")
    if not config.get("return_sequences"):
        if both:
            wrong = f"layer {layer.name}: a Bidirectional that answers once is not imported"
            raise source.refused(wrong, advice="its answers are the states of one with return_sequences=True")
        notes.append(EACH_STEP)
    # An LSTM's activation goes where a simple RNN's goes.
    chosen = activation if kind == "SimpleRNN" or activation != "tanh" else ""
    return Stage(layer.home, activation=chosen, reset_after=bool(config.get("reset_after", True)))
