"""Train `sentiment-en`, the judge of opinions in the box: IMDB's reviews, the encoder in the box, n-grams.

A larger model (`--teacher`, the flagship's run) tells how probable an opinion is in the reviews that nobody has
labelled, and in single sentences of them; the small one learns from those and from the labelled reviews. A smaller
vocabulary than the encoder's, n-grams that matter least left out, everything in int8: a few megabytes. Films that are
held out, from the teacher too, weigh the judges, choose the pass and settle the temperature; the test part is not read.
Run: `python benchmarks/pretrain_sentiment.py --teacher runs/flagship [--passes 4] [--out FOLDER]`, with RECURRA_DATA;
it goes on where it was stopped. Not here: the encoder (pretrain_texts.py), how it does on any text (sentiment.py).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from smoke import SMOKE, sized
from writing import PARTS

import recurra
from recurra.artefact.folder import BOX
from recurra.datasets.known.imdb import load_imdb
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.datasets.splits import split
from recurra.metrics import log_loss
from recurra.tasks.heads.classes.finish import fit_temperature
from recurra.tasks.heads.classes.head import HEAD
from recurra.tasks.heads.classes.rounds import Judges, Shared, next_round
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.classes.stack import Stack
from recurra.tasks.heads.classes.stacked import one_model
from recurra.tasks.heads.classes.stacked_net import JudgedNet
from recurra.tasks.heads.judges import Texts
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.inputs.labelled import LabelledParts
from recurra.tasks.inputs.texts import LabelledTexts
from recurra.tasks.task import Again, Finished, Prepared, Trained
from recurra.tasks.text import TASK, prepare
from recurra.text.encoder import TextEncoder
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary
from recurra.training.progress import Record, Watch

NAME = "sentiment-en"
WORDS = 12_000
"""Words that are known whole; others are spelt in pieces."""
GRAMS = {"present": 90_000, "damped": 20_000}
"""N-grams of NB-SVM, and of TF-IDF where that counts anything."""
SENTENCES = 25_000
"""Reviews of which one sentence is taken."""


def main() -> None:
    """Train, prune, settle the temperature, write, and tell the figures."""
    asked = _arguments()
    texts, labels, groups = _rows()
    cut = split(len(texts), labels=labels, groups=groups, share=0.1, seed=asked.seed)
    learnt, held = ([texts[row] for row in rows] for rows in (cut.train, cut.validation))
    truths = [labels[row] for row in cut.validation]
    cache = Path(asked.cache)
    narrowed(RunningEncoder.load(asked.encoder), learnt, asked.words).save(cache / "encoder", stored="int8")
    free = _free(asked.seed)
    head = replace(HEAD, finish=partial(taught, _shares(asked, free), asked.passes))
    taught_classifier = type("TextClassifier", (recurra.TextClassifier,), {"task": replace(TASK, head=head)})
    model = taught_classifier(recipe="stack", encoder=cache / "encoder", random_state=asked.seed)
    given = LabelledTexts(learnt, [labels[row] for row in cut.train], validation_data=(held, truths), unlabelled=free)
    prepared = prepare(model.asked(), given)
    model.fit_prepared(prepared, run=cache / f"run-{asked.passes}", watch=Watch(on_epoch=_tell))
    small = pruned(model.model_)
    small = small.with_temperature(fit_temperature(small.logits(held), _places(small, truths)).value)
    for name, one in (("whole", model.model_), ("pruned", small)):
        shares = one.predict_proba(held).astype(np.float64)
        right = (shares.argmax(1) == _places(one, truths)).mean()
        print(f"{name}: held-out films {100 * right:.2f} %, loss {log_loss(_places(one, truths), shares):.4f}")
    origin = model.model_.origin
    # The smaller encoder lies in the cache of this machine: nobody else finds it there.
    parameters = {name: value for name, value in origin.parameters.items() if name != "encoder"}
    small = replace(small, origin=origin.model_copy(update={"parameters": parameters}))
    card = (Path(__file__).parent / "pretraining" / f"{NAME}.md").read_text("utf-8")
    small.save(asked.out, card=card)
    print(asked.out, sum(file.stat().st_size for file in Path(asked.out).iterdir()))


def _free(seed: int) -> list[str]:
    """Reviews that nobody has labelled, and one sentence of some of them: short texts are judged by other words."""
    if SMOKE:
        return synthetic_reviews("test", count=40)[0]
    imdb = load_imdb(unlabelled=True)
    texts = imdb.unlabelled.texts if imdb.unlabelled else []
    generator = np.random.default_rng(seed)
    sentences = []
    for row in generator.permutation(len(texts))[:SENTENCES]:
        parts = [part for part in re.split(r"(?<=[.!?])\s+|<br />", texts[row]) if len(part.split()) > 2]
        sentences += [parts[generator.integers(len(parts))]] if parts else []
    return [*dict.fromkeys([*texts, *sentences])]


def _shares(asked: argparse.Namespace, texts: list[str]) -> dict[str, NDArray[np.float32]]:
    """What the teacher thinks of each text; kept in the cache, since it is asked for minutes."""
    cache = Path(asked.cache) / "shares.npz"
    if not cache.exists():
        teacher: Any = recurra.load(asked.teacher)
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, shares=teacher.predict_proba(texts))
    with np.load(cache) as file:
        return dict(zip(texts, file["shares"], strict=True))


def taught(
    shares: dict[str, NDArray[np.float32]], passes: int, prepared: Prepared, trained: Trained, again: Again
) -> Finished:
    """Fit net and n-grams as a second round does, whose first round is the teacher's answers."""
    data: LabelledParts = prepared.data
    labels = tuple(map(str, data.classes.tolist()))
    model = RunningClassifier(prepared.plan, trained, data.encoder, labels)
    shared = Shared(prepared, model, lambda other: again(other, 1, 1), Texts([*data.train.texts, *data.taught]))
    free = np.log(np.maximum([[shares[text] for text in data.taught]], 1e-6)).astype(np.float32)
    starts = [dict(prepared.start)] * len(data.folds)
    teacher = JudgedNet({}, np.zeros((0, 2), np.float32), free, starts)
    first = Judges({"teacher": teacher.scores}, [free], teacher, [], [], Stack(np.ones(1), np.zeros(2)))
    judges = next_round(shared, first, last=True, epochs=passes)
    print(dict(zip(judges.scores, judges.stack.weights.round(2).tolist(), strict=True)), flush=True)
    return Finished(one_model(model, judges))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", default=str(PARTS / NAME), help="folder for checkpoints")
    parser.add_argument("--out", default=str(PARTS / f"{NAME}-out" if SMOKE else BOX / NAME), help="folder")
    parser.add_argument("--encoder", default="encoder-en", help="what it begins with")
    parser.add_argument("--teacher", default=sized("runs/flagship", "sentiment-en"), help="run or artefact")
    parser.add_argument("--passes", type=int, default=sized(4, 1))
    parser.add_argument("--words", type=int, default=sized(WORDS, 200))
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _rows() -> tuple[list[str], list[str], Sequence[str | None]]:
    if SMOKE:
        texts, labels = synthetic_reviews("train", count=80)
        return texts, labels, [str(row // 4) for row in range(80)]
    table = load_imdb().train
    return table.texts, table.labels or [], table.groups or []


def _tell(record: Record) -> None:
    print("  ".join(f"{name} {value:.4g}" for name, value in record.items()), flush=True)


def _places(model: RunningClassifier, labels: Sequence[str]) -> NDArray[np.int64]:
    return np.array([model.labels.index(label) for label in labels], np.int64)


def narrowed(model: RunningEncoder, texts: Sequence[str], words: int) -> RunningEncoder:
    """Keep the words that these texts hold most often, and all pieces."""
    known = model.encoder.vocabulary.words
    counts = np.bincount(np.concatenate(model.encoder.encode_whole(texts)), minlength=len(known))
    always = np.array([word in SPECIAL_WORDS or word.startswith("##") or len(word) == 1 for word in known])
    often = np.argsort(-np.where(always, -1, counts), kind="stable")[:words]
    kept = np.sort(np.concatenate([np.flatnonzero(always), often[~always[often]]]))
    encoder = TextEncoder(model.encoder.config, Vocabulary(tuple(known[place] for place in kept)))
    embedding = model.plan.embedding.model_copy(update={"words": len(kept)})
    tensors = {**model.tensors, "embedding.weight": model.tensors["embedding.weight"][kept]}
    return replace(model, plan=model.plan.model_copy(update={"embedding": embedding}), encoder=encoder, tensors=tensors)


def pruned(model: RunningClassifier) -> RunningClassifier:
    """Keep the n-grams whose classes differ most in weight."""
    tensors, specs = dict(model.tensors), []
    for number, spec in enumerate(model.plan.grams):
        weight = tensors[f"grams{number}.weight"]
        kept = np.sort(np.argsort(-np.ptp(weight, axis=1), kind="stable")[: GRAMS[spec.counted]])
        for name in ("place", "weight", "square"):
            if f"grams{number}.{name}" in tensors:
                tensors[f"grams{number}.{name}"] = tensors[f"grams{number}.{name}"][kept]
        specs.append(spec.model_copy(update={"entries": len(kept)}))
    grams: Any = tuple(specs)
    return replace(model, plan=model.plan.model_copy(update={"grams": grams}), tensors=tensors)


if __name__ == "__main__":
    main()
