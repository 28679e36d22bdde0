"""NB-SVM: a linear model over n-grams scaled by their naive Bayes log-count ratios (Wang & Manning 2012).

First which n-grams of words a text holds, learnt from training texts, as a sparse 0/1 matrix; then the model over them.
Needs SciPy and scikit-learn (extra `train`) when it is fitted.

Not here: ids of a language model (kneser_ney.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from recurra.cells.backends.numpy import sigmoid
from recurra.errors import DataError, UsageError
from recurra.text.unspaced import by_script

Tokenise = Callable[[str], list[str]]
_Ints = NDArray[np.int64]

BITS = 21
"""A word's share of an n-gram's 63-bit key; so an n-gram has 3 words at most."""
_WORDS_AND_MARKS = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class NgramFeatures:
    """The learnt n-grams: `words` numbers the words from 1; `keys` (features,) are the n-grams' keys, sorted."""

    words: dict[str, int]
    keys: _Ints
    longest: int
    tokenise: Tokenise


def words_and_marks(text: str) -> list[str]:
    """Lower-case words (an apostrophe may join two parts) and single punctuation marks.

    Each character of a script without spaces is a word: else a rival would read whole sentences as words.
    """
    lowered = text.lower()
    return _WORDS_AND_MARKS.findall(lowered) if text.isascii() else [*by_script(lowered, _WORDS_AND_MARKS.findall)]


def learn_ngrams(
    texts: Sequence[str], *, longest: int = 3, min_count: int = 1, tokenise: Tokenise = words_and_marks
) -> tuple[NgramFeatures, Any]:
    """Learn every n-gram of 1 to `longest` words that `min_count` texts or more hold, and where they occur.

    Returns the features and the SciPy CSR matrix (texts, features) of 0 and 1. Raises DataError without any word.
    """
    if not 1 <= longest <= 63 // BITS:
        raise UsageError("n-grams too long", found=str(longest), allowed=f"1 to {63 // BITS}")
    words: dict[str, int] = {}
    # Words are numbered from 1 as they appear; 0 is kept for unknown ones.
    ids, rows = _encode(texts, tokenise, lambda word: words.setdefault(word, len(words) + 1))
    if not words:
        raise DataError("the training texts hold no words", found=f"{len(texts)} texts", allowed="1 word or more")
    if len(words) >= 2**BITS:
        raise DataError("too many different words", found=str(len(words)), allowed=f"below {2**BITS}")
    keys, holders = _ngrams(ids, rows, longest)
    different, columns = _distinct(keys)
    matrix = _matrix(holders, columns, shape=(len(texts), len(different)))
    if min_count > 1:
        # A column holds 1 for each text that has the n-gram, so its count is that of texts.
        kept = np.bincount(matrix.indices, minlength=len(different)) >= min_count
        different, matrix = different[kept], matrix[:, kept]
    if not len(different):
        raise DataError("no n-gram is frequent enough", found=f"{len(texts)} texts", allowed=f"in {min_count} texts")
    return NgramFeatures(words, different, longest, tokenise), matrix


def ngram_matrix(features: NgramFeatures, texts: Sequence[str]) -> Any:
    """Find the learnt n-grams in new texts: SciPy CSR matrix (texts, features) of 0 and 1; others are passed over."""
    unknown = 0
    ids, rows = _encode(texts, features.tokenise, lambda word: features.words.get(word, unknown))
    keys, holders = _ngrams(ids, rows, features.longest)
    different, which = _distinct(keys)
    # A search beyond the end is held inside, and found out by the comparison below.
    found = np.minimum(np.searchsorted(features.keys, different), len(features.keys) - 1)
    known, places = (features.keys[found] == different)[which], found[which]
    return _matrix(holders[known], places[known], shape=(len(texts), len(features.keys)))


def _encode(texts: Iterable[str], tokenise: Tokenise, number: Callable[[str], int]) -> tuple[_Ints, _Ints]:
    """Number all words of all texts: their ids (tokens,) and the row of each (tokens,)."""
    ids: list[int] = []
    lengths: list[int] = []
    for text in texts:
        before = len(ids)
        ids.extend(map(number, tokenise(text)))
        lengths.append(len(ids) - before)
    return np.array(ids, dtype=np.int64), np.repeat(np.arange(len(lengths)), np.array(lengths, dtype=np.int64))


