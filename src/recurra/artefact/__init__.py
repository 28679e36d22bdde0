"""The saved model: a folder of JSON, safetensors and a SHA-256 manifest.

Not here: what the configuration means. The caller says which weights a configuration needs; nothing here knows a class.
The checkpoints of a run are folders of the same kind (training/checkpoints.py).
"""

from recurra.artefact.folder import (
    FORMAT_VERSION,
    Artefact,
    Stored,
    check_target,
    load_artefact,
    require_task,
    resolve,
    save_artefact,
)
from recurra.artefact.reading import json_bytes, parse_json
from recurra.artefact.tensors import from_bfloat16, to_bfloat16
from recurra.artefact.writing import write_atomically

__all__ = [
    "FORMAT_VERSION",
    "Artefact",
    "Stored",
    "check_target",
    "from_bfloat16",
    "json_bytes",
    "load_artefact",
    "parse_json",
    "require_task",
    "resolve",
    "save_artefact",
    "to_bfloat16",
    "write_atomically",
]
