"""How closely all ways of sweeping a cell agree: equations, native, fused, NumPy, torch.nn, alone, in chunks.

Not here: the proof with its tolerances (tests/test_layers.py); this measures how much room is left under them.
Run: `python benchmarks/agreement.py`. A difference is the largest |a - b| / max(1, |b|), b from the equations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from smoke import sized
from torch import Tensor, nn
from writing import write_result

from recurra.batches import Ragged, join
from recurra.cells import CELLS
from recurra.config import CellKind
from recurra.engine.choose import route_of, without_native
from recurra.engine.native import engine
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.recurrent.run import RecurrentSpec, recurrent
from recurra.nets.learn import tensors_of

INPUTS, HIDDEN, LAYERS = sized((100, 128, 2), (6, 5, 2))
LENGTHS = sized((1, 2, 7, 31, 64, 64, 100, 150), (1, 2, 7))
CHUNKS = sized(((0, 37), (37, 38), (38, 100)), ((0, 3), (3, 4), (4, 7)))
STEPS = CHUNKS[-1][1]
SEED = 0
SMALLER = 0.7
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
KINDS = (
    *(CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations),
    CellKind("gru", reset_after=False),
)
UNKNOWN_TO_TORCH = (CellKind("rnn", "sigmoid"), CellKind("lstm", "relu"), CellKind("gru", reset_after=False))


def main() -> None:
    """Measure every cell in both precisions and write results/agreement.json."""
    torch.manual_seed(SEED)
    rows = [
        {"cell": kind.cell, "activation": kind.activation, "reset_after": kind.reset_after, "precision": name}
        | differences(kind, dtype)
        for kind in KINDS
        for name, dtype in PRECISIONS.items()
    ]
    sizes = {"inputs": INPUTS, "hidden": HIDDEN, "layers": LAYERS, "lengths": list(LENGTHS)}
    write_result("agreement", {"engine": engine().name, "sizes": sizes, "rows": rows}, seeds=[SEED])


def differences(kind: CellKind, dtype: torch.dtype) -> dict[str, float | None]:
    """Compare every route with the equations; None where a route does not have the cell."""
    both = spec_of(kind, bidirectional=True)
    net, batch = net_of(both, dtype), batch_of(LENGTHS, dtype)
    with torch.no_grad():
        plain = net(batch, route="plain")[0].values.numpy()
        kernels = without_native(kind)
        paths: dict[str, NDArray[Any] | None] = {
            "native": net(batch)[0].values.numpy() if route_of(kind, dtype) == "native" else None,
            "fused": None if kernels == "plain" else net(batch, route=kernels)[0].values.numpy(),
            "numpy": recurrent(both, tensors_of(net), batch.carry(batch.values.numpy()), route="numpy")[0].values,
            "torch_nn": by_torch(net, batch),
            "alone": np.concatenate([net(one)[0].values.numpy() for one in singles(batch)]),
        }
    apart = {name: None if values is None else worst(values, plain) for name, values in paths.items()}
    return apart | {"chunks": chunked(spec_of(kind, bidirectional=False), dtype)}


def spec_of(kind: CellKind, *, bidirectional: bool) -> RecurrentSpec:
    """Two layers of a cell."""
    return RecurrentSpec(**kind._asdict(), inputs=INPUTS, hidden=HIDDEN, layers=LAYERS, bidirectional=bidirectional)


def chunked(spec: RecurrentSpec, dtype: torch.dtype) -> float:
    """The NumPy run in three chunks with carried state, against the equations over the whole; forward only."""
    net, batch = net_of(spec, dtype), batch_of((STEPS, STEPS, STEPS), dtype)
    weights, values = tensors_of(net), batch.values.view(3, STEPS, -1)
    states, worsts = None, []
    with torch.no_grad():
        whole = net(batch, route="plain")[0].values.view(3, STEPS, -1)
    for start, stop in CHUNKS:
        inputs = Ragged(values[:, start:stop].reshape(-1, INPUTS).numpy(), np.arange(4) * (stop - start))
        outputs, states = recurrent(spec, weights, inputs, states)
        worsts.append(worst(outputs.values, whole[:, start:stop].reshape(-1, HIDDEN).numpy()))
    return max(worsts)


def net_of(spec: RecurrentSpec, dtype: torch.dtype) -> Recurrent:
    """Fresh weights; those of a ReLU LSTM are made smaller, since its state, and rounding with it, grows unbounded."""
    net = Recurrent(spec).to(dtype).eval()
    if (spec.cell, spec.activation) == ("lstm", "relu"):
        with torch.no_grad():
            for weight in net.parameters():
                weight.mul_(SMALLER)
    return net


def batch_of(lengths: tuple[int, ...], dtype: torch.dtype) -> Ragged[Tensor]:
    """Random sequences of these lengths."""
    random = np.random.default_rng(SEED)
    ragged = join([random.standard_normal((length, INPUTS)) for length in lengths])
    return ragged.carry(torch.from_numpy(ragged.values).to(dtype))


def singles(batch: Ragged[Tensor]) -> list[Ragged[Tensor]]:
    """Each sequence as a batch of its own."""
    bounds = zip(batch.offsets, batch.offsets[1:], strict=False)
    return [Ragged(batch.values[start:stop], np.array([0, stop - start])) for start, stop in bounds]


def by_torch(net: Recurrent, batch: Ragged[Tensor]) -> NDArray[Any] | None:
    """torch.nn's own module on each sequence alone; None for a cell it does not have."""
    spec = net.spec
    modules: dict[str, Any] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
    if spec.computed in UNKNOWN_TO_TORCH or spec.cell not in modules:
        return None
    options: dict[str, Any] = {"nonlinearity": spec.activation} if spec.cell == "rnn" else {}
    module = modules[spec.cell](INPUTS, HIDDEN, LAYERS, batch_first=True, bidirectional=True, **options)
    module = module.to(batch.values.dtype)
    module.load_state_dict(net.state_dict())
    return np.concatenate([module(one.values[None])[0][0].numpy() for one in singles(batch)])


def worst(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Largest |a - b| / max(1, |b|)."""
    return float(np.max(np.abs(found - wanted) / np.maximum(1, np.abs(wanted))))


if __name__ == "__main__":
    main()
