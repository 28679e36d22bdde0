"""Numbers, several labels, classes in order and tags: each fit with defaults beside its linear rival on the test part.

Grades of SST as numbers and as steps, official test part; the levels of 20 Newsgroups' names as labels (`sci.space` has
two), texts cut at 800 letters, 1,500 test rows; tags of WikiText-2 in small letters, where spans are runs of words that
were written with a capital inside a sentence: no set of tagged sentences is at hand, and these are real text.

Run: `python benchmarks/kinds.py [KIND …]`. What was measured before is kept, and `--measured` writes that alone. It
adds to results/kinds.json.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from smoke import SMOKE, sized
from text_sets import few, text_set
from writing import keep_once, write_sets

import recurra
from recurra.datasets.known.wikitext import load_wikitext2
from recurra.tasks.heads.multilabel.measure import judge_several
from recurra.tasks.heads.ordinal.measure import judge_order
from recurra.tasks.heads.regression.measure import judge_numbers
from recurra.tasks.heads.tags.measure import judge_tags
from recurra.tasks.inputs.tagged import TaggedRows
from recurra.tasks.inputs.targets import TargetRows, indicator
from recurra.tasks.ordinal import ordered

NAME = "kinds"
Figures = dict[str, Any]
FEW, MANY = sized((500, 2_000), (40, 40))


def main() -> None:
    """Measure the kinds asked for, or all; keep what was measured before of others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--measured", action="store_true", help="measure nothing more: write what is measured")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for kind in () if asked.measured else asked.kinds or KINDS:
        measured, counts = KINDS[kind]
        for count in counts:
            keep_once(NAME, f"{kind}, {count} rows, seed 0", partial(measured, count))
    write_sets(NAME)


def _told(record: Figures, keys: tuple[str, ...], seconds: float) -> Figures:
    rival = record["rivals"][0]
    shown = {key: round(record[key], 4) for key in keys if record[key] is not None}
    other = {"name": rival["name"], **{key: round(rival[key], 4) for key in keys if rival.get(key) is not None}}
    return {**shown, "seconds": round(seconds, 1), "rival": other}


def _grades(count: int) -> tuple[TargetRows, TargetRows, list[int]]:
    train, test = text_set("sst5")
    some = few(train, count, seed=0)
    classes = sorted({*train.labels})
    places = [[classes.index(label) for label in part.labels] for part in (some, test)]
    parts = [np.array(each, np.float64)[:, None] for each in places]
    return TargetRows(some.texts, parts[0], ("grade",)), TargetRows(test.texts, parts[1], ("grade",)), places[0]


def regression(count: int) -> Figures:
    """Grades as numbers."""
    train, test, _ = _grades(count)
    started = time.perf_counter()
    model = recurra.TextRegressor().fit(train.texts, train.targets[:, 0])
    seconds = time.perf_counter() - started
    return _told(judge_numbers(model.model_, test, train), ("mae", "rmse", "r2", "spearman"), seconds)


def ordinal(count: int) -> Figures:
    """Grades as steps."""
    train, test, places = _grades(count)
    started = time.perf_counter()
    model = recurra.TextOrdinalClassifier().fit(train.texts, places)
    seconds = time.perf_counter() - started
    names = model.model_.names
    judged, learnt = (
        ordered(part.texts, part.targets[:, 0].astype(int).tolist(), names).rows for part in (test, train)
    )
    record = judge_order(model.model_, judged, learnt)
    return _told(record, ("mae", "kappa", "accuracy", "within_one"), seconds)


def multilabel(count: int) -> Figures:
    """Levels of names as labels."""
    train, test = text_set("20news")
    generator = np.random.default_rng(0)
    test = test.at(generator.permutation(len(test.texts))[:1_500])
    some = few(train, count, seed=0)
    texts = [[text[:800] for text in part.texts] for part in (some, test)]
    labels = [[(GROUPS[int(label)] if label.isdigit() else label).split(".") for label in part.labels]
        for part in (some, test)]  # fmt: skip
    if SMOKE:
        labels = [[["every", *names] for names in part] for part in labels]
    started = time.perf_counter()
    model = recurra.TextMultilabelClassifier().fit(texts[0], labels[0])
    seconds = time.perf_counter() - started
    rows = [TargetRows(part, *indicator(names)) for part, names in zip(texts, labels, strict=True)]
    keys = ("f1_micro", "f1_macro", "subset_accuracy", "ranking_precision")
    return _told(judge_several(model.model_, rows[1], rows[0]), keys, seconds)


GROUPS = (
    "alt.atheism", "comp.graphics", "comp.os.ms-windows.misc", "comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware",
    "comp.windows.x", "misc.forsale", "rec.autos", "rec.motorcycles", "rec.sport.baseball", "rec.sport.hockey",
    "sci.crypt", "sci.electronics", "sci.med", "sci.space", "soc.religion.christian", "talk.politics.guns",
    "talk.politics.mideast", "talk.politics.misc", "talk.religion.misc",
)  # fmt: skip
"""The names of the labels, in their order."""


def tags(count: int) -> Figures:
    """Runs of capitalised words."""
    if SMOKE:
        parts = [[["the", "Red", "Film", "of", "New", "York", "was", "a", "Great", "one", "."]] * 20] * 2
    else:
        whole = load_wikitext2()
        parts = [_sentences(text)[:most] for text, most in ((whole.train, MANY), (whole.test, 2_000))]
    test, train = _capitals(parts[1]), _capitals(parts[0][:count])
    started = time.perf_counter()
    model = recurra.TextTagger(epochs=sized(None, 1)).fit(train.tokens, train.tags)
    seconds = time.perf_counter() - started
    return _told(judge_tags(model.model_, test, train), ("f1", "accuracy"), seconds)


def _sentences(text: str) -> list[list[str]]:
    lines = [line.split() for line in text.split("\n") if line.strip() and not line.startswith(" =")]
    made: list[list[str]] = [[]]
    for word in (word for line in lines for word in line):
        made[-1].append(word)
        if word == ".":
            made.append([])
    return [sentence for sentence in made if 4 <= len(sentence) <= 60]


def _capitals(sentences: list[list[str]]) -> TaggedRows:
    tags = []
    for sentence in sentences:
        # The first word has a capital whatever it is.
        large = [place > 0 and word[:1].isupper() for place, word in enumerate(sentence)]
        pairs = zip([False, *large[:-1]], large, strict=True)
        tags.append(["O" if not here else "I-CAPITAL" if before else "B-CAPITAL" for before, here in pairs])
    return TaggedRows([[word.lower() for word in sentence] for sentence in sentences], tags)


KINDS: dict[str, tuple[Callable[[int], Figures], tuple[int, ...]]] = {
    "regression": (regression, (FEW, MANY)), "ordinal": (ordinal, (FEW, MANY)), "multilabel": (multilabel, (FEW,)),
    "tags": (tags, (sized(1_000, 20),)),
}  # fmt: skip
"""What measures each kind, and the numbers of rows."""

if __name__ == "__main__":
    main()
