"""What a figure was measured with: versions, processor, threads, GPU.

Not here: figures.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("recurra", "numpy", "torch", "scikit-learn", "pydantic", "safetensors")


def versions() -> dict[str, str]:
    """Name and version of all that took part."""
    told = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    told["processor"] = processor()
    told["cores"] = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    # Only a torch that took part is told of, and importing it here would take seconds.
    if "torch" in sys.modules:
        told["threads"] = str(sys.modules["torch"].get_num_threads())
        # Asking for the name would start CUDA in a process that never used the GPU.
        if sys.modules["torch"].cuda.is_initialized():
            told["gpu"] = sys.modules["torch"].cuda.get_device_name()
    return told | {name: found for name in PACKAGES if (found := installed(name))}


def installed(package: str) -> str:
    """Version of an installed package, or an empty text."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        # `platform.processor()` is empty on most Linux systems.
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    # ARM's list has no such line: there the architecture has to do.
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
