"""The saved model: a folder of JSON, safetensors and a SHA-256 manifest, and the checkpoints of a run.

Not here: what the configuration means. The caller says which weights a configuration needs; nothing here knows a class.
"""

from recurra.artefact.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from recurra.artefact.folder import (
    FORMAT_VERSION,
    Artefact,
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
    "Checkpoint",
    "check_target",
    "from_bfloat16",
    "json_bytes",
    "load_artefact",
    "load_checkpoint",
    "parse_json",
    "require_task",
    "resolve",
    "save_artefact",
    "save_checkpoint",
    "to_bfloat16",
    "write_atomically",
]
