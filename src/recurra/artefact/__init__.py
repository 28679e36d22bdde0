"""The saved model: a folder of JSON, safetensors and a SHA-256 manifest, and the checkpoints of a run.

Not here: what the configuration means. The caller says which weights a configuration needs; nothing here knows a class.
"""

from recurra.artefact.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from recurra.artefact.folder import FORMAT_VERSION, check_target, load, resolve, save
from recurra.artefact.record import TASKS, Artefact, require_task
from recurra.artefact.strictjson import read_json, write_json
from recurra.artefact.tensors import from_bfloat16, to_bfloat16
from recurra.artefact.writing import write_atomically

__all__ = [
    "FORMAT_VERSION",
    "TASKS",
    "Artefact",
    "Checkpoint",
    "check_target",
    "from_bfloat16",
    "load",
    "load_checkpoint",
    "read_json",
    "require_task",
    "resolve",
    "save",
    "save_checkpoint",
    "to_bfloat16",
    "write_atomically",
    "write_json",
]
