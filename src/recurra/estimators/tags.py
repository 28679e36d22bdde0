"""TextTagger: a tag for each token of a sentence, by scikit-learn's rules.

Not here: the loop (training/), answering (tasks/heads/tags/run.py), figures (tasks/heads/tags/measure.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.config import CellName, Settings
from recurra.errors import warn
from recurra.estimators.estimator import Estimator, require_fitted
from recurra.tasks.heads.tags.measure import tag_figures
from recurra.tasks.heads.tags.run import RunningTagger, TaggedText, few_known
from recurra.tasks.inputs.tagged import sentences_of, tagged_of
from recurra.tasks.inputs.texts import column_of, texts_of
from recurra.tasks.tags import TASK, VALIDATION, prepare

if TYPE_CHECKING:
    from recurra.training.progress import Watch


@dataclass(eq=False, repr=False)
class TextTagger(Estimator):
    """A recurrent tagger: one tag for each token, such as names in text (BIO, IOBES) or parts of speech.

    It learns from sentences of tokens, as files of CoNLL have them. Arguments left at None keep the value of `config`.
    `validation` is what is held out of the sentences to choose the epoch on: a share, or a whole number of sentences.

    >>> sentences, tags = [["Ada", "met", "Grace"], ["it", "rained"]] * 9, [["B-PER", "O", "B-PER"], ["O", "O"]] * 9
    >>> tagger = recurra.TextTagger(epochs=3).fit(sentences, tags)
    >>> [len(each) for each in tagger.predict([["Grace", "met", "Ada"]])]
    [3]
    """

    # No classifier to scikit-learn, which would look for one label a row before it cuts rows for cross-validation.
    estimator_type = "tagger"
    task = TASK
    flat = ("cell", "hidden", "embedding_size", "epochs", "learning_rate")

    cell: CellName | None = None
    _: KW_ONLY
    hidden: int | None = None
    embedding_size: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    validation: float = VALIDATION
    random_state: int = 0
    config: Settings | None = None

    model_: RunningTagger = field(init=False)
    tags_: NDArray[Any] = field(init=False)
    scheme_: str = field(init=False)

    def fit(
        self,
        sentences: Sequence[Sequence[str]],
        tags: Sequence[Sequence[str]],
        *,
        groups: Sequence[Any] | None = None,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> TextTagger:
        """Learn from sentences (lists of tokens) and a tag for each token; sentences of one group stay together.

        Warns of what is doubtful; raises UsageError for what are no lists, DataError for rows that cannot be learnt
        from.
        """
        rows = tagged_of(sentences, tags)
        if groups is not None:
            kept = column_of(groups, "groups")
            # By their order of appearance: groups may be texts, and are compared alone.
            number = {group: place for place, group in enumerate(dict.fromkeys(kept))}
            rows = replace(rows, groups=[number[group] for group in kept])
        self.fit_prepared(prepare(self.asked(), rows), run=run, watch=watch)
        warn(self.warnings_)
        return self

    def predict(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """The tags of each sentence's tokens; a scheme of spans is kept to."""
        require_fitted(self)
        tokens = sentences_of(sentences)
        return self.model_.tag(tokens)[0]

    def predict_proba(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float64]]:
        """Each token's probabilities: (tokens, tags) for each sentence, columns in the order of `tags_`."""
        require_fitted(self)
        return [np.exp(scores) for scores in self.model_.scores(sentences_of(sentences))]

    def spans(self, texts: Sequence[str]) -> list[list[dict[str, Any]]]:
        """Cut plain texts into tokens; return the spans of each, with type, text, and characters from `start` to `end`.

        Warns where most words are unknown.
        """
        answers = self._answers(texts)
        warn(few_known(sum(each.known for each in answers), sum(len(each.tags) for each in answers)))
        return [answer.spans for answer in answers]

    def _answers(self, texts: Sequence[str]) -> list[TaggedText]:
        require_fitted(self)
        return self.model_.answers(texts_of(texts))

    def score(self, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> float:
        """F1 of spans; of plain tags the share of right tokens. Raises DataError as `evaluate`."""
        record = self.evaluate(sentences, tags)
        return float(record["accuracy" if record["scheme"] == "plain" else "f1"])

    def evaluate(self, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> dict[str, Any]:
        """Precision, recall and F1 of spans, of each type too, accuracy of tokens, and the hardest sentences.

        Raises DataError for no tokens, and for tags of which it knows none.
        """
        require_fitted(self)
        return tag_figures(self.model_, tagged_of(sentences, tags))

    @classmethod
    def holding(cls, model: RunningTagger) -> Self:
        """Return a tagger around a loaded model."""
        loaded = super().holding(model)
        loaded.tags_, loaded.scheme_ = np.array(model.tags, object), model.scheme
        return loaded
