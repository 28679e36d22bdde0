"""Muon beside AdamW for the recurrent matrices of a language model of WikiText-2: nobody has published this.

Three ways to move the recurrent matrix of one LSTM of 256 units, all else by AdamW: AdamW, Muon on each gate's block,
Muon on the whole matrix. Each has the same steps and three rates. The best rate on the validation part, with seed 0,
is then learnt with other seeds, measured on the test part. Run: `python benchmarks/muon.py [--ways …]`, with
RECURRA_DATA: fifteen fits of one pass over a sixth of the text, half a minute of one core each. What was measured
before is kept. It writes results/muon.json, of some ways alone where they are named.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from smoke import SMOKE, sized
from writing import ON, keep, measurements, over_seeds, write_result

import recurra
from recurra.datasets.formats import TextReading
from recurra.engine.processors import prepare_training
from recurra.runs.sources import Lines, running_text

NAME = "muon"
SETTINGS = {"tokens": "space", "lowercase": False, "precision": "bf16", "hidden": 256, "embedding_dropout": 0.15,
    "recurrent_dropout": 0.25, "streams": 32, "epochs": 1}  # fmt: skip
"""One pass learns less by heart than six: less is dropped than by default."""
RATES = (0.004, 0.008, 0.016)
SHARES = (0.3, 1.0, 3.0)
"""Rates of Muon's matrices, as shares of AdamW's best rate, which all other weights keep."""
WAYS: dict[str, dict[str, Any]] = {
    "adamw": {"optimiser": "adamw"},
    "muon, each gate": {"optimiser": "muon", "orthogonal": "gate"},
    "muon, whole matrix": {"optimiser": "muon", "orthogonal": "matrix"},
}
LINES = 6_000
"""Of the training part's 36,718: about a sixth of its tokens."""
HELD = 1_000
"""Lines of the validation and the test part that are measured."""
CHOICE = 0
"""The seed that rates are chosen with."""
SEEDS = sized((1, 2), (1,))


def main() -> None:
    """Measure what is not measured yet, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", default=";".join(WAYS), help="apart by semicolons")
    ways = parser.parse_args().ways.split(";")
    # One thread, so that its time is the processor's whatever runs beside it.
    prepare_training(1)
    lines = _lines()
    rate = _best(lines, "adamw", [{"learning_rate": rate} for rate in RATES])
    shares = [{**rate, "recurrent_rate": share} for share in SHARES]
    chosen = {way: rate if way == "adamw" else _best(lines, way, shares) for way in ways}
    # Seed by seed: what was stopped has whole seeds.
    for seed in SEEDS:
        for way, changes in chosen.items():
            _learnt(lines, way, changes, seed)
    figures = {way: _figures(lines, way, changes) for way, changes in chosen.items()}
    write_result(
        NAME,
        {"settings": SETTINGS, "lines": LINES, "held_lines": HELD, "tried": _tried(), "ways": figures},
        seeds=SEEDS,
    )


def _lines() -> Lines:
    if not SMOKE:
        return running_text("wikitext-2", TextReading())
    lines = [f"the {word} sat on the {place}" for word in ("cat", "dog", "fox") for place in ("mat", "rug")]
    return Lines(lines * 30, lines, lines)


def _best(lines: Lines, way: str, tried: list[dict[str, float]]) -> dict[str, float]:
    """Return the rate whose validation perplexity is lowest with one seed."""
    return min(tried, key=lambda changes: _learnt(lines, way, changes, CHOICE)["val_perplexity"])


def _figures(lines: Lines, way: str, changes: dict[str, float]) -> dict[str, Any]:
    runs = [_learnt(lines, way, changes, seed) for seed in SEEDS]
    machines = sorted({run.pop(ON) for run in runs})
    return {"chosen": changes, ON: machines, **{name: over_seeds([run[name] for run in runs]) for name in runs[0]}}


def _learnt(lines: Lines, way: str, changes: dict[str, float], seed: int) -> dict[str, Any]:
    """Return perplexities of one fit and its seconds, measured now or before."""
    key = f"{way}, {', '.join(f'{name} {value:g}' for name, value in changes.items())}, seed {seed}"
    if key not in measurements(NAME):
        settings = recurra.LANGUAGE_SETTINGS.changed(
            {**SETTINGS, **WAYS[way], **changes, **sized({}, {"hidden": 8, "streams": 4, "precision": "float32"})}
        )
        model = recurra.LanguageModel(config=settings, random_state=seed)
        began = time.process_time()
        model.fit(lines.train[:LINES], validation_data=(lines.validation or [])[:HELD])
        spent = time.process_time() - began
        told = {"val_perplexity": min(epoch["val_perplexity"] for epoch in model.history_)}
        if seed != CHOICE:
            told["test_perplexity"] = model.model_.perplexity((lines.test or [])[:HELD], streams=8)
        told["processor_seconds"] = spent
        keep(NAME, key, {name: round(value, 2) for name, value in told.items()})
        print(key, measurements(NAME)[key], flush=True)
    return dict(measurements(NAME)[key])


def _tried() -> dict[str, float]:
    return {key: run["val_perplexity"] for key, run in measurements(NAME).items() if key.endswith(f"seed {CHOICE}")}


if __name__ == "__main__":
    main()
