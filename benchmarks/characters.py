"""tinyshakespeare by characters: bits per character of its last tenth, by a language model with nearly all defaults.

Run: `python benchmarks/characters.py [--run FOLDER]`, with RECURRA_DATA naming the folder of data sets: about ten
minutes of one core. A run that was stopped goes on, and one that has ended is only measured. It writes
results/characters.json. The last tenth of the file's characters is never learnt from; the epoch and all settings were
chosen on lines before it; the seed is one. Not here: words (language.py).
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from fitting import run_folder
from smoke import SMOKE, sized
from writing import write_result

import recurra
from recurra.datasets.formats import TextReading
from recurra.engine.processors import prepare_training
from recurra.runs.sources import running_text

CHOICES = {"precision": "bf16"}
"""All that is not the default of characters."""
LEARNT = 0.9
"""Share of the characters that comes before the part that is measured."""


def main() -> None:
    """Learn where nothing has been learnt, and measure."""
    with run_folder(__doc__, "runs/characters") as (folder, _):
        learnt, measured = _parts()
        # One thread, so that its time is the processor's whatever runs beside it.
        prepare_training(1)
        write_result("characters", _measured(_model(folder, learnt), learnt, measured), seeds=[0])


def _model(folder: Path, learnt: list[str]) -> Any:
    """Learn, or go on where a run of before stopped."""
    changes = {**CHOICES, **sized({}, {"hidden": 8, "streams": 2, "epochs": 1, "precision": "float32"})}
    settings = recurra.LANGUAGE_SETTINGS.changed(changes)
    return recurra.LanguageModel(tokens="character", config=settings).fit(learnt, run=folder)


def _parts() -> tuple[list[str], list[str]]:
    """Return the lines before and behind the place where nine tenths of the characters are over."""
    if SMOKE:
        lines = [f"the {word} sat on the {place}" for word in ("cat", "dog", "fox") for place in ("mat", "rug")] * 20
    else:
        file = Path(os.environ["RECURRA_DATA"]) / "characters" / "tinyshakespeare.txt"
        lines = running_text(str(file), TextReading()).train
    sizes = [len(line) + 1 for line in lines]
    wanted, cut = LEARNT * sum(sizes), 0
    while wanted > 0:
        wanted, cut = wanted - sizes[cut], cut + 1
    return lines[:cut], lines[cut:]


def _measured(model: Any, learnt: list[str], measured: list[str]) -> dict[str, Any]:
    began = time.process_time()
    figures = model.evaluate(measured, dynamic=True)
    return {
        "choices": CHOICES,
        "learnt_and_held_characters": sum(len(line) + 1 for line in learnt),
        "epochs": len(model.history_),
        "learning_seconds": round(sum(epoch["seconds"] for epoch in model.history_)),
        "val_perplexity": [round(epoch.get("val_perplexity", 0.0), 3) for epoch in model.history_],
        # Every character of this text is one byte: bits per byte are bits per character.
        "test": {name: value for name, value in figures.items() if not isinstance(value, str)},
        "evaluation_processor_seconds": round(time.process_time() - began, 1),
    }


if __name__ == "__main__":
    main()
