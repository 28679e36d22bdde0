"""Draw a page of invented series, the kind that the forecaster in the box learns from: docs/images/invented.png.

A row for each rhythm. Run: `python benchmarks/invented.py [--out FILE]`. Not here: the generator
(src/recurra/panels/generator.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from smoke import sized
from writing import PARTS

from recurra.panels.generator import invent

RHYTHMS = {"no season": (1, 0), "12": (12, 0), "7 and 365": (7, 365), "24 and 168": (24, 168), "48 and 336": (48, 336)}
COLUMNS = 6
INK, FAINT = "#1b4965", "#8d99ae"


def main() -> None:
    """Draw series with one seed, so that the page stays the same."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Path(__file__).parent.parent / "docs" / "images" / "invented.png"
    parser.add_argument("--out", default=sized(usual, PARTS / "invented.png"), type=Path)
    asked = parser.parse_args()
    random = np.random.default_rng(4)
    figure, axes = pyplot.subplots(len(RHYTHMS), COLUMNS, figsize=(12, 6.5), layout="constrained")
    for row, (name, (season, second)) in zip(axes, RHYTHMS.items(), strict=True):
        length = {1: 120, 12: 144, 7: 380}.get(season, 3 * season * 7)
        for axis, series in zip(row, invent(random, COLUMNS, length, season, second), strict=True):
            axis.plot(series, color=INK, linewidth=0.8)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_color(FAINT)
        row[0].set_ylabel(name, color=INK)
    figure.suptitle("Invented series, by their seasons in steps", color=INK)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(asked.out, dpi=100)
    print(asked.out)


if __name__ == "__main__":
    main()
