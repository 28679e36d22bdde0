"""Files of other tools that are refused unopened: most of them can run code when they are read.

Not here: conversion. Whoever has such a file saves its weights as safetensors with the tool that wrote it.
"""

from __future__ import annotations

from pathlib import PurePath

from recurra.errors import ArtefactError, Place

# word2vec files also end in .bin, and are never looked for in an artefact.
SUFFIXES = {
    "a PyTorch pickle": (".pt", ".pth", ".bin"),
    "a checkpoint pickle": (".ckpt",),
    "a pickle": (".pkl", ".pickle", ".dill"),
    "a joblib pickle": (".joblib",),
    "a NumPy archive": (".npz",),
    "a NumPy array": (".npy",),
    "an HDF5 file": (".h5", ".hdf5"),
    "a Keras archive": (".keras",),
    "a TensorFlow graph": (".pb",),
    "a zip archive": (".zip",),
    "a tar archive": (".tar", ".tgz"),
    "a gzip file": (".gz",),
}

MAGICS = {
    "a zip archive (PyTorch, Keras and NumPy write such)": (b"PK\x03\x04",),
    "an empty zip archive": (b"PK\x05\x06",),
    # Opcode PROTO and the protocol's number; protocols 0 and 1 have no such beginning.
    "a pickle": (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
    "an HDF5 file": (b"\x89HDF",),
    "a NumPy array": (b"\x93NUMPY",),
    "a gzip file": (b"\x1f\x8b",),
}


def refuse_suffix(path: PurePath) -> None:
    """Raise ArtefactError when the name alone tells a file of another tool."""
    # By the name alone: opening a pickle to look what it is would be the first step towards running it.
    kind = next((kind for kind, suffixes in SUFFIXES.items() if path.suffix.lower() in suffixes), "")
    if kind:
        wrong, allowed = f"{kind} is never opened", "a folder saved by Recurra"
        raise ArtefactError(
            wrong, place=Place(str(path)), allowed=allowed, advice="train with Recurra, or remove the file"
        )


def kind_of(data: bytes | bytearray) -> str:
    """Name the tool whose magic number the data begin with; empty when unknown.

    Only for messages about data already refused: a safetensors header of 640 bytes begins like a pickle.
    """
    return next((kind for kind, magics in MAGICS.items() if data.startswith(magics)), "")
