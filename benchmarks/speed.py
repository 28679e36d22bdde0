"""How quick the native engine is beside torch: layers, real lengths, inference, shares of the processor's peak.

Not here: accuracy, and whole trainings (labs.py). Run: `python benchmarks/speed.py [--quick] [PART …]`.

Ours and the rival's steps are taken in turn in one process, medians of at least seven; "tuned" is torch with glibc's
allocator thresholds raised, as our own training has them, "default" is torch without, in a process of its own. The peak
is a loop of multiply-adds on registers in the engine itself (native/src/kernels/float32.cpp), on as many threads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from typing import Any

from recurra.engine.processors import keep_buffers

DEFAULT = "default-allocator"
if DEFAULT not in sys.argv:
    keep_buffers()  # before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from markdown import read  # noqa: E402
from processors import here  # noqa: E402
from smoke import SMOKE, sized  # noqa: E402
from speed_answers import PARTS as ANSWERS  # noqa: E402
from speed_profile import PARTS as PROFILES  # noqa: E402
from speed_reviews import PARTS as REVIEWS  # noqa: E402
from speed_reviews import ragged  # noqa: E402
from speed_steps import PARTS as STEPS_OF_USERS  # noqa: E402
from timing import (  # noqa: E402
    HIDDEN,
    INPUTS,
    NAMES,
    SEQUENCES,
    STEPS,
    THREADS,
    Step,
    in_turn,
    peak,
    review_lengths,
    review_words,
    seconds,
    work,
)
from torch import nn  # noqa: E402
from writing import RESULTS, write_result  # noqa: E402

import recurra.nn  # noqa: E402
from recurra.batches import Integers, Ragged  # noqa: E402
from recurra.config import CellKind  # noqa: E402
from recurra.engine.native import engine  # noqa: E402
from recurra.layers.recurrent.learn import Recurrent  # noqa: E402
from recurra.layers.recurrent.run import RecurrentSpec  # noqa: E402


def main() -> None:
    """Measure the parts asked for, or all; print one JSON line (--quick) or write results/speed/PROCESSOR.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="the layers alone, one JSON line, within 90 seconds")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    if arguments.quick:
        print(json.dumps(quick()))
        return
    if arguments.parts == [DEFAULT]:
        print(json.dumps({cell: seconds(training_step(cell, nn)) for cell in NAMES}))
        return
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(PARTS)}")
    chosen = arguments.parts or list(PARTS)
    if len(chosen) > 1 and not SMOKE:  # each in a process of its own: what one leaves running would slow the next
        for name in chosen:
            subprocess.run([sys.executable, sys.argv[0], name], check=True)
        return
    for name in chosen:
        measure(name)


def measure(name: str) -> None:
    """Measure a part and write it beside the others, which stay as they were measured."""
    found: dict[str, Any] = {"command": "python benchmarks/speed.py", "engine": engine().name, "threads": THREADS}
    name_here = f"speed/{here()}"
    kept = read(RESULTS, name_here) or {}
    found |= {part: kept[part] for part in PARTS if part in kept} | {"peak_gflops": peak(), name: PARTS[name]()}
    print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
    write_result(name_here, found, seeds=[0])


def quick() -> dict[str, float | None]:
    """The few ratios that others may rely on."""
    layers = {cell: beside_torch(cell, rounds=7) for cell in NAMES}
    with torch.autocast("cpu", torch.bfloat16):
        half = beside_torch("lstm", rounds=7)
    lengths = review_lengths(SEQUENCES * 4)
    best = peak()
    return {
        **{f"{cell}_fp32_vs_torch_tuned": round(told["ratio"], 2) for cell, told in layers.items()},
        "lstm_bf16_vs_torch_bf16": round(half["ratio"], 2),
        "lstm_fp32_peak_share": round(work("lstm") / layers["lstm"]["seconds"] / best / 1e9, 3),
        "lstm_vs_torch_packed": round(ragged("lstm", lengths, against="packed", rounds=3)["ratio"], 2),
        "gru_vs_torch_sorted": round(ragged("gru", lengths, against="sorted", rounds=5)["ratio"], 2),
        "peak_fp32_gflops": round(best, 1),
    }


def layers() -> dict[str, Any]:
    """Forward and backward of a layer, batch 64 × 256, 100 → 128, against torch tuned and default."""
    done = subprocess.run([sys.executable, __file__, DEFAULT], check=True, capture_output=True, text=True)
    default = json.loads(done.stdout)
    told = {}
    for cell in NAMES:
        one = beside_torch(cell)
        told[cell] = one | {"ratio_to_default": default[cell] / one["seconds"]}
    return told