def _ngrams(ids: _Ints, rows: _Ints, longest: int) -> tuple[_Ints, _Ints]:
    """Keys and rows of all n-grams that stay inside one text and hold no unknown word (id 0)."""
    found = []
    for length in range(1, min(longest, len(ids)) + 1):
        count = len(ids) - length + 1
        key, whole = np.zeros(count, dtype=np.int64), rows[:count] == rows[length - 1 :]
        for offset in range(length):
            word = ids[offset : offset + count]
            # Three words of 21 bits each make one number of 63: n-grams are compared as whole numbers.
            key, whole = (key << BITS) | word, whole & (word > 0)
        found.append((key[whole], rows[:count][whole]))
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([empty, *(k for k, _ in found)]), np.concatenate([empty, *(r for _, r in found)])


def _distinct(keys: _Ints) -> tuple[_Ints, _Ints]:
    """Sorted different keys and each key's place among them; np.unique's inverse does the same ten times slower."""
    order = np.argsort(keys)
    ordered = keys[order]
    # The first of each run of equal keys.
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(keys)]
    places = np.empty(len(keys), dtype=np.int64)
    places[order] = np.cumsum(new) - 1
    return ordered[new], places


def _matrix(rows: _Ints, columns: _Ints, *, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_matrix

    # liblinear reads 32-bit indices only
    cells = (rows.astype(np.int32), columns.astype(np.int32))
    matrix = csr_matrix((np.ones(len(rows)), cells), shape=shape)
    # An n-gram that stands twice in a text still counts once.
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


_Floats = NDArray[np.float64]


class Linear(NamedTuple):
    """A fitted model over 0/1 n-grams f: log-odds = f · weights / √(f · squares) + bias; without squares no root."""

    weights: _Floats
    """(features,): coefficients times r."""
    squares: _Floats | None
    """(features,): r², where each text is brought to length 1."""
    bias: float


class NBSVM:
    """One linear model for two classes, one against the rest for more; text in, log-odds out.

    With f the 0/1 n-gram vector of a text, p = alpha + sum of f over the class, q = alpha + sum over the rest:
    r = log((p / |p|) / (q / |q|)), and the model is a linear SVM (squared hinge, L2 penalty) on r * f divided by its
    length, |r * f|, so that long texts do not shout. Its margins are scaled to log-odds (Platt 1999). On the validation
    films of IMDB both, lengths and SVM, were worth a few tenths of a point over logistic regression on r * f. Of more
    than two classes texts keep their lengths: each class has its own r, so that the same text would be brought to
    different lengths, and the margins not be comparable (TREC: 72 % with lengths, 89 % without).
    """

    features_: NgramFeatures
    labels_: list[str]
    models_: list[Linear]
    """One for two labels, else one for each label against the rest."""

    def __init__(
        self,
        *,
        longest: int = 3,
        min_count: int = 1,
        alpha: float = 1.0,
        inverse_penalty: float = 1.0,
        tokenise: Tokenise = words_and_marks,
    ) -> None:
        """Keep the choices: n-grams of 1 to `longest` words in at least `min_count` texts, smoothing, liblinear's C."""
        self.longest = longest
        self.min_count = min_count
        self.alpha = alpha
        self.inverse_penalty = inverse_penalty
        self.tokenise = tokenise

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and their labels; raises DataError for unequal lengths or fewer than 2 classes."""
        if len(texts) != len(labels):
            raise DataError("texts and labels differ in number", found=f"{len(texts)} and {len(labels)}")
        # Sorted, so that the same rows give the same model in any order of labels.
        self.labels_ = sorted(set(labels))
        if len(self.labels_) < 2:
            raise DataError("nothing to tell apart", found=f"{len(self.labels_)} class", allowed="2 or more")
        self.features_, matrix = learn_ngrams(
            texts, longest=self.longest, min_count=self.min_count, tokenise=self.tokenise
        )
        # Each label by its place in `labels_`.
        wanted = np.array([self.labels_.index(label) for label in labels])
        # two classes need one model: that of the second class
        classes = [1] if len(self.labels_) == 2 else range(len(self.labels_))
        self.models_ = [self._fit_one(matrix, wanted == number) for number in classes]
        return self

    def log_odds(self, texts: Sequence[str]) -> _Floats:
        """Natural log-odds: (texts,) of the second of two labels, else (texts, classes) of each against the rest."""
        matrix = ngram_matrix(self.features_, texts)
        scores = [margins(model, matrix) for model in self.models_]
        return np.asarray(scores[0]) if len(scores) == 1 else np.stack(scores, axis=1)

    def predict_proba(self, texts: Sequence[str]) -> _Floats:
        """Probabilities (texts, classes) in the order of `labels_`; above two: each against the rest, scaled."""
        odds = self.log_odds(texts)
        chances = sigmoid(odds)
        if chances.ndim == 1:
            return np.column_stack([sigmoid(-odds), chances])
        # Each against the rest: the chances of several classes need not add up to 1 by themselves.
        return np.asarray(chances / chances.sum(axis=1, keepdims=True))

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text."""
        odds = self.log_odds(texts)
        best = (odds > 0).astype(int) if odds.ndim == 1 else odds.argmax(axis=1)
        return [self.labels_[number] for number in best]

    def _fit_one(self, matrix: Any, positive: NDArray[np.bool_]) -> Linear:
        two = len(self.labels_) == 2
        # Texts that keep their lengths are a few times as long: a tenth of C pulls as hard.
        penalty = self.inverse_penalty * (1.0 if two else 0.1)
        choices: dict[str, Any] = {"alpha": self.alpha, "inverse_penalty": penalty, "normed": two}
        model = fit_against_rest(matrix, positive, **choices)
        return as_log_odds(model, matrix, positive, **choices)


def fit_against_rest(
    matrix: Any,
    positive: NDArray[np.bool_],
    *,
    alpha: float = 1.0,
    inverse_penalty: float = 1.0,
    normed: bool = True,
    row_weights: NDArray[Any] | None = None,
) -> Linear:
    """Fit one class against the rest on a 0/1 CSR matrix (texts, features); its scores are the SVM's margins."""
    try:
        from sklearn.svm import LinearSVC
    except ImportError:
        raise UsageError("NB-SVM needs scikit-learn", advice="pip install 'recurra[train]'") from None
    ratios = log_count_ratios(matrix, positive, alpha=alpha)
    scaled = matrix.copy()
    # The sparse matrix keeps its pattern: only its ones become scaled ratios.
    scaled.data = ratios[matrix.indices]
    if normed:
        # A text without a known n-gram has no length; the small number keeps it from dividing by 0.
        lengths = np.sqrt(np.maximum(matrix @ ratios**2, 1e-12))
        scaled.data /= np.repeat(lengths, np.diff(matrix.indptr))
    model = LinearSVC(C=inverse_penalty, tol=1e-3, max_iter=5000, random_state=0)
    model.fit(scaled, positive, row_weights)
    return Linear(model.coef_[0] * ratios, ratios**2 if normed else None, float(model.intercept_[0]))


def margins(model: Linear, matrix: Any) -> _Floats:
    """Scores of a 0/1 CSR matrix (texts, features): (texts,)."""
    scores = matrix @ model.weights
    if model.squares is not None:
        scores = scores / np.sqrt(np.maximum(matrix @ model.squares, 1e-12))
    return np.asarray(scores + model.bias)


def as_log_odds(model: Linear, matrix: Any, positive: NDArray[np.bool_], **choices: Any) -> Linear:
    """Scale a model so that its margins are log-odds (Platt 1999).

    The scale is learnt on the margins that a model of nine tenths of the rows gives the last tenth; a model's margins
    on its own rows are too sure. With fewer than 50 rows, or one class only in a part, the margins stay as they are.
    """
    # Every tenth row of each side: rows may be sorted by label, or alternate.
    held = np.zeros(len(positive), bool)
    held[np.argsort(positive, kind="stable")[9::10]] = True
    parts = [positive[held], positive[~held]]
    if len(positive) < 50 or any(part.all() or not part.any() for part in parts):
        return model
    from sklearn.linear_model import LogisticRegression

    other = fit_against_rest(matrix[~held], positive[~held], **choices)
    # C is large because a slope and a shift need no penalty.
    scale = LogisticRegression(C=1e6).fit(margins(other, matrix[held])[:, None], positive[held])
    slope, shift = float(scale.coef_[0, 0]), float(scale.intercept_[0])
    return Linear(model.weights * slope, model.squares, model.bias * slope + shift)


def log_count_ratios(matrix: Any, positive: NDArray[np.bool_], *, alpha: float) -> _Floats:
    """r (features,) of a 0/1 CSR matrix (texts, features) and the class's rows: Wang & Manning 2012, section 2.2."""
    # For each one of the matrix, whether its text belongs to the class.
    holders = np.repeat(positive, np.diff(matrix.indptr))
    inside = alpha + np.bincount(matrix.indices[holders], minlength=matrix.shape[1])
    outside = alpha + np.bincount(matrix.indices[~holders], minlength=matrix.shape[1])
    return np.asarray(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))
