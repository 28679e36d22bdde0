"""A classifier that begins with a language model: with its words, their vectors and its recurrence.

Howard & Ruder 2018 (ULMFiT): the last state beside the largest and the mean ("concat pooling"), lower rates for lower
layers ("discriminative fine-tuning"), and one layer more in each of the first epochs ("gradual unfreezing"). Not here:
how rates differ by layer (training/descent.py), encoders of stacks (stacks.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


def begun(
    source: str | Path, settings: Settings, chosen: Mapping[str, Any]
) -> tuple[TextEncoder, Settings, dict[str, NDArray[Any]]]:
    """Return the words of a language model, the settings of a classifier that begins with it, and its weights.

    `chosen` are the settings that a user chose. Raises UsageError for a model of another task, and for a chosen shape,
    which is the model's; ArtefactError for a folder that is none or is damaged.
    """
    model = load_any(resolve(Path(source)))
    option = either("--init-from", "init_from")
    if not isinstance(model.plan, LanguageNet):
        raise UsageError(option, found=f"an artefact of task {model.task}", allowed="a language model or its run")
    plan = model.plan
    recurrent = plan.recurrent
    shape = {
        "cell": recurrent.cell, "activation": recurrent.activation, "reset_after": recurrent.reset_after,
        "hidden": recurrent.hidden, "layers": recurrent.layers, "bidirectional": False,
        "embedding_size": plan.embedding.size, "embedding_scale": plan.embedding.scale,
    }  # fmt: skip
    fixed = sorted(name for name in shape if name in chosen and chosen[name] != shape[name])
    if fixed:
        raise UsageError(f"{', '.join(fixed)}: the language model's own", advice=f"leave it out beside {option}")
    kept = {name: getattr(settings.text, name) for name in ("max_length", "truncate", "pad_to_max")}
    words = model.encoder.config.model_copy(update=kept)
    whole = settings.changed({**USUAL, **chosen, **shape}).model_copy(update={"text": words})
    start = {name: held for name, held in model.tensors.items() if name.startswith(("embedding.", "recurrent."))}
    return TextEncoder(words, model.encoder.vocabulary), whole, start