def shares() -> dict[str, Any]:
    """The share of the peak that training reaches, layer as wide as its input."""
    told = {}
    for cell in ("lstm", "gru"):
        for size in sized((128, 256, 512), (HIDDEN,)):
            taken = seconds(training_step(cell, recurra.nn, inputs=size, hidden=size))
            told[f"{cell} {size}"] = work(cell, inputs=size, hidden=size) / taken / peak() / 1e9
    return told


def bf16() -> dict[str, Any]:
    """The same layers with products of bfloat16, under autocast on both sides."""
    with torch.autocast("cpu", torch.bfloat16):
        return {cell: beside_torch(cell) for cell in NAMES}


def parallel() -> dict[str, Any]:
    """The parallel cells beside the LSTM of equal width, all ours: training, both precisions."""
    told = {}
    for precision in ("float32", "bf16"):
        for cell in ("mingru", "sru"):
            kinds = CellKind(cell, precision=precision), CellKind("lstm", precision=precision)
            told[f"{cell} {precision}"] = in_turn(*(own_step(kind) for kind in kinds))
    return told


def distinct() -> dict[str, Any]:
    """Layers over real reviews, each distinct word multiplied once, beside a row for each token."""
    rows, offsets = review_words(SEQUENCES)
    told = {}
    for cell, inputs in product(NAMES, (INPUTS, 3 * INPUTS)):
        told[f"{cell} {inputs}"] = in_turn(
            *(shared_step(cell, inputs, rows, offsets, share) for share in (True, False))
        )
    return told


def held() -> dict[str, Any]:
    """The AVX2 kernels, forced, beside torch held to AVX2: in a process of its own."""
    if os.environ.get("RECURRA_ENGINE") == "avx2":
        return {cell: beside_torch(cell) for cell in NAMES}
    less = {"RECURRA_ENGINE": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    less |= {"MKL_ENABLE_INSTRUCTIONS": "AVX2"}
    code = "import json, speed; speed.torch.set_num_threads(speed.THREADS); print(json.dumps(speed.held()))"
    there = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH120, PTH100
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | less, cwd=there, check=True, capture_output=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "layers": layers,
    "bf16": bf16,
    "parallel": parallel,
    "distinct": distinct,
    "shares": shares,
    **REVIEWS,
    "held": held,
    **STEPS_OF_USERS,
    **PROFILES,
    **ANSWERS,
}


def training_step(cell: str, home: Any, *, inputs: int = INPUTS, hidden: int = HIDDEN) -> Step:
    """Forward and backward of one layer of `home` (torch.nn or recurra.nn) over a (steps, sequences) grid."""
    torch.manual_seed(0)
    layer = getattr(home, NAMES[cell])(inputs, hidden)
    values = torch.randn(STEPS, SEQUENCES, inputs, requires_grad=True)
    errors = torch.randn(STEPS, SEQUENCES, hidden)

    def step() -> None:
        values.grad = None
        layer.zero_grad(set_to_none=True)
        layer(values)[0].backward(errors)

    return step


def beside_torch(cell: str, rounds: int = 21) -> dict[str, float]:
    """A training step of our layer and of torch's, in turn."""
    return in_turn(training_step(cell, recurra.nn), training_step(cell, nn), rounds=rounds)


def own_step(kind: CellKind) -> Step:
    """Forward and backward of one of our layers over ragged sequences of equal length."""
    layer = Recurrent(RecurrentSpec(**kind._asdict(), inputs=INPUTS, hidden=HIDDEN))
    values = torch.randn(STEPS * SEQUENCES, INPUTS, requires_grad=True)
    batch = Ragged(values, np.arange(SEQUENCES + 1) * STEPS)
    errors = torch.randn(STEPS * SEQUENCES, HIDDEN)

    def step() -> None:
        values.grad = None
        layer.zero_grad(set_to_none=True)
        layer(batch)[0].values.backward(errors)

    return step


def shared_step(cell: str, inputs: int, rows: Integers, offsets: Integers, share: bool) -> Step:
    """Forward and backward of a layer over inputs that tokens share; each multiplied once, or token by token."""
    layer = Recurrent(RecurrentSpec(cell=cell, inputs=inputs, hidden=HIDDEN))
    words = torch.randn(int(rows.max()) + 1, inputs)
    batch = Ragged((words if share else words[torch.from_numpy(rows)]).requires_grad_(), offsets)
    errors = torch.randn(len(rows), HIDDEN)
    which = rows.astype(np.int32) if share else None

    def step() -> None:
        batch.values.grad = None
        layer.zero_grad(set_to_none=True)
        layer(batch, rows=which)[0].values.backward(errors)

    return step


if __name__ == "__main__":
    main()
