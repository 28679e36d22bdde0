"""What a line costs in `recurra stream`, early and late, and how memory stands: through the command and its pipes.

Not here: sessions without the command (sessions.py), and that answers are right (tests/test_stream_*.py). Run:
`python benchmarks/streams.py`; results/streams.json. A process is written to in parts of lines, and read from; the
processor's time of some parts over their lines is what one costs. Early is the second quarter of the parts, late the
last: a stream whose cost grew with what came before would show it. Weights are drawn: a line costs the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from smoke import sized
from writing import write_result

from recurra.config import NetConfig, TextConfig
from recurra.estimators.series import Forecaster
from recurra.nets.layouts import classifier_net, language_net
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.encoder import TextEncoder, fit_encoder

SEED = 0
WORDS = sized(10_000, 50)
UNITS = sized(64, 4)
PARTS = sized(40, 4)
LINES = sized(500, 3)
"""Lines of a part; of series a tenth."""
MOST = 1_000

Line = Callable[[int], dict[str, Any]]


def main() -> None:
    """Measure every kind of stream."""
    with TemporaryDirectory() as folder:
        models, names = saved(Path(folder)), [f"w{number}" for number in range(WORDS)]
        random = np.random.default_rng(SEED)

        def chat(keys: int) -> Line:
            return lambda number: {
                "user": f"u{random.integers(keys)}",
                "text": " ".join(names[place] for place in random.integers(WORDS, size=10)),
            }

        figures = {
            "classifier, one stream": streamed(models["text"], ["--column", "text"], chat(1), LINES),
            "classifier, 1,000 keys": streamed(models["text"], keyed(), chat(MOST), LINES),
            "classifier, 100,000 keys, 1,000 kept": streamed(models["text"], keyed(), chat(100 * MOST), LINES),
            "language model, 1,000 keys": streamed(models["language"], keyed(), chat(MOST), LINES),
            "forecaster, one series": streamed(models["series"], [], day, max(3, LINES // 10)),
        }
    write_result("streams", {"streams": figures}, seeds=[SEED])


def keyed() -> list[str]:
    """The options of lines with a key."""
    return ["--key", "user", "--most", str(MOST)]


def day(number: int) -> dict[str, Any]:
    """A row of a daily series with a week."""
    return {"unique_id": "a", "ds": str(np.datetime64("2000-01-01") + number), "y": 5 + np.sin(2 * np.pi * number / 7)}


def saved(folder: Path) -> dict[str, Path]:
    """Save a model of each kind."""
    import pandas as pd

    encoder = fit_encoder([" ".join(f"w{number}" for number in range(WORDS))], TextConfig(min_count=1))
    config = NetConfig(cell="lstm", hidden=UNITS, embedding_size=UNITS, pool=("last", "mean", "max"))
    classifier(config, encoder).save(folder / "text")
    plan = language_net(config, words=len(encoder.vocabulary))
    RunningLanguage(plan, drawn(plan), encoder).save(folder / "language")
    rows = pd.DataFrame([day(number) for number in range(100)])
    Forecaster(horizon=7, season=7, recipe="classics").fit(rows).save(folder / "series")
    return {name: folder / name for name in ("text", "language", "series")}


def classifier(config: NetConfig, encoder: TextEncoder) -> RunningClassifier:
    """A classifier that reads forwards."""
    plan = classifier_net(config, words=len(encoder.vocabulary), labels=2)
    return RunningClassifier(plan, drawn(plan), encoder, ("bad", "good"))


def drawn(plan: Any) -> dict[str, Any]:
    """Weights of the plan's shapes."""
    random = np.random.default_rng(SEED)
    return {name: (random.standard_normal(shape) * 0.1).astype(np.float32) for name, shape in plan.weights().items()}


def streamed(model: Path, options: list[str], line: Line, lines: int) -> dict[str, Any]:
    """Stream lines through a process: what a line costs early and late, in µs, and its memory then, in MB."""
    command = [sys.executable, "-m", "recurra", "stream", str(model), "-", "--form", "jsonl", *options]
    spent, kept = [], []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdin and child.stdout
        for part in range(PARTS):
            text = "".join(json.dumps(line(part * lines + number)) + "\n" for number in range(lines)).encode()
            child.stdin.write(text)
            child.stdin.flush()
            for _ in range(lines):
                child.stdout.readline()
            spent.append(processor_seconds(child.pid) * 1e6)
            kept.append(int(Path(f"/proc/{child.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6)
        child.stdin.close()
    quarter = PARTS // 4
    # The first quarter loads what is needed, and meets most words for the first time.
    return {
        "lines": PARTS * lines,
        "early": (spent[2 * quarter - 1] - spent[quarter - 1]) / (quarter * lines),
        "late": (spent[-1] - spent[-1 - quarter]) / (quarter * lines),
        "megabytes early": kept[2 * quarter - 1],
        "megabytes late": kept[-1],
    }


def processor_seconds(process: int) -> float:
    """What a process has had of processors so far."""
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    # The 14th and 15th of all fields; two stand before the bracket.
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
