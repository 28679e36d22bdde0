"""The coefficients of native/src/kernels/simd/smooth.hpp, and how far each function is off before it is rounded.

Not here: the error of what was compiled (activations.py). Run: `python benchmarks/minimax.py`; prints, writes nothing.

The largest relative error is made small by least squares again and again, each point weighted by the error it had
before (Lawson 1961); the denominator of a rational function joins the weights (Loeb 1957).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
ROUNDS = 400
POINTS = 4000
HALF = 0.5001 * np.log(2)
"""Half a power of two, and room for a product that was rounded."""


class Fit(NamedTuple):
    """1 + Σ over_k · t^k divided by 1 + Σ under_k · t^k, k from 1 on."""

    error: float
    over: Numbers
    under: Numbers


def fit(points: Numbers, values: Numbers, over: int, under: int = 0, rounds: int = ROUNDS) -> Fit:
    """The best ratio of two polynomials of these degrees: values, all positive, at the points."""
    top, bottom = (points[:, None] ** np.arange(1, degree + 1) for degree in (over, under))
    share, below = np.ones(len(points)), np.ones(len(points))
    fits = []
    for _ in range(rounds):
        weight = np.sqrt(share) / below
        columns = np.hstack([top / values[:, None], -bottom]) * weight[:, None]
        sizes = np.linalg.norm(columns, axis=0)
        found = np.linalg.lstsq(columns / sizes, weight * (1 - 1 / values), rcond=None)[0] / sizes
        below = 1 + bottom @ found[over:]
        errors = np.abs((1 + top @ found[:over]) / (below * values) - 1)
        fits.append(Fit(float(errors.max()), found[:over], found[over:]))
        share *= errors
        share /= share.mean()
    return min(fits, key=lambda one: one.error)


def hyperbolic(largest: float, over: int, under: int, rounds: int) -> Fit:
    """tanh(x) / x as a ratio in x², up to the largest x."""
    x = largest * np.sin(np.linspace(0, np.pi / 2, POINTS)[1:])
    return fit(x**2, np.tanh(x) / x, over, under, rounds)


def decay(rounds: int) -> Fit:
    """e^-r within half a power of two."""
    rest = HALF * np.sin(np.linspace(-np.pi / 2, np.pi / 2, POINTS))
    return fit(rest, np.exp(-rest), 5, 0, rounds)


FUNCTIONS: dict[str, Callable[[int], Fit]] = {
    "ExactParts::decay": decay,
    "ExactParts::ratio": lambda rounds: hyperbolic(7.75, 3, 4, rounds),
    "QuickParts::ratio": lambda rounds: hyperbolic(5.0, 2, 2, rounds),
}


def main() -> None:
    """Print each function's coefficients, lowest power first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few rounds only")
    rounds = 3 if parser.parse_args().smoke else ROUNDS
    for name, function in FUNCTIONS.items():
        found = function(rounds)
        print(f"{name}: off by {found.error:.2g}")
        for side in (found.over, found.under):
            print("  " + ", ".join(f"{value:.9g}f" for value in side.astype(np.float32)))


if __name__ == "__main__":
    main()
