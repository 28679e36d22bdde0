"""Words of tables that a student in the third year may not know, each explained in a few.

Not here: the tables; whoever writes one as HTML asks which of its words stand here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TERMS = {
    "adversarial": "trained also on word vectors moved a little to where the loss grows most",
    "averaged": "the weights that are kept are a running mean over the training steps",
    "bootstrap": "drawing rows again and again to see how far a figure moves",
    "clip": "a gradient longer than this is shortened to it",
    "cosine similarity": "the cosine of the angle between two vectors: 1 where they point the same way",
    "dropout": "numbers set to zero at random in training, so that none is relied on",
    "ECE": "expected calibration error: how far the stated probabilities lie from the share of right answers",
    "F1": "harmonic mean of precision and recall",
    "floor": "the lowest learning rate that a schedule may reach",
    "GRU": "gated recurrent unit: two gates decide what of the state is kept",
    "log-odds": "the logarithm of the odds p : (1 − p)",
    "LSTM": "long short-term memory: three gates and a cell state that passes from step to step",
    "MAE": "mean absolute error, in the unit of the series",
    "MASE": "mean absolute error in units of the seasonal naive forecast's error within training: below 1 is better",
    "mean squared error": "mean of the squared differences between answer and truth",
    "naive": "the forecast that repeats the last value",
    "nats": "unit of a loss taken with the natural logarithm: 1 nat is 1.44 bits",
    "n-gram": "n words in a row",
    "NB-SVM": "a linear model over words and short phrases weighted by naive Bayes",
    "one-cycle": "the learning rate rises first, then falls to nearly zero",
    "perplexity": "exponential of the loss in nats: among how many equally likely words a model is unsure",
    "pooling": "making one vector of the states of all steps",
    "seasonal naive": "the forecast that repeats the value of one season before",
    "seed": "the number from which all random choices of a run follow",
    "spread": "least and most over the seeds",
    "trigram": "a model that counts which word followed the two words before",
    "weight decay": "a pull of all weights towards zero in each step",
}
"""Lower-case terms are found in any case, abbreviations only as they stand."""

FORMS = {
    "averaged": r"averag(?:ed|ing)(?: of)?(?: the)? weights|averaged",
    "n-gram": r"n-grams?",
    "seed": r"seeds?",
    "naive": r"(?<!seasonal )(?<!Seasonal )naive",
    "cosine similarity": r"by cosine|cosine similarity",
    "pooling": r"pool(?:ing|ed)",
}
"""How a term may stand in a table, where that is not as it stands here."""


def _pattern(term: str) -> re.Pattern[str]:
    # MAE must not be found in "mae" of a key, but "Dropout" at a sentence's start is dropout.
    plain = term == term.lower()
    # A term stands by itself: `seed` is not found in `seeded`, nor in `re-seed`.
    return re.compile(rf"(?<![\w-]){FORMS.get(term, re.escape(term))}(?![\w])", re.IGNORECASE if plain else 0)


PATTERNS = {term: _pattern(term) for term in TERMS}


def explained(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the terms that stand in the texts, in alphabetical order, with what they mean."""
    # Searched as one text, cells apart by line ends: no term spans two of them.
    joined = "\n".join(texts)
    return [(term, TERMS[term]) for term in sorted(TERMS, key=str.casefold) if PATTERNS[term].search(joined)]
