"""WikiText-2 by words: perplexity of a wider language model, as it answers and with dynamic evaluation.

Run: `python benchmarks/language.py [--run FOLDER]`, with RECURRA_DATA naming the folder of data sets: about 25 minutes
of one core to learn, ten more to go on learning from the test part. A run that was stopped goes on, and one that has
ended is only measured. It writes results/language.json. Settings were chosen by validation perplexity, of which test
knows nothing; the seed is one.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from fitting import fitted, run_folder
from smoke import SMOKE, sized
from writing import write_result

import recurra
from recurra.datasets.formats import TextReading
from recurra.runs.sources import running_text

SETTINGS = (
    "precision=bf16", "hidden=512", "embedding_dropout=0.3", "recurrent_dropout=0.45", "weight_drop=0.2",
    "learning_rate=0.005",
)  # fmt: skip
EPOCHS = 7


def main() -> None:
    """Learn where nothing has been learnt, and measure."""
    with run_folder(__doc__, "runs/language-512") as (folder, scratch):
        source = _source(scratch)
        settings = [word for each in sized(SETTINGS, ("hidden=8", "streams=4")) for word in ("--set", each)]
        options = ["--epochs", str(sized(EPOCHS, 1)), *sized(["--vectors", "glove"], [])]
        fitted(folder, ["language", source, *settings, *options])
        write_result("language", _measured(source, folder), seeds=[0])


def _source(scratch: Path) -> str:
    if not SMOKE:
        return "wikitext-2"
    text = scratch / "lines.txt"
    text.write_text("the cat sat on the mat\nthe dog sat on the rug\n" * 60, "utf-8")
    return str(text)


def _measured(source: str, folder: Path) -> dict[str, Any]:
    told = json.loads((folder / "report.json").read_text("utf-8"))["record"]
    lines = running_text(source, TextReading())
    model: Any = recurra.load(folder)
    began = time.process_time()
    figures = model.evaluate(sized(lines.test, lines.train[:20]), dynamic=True)
    return {
        "settings": list(SETTINGS),
        "epochs": len(told["history"]),
        "learning_seconds": round(sum(epoch["seconds"] for epoch in told["history"])),
        "val_perplexity": [round(epoch.get("val_perplexity", 0.0), 2) for epoch in told["history"]],
        "test": {name: value for name, value in figures.items() if not isinstance(value, str)},
        "dynamic_processor_seconds": round(time.process_time() - began, 1),
    }


if __name__ == "__main__":
    main()
