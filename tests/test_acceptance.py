"""Slow proofs, run by `make accept`: what the package promises of its generated reviews, with real trainings."""

import pytest

from recurra.baselines.nb_svm import NBSVM
from recurra.config import Settings
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.estimators.text import TextClassifier

GENERATED = Settings().changed(
    {
        "hidden": 64,
        "embedding_size": 50,
        "pool": ["last"],
        "batch_size": 32,
        "epochs": 12,
        "learning_rate": 5e-3,
        "warm_up": 0.3,
    }
)


@pytest.mark.slow
@pytest.mark.timeout(900)
# Every held-out review may be right by the last epoch: no temperature is then the best, and the warning says so.
@pytest.mark.filterwarnings("ignore:no temperature was fitted:recurra.errors.RecurraWarning")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_word_order_decides_the_generated_reviews(seed):
    train, test = synthetic_reviews("train", count=6000, seed=seed), synthetic_reviews("test", count=2000, seed=seed)
    counted = sum(answer == label for answer, label in zip(NBSVM().fit(*train).predict(test[0]), test[1], strict=True))
    assert counted / len(test[1]) < 0.80
    recurrent = TextClassifier("lstm", random_state=seed, config=GENERATED).fit(*train)
    assert recurrent.score(*test) > 0.97
