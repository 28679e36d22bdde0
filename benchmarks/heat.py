"""Where the engine beats torch and where it does not: ratios over widths, batches, lengths and threads.

Not here: the other speeds (speed.py). Both are torch.nn's layers, ours with the engine's forward, weights packed at
every call; steps shorter than 10 ms are taken again and again, as a training or a server takes them.
Run: `python benchmarks/heat.py`; results/heat/PROCESSOR.json, and on the pages' main processor the map as
docs/images/heat.png.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from recurra.engine.processors import keep_buffers

keep_buffers()  # before torch is imported

import torch  # noqa: E402
from processors import MAIN, here  # noqa: E402
from smoke import SMOKE, sized  # noqa: E402
from timing import GATES, NAMES, Step, burst, in_turn  # noqa: E402
from torch import nn  # noqa: E402
from writing import PARTS, RESULTS, write_result  # noqa: E402

import recurra.nn  # noqa: E402
from recurra.config import CellKind  # noqa: E402
from recurra.engine.choose import torch_is_quicker  # noqa: E402

WIDTHS = sized((64, 128, 256, 512, 1024), (8,))
SHAPES = sized(
    ((1, 16), (1, 256), (1, 4096), (8, 16), (8, 256), (64, 16), (64, 256), (512, 16), (512, 256)), ((1, 4), (2, 4))
)
MAP = sized(RESULTS.parent.parent / "docs" / "images", PARTS) / "heat.png"
MOST = 6e10
"""Floating-point operations of a step, at most: larger ones are left out."""


def main() -> None:
    """Measure every cell of the map."""
    cells = []
    for cell, hidden, (rows, steps), training, threads in product(NAMES, WIDTHS, SHAPES, (False, True), (1, 2)):
        operations = (3 if training else 1) * 4 * GATES[cell] * hidden * hidden * rows * steps
        if operations > MOST:
            continue
        torch.set_num_threads(threads)
        ours, theirs = (step(home, cell, hidden, rows, steps, training) for home in (recurra.nn, nn))
        with recurra.nn.always_native():
            one = in_turn(burst(ours), burst(theirs), rounds=3, warm=1)
        routed = torch_is_quicker(CellKind(cell), hidden, rows)
        cells.append(
            {"cell": cell, "hidden": hidden, "batch": rows, "time": steps, "training": training, "threads": threads}
            | {"ratio": round(one["ratio"], 3), "routed": 1.0 if routed else round(one["ratio"], 3)}
        )
        print(cells[-1], flush=True)
    write_result(f"heat/{here()}", summary(cells), seeds=[0])
    if SMOKE or here() == MAIN:
        draw(cells)


def summary(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """How many cells the engine loses by itself, the worst routed one, and all of them."""
    lost = sum(one["ratio"] < 1 for one in cells)
    return {
        "cells": len(cells),
        "native_under_1": lost / len(cells),
        "lowest_native": min(one["ratio"] for one in cells),
        "lowest_routed": min(one["routed"] for one in cells),
        "map": cells,
    }


def step(home: Any, cell: str, hidden: int, rows: int, steps: int, training: bool) -> Step:
    """Forward, and backward in training, of one layer as wide as its input."""
    torch.manual_seed(0)
    layer = getattr(home, NAMES[cell])(hidden, hidden)
    values = torch.randn(steps, rows, hidden, requires_grad=training)
    errors = torch.randn(steps, rows, hidden)

    def forward() -> None:
        with torch.no_grad():
            layer(values)

    def both() -> None:
        layer(values)[0].backward(errors)

    return both if training else forward


def draw(cells: list[dict[str, Any]]) -> None:
    """One square for each measurement, its ratio in it; rows are widths, columns shapes."""
    import matplotlib.pyplot as plt
    import numpy as np

    figure, places = plt.subplots(len(NAMES), 4, figsize=(22, 10), layout="constrained")
    for (number, cell), (column, (training, threads)) in product(
        enumerate(NAMES), enumerate(product((False, True), (1, 2)))
    ):
        grid = np.full((len(WIDTHS), len(SHAPES)), np.nan)
        for one in cells:
            if (one["cell"], one["training"], one["threads"]) == (cell, training, threads):
                grid[WIDTHS.index(one["hidden"]), SHAPES.index((one["batch"], one["time"]))] = one["ratio"]
        axes = places[number, column]
        axes.imshow(np.log2(grid), cmap="RdBu", vmin=-2, vmax=2, aspect="auto")
        axes.set_title(f"{NAMES[cell]}, {'training' if training else 'forward'}, {threads} thread(s)")
        axes.set_xticks(range(len(SHAPES)), [f"{rows}×{steps}" for rows, steps in SHAPES], rotation=45)
        axes.set_yticks(range(len(WIDTHS)), [str(width) for width in WIDTHS])
        for row, line in enumerate(grid):
            for place, ratio in enumerate(line):
                if not np.isnan(ratio):
                    color = "white" if abs(np.log2(ratio)) > 1.2 else "black"
                    axes.text(place, row, f"{ratio:.1f}", ha="center", va="center", fontsize=8, color=color)
    figure.suptitle("torch's time over the engine's: above 1 the engine is quicker (batch × time, units)")
    figure.savefig(MAP, dpi=80)


if __name__ == "__main__":
    main()
