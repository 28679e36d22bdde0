"""How long the command line takes to answer: `--help`, and `predict --text` from a saved artefact of real size.

Not here: training. The artefact's weights are random: the default classifier over 50,000 words of 100 features.
Run: `python benchmarks/startup.py`. Asserts nothing; the times are wall time of whole processes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from smoke import sized
from writing import write_result

from recurra.config import TextConfig
from recurra.estimators.text import TEXT_SETTINGS
from recurra.nets.layouts import classifier_net
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.text.encoder import TextEncoder
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary

WORDS = sized(50_000, 100)
REPEATS = sized(7, 1)
PROMPT = "not bad at all"
PROBE = """import sys
sys.argv = ["recurra", *sys.argv[1:]]
from recurra.__main__ import main
try:
    main()
except SystemExit:
    print("torch" in sys.modules)
"""
"""Runs the command in this process and tells whether torch was imported."""


def main() -> None:
    """Save the artefact in a temporary folder, time both commands, write results/startup.json."""
    recurra = str(Path(sys.executable).with_name("recurra"))
    with tempfile.TemporaryDirectory() as folder:
        artefact = Path(folder) / "artefact"
        model = random_model()
        model.save(artefact)
        commands = {"help": ["--help"], "predict": ["predict", str(artefact), "--text", PROMPT]}
        figures: dict[str, Any] = {name: timed([recurra, *words]) for name, words in commands.items()}
        for name, words in commands.items():
            figures[name]["torch_imported"] = imports_torch(words)
        figures["artefact"] = {
            "words": len(model.encoder.vocabulary),
            "bytes": sum(path.stat().st_size for path in artefact.iterdir()),
        }
    write_result("startup", {"repeats": REPEATS, **figures}, seeds=[0])


def random_model() -> RunningClassifier:
    """Build a classifier of real size without training it."""
    words = Vocabulary((*SPECIAL_WORDS, *(f"word{number}" for number in range(WORDS - len(SPECIAL_WORDS)))))
    plan = classifier_net(TEXT_SETTINGS.net, words=len(words), labels=2)
    random = np.random.default_rng(0)
    tensors = {name: random.standard_normal(shape, np.float32) * 0.1 for name, shape in plan.weights().items()}
    return RunningClassifier(plan, tensors, TextEncoder(TextConfig(), words), ("negative", "positive"))


def timed(command: list[str]) -> dict[str, Any]:
    """Run a command once to warm the disc's cache, then `REPEATS` times: median, lowest and highest wall seconds."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    told = {"median": statistics.median(seconds), "lowest": min(seconds), "highest": max(seconds)}
    return {name: round(value, 3) for name, value in told.items()}


def imports_torch(words: list[str]) -> bool:
    """Tell whether the command imports torch."""
    done = subprocess.run([sys.executable, "-c", PROBE, *words], check=True, capture_output=True, text=True)
    return done.stdout.split()[-1] == "True"


if __name__ == "__main__":
    main()
