"""TextClassifier: label a text with a recurrent network, by scikit-learn's rules.

Not here: the loop (training/), answering (tasks/heads/classes/run.py), figures (tasks/heads/classes/measure.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import positive, truth
from recurra.config import CellName, Pool, Settings
from recurra.datasets.splits import Split
from recurra.errors import UsageError, warn
from recurra.estimators.estimator import Estimator, require_fitted
from recurra.tasks.heads.classes.measure import TextEvaluation, evaluate_text, share_right
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.explain import explain
from recurra.tasks.heads.explanation import Explanation
from recurra.tasks.inputs.texts import LabelledTexts, labels_of, same_length, texts_of, weighed
from recurra.tasks.task import Asked
from recurra.tasks.text import TASK, VALIDATION, prepare
from recurra.text.encoder import unread_warnings

if TYPE_CHECKING:
    from recurra.training.progress import Watch

TEXT_SETTINGS = TASK.settings
Recipe = Literal["auto", "stack", "linear", "net"]
RECIPES = get_args(Recipe)


@dataclass(eq=False, repr=False)
class TextClassifier(Estimator):
    """A recurrent text classifier, among linear ones or alone.

    `recipe` "stack" sets the encoder in the box, as it is or tuned, among linear models of n-grams, and weighs all of
    them by cross-fitting; "linear" is the same without a net; "net" is one network; "auto" takes the stack, unless a
    choice below is one of nets alone. `encoder` is another artefact of `SentenceEncoder` for the stack, `minutes`
    bounds how long it learns, about (0: no bound).

    Arguments left at None keep the value of `config` (default: `TEXT_SETTINGS`); every further choice is reached
    through `config=TEXT_SETTINGS.changed({...})`. `vectors` is a file of pre-trained word vectors (GloVe, word2vec,
    fastText). `init_from` is the artefact or run of a `LanguageModel` that a net alone begins with: its words, vectors
    and recurrence (ULMFiT); of two, one of each direction, it reads both ways. `wide` adds the log-odds of n-grams
    (NB-SVM) beside the net, weighed on validation. `validation` is what is held out of the training rows when `fit` is
    not given a validation part: a share, or a whole number of texts; None holds a tenth out for a net alone, and
    nothing for a stack: it answers each row out of fold.

    >>> texts, labels = ["a good film", "a bad film"] * 20, ["yes", "no"] * 20
    >>> model = recurra.TextClassifier(cell="gru", epochs=2).fit(texts, labels)
    >>> model.classes_.tolist(), model.predict_proba(["good", "bad"]).shape
    (['no', 'yes'], (2, 2))
    """

    estimator_type = "classifier"
    task = TASK
    usual_validation: ClassVar[float | None] = VALIDATION
    flat = ("cell", "hidden", "layers", "bidirectional", "pool", "max_length", "epochs", "learning_rate")

    cell: CellName | None = None
    _: KW_ONLY
    hidden: int | None = None
    layers: int | None = None
    bidirectional: bool | None = None
    pool: Pool | tuple[Pool, ...] | None = None
    vectors: str | Path | None = None
    wide: bool = False
    recipe: Recipe = "auto"
    encoder: str | Path | None = None
    minutes: float = 0.0
    init_from: str | Path | Sequence[str | Path] | None = None
    max_length: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    validation: float | None = None
    random_state: int = 0
    config: Settings | None = None

    model_: RunningClassifier = field(init=False)
    classes_: NDArray[Any] = field(init=False)
    split_: Split | None = field(init=False)
    coverage_: float | None = field(init=False)

    def asked(self) -> Asked:
        """Return what a fit is asked for; raises UsageError for what is out of its range."""
        # By membership: an array given by mistake has no single answer to `==`.
        if not isinstance(self.recipe, str) or self.recipe not in RECIPES:
            raise UsageError("recipe", found=repr(self.recipe)[:60], allowed=", ".join(RECIPES))
        minutes = float(self.minutes) if self.minutes == 0 else positive("minutes", self.minutes)
        wide = truth("wide", self.wide)
        return replace(
            super().asked(), wide=wide, recipe=self.recipe, encoder=self.encoder, minutes=minutes,
            init_from=self.init_from,
        )  # fmt: skip

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[Any],
        *,
        sample_weight: Sequence[float] | None = None,
        groups: Sequence[str] | None = None,
        validation_data: tuple[Sequence[str], Sequence[Any]] | None = None,
        labels_as_written: bool = False,
        unlabelled: Sequence[str] | None = None,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> TextClassifier:
        """Learn from texts and their labels.

        The validation part chooses which epoch's weights are kept, or weighs a stack's judges; it is `validation_data`,
        or held out of the rows once, seeded, stratified, and by `groups` when given (no group on both sides); a stack
        without one draws folds in the same way, and `out_of_fold_` has the figures. `run` is a folder for
        checkpoints: a killed fit with the same arguments goes on from there. Rows of weight 0 are left out, as if they
        had not been given. A label such as `NULL` is a missing one, unless `labels_as_written`. `unlabelled` are texts
        of the same kind, which a stack labels itself and learns from where rows out of fold are answered better so.

        Warns of what is doubtful (`warnings_` keeps it); raises DataError for rows that cannot be learnt from.
        """
        asked = self.asked()
        given = LabelledTexts(
            texts, labels, sample_weight, groups, validation_data, labels_as_written, unlabelled=unlabelled
        )
        self.fit_prepared(prepare(asked, given), run=run, watch=watch)
        warn(self.warnings_)
        return self

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities: (rows, classes), columns in the order of `classes_`; warns of texts of unknown words only."""
        shares, told = self._judged(texts)
        # In each public method: `warn` names the line that called its own caller, and that must be the user's.
        warn(told)
        return shares

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The most probable class of each text: (rows,)."""
        shares, told = self._judged(texts)
        warn(told)
        chosen: NDArray[Any] = self.classes_[shares.argmax(axis=1)]
        return chosen

    def _judged(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[str]]:
        require_fitted(self)
        shares, encoded = self.model_.judged(texts_of(texts))
        return shares, unread_warnings(encoded.unread, len(encoded.ids))

    def score(self, texts: Sequence[str], labels: Sequence[Any], sample_weight: Sequence[float] | None = None) -> float:
        """Accuracy; labels are compared as `evaluate` compares them: those of some rows may be unknown, never of all.

        Raises DataError for no rows, labels of which the model knows none, and weights that are all 0.
        """
        rows, truths = texts_of(texts), labels_of(labels, as_written=True)
        same_length(rows, truths, "labels")
        kept = weighed(sample_weight, len(rows))
        answers = self.predict(kept.of(rows)).tolist()
        return share_right(answers, kept.of(truths), known=self.classes_.tolist(), weights=kept.weights)

    def evaluate(self, texts: Sequence[str], labels: Sequence[Any]) -> dict[str, Any]:
        """Accuracy, loss, F1, calibration, confusion, score by length and top losses on labelled texts."""
        return self.judge(texts, labels).record

    def judge(self, texts: Sequence[str], labels: Sequence[Any]) -> TextEvaluation:
        """The same, and which rows were right: what a paired comparison needs."""
        require_fitted(self)
        rows, truths = texts_of(texts), labels_of(labels, as_written=True)
        same_length(rows, truths, "labels")
        return evaluate_text(self.model_, rows, truths)

    def explain(self, text: str, label: object = None) -> Explanation:
        """Tell what each word of a text did to its class, or to `label`: log-odds that add up to the answer.

        A net that reads forward and answers from its last state is asked after each word; of all others the effects are
        integrated gradients (Sundararajan, Taly & Yan 2017) from vectors of zeros on. Needs no torch.

        Raises UsageError for a label that the model does not have, DataError for what is no text.
        """
        require_fitted(self)
        return explain(self.model_, text, label)

    @classmethod
    def holding(cls, model: RunningClassifier) -> Self:
        """Return a classifier around a loaded model; its classes keep the types of the labels."""
        loaded = super().holding(model)
        loaded.classes_ = np.array(model.classes)
        return loaded
