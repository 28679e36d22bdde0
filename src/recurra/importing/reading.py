"""An import from file to artefact: read, proven, written.

Not here: each form of file (states.py and its neighbours), the proof (parity.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recurra.artefact import check_target
from recurra.errors import ArtefactError, Place
from recurra.importing.asked import Asked, asked_for
from recurra.importing.keras_files import read_keras
from recurra.importing.onnx_nodes import read_onnx
from recurra.importing.parity import prove
from recurra.importing.source import Net, Source, open_source
from recurra.importing.states import read_states
from recurra.tasks.heads.sequence.run import ImportedNet, ImportOrigin


@dataclass(frozen=True)
class Form:
    """One kind of file."""

    name: str
    read: Callable[[Source, Asked], Net]


FORMS = {
    ".safetensors": Form("torch", read_states),
    ".onnx": Form("onnx", read_onnx),
    ".keras": Form("keras", read_keras),
    ".weights.h5": Form("keras", read_keras),
}
"""By the ending of the file's name."""


def import_model(
    file: str | Path,
    to: str | Path,
    *,
    prefix: str = "",
    layers: str = "",
    cell: str = "",
    activation: str = "",
    length: int = 0,
) -> ImportedNet:
    """Read a net of another tool, hold its answers against that tool's, write the artefact `to`; return the model.

    `prefix`: take only what begins so. `layers`: their names in the order of the flow, with functions between them,
    such as "embed,lstm,relu,fc". `cell`: the one that is expected. `activation`: of a simple RNN. `length`: samples of
    a chunk that a first convolution reads. Raises ArtefactError for a file that is damaged or never opened, or whose
    answers are more than 1e-5 apart; UsageError for what the file does not tell and was not said.

    >>> recurra.import_model("tagger.safetensors", "tagger", layers="embed,lstm,relu,fc")  # doctest: +SKIP
    """
    asked = asked_for(prefix=prefix, layers=layers, cell=cell, activation=activation, length=length)
    path, target = Path(file), Path(to)
    form = next((form for ending, form in FORMS.items() if path.name.lower().endswith(ending)), None)
    # Before minutes of comparing: the folder must be free.
    check_target(target)
    source = open_source(path)
    if form is None:
        allowed = ", ".join(FORMS)
        raise ArtefactError("not a file that is imported", place=Place(str(path)), found=path.suffix, allowed=allowed)
    net = form.read(source, asked)
    model = _proven(net, source, form.name)
    model.save(target, card=model.card([], 0))
    return model


def _proven(net: Net, source: Source, form: str) -> ImportedNet:
    for name, shape in net.plan.weights().items():
        # Before anything is multiplied: NumPy would spread a bias that merely fits.
        if (found := net.tensors[name].shape) != shape:
            raise source.refused(f"{name} has another shape than its layer", found=str(found), allowed=str(shape))
        if not np.isfinite(net.tensors[name]).all():
            raise source.refused(f"{name} holds values beyond float32", allowed="up to 3.4e38")
    origin = ImportOrigin(
        file=source.path.name, sha256=source.sha256, form=form, took=net.took, against=net.against,
        difference=0.0, cases=1, notes=net.notes,
    )  # fmt: skip
    unproven = ImportedNet(net.plan, net.tensors, origin)
    proof = prove(net, unproven, Place(str(source.path)))
    found = {"difference": float(f"{proof.difference:.2g}"), "cases": proof.cases}
    proven = origin.model_copy(update={**found, "notes": (*net.notes, *proof.notes)})
    return ImportedNet(net.plan, net.tensors, proven)
