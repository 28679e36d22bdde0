"""`recurra doctor`: what this machine and this installation can do.

Not here: what is done about it.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recurra.cli.console import emit_json
from recurra.datasets.known.sets import SETS, find
from recurra.engine.native import engine
from recurra.engine.processors import installed, processor_name, threads, versions
from recurra.errors import printable

# One module for each package that an extra brings, by the name it is imported by: scikit-learn is sklearn.
EXTRAS = {
    "train": ("torch", "sklearn", "pyarrow", "narwhals", "matplotlib", "jinja2"),
    "series": ("statsforecast",),
}
# A processor tells of more than a hundred flags; these decide how fast nets are.
INTERESTING = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "neon", "asimd")


def tell_machine(*, as_json: bool) -> None:
    """Print what was found."""
    record = findings()
    if as_json:
        emit_json(record)
        return
    for name, value in record.items():
        shown = ", ".join(f"{key} {told}" for key, told in value.items()) if isinstance(value, dict) else value
        print(f"{name:17} {', '.join(shown) if isinstance(shown, list) else shown}")


def findings() -> dict[str, Any]:
    """Look at processor, engine, GPU, extras and data."""
    torch, found = installed("torch"), engine()
    gpu, gpu_why = graphics()
    # `find_spec` looks for a module without importing it: torch alone would take seconds.
    extras = {name: all(find_spec(module) for module in modules) for name, modules in EXTRAS.items()}
    return {
        "engine": found.name,
        "engine_why": found.why,
        "engine_instruction_sets": list(found.available),
        "instruction_sets": instruction_sets(),
        "processor": processor_name(),
        "threads": threads(),
        "gpu": gpu,
        "gpu_why": gpu_why,
        "torch": torch or None,
        "extras": {name: "yes" if there else f"no: pip install 'recurra[{name}]'" for name, there in extras.items()},
        "data": {name: str(find(name) or "no") if one.files else "in the package" for name, one in SETS.items()},
        "versions": versions(),
    }


ASK = """
import torch
for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
    one = torch.cuda.get_device_properties(number)
    print(f"{one.name}, {one.total_memory / 2**30:.1f} GiB")
"""
"""What torch is asked in a process of its own: it alone knows what it can use, and takes seconds to import."""


def graphics() -> tuple[str, str]:
    """Name the GPUs that torch can use, with their memory, or `none` and why."""
    torch = installed("torch")
    if not torch:
        return "none", "torch is not installed"
    # The version tells it already: asking would take the seconds of importing torch.
    if torch.endswith("+cpu"):
        return "none", f"torch {torch} is built for the processor alone"
    # Without warnings: the last line of stderr is told as the reason, and must be that of an error.
    asked = subprocess.run([sys.executable, "-W", "ignore", "-c", ASK], capture_output=True, text=True, check=False)
    named = "; ".join(asked.stdout.splitlines())
    trouble = printable(asked.stderr.strip().rpartition("\n")[2])
    return (named, "") if named else ("none", trouble or f"torch {torch} finds none")


def instruction_sets() -> list[str]:
    """Name the vector instruction sets the processor tells of."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
            # x86 begins the line with flags, ARM with Features. Each processor has such a line, and all say the same.
            flags = next((line for line in file if line.startswith(("flags", "Features"))), "").split()
    except OSError:
        return []
    return [name for name in INTERESTING if name in flags]
