"""HDF5 is read in a child process: this is its parent.

Not here: the child (hdf5.py), and what the arrays are (keras_files.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from typing import Any

from numpy.typing import NDArray

from recurra.artefact.tensors import NUMBERS, unpack
from recurra.importing import hdf5
from recurra.importing.source import LARGEST, Source

WAIT = 120
"""Seconds by the clock."""
# The library would look for filters in folders of the machine.
WITHOUT_PLUGINS = {"HDF5_PLUGIN_PRELOAD": "::", "HDF5_USE_FILE_LOCKING": "FALSE"}


def arrays_of(source: Source, data: bytes | bytearray) -> dict[str, NDArray[Any]]:
    """Return the arrays of an HDF5 file by their paths; raises ArtefactError with what the child says."""
    command = [sys.executable, "-m", hdf5.__name__]
    # From a file, not a pipe: the child reads at its own pace while its answer is read here.
    with tempfile.TemporaryFile() as given:
        given.write(data)
        given.seek(0)
        pipes: dict[str, Any] = {"stdin": given, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, env=os.environ | WITHOUT_PLUGINS, **pipes) as child:
            watch = threading.Timer(WAIT, child.kill)
            watch.start()
            try:
                answer, told = _read(child)
            finally:
                watch.cancel()
                child.kill()
    if child.returncode == hdf5.MISSING:
        raise source.refused("a file of Keras needs the package h5py", advice="pip install h5py")
    if child.returncode:
        reason = told or f"its reader ended with {child.returncode}"
        raise source.refused("this HDF5 file is not read", found=reason[:300])
    return unpack(bytearray(answer), dtypes=NUMBERS, file=str(source.path))


def _read(child: subprocess.Popen[bytes]) -> tuple[bytes, str]:
    if child.stdout is None or child.stderr is None:
        return b"", ""
    # One byte too many says that it is too much; the child is stopped then.
    answer = child.stdout.read(LARGEST + 1)
    if len(answer) > LARGEST:
        child.kill()
        return b"", "more than its reader may answer"
    told = child.stderr.read(10_000).decode("utf-8", "replace").strip()
    child.wait()
    return answer, told.splitlines()[-1] if told else ""
