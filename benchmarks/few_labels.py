"""Few labels and many texts without: what each way to learn from such texts is worth, on public sets and IMDB.

Of each set's training part some rows keep their labels, and all others are handed over as texts without; of IMDB, some
of the reviews that never had labels. The test part is the official one or a fold. All fits of a draw stand on the same
rows. Run: `python benchmarks/few_labels.py [--rows 200,1000] [--seeds 0] [--ways …] [SET …]`, with RECURRA_DATA. What
was measured before is kept, fit by fit; `--measured` writes that alone. It adds to results/few-labels.json.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from smoke import sized
from text_sets import SETS, Rows, text_set
from writing import PARTS, keep, measurements, write_sets

import recurra
from recurra.datasets.known.imdb import load_imdb
from recurra.metrics import paired_bootstrap

NAME = "few-labels"
NONE: dict[str, Any] = {"self_training": 0, "adapt": "never"}
WAYS: dict[str, dict[str, Any]] = {
    "self-training": {},
    "adaptation": {**NONE, "adapt": "always"},
    "virtual adversarial": {**NONE, "virtual_adversarial": 0.25},
    "entropy": {**NONE, "entropy": 0.1},
    "two rounds": {"self_training": 2},
    "all": {"adapt": "always", "virtual_adversarial": 0.25, "entropy": 0.1},
}
"""Settings of each way, beside which no other learns from the texts."""
ALONE = "labels alone"
FREE = 10_000
"""Reviews without labels, of IMDB's 50,000."""
TESTED = 5_000
"""Reviews of the test part that are answered, of 25,000."""


class Drawn(NamedTuple):
    """Rows with labels, texts without, and what is measured on."""

    rows: Rows
    free: list[str]
    test: Rows


def main() -> None:
    """Measure what was asked for and is not measured yet; keep what was measured before of others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join([*SETS, "imdb"]))
    parser.add_argument("--rows", default=sized("200,1000", "40"), help="numbers of labels")
    parser.add_argument("--seeds", default="0", help="apart by commas")
    parser.add_argument("--measured", action="store_true", help="measure nothing more: write what is measured")
    parser.add_argument("--ways", default=sized(",".join(WAYS), "self-training"), help="apart by commas")
    asked = parser.parse_args()
    for seed in map(int, asked.seeds.split(",")):
        for name in asked.sets or list(sized(SETS, {"trec": SETS["trec"]})):
            for count in map(int, asked.rows.split(",")):
                wanted = [
                    way for way in asked.ways.split(",") if _key(name, count, way, seed) not in measurements(NAME)
                ]
                if wanted and not asked.measured:
                    measure(name, count, seed, wanted)
    write_sets(NAME)


def drawn(name: str, count: int, seed: int) -> Drawn:
    """Draw the rows that keep their labels, and the texts that have none."""
    generator = np.random.default_rng(seed)
    if name != "imdb":
        train, test = text_set(name)
        order = generator.permutation(len(train.texts))
        rest = train.at(order[count : sized(None, count + 60)])
        return Drawn(train.at(order[:count]), rest.texts, test)
    imdb = load_imdb(unlabelled=True)
    train, test = (Rows(part.texts, list(part.labels or [])) for part in (imdb.train, imdb.test))
    order = generator.permutation(len(train.texts))
    others = imdb.unlabelled.texts if imdb.unlabelled else []
    test = test.at(np.random.default_rng(0).permutation(len(test.texts))[:TESTED])
    return Drawn(train.at(order[:count]), [others[row] for row in generator.permutation(len(others))[:FREE]], test)


def measure(name: str, count: int, seed: int, ways: list[str]) -> None:
    """Fit without the texts and by each of the ways; keep each figure as soon as it is there."""
    draw = drawn(name, count, seed)
    counts = {"labels": len(draw.rows.texts), "unlabelled": len(draw.free), "tested": len(draw.test.texts)}
    # Each way is compared with a fit of this very process: what another machine rounds otherwise is no difference.
    key = _key(name, count, ALONE, seed)
    plain, figures = _fitted(draw, seed, NONE, [], key)
    keep(NAME, key, counts | figures)
    for way in ways:
        key = _key(name, count, way, seed)
        right, figures = _fitted(draw, seed, WAYS[way], draw.free, key)
        apart = paired_bootstrap(right, plain)
        figures["difference"] = [round(100 * float(value), 2) for value in (apart.low, apart.high)]
        print(key, figures, flush=True)
        keep(NAME, key, counts | figures)


def _key(name: str, count: int, way: str, seed: int) -> str:
    return f"{name}, {count} labels, {way}, seed {seed}"


def _fitted(draw: Drawn, seed: int, choices: dict[str, Any], free: list[str], run: str) -> tuple[Any, dict[str, Any]]:
    """Which test rows are right, and the accuracy in percent, what the fit told, and seconds of the processor."""
    began = time.process_time()
    settings = recurra.TEXT_SETTINGS.changed(choices if free else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = recurra.TextClassifier(recipe="stack", random_state=seed, config=settings)
        model.fit(draw.rows.texts, draw.rows.labels, unlabelled=free or None, run=PARTS / NAME / run.replace(", ", "-"))
    seconds = time.process_time() - began
    right = model.predict(draw.test.texts) == np.array(draw.test.labels)
    told = [note[:200] for note in model.notes_ if "without labels" in note or "out of fold" in note]
    figures = {
        "accuracy": round(100 * float(right.mean()), 2),
        "loss_out_of_fold": round(model.out_of_fold_["loss"], 4),
    }
    return right, figures | {"told": told, "processor_seconds": round(seconds, 1)}


if __name__ == "__main__":
    main()
