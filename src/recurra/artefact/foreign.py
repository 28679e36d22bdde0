"""Files of other tools that are refused unopened: most of them can run code when they are read.

Not here: conversion. Whoever has such a file saves its weights as safetensors with the tool that wrote it.
"""

from __future__ import annotations

from pathlib import PurePath

from recurra.errors import ArtefactError, Place

SUFFIXES: dict[str, str] = {
    ".pt": "a PyTorch pickle",
    ".pth": "a PyTorch pickle",
    # Hugging Face's older weights; word2vec files of this ending are never looked for in an artefact.
    ".bin": "a PyTorch pickle",
    ".ckpt": "a checkpoint pickle",
    ".pkl": "a pickle",
    ".pickle": "a pickle",
    ".joblib": "a joblib pickle",
    ".dill": "a pickle",
    ".npz": "a NumPy archive",
    ".npy": "a NumPy array",
    ".h5": "an HDF5 file",
    ".hdf5": "an HDF5 file",
    ".keras": "a Keras archive",
    ".pb": "a TensorFlow graph",
    ".zip": "a zip archive",
    ".tar": "a tar archive",
    ".gz": "a gzip file",
    ".tgz": "a tar archive",
}

MAGICS: dict[bytes, str] = {
    b"PK\x03\x04": "a zip archive (PyTorch, Keras and NumPy write such)",
    b"PK\x05\x06": "an empty zip archive",
    # Opcode PROTO and the protocol's number; protocols 0 and 1 have no such beginning.
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\x1f\x8b": "a gzip file",
}


def refuse_suffix(path: PurePath) -> None:
    """Raise ArtefactError when the name alone tells a file of another tool."""
    # By the name alone: opening a pickle to look what it is would be the first step towards running it.
    kind = SUFFIXES.get(path.suffix.lower())
    if kind:
        raise ArtefactError(
            f"{kind} is never opened",
            place=Place(str(path)),
            allowed="a folder saved by Recurra",
            advice="train with Recurra, or remove the file",
        )


def kind_of(data: bytes | bytearray) -> str:
    """Name the tool whose magic number the data begin with; empty when unknown.

    Only for messages about data already refused: a safetensors header of 640 bytes begins like a pickle.
    """
    return next((kind for magic, kind in MAGICS.items() if data.startswith(magic)), "")
