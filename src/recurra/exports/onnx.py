"""A trained model as an ONNX file: its graph, what its metadata tell, and the proof without which none is written.

Not here: the graph's nodes (emit.py of layers, nets and heads), and the proof itself (proof.py).
"""

from __future__ import annotations

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.arguments import positive
from recurra.artefact import write_atomically
from recurra.artefact.tensors import rounded
from recurra.engine.processors import installed
from recurra.errors import ArtefactError, UsageError, either
from recurra.graph import Graph
from recurra.tasks.heads.emission import emission_of

if TYPE_CHECKING:
    from recurra.exports.proof import Proof

LARGEST = 2**31 - 2**20
"""Bytes of a file, at most: a message of Protocol Buffers may have 2 GiB."""
PACKAGES = ("onnx", "onnxruntime")


def export_onnx(model: Any, file: str | Path, *, int8: bool = False, tolerance: float | None = None) -> Proof:
    """Write a trained model as an ONNX file, once ONNX Runtime has answered as Recurra does.

    `int8` stores larger matrices as int8, a scale for each row, as artefacts do; products stay float32. A model that
    learnt in another precision is written in float32. `tolerance` is the difference that is allowed (None: 1e-5).
    Returns what was compared. Raises UsageError where onnx or onnxruntime is missing, ArtefactError for a model that
    cannot be written or whose graph answers otherwise.
    """
    from recurra.exports.proof import ALLOWED, proven

    require_packages()
    model = model.in_precision("float32")
    data = onnx_bytes(model, int8=int8)
    proof = proven(model, data, int8=int8, allowed=ALLOWED if tolerance is None else positive("tolerance", tolerance))
    write_atomically(Path(file), data)
    return proof


def require_packages() -> None:
    """Raise UsageError where a package is missing."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        advice = "pip install onnx onnxruntime, or Recurra with its extra [onnx]"
        raise UsageError(f"an ONNX file needs {' and '.join(missing)}, not installed", advice=advice)


def onnx_bytes(model: Any, *, int8: bool = False) -> bytes:
    """Return the file of a model as it is; the same model gives the same bytes."""
    emission = emission_of(model)
    tensors = rounded(model.tensors) if int8 else model.tensors
    size = sum(np.asarray(values).nbytes for values in tensors.values())
    if size > LARGEST:
        found, advice = f"{size:,} bytes of weights", f"export with {either('--int8', 'int8=True')}"
        raise ArtefactError("too large for an ONNX file", found=found, allowed=f"{LARGEST:,}", advice=advice)
    graph = Graph(tensors)
    emission.write(model, graph)
    data: bytes = graph.model(f"recurra_{model.plan.task}", metadata(model)).SerializeToString(deterministic=True)
    return data


def metadata(model: Any) -> dict[str, str]:
    """Return what a file tells beside its graph: texts by name, JSON where they are no plain texts."""
    told = {"task": model.plan.task, "recurra": installed("recurra")}
    if model.file:
        told[f"{Path(model.file).stem}_sha256"] = hashlib.sha256(model.encoder.to_json()).hexdigest()
    more = emission_of(model).told(model)
    return told | {name: value if isinstance(value, str) else json.dumps(value) for name, value in more.items()}
