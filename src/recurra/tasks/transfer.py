"""A classifier that begins with a language model, or one of each direction: with its words, vectors and recurrence.

Howard & Ruder 2018 (ULMFiT): the last state beside the largest and the mean ("concat pooling"), lower rates for lower
layers ("discriminative fine-tuning"), and one layer more in each of the first epochs ("gradual unfreezing"). Not here:
how rates differ by layer (training/descent.py), encoders of stacks (stacks.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.folder import resolve
from recurra.config import Settings
from recurra.errors import UsageError, either
from recurra.model import load_any
from recurra.nets.sequences import LanguageNet
from recurra.text.encoder import TextEncoder

USUAL: dict[str, Any] = {
    "pool": ["last", "max", "mean"], "adversarial": 0.0, "layer_rates": 0.38, "unfreeze": True, "batch_size": 32,
    "learning_rate": 3e-3, "table_rate": 1.0,
}  # fmt: skip
"""What is chosen where the user has not: 0.38 is the paper's 1 / 2.6."""


Weights = dict[str, NDArray[Any]]


def begun(
    source: str | Path | Sequence[str | Path], settings: Settings, chosen: Mapping[str, Any]
) -> tuple[TextEncoder, Settings, Weights]:
    """Return the words of a language model, the settings of a classifier that begins with it, and its weights.

    Of two models, one that reads forward and one backward, the classifier reads in both directions. `chosen` are the
    settings that a user chose. Raises UsageError for a model of another task, models that do not go together, and a
    chosen shape, which is the model's; ArtefactError for a folder that is none or is damaged.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    models = _in_order([_language_model(each) for each in sources])
    shape = _shape(models)
    option = either("--init-from", "init_from")
    fixed = sorted(name for name in shape if name in chosen and chosen[name] != shape[name])
    if fixed:
        raise UsageError(f"{', '.join(fixed)}: the language model's own", advice=f"leave it out beside {option}")
    kept = {name: getattr(settings.text, name) for name in ("max_length", "truncate", "pad_to_max")}
    words = models[0].encoder.config.model_copy(update=kept)
    whole = settings.changed({**USUAL, **chosen, **shape}).model_copy(update={"text": words})
    start = _begun(models[0]) if len(models) == 1 else _joined(*models)
    return TextEncoder(words, models[0].encoder.vocabulary), whole, start


def _language_model(source: str | Path) -> Any:
    model = load_any(resolve(Path(source)))
    if not isinstance(model.plan, LanguageNet):
        found = f"an artefact of task {model.task}"
        raise UsageError(either("--init-from", "init_from"), found=found, allowed="a language model or its run")
    return model


def _in_order(models: list[Any]) -> list[Any]:
    """Return the model that reads forward, and behind it the one that reads backward, if any."""
    ordered = sorted(models, key=lambda model: model.plan.direction, reverse=True)
    directions = [model.plan.direction for model in ordered]
    if directions not in (["forward"], ["forward", "backward"]):
        raise UsageError(
            either("--init-from", "init_from"),
            found=" and ".join(directions) or "no model",
            allowed="a model that reads forward, alone or with one that reads backward",
        )
    return ordered


def _shape(models: list[Any]) -> dict[str, Any]:
    """Return the settings that the models' shape fixes; raises UsageError where two of them differ."""
    recurrent = models[0].plan.recurrent
    names = ("cell", "activation", "reset_after", "hidden", "layers")
    for other in models[1:]:
        differ = [name for name in names if getattr(other.plan.recurrent, name) != getattr(recurrent, name)]
        # A token must be the same row of both tables.
        words = [] if other.encoder.vocabulary == models[0].encoder.vocabulary else ["vocabulary"]
        if differ or words:
            advice = "learn both with the same settings from the same text"
            found = f"another {', '.join(differ + words)}"
            raise UsageError("the two language models do not go together", found=found, advice=advice)
    return {
        **{name: getattr(recurrent, name) for name in names},
        "bidirectional": len(models) > 1,
        "embedding_size": sum(model.plan.embedding.size for model in models),
        "embedding_scale": models[0].plan.embedding.scale,
    }


def _begun(model: Any) -> Weights:
    return {name: held for name, held in model.tensors.items() if name.startswith(("embedding.", "recurrent."))}


def _joined(forward: Any, backward: Any) -> Weights:
    """Return the weights of one net that reads both ways, each direction exactly as its language model does.

    The table holds both models' vectors side by side, and so does what a layer gives to the next one. The weights of a
    direction on the other's half are zeros, from which they learn.
    """
    # One factor enlarges both halves: what the other model had in its own goes into its vectors.
    scale = backward.plan.embedding.scale / forward.plan.embedding.scale
    tables = [forward.tensors["embedding.weight"], backward.tensors["embedding.weight"] * np.float32(scale)]
    start = {"embedding.weight": np.concatenate(tables, axis=1)}
    for place, (model, ending) in enumerate(((forward, ""), (backward, "_reverse"))):
        for name, held in _begun(model).items():
            if name.startswith("recurrent.weight_ih"):
                other = backward if place == 0 else forward
                nothing = np.zeros((len(held), other.tensors[name].shape[1]), held.dtype)
                start[name + ending] = np.concatenate([held, nothing] if place == 0 else [nothing, held], axis=1)
            elif name.startswith("recurrent."):
                start[name + ending] = held
    return start
