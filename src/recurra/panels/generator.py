"""Series that nobody measured: what a forecaster learns from, before it meets anybody's own.

Each part is drawn for many series at once: levels that walk, slopes that drift, waves of random spectra (a Gaussian
process by its spectral density), templates of a period that change shape or grow, a second period, regimes, steps,
spikes, saws, counts and series that are mostly zero. A series is a sum of some of them. After the idea of training on
invented series (Dooley et al. 2023, ForecastPFN; Ansari et al. 2024, Chronos' KernelSynth). `benchmarks/invented.py`
draws a page of them. Not here: the series that people measured (benchmarks/pretraining/series_bank.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Drawn = NDArray[np.float32]
Random = np.random.Generator


def invent(random: Random, count: int, length: int, season: int, second: int = 0) -> Drawn:
    """Return series (count, length) that may have a period of `season` steps and one of `second` (0: none).

    Their spread is near 1, their sign free; what stands for logarithms and what for values is the caller's choice.
    """
    drawn = _levels(random, count, length, season)
    if season > 1:
        drawn += _seasonal(random, count, length, season, second)
    drawn += _noise(random, count, length)
    drawn += _breaks(random, count, length)
    return _shaped(random, drawn)


def _levels(random: Random, count: int, length: int, season: int) -> Drawn:
    """Walks, drifting slopes, straight and bent trends, slow waves, saws."""
    time = np.linspace(-1, 1, length, dtype=np.float32)[None]
    seasons = np.float32(length / max(season, 6))
    drawn = np.zeros((count, length), np.float32)

    def drift(rows: int) -> Drawn:
        told: Drawn = np.cumsum(filtered(random, rows, length, random.choice([0.9, 0.97, 0.99], rows)), axis=1)
        return told

    def bent(rows: int) -> Drawn:
        bend = random.uniform(-1, 1, (rows, 1)).astype(np.float32)
        told: Drawn = _normal(random, rows, 1) * np.maximum(time - bend, 0) * seasons
        return told

    def saw(rows: int) -> Drawn:
        # It climbs and falls back: stocks, tanks, counters that are reset.
        turn = _size(random, rows, 0.02, 0.5) * length
        begin = random.random((rows, 1), np.float32)
        told: Drawn = np.mod(np.arange(length, dtype=np.float32)[None] / turn + begin, 1) - np.float32(0.5)
        return told

    _add(random, drawn, 0.5, lambda rows: np.cumsum(_normal(random, rows, length), axis=1), (3e-3, 0.3))
    _add(random, drawn, 0.35, drift, (3e-3, 0.1))
    _add(random, drawn, 0.5, lambda rows: _normal(random, rows, 1) * time * seasons, (0.02, 0.4))
    _add(random, drawn, 0.25, bent, (0.02, 0.5))
    _add(random, drawn, 0.3, lambda rows: waves(random, rows, length, 0.5 / length, 0.05), (0.2, 3))
    _add(random, drawn, 0.04, saw, (0.5, 4))
    return drawn


def _seasonal(random: Random, count: int, length: int, season: int, second: int) -> Drawn:
    """A template repeated: smooth, spiky or with idle days; it may grow, and turn into another one."""
    template = _template(random, count, season)
    repeats = -(-length // season) + 1
    begin = int(random.integers(0, season))

    def again(one: Drawn) -> Drawn:
        return np.tile(one, (1, repeats))[:, begin : begin + length]

    time = np.linspace(-1, 1, length, dtype=np.float32)[None]
    drawn = again(template)
    growth = np.ones_like(drawn)
    _add(random, growth, 0.4, lambda rows: np.cumsum(_normal(random, rows, length), axis=1), (2e-3, 0.05))
    drawn = drawn * growth
    other = again(template * _normal(random, count, season))
    drawn = drawn + _some(random, count, 0.3) * other * time * np.float32(0.5)
    if second and second % season == 0 and second // season <= 64:
        drawn = drawn + _of_second(random, drawn, begin, season, second // season)
    elif second:
        turns = 2 * np.pi * (np.arange(length)[None] / second + random.random((count, 1)))
        wave = np.cos(turns) + random.normal(size=(count, 1)) * (random.random((count, 1)) < 0.5) * np.cos(2 * turns)
        drawn = drawn + _some(random, count, 0.6) * wave.astype(np.float32) * _size(random, count, 0.2, 2)
    return _some(random, count, 0.87) * drawn * _size(random, count, 0.2, 4)


def _of_second(random: Random, drawn: Drawn, begin: int, season: int, days: int) -> Drawn:
    """What each day of a week adds, and by how much it widens the day; two of seven days are often idle."""
    count, length = drawn.shape
    free = random.normal(size=(count, days))
    idle = np.zeros((count, days))
    idle[:, -2:] = random.normal(size=(count, 1)) * [1.0, 1.1]
    each = np.where(random.random((count, 1)) < 0.6 if days == 7 else False, idle, free).astype(np.float32)
    day = ((np.arange(length) + begin) // season + int(random.integers(0, days))) % days
    told = each[:, day]
    return (
        _some(random, count, 0.65) * told * _size(random, count, 0.1, 1)
        + _some(random, count, 0.35) * drawn * told * 0.4
    )


def _template(random: Random, count: int, season: int) -> Drawn:
    """One period (count, season): a sum of harmonics, spikes on some; of root mean square near 1."""
    harmonics = max(1, season // 2)
    order = np.arange(1, min(harmonics, 24) + 1)
    sizes = random.normal(size=(count, len(order))) * order ** -random.uniform(0, 2, (count, 1))
    sizes /= np.sqrt((sizes**2).sum(axis=1, keepdims=True)) + 1e-9
    turns = 2 * np.pi * np.outer(order, np.arange(season)) / season
    phases = random.uniform(0, 2 * np.pi, sizes.shape)
    smooth = (sizes * np.cos(phases)) @ np.cos(turns) - (sizes * np.sin(phases)) @ np.sin(turns)
    there = random.random((count, season)) < random.uniform(0, 0.25, (count, 1))
    spikes = there * random.normal(size=(count, season)) * 1.5
    drawn = smooth * (random.random((count, 1)) < 0.9) + spikes * (random.random((count, 1)) < 0.4)
    # Nothing moves at night: a part of the period stands still.
    idle = np.sort(random.random((count, 1)), axis=0) * season
    still = (np.arange(season)[None] < idle * random.uniform(0, 0.6, (count, 1))) & (random.random((count, 1)) < 0.15)
    return np.where(still, drawn.min(axis=1, keepdims=True), drawn).astype(np.float32)


def _noise(random: Random, count: int, length: int) -> Drawn:
    """Normal or heavy-tailed, white or with a memory, of one width or of one that breathes."""
    drawn = _normal(random, count, length)
    kind = random.random(count)
    heavy, memory, roots = np.flatnonzero(kind < 0.25), np.flatnonzero(kind > 0.5), np.flatnonzero(kind > 0.85)
    drawn[heavy] = random.standard_t(4, (len(heavy), length))
    drawn[memory] = filtered(random, len(memory), length, random.choice([0.3, 0.5, 0.7, 0.9], len(memory)))
    drawn[roots] = rooted(random, len(roots), length)
    breath = np.zeros_like(drawn)
    _add(random, breath, 0.2, lambda rows: waves(random, rows, length, 1 / length, 0.02), (0.2, 1))
    return drawn * np.exp(breath) * _size(random, count, 0.03, 1.5)


def _breaks(random: Random, count: int, length: int) -> Drawn:
    """Steps up or down, spikes, and a regime in which the noise is another."""
    places = np.arange(length)[None]
    step = (places >= random.integers(0, length, (count, 1))) * _normal(random, count, 1) * 2
    drawn = _some(random, count, 0.15) * step

    def spikes(rows: int) -> Drawn:
        return (random.random((rows, length), np.float32) < 0.01) * _normal(random, rows, length)

    def wild(rows: int) -> Drawn:
        return (places >= random.integers(0, length, (rows, 1))) * _normal(random, rows, length)

    _add(random, drawn, 0.2, spikes, (2, 6))
    _add(random, drawn, 0.06, wild, (0.5, 2))
    return drawn


def _shaped(random: Random, drawn: Drawn) -> Drawn:
    """Make some series counts, mostly zero, cut off, rounded or skewed."""
    kind = random.random(len(drawn))
    cut = kind < 0.04
    drawn[cut] = np.maximum(drawn[cut] - np.median(drawn[cut], axis=1, keepdims=True), 0)
    counts = (kind >= 0.04) & (kind < 0.08)
    drawn[counts] = random.poisson(np.exp(np.clip(drawn[counts] * 0.5 - 0.5, -3, 4)))
    skewed = (kind >= 0.08) & (kind < 0.13)
    drawn[skewed] = np.exp(np.clip(drawn[skewed] * 0.6, -6, 5))
    rounded = (kind >= 0.13) & (kind < 0.17)
    drawn[rounded] = np.round(drawn[rounded] * 2) / 2
    return drawn


def waves(random: Random, count: int, length: int, low: float, high: float) -> Drawn:
    """Return smooth random series (count, length) of frequencies `low` to `high` (turns a step), root mean square 1.

    A Gaussian process by its spectrum: powers of the frequency, with a slope and a highest frequency of its own each.
    """
    frequencies = np.fft.rfftfreq(2 * length).astype(np.float32)
    top = np.exp(random.uniform(np.log(2 * low), np.log(max(high, 4 * low)), (count, 1)))
    slope = random.uniform(0.3, 2, (count, 1)).astype(np.float32)
    some = np.flatnonzero((frequencies >= low) & (frequencies <= max(high, 4 * low)))
    shape = np.where(frequencies[some] <= top, frequencies[some] ** -slope, 0)
    spectrum = np.zeros((count, len(frequencies)), np.complex64)
    spectrum[:, some] = shape * (_normal(random, count, len(some)) + 1j * _normal(random, count, len(some)))
    # Twice the length, and half is kept: a spectrum's series ends where it began.
    drawn: Drawn = np.fft.irfft(spectrum, axis=1)[:, :length].astype(np.float32)
    drawn /= np.sqrt((drawn**2).mean(axis=1, keepdims=True)) + np.float32(1e-9)
    return drawn


def filtered(random: Random, count: int, length: int, memory: NDArray[np.float64]) -> Drawn:
    """Return AR(1) series (count, length) of variance 1; `memory` (count,) is what a step keeps of the one before."""
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * length))[None]
    return _coloured(random, length, np.sqrt(1 - memory[:, None] ** 2) / (1 - memory[:, None] * turn))


def rooted(random: Random, count: int, length: int) -> Drawn:
    """Return AR series (count, length) with a pair of random complex roots inside the unit circle, variance near 1."""
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * length))[None]
    radius = 1 - np.exp(random.uniform(np.log(0.02), np.log(0.6), (count, 1)))
    angle = np.exp(random.uniform(np.log(0.05), np.log(np.pi), (count, 1)))
    response = 1 / (1 - 2 * radius * np.cos(angle) * turn + radius**2 * turn**2)
    power = np.sqrt((np.abs(response) ** 2).mean(axis=1, keepdims=True))
    return _coloured(random, length, response / power)


def _coloured(random: Random, length: int, response: NDArray[np.complex128]) -> Drawn:
    """Return white noise through a filter, the first half left out, in which the noise comes round."""
    white = np.fft.rfft(random.standard_normal((len(response), 2 * length), np.float32), axis=1)
    drawn: Drawn = np.fft.irfft(white * response.astype(np.complex64), axis=1)[:, length:].astype(np.float32)
    return drawn


def _add(random: Random, drawn: Drawn, share: float, make: Callable[[int], Drawn], sizes: tuple[float, float]) -> None:
    """Add to a share of the series what `make` draws for so many, each in a size of its own."""
    rows = np.flatnonzero(random.random(len(drawn)) < share)
    # Drawn for those alone: most of a series' time would go into parts that it does not have.
    drawn[rows] += make(len(rows)) * _size(random, len(rows), *sizes)


def _normal(random: Random, count: int, length: int) -> Drawn:
    return random.standard_normal((count, length), np.float32)


def _some(random: Random, count: int, share: float) -> Drawn:
    """1 for a share of the series, 0 for the others: (count, 1)."""
    return (random.random((count, 1)) < share).astype(np.float32)


def _size(random: Random, count: int, low: float, high: float) -> Drawn:
    """Sizes between two ends, evenly in their logarithms: (count, 1)."""
    return np.exp(random.uniform(np.log(low), np.log(high), (count, 1))).astype(np.float32)
