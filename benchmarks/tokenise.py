"""How long it takes to tokenise IMDB's 50,000 labelled reviews and turn them to ids on one core.

Not here: training. Reads RECURRA_DATA/imdb/imdb_labeled.parquet; prints JSON and writes results/tokenise.json.
Run: `RECURRA_DATA=… OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/tokenise.py`.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from pathlib import Path

import pyarrow.parquet
from smoke import SMOKE

from recurra.config import TextConfig
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.text.encoder import TextEncoder
from recurra.text.tokenise import count_tokens
from recurra.text.vocabulary import build_vocabulary


def main() -> None:
    """Measure once, print and store."""
    texts = synthetic_reviews("train", count=20)[0] if SMOKE else reviews()
    result: dict[str, str | float] = {
        "command": "benchmarks/tokenise.py",
        "python": platform.python_version(),
        "cpu": cpu_name(),
    }
    result |= measured(texts, TextConfig(max_length=1_000_000))
    text = json.dumps(result, indent=2) + "\n"
    if not SMOKE:
        (Path(__file__).parent / "results" / "tokenise.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def reviews() -> list[str]:
    """IMDB's labelled reviews."""
    file = Path(os.environ["RECURRA_DATA"]) / "imdb" / "imdb_labeled.parquet"
    texts: list[str] = pyarrow.parquet.read_table(file, columns=["text"])["text"].to_pylist()
    return texts


def measured(texts: list[str], config: TextConfig) -> dict[str, float]:
    """Time the vocabulary and the encoding apart; `seconds` is the encoding: texts in, ids out.

    Wall time counts other programs on the machine too; processor time is this program's own.
    """
    begin = time.perf_counter()
    vocabulary = build_vocabulary(count_tokens(texts, config), max_words=config.max_words, min_count=config.min_count)
    counted, counted_processor = time.perf_counter(), time.process_time()
    encoded = TextEncoder(config, vocabulary).encode_many(texts)
    done, done_processor = time.perf_counter(), time.process_time()
    return {
        "reviews": len(texts),
        "characters": sum(map(len, texts)),
        "tokens": sum(map(len, encoded.ids)),
        "words": len(vocabulary),
        "vocabulary_seconds": round(counted - begin, 2),
        "seconds": round(done - counted, 2),
        "processor_seconds": round(done_processor - counted_processor, 2),
    }


def cpu_name() -> str:
    """Return the processor's name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
