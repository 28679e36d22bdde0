"""Why gates: the norm of the gradient of the last state by the input so many steps back, with gates and without.

Not here: training; the nets are those the lab has kept, swept forward only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from recurra.batches import Ragged
from recurra.labs.sentiment_data import SentimentData
from recurra.layers.recurrent.learn import Recurrent
from recurra.nets.run import weights_of
from recurra.tasks.heads.classes.run import RunningClassifier

STEPS = 100
TEXTS = 32


def gradient_record(nets: Mapping[str, RunningClassifier], data: SentimentData) -> dict[str, Any]:
    """Return for each net the mean norm at each distance, trained and with its first weights.

    Norms are relative to the one at distance 0: what is told is how fast the influence of a word fades.
    """
    curves: dict[str, Any] = {"distance": list(range(STEPS))}
    for name, model in nets.items():
        torch.manual_seed(0)
        spec = model.plan.recurrent.model_copy(update={"bidirectional": False, "layers": 1})
        first = Recurrent(spec)
        trained = Recurrent(spec)
        tensors = weights_of(model.tensors, "recurrent").items()
        weights = {weight: torch.from_numpy(value.copy()) for weight, value in tensors}
        trained.load_state_dict({weight: weights[weight] for weight in spec.weights()})
        vectors = _vectors(model, data)
        curves[name] = {"trained": _fading(trained, vectors), "untrained": _fading(first, vectors)}
    return curves


def _vectors(model: RunningClassifier, data: SentimentData) -> torch.Tensor:
    """Token vectors of texts that are long enough, cut to the same length: (texts * steps, size)."""
    encoded = model.encoder.encode(data.validation[0][: 40 * TEXTS])
    long = [ids[:STEPS] for ids in encoded if len(ids) >= STEPS][:TEXTS]
    if not long:
        long = [np.resize(ids, STEPS) for ids in encoded[:TEXTS]]
    ids = np.concatenate(long)
    return torch.from_numpy(model.tensors["embedding.weight"][ids] * np.float32(model.plan.embedding.scale))


def _fading(net: Recurrent, vectors: torch.Tensor) -> list[float]:
    inputs = vectors.clone().requires_grad_()
    texts = len(vectors) // STEPS
    offsets = np.arange(texts + 1, dtype=np.int64) * STEPS
    outputs, _ = net(Ragged(inputs, offsets))
    last = outputs.values.view(texts, STEPS, -1)[:, -1]
    (gradient,) = torch.autograd.grad(last.sum(), inputs)
    norms = gradient.view(texts, STEPS, -1).norm(dim=2).mean(dim=0).flip(0)
    return [float(norm / norms[0]) for norm in norms]
