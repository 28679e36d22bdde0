"""Files that people bring: `fit text` beside linear models, on nine public sets, at several numbers of rows and seeds.

What is fitted knows nothing of the set but its rows, as `recurra fit text FILE --recipe …` does. Rivals on the same
rows and the same test part: TF-IDF with logistic regression (scikit-learn's own vectoriser, C = 10), and NB-SVM. The
test part is the official one; of a set without one it is the fold of five that the seed numbers. Run: `python
benchmarks/own_texts.py [--recipe auto] [--rows 1000,0] [--seeds 0,1,2] [SET …]`; 0 stands for all rows. It adds to
results/own-texts.json. Each measurement is a line of runs/benchmarks/own-texts.jsonl as soon as it is made: the same
command goes on behind those. Each tells its machine: lines that another one made may be added to that file, and
`--measured` writes them.
"""

from __future__ import annotations

import argparse
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from smoke import sized
from text_sets import SETS, Rows, text_set
from writing import keep_once, write_sets

import recurra
from recurra.baselines.nb_svm import NBSVM
from recurra.metrics import paired_bootstrap

NAME = "own-texts"


def main() -> None:
    """Measure what was asked for and is not measured yet; keep what was measured before of others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    parser.add_argument("--recipe", default="auto", choices=("auto", "stack", "net"))
    parser.add_argument("--rows", default=sized("1000,0", "40"), help="numbers of rows, 0 for all")
    parser.add_argument("--seeds", default="0", help="apart by commas")
    parser.add_argument("--measured", action="store_true", help="measure nothing more: write what is measured")
    asked = parser.parse_args()
    # Seeds come outermost: a command that is stopped has whole seeds, which can be compared.
    for seed in map(int, asked.seeds.split(",")):
        for name in asked.sets or list(sized(SETS, {"trec": SETS["trec"]})):
            for rows in map(int, asked.rows.split(",")):
                key = f"{name}, {rows or 'all'} rows, {asked.recipe}, seed {seed}"
                if not asked.measured:
                    keep_once(NAME, key, partial(measured, name, rows, asked.recipe, seed))
    write_sets(NAME)


def measured(name: str, count: int, recipe: Any, seed: int) -> dict[str, Any]:
    """Accuracies in percent on the test part, what the fit itself told, and seconds of the processor."""
    train, test = text_set(name, fold=seed)
    if count:
        train = train.at(np.random.default_rng(seed).permutation(len(train.texts))[:count])
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = recurra.TextClassifier(recipe=recipe, random_state=seed).fit(train.texts, train.labels)
    seconds = time.process_time() - began
    right = {"Recurra": model.predict(test.texts) == np.array(test.labels), **_rivals(train, test)}
    shares = {who: round(100 * float(rows.mean()), 2) for who, rows in right.items()}
    best = max((who for who in right if who != "Recurra"), key=lambda who: shares[who])
    apart = paired_bootstrap(right["Recurra"], right[best])
    return {
        "rows": len(train.texts),
        "test_rows": len(test.texts),
        "accuracy": shares,
        "against_best_rival": [round(100 * float(value), 2) for value in (apart.low, apart.high)],
        "out_of_fold": round(100 * model.out_of_fold_["accuracy"], 2) if model.out_of_fold_ else None,
        "processor_seconds": round(seconds, 1),
        # Why this net was chosen; what each judge counts stands in a report.
        "chosen": model.notes_[:2],
    }


def _rivals(train: Rows, test: Rows) -> dict[str, NDArray[np.bool_]]:
    truths = np.array(test.labels)
    bag = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    learnt = bag.fit_transform(train.texts)
    linear = LogisticRegression(C=10, solver="sag", max_iter=100, tol=1e-2, random_state=0).fit(learnt, train.labels)
    svm = NBSVM().fit(train.texts, train.labels)
    return {
        "TF-IDF": linear.predict(bag.transform(test.texts)) == truths,
        "NB-SVM": np.array(svm.predict(test.texts)) == truths,
    }


if __name__ == "__main__":
    main()
