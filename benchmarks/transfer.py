"""What beginning with a language model is worth: IMDB's reviews with few labels, one net three ways.

A language model of each direction reads reviews of the training part without their labels. Then the same net learns
from some labels: from drawn weights, begun with the forward model, and begun with both. Run: `python
benchmarks/transfer.py [--ways …]`, with RECURRA_DATA: about ten minutes of one core. Models that were learnt and fits
that were measured before are kept. It writes results/transfer.json, once drawn weights are measured.

Not here: stacks that read texts without labels (few_labels.py).
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from smoke import sized
from text_sets import Rows
from writing import ON, PARTS, keep, measurements, write_result

import recurra
from recurra.datasets.known.imdb import load_imdb
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.engine.processors import prepare_training
from recurra.metrics import paired_bootstrap
from recurra.tasks.transfer import USUAL

NAME = "transfer"
READ = sized(4_000, 40)
"""Reviews that the language models read."""
LABELS = sized(1_000, 40)
TEST = sized(5_000, 20)
"""Reviews of the test part, drawn with one seed."""
SHAPE = {"cell": "lstm", "hidden": sized(192, 6), "embedding_size": sized(128, 5), "precision": "bf16"}
LANGUAGE = {**SHAPE, "tokens": "word", "streams": sized(32, 2), "epochs": sized(2, 1), "max_words": 20_000,
    "min_count": 2, "embedding_dropout": 0.1, "recurrent_dropout": 0.2}  # fmt: skip
PLAIN = "drawn weights"
WAYS: dict[str, tuple[str, ...]] = {PLAIN: (), "forward": ("forward",), "both": ("forward", "backward")}
"""Directions of the language models that a fit begins with."""
EPOCHS = sized(6, 1)
SEED = 0


def main() -> None:
    """Measure what is not measured yet, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", default=",".join(WAYS), help="apart by commas")
    asked = parser.parse_args().ways.split(",")
    # One thread, so that its time is the processor's whatever runs beside it.
    prepare_training(1)
    train, test = _rows()
    for way in asked:
        if way not in measurements(NAME):
            keep(NAME, way, _measured(train, test, WAYS[way]))
            print(way, measurements(NAME)[way]["processor_seconds"], flush=True)
    rights = measurements(NAME)
    if PLAIN not in rights:
        return
    plain = np.array(rights[PLAIN]["right"], bool)
    figures = {name: _told(one, plain) for name, one in rights.items()}
    sizes = {"texts_read": READ, "labels": LABELS, "test_rows": len(test.texts), "epochs": EPOCHS}
    write_result(NAME, {**sizes, "language_model": LANGUAGE, "ways": figures}, seeds=[SEED])


def _rows() -> tuple[Rows, Rows]:
    random = np.random.default_rng(SEED)
    if sized(False, True):
        parts = [Rows(*synthetic_reviews(part, count=60)) for part in ("train", "test")]
    else:
        imdb = load_imdb()
        parts = [Rows(table.texts, list(table.labels or [])) for table in (imdb.train, imdb.test)]
    train, test = (rows.at(random.permutation(len(rows.texts))) for rows in parts)
    return train.at(np.arange(READ)), test.at(np.arange(TEST))


def _language_model(train: Rows, way: str) -> Path:
    folder = PARTS / f"{NAME}-{way}"
    if not (folder / "artefact").exists():
        settings = recurra.LANGUAGE_SETTINGS.changed({**LANGUAGE, "direction": way})
        model = recurra.LanguageModel(config=settings).fit(train.texts, run=folder)
        print(way, model.history_[-1], flush=True)
        model.save(folder / "artefact")
    return folder / "artefact"


def _measured(train: Rows, test: Rows, directions: tuple[str, ...]) -> dict[str, Any]:
    """Which test rows a fit answers right, and its seconds without those of its language models."""
    source: Any = tuple(str(_language_model(train, direction)) for direction in directions)
    changes = {"epochs": EPOCHS, "precision": "bf16"}
    if not source:
        # The same net and batches; there is nothing to thaw, and no lower layer knows more than an upper one.
        drawn = {each: value for each, value in USUAL.items() if each not in ("layer_rates", "unfreeze")}
        changes |= SHAPE | drawn | {"bidirectional": False}
    rows = train.at(np.arange(LABELS))
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = recurra.TextClassifier(
            recipe="net",
            init_from=source[0] if len(source) == 1 else source or None,
            random_state=SEED,
            config=recurra.TEXT_SETTINGS.changed(changes),
        ).fit(rows.texts, rows.labels)
    spent = round(time.process_time() - began, 1)
    right = (model.predict(test.texts) == np.array(test.labels)).astype(int).tolist()
    return {"right": right, "processor_seconds": spent}


def _told(one: dict[str, Any], plain: Any) -> dict[str, Any]:
    right = np.array(one["right"], bool)
    apart = paired_bootstrap(right, plain)
    return {
        "accuracy": round(100 * float(right.mean()), 2),
        "above_drawn_weights": [round(100 * float(value), 2) for value in (apart.low, apart.high)],
        "processor_seconds": one["processor_seconds"],
        ON: one[ON],
    }


if __name__ == "__main__":
    main()
