"""Few labels and many texts without: what an encoder that got used to the texts is worth, on public sets.

Of each set's training part some rows keep their labels, and all others are handed over as texts without; the test part
is the official one or a fold. Both fits stand in one run on the same rows. Run: `python benchmarks/few_labels.py
[--rows 200,1000] [--seeds 0] [SET …]`. What was measured before is kept. It adds to results/few-labels.json.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
from smoke import sized
from text_sets import SETS, Rows, text_set
from writing import keep, measurements, write_sets

import recurra
from recurra.metrics import paired_bootstrap

NAME = "few-labels"


def main() -> None:
    """Measure what was asked for and is not measured yet; keep what was measured before of others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    parser.add_argument("--rows", default=sized("200,1000", "40"), help="numbers of labels")
    parser.add_argument("--seeds", default="0", help="apart by commas")
    asked = parser.parse_args()
    for seed in map(int, asked.seeds.split(",")):
        for name in asked.sets or list(sized(SETS, {"trec": SETS["trec"]})):
            for count in map(int, asked.rows.split(",")):
                key = f"{name}, {count} labels, seed {seed}"
                if key not in measurements(NAME):
                    keep(NAME, key, measured(name, count, seed))
    write_sets(NAME)


def measured(name: str, count: int, seed: int) -> dict[str, Any]:
    """Accuracies in percent without and with the texts, what the fit told of them, and seconds of the processor."""
    train, test = text_set(name)
    order = np.random.default_rng(seed).permutation(len(train.texts))
    rows, rest = train.at(order[:count]), train.at(order[count : sized(None, count + 60)])
    plain, spent = _right(rows, test, seed)
    used, more = _right(rows, test, seed, unlabelled=rest.texts)
    fits = {"without": plain, "with": used}
    apart = paired_bootstrap(used["right"], plain["right"])
    told = {
        "labels": count,
        "unlabelled": len(rest.texts),
        "accuracy": {who: round(100 * float(one["right"].mean()), 2) for who, one in fits.items()},
        "difference": [round(100 * float(value), 2) for value in (apart.low, apart.high)],
        "told": used["told"],
        "processor_seconds": {"without": round(spent, 1), "with": round(more, 1)},
    }
    print(name, count, told["accuracy"], told["told"], flush=True)
    return told


def _right(rows: Rows, test: Rows, seed: int, **more: Any) -> tuple[dict[str, Any], float]:
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = recurra.TextClassifier(random_state=seed).fit(rows.texts, rows.labels, **more)
    seconds = time.process_time() - began
    told = next((note for note in model.notes_ if "without labels" in note), "")
    return {"right": model.predict(test.texts) == np.array(test.labels), "told": told}, seconds


if __name__ == "__main__":
    main()
