"""LanguageModel: predict the next token with a recurrent network.

Not here: the loop (training/), answering (tasks/heads/next_token/run.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.arguments import truth
from recurra.config import CellName, Direction, Settings
from recurra.errors import warn
from recurra.estimators.estimator import Estimator, require_fitted
from recurra.tasks.heads.next_token.measure import dynamic_figures
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.tasks.inputs.texts import texts_of
from recurra.tasks.language import TASK, VALIDATION, GivenLines, prepare

if TYPE_CHECKING:
    from recurra.training.progress import Watch

LANGUAGE_SETTINGS = TASK.settings


@dataclass(eq=False, repr=False)
class LanguageModel(Estimator):
    """A recurrent language model whose output layer shares the token vectors.

    Arguments left at None keep the value of `config` (default: `LANGUAGE_SETTINGS`). `tokens` is word, script (words,
    and characters of scripts without spaces), character, bpe (pieces of words), or space for texts tokenised
    beforehand. `direction` is forward, or backward: texts are read from the end to the start, for scores and for
    classifiers that begin with a model of each direction, and nothing is written. `vectors` is a file of pre-trained
    word vectors. `validation` is what is held out at the end: a share, or a whole number of texts.

    >>> model = recurra.LanguageModel(cell="lstm", epochs=1).fit(["the film was good", "the sea was near"] * 50)
    >>> len(model.next_words("the", count=3)), 1 < model.perplexity(["the film was near"]) < 100
    (3, True)
    """

    task = TASK
    flat = ("cell", "tokens", "direction", "hidden", "layers", "embedding_size", "epochs", "learning_rate")

    cell: CellName | None = None
    _: KW_ONLY
    tokens: str | None = None
    direction: Direction | None = None
    hidden: int | None = None
    layers: int | None = None
    embedding_size: int | None = None
    vectors: str | Path | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    validation: float = VALIDATION
    random_state: int = 0
    config: Settings | None = None

    model_: RunningLanguage = field(init=False)

    def fit(
        self,
        texts: Sequence[str],
        # Pipelines of scikit-learn hand the labels over by their place, also where there are none.
        labels: None = None,
        *,
        validation_data: Sequence[str] | None = None,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> LanguageModel:
        """Learn from texts; each text's end is one <eos>.

        Without `validation_data` the last texts are held out: neighbours in a file belong together. `run` is a folder
        for checkpoints. Warns of what is doubtful (`warnings_` keeps it); raises DataError for too little text.
        """
        asked = self.asked()
        held = None if validation_data is None else texts_of(validation_data, "validation_data")
        self.fit_prepared(prepare(asked, GivenLines(texts_of(texts), held)), run=run, watch=watch)
        # Here, not in `fit_prepared`: a command has told the same warnings before it began to train.
        warn(self.warnings_)
        return self

    def perplexity(self, texts: Sequence[str]) -> float:
        """Exact perplexity: exp of the mean negative log probability of every token, <eos> counted."""
        require_fitted(self)
        return self.model_.perplexity(texts_of(texts))

    def evaluate(self, texts: Sequence[str], *, dynamic: bool = False) -> dict[str, Any]:
        """Exact perplexity, loss in nats a token, the tokens predicted, and bits per byte (or `unknown_words`).

        With `dynamic` the same of a copy that goes on learning from what it has scored (Krause et al. 2018), as
        `dynamic_perplexity` and others: it needs torch, and is no figure of the model as it answers.
        """
        require_fitted(self)
        lines = texts_of(texts)
        figures = self.model_.figures(lines)
        return {**figures, **dynamic_figures(self.model_, lines)} if truth("dynamic", dynamic) else figures

    def score(self, texts: Sequence[str], labels: None = None) -> float:
        """Mean log probability of a token in nats: higher is better, as scikit-learn wants it."""
        return -float(np.log(self.perplexity(texts)))

    def next_words(self, prompt: str, *, count: int = 10) -> list[tuple[str, float]]:
        """The most probable next words with their probabilities."""
        require_fitted(self)
        return self.model_.next_words(prompt, count=count)

    def token_scores(self, text: str) -> list[tuple[str, float]]:
        """Each token of a text with its log probability in nats, given all before it; each line ends in <eos>."""
        require_fitted(self)
        return self.model_.token_scores(text)

    def generate(
        self,
        prompt: str,
        *,
        tokens: int = 50,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        stop: str | Sequence[str] = (),
    ) -> str:
        """Go on from a prompt.

        Of the most probable tokens, only the `top_k` first (0: all), and the fewest whose shares reach `top_p`
        (nucleus, Holtzman et al. 2020), are drawn. The text ends before the first of the texts in `stop`.
        """
        require_fitted(self)
        return self.model_.generate(
            prompt, tokens=tokens, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p, stop=stop
        )
