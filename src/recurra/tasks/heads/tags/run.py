"""Tags as answers: a trained tagger gives each token of a text its tag, and the spans they make, without torch.

Not here: training (learn.py), saving and loading (model.py), what spans are (text/spans.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from recurra.artefact import Artefact, Stored
from recurra.batches import pick, sorted_batches
from recurra.errors import ArtefactError, printable
from recurra.layers.layer import Floats, TokenIds
from recurra.model import Model, encoder_of, six_digits
from recurra.nets.run import run, softmax
from recurra.nets.sequences import TaggerNet
from recurra.nets.stepping import Finish
from recurra.text.encoder import TextEncoder
from recurra.text.features import FEATURES, feature_ids, known_tokens
from recurra.text.spans import Scheme, best_path, legal, spans
from recurra.text.tokenise import placed_tokens

FEW_KNOWN = 0.5
"""Share of known words below which answers are guesses."""


@dataclass(frozen=True)
class TaggedText:
    """What is known of one text: its tokens with their places, a tag and its probability for each."""

    text: str
    places: list[tuple[str, int, int]]
    """Each token, and the characters where it begins and ends."""
    tags: list[str]
    shares: list[float]
    """Of each tag, its probability by itself."""
    known: int
    """Tokens whose word the model knows."""

    @property
    def unread(self) -> bool:
        """Whether it knows none of the words."""
        return bool(self.tags) and not self.known

    @property
    def spans(self) -> list[dict[str, Any]]:
        """The spans with their types, characters and texts."""
        made = []
        for kind, first, stop in spans(self.tags):
            start, end = self.places[first][1], self.places[stop - 1][2]
            made.append({"type": kind, "start": start, "end": end, "text": self.text[start:end]})
        return made

    def plain(self) -> str:
        """A line for each token, and one that ends the sentence, as files of tagged tokens have them."""
        rows = zip(self.places, self.tags, strict=True)
        return "".join(f"{printable(token)}\t{printable(tag)}\n" for (token, _, _), tag in rows)

    def record(self) -> dict[str, Any]:
        """What JSON tells of it."""
        rows = zip(self.places, self.tags, self.shares, strict=True)
        tokens = [
            {"token": token, "start": start, "end": end, "tag": tag, "probability": share}
            for (token, start, end), tag, share in rows
        ]
        return {"tokens": tokens, "spans": self.spans, "empty": not self.tags}


def few_known(known: int, tokens: int) -> list[str]:
    """Warn where most words are unknown: so many known of all tokens."""
    if not tokens or known >= FEW_KNOWN * tokens:
        return []
    return [
        f"the model knows {100 * known / tokens:.0f} % of the words: the others are tagged by their endings and "
        "shapes; is it the language it learnt from?"
    ]


@dataclass(frozen=True, eq=False)
class RunningTagger(Model):
    """A net's plan and weights, the features and the tags."""

    task = "tags"
    net = TaggerNet
    file = "tokenizer.json"
    use = 'recurra predict FOLDER --text "…"'
    more_is_better = ("f1", "accuracy", "precision", "recall", "rows", "tokens")
    less_is_better = ("loss",)

    plan: TaggerNet
    encoder: TextEncoder
    tags: tuple[str, ...]
    scheme: Scheme = "plain"
    columns: tuple[str, str] = ("", "")
    """The columns of tokens and of tags that it learnt from, as they were asked for."""

    @cached_property
    def may(self) -> NDArray[np.bool_]:
        """Which tag may follow which."""
        return legal(self.tags, self.scheme)

    def scores(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Log-probabilities of the tags of each sentence's tokens: (tokens, tags)."""
        ids = [feature_ids(self.encoder, tokens) for tokens in sentences]
        made: list[Floats] = [np.empty((0, len(self.tags)), np.float32)] * len(ids)
        lengths = np.array([len(each) for each in ids], np.int64)
        for rows in sorted_batches(lengths, batch_size=256, batch_tokens=32_768):
            batch = pick(ids, rows)
            logits = run(self.plan, self.tensors, batch)[0]
            logs = np.log(np.maximum(softmax(logits.astype(np.float64)), 1e-12))
            for row, start, stop in zip(rows, batch.offsets[:-1], batch.offsets[1:], strict=True):
                # A sentence without tokens was read as one of `<empty>`, whose tag nobody asked for.
                made[row] = logs[start:stop][: len(sentences[row])]
        return made

    def tag(self, sentences: Sequence[Sequence[str]]) -> tuple[list[list[str]], list[Floats]]:
        """Return the tags of each sentence's tokens, legal in their scheme, and the log-probabilities of all tags."""
        scores = self.scores(sentences)
        paths = [best_path(each, self.may) if len(each) else np.zeros(0, np.int64) for each in scores]
        return [[self.tags[place] for place in path] for path in paths], scores

    @property
    def finish(self) -> tuple[Finish, float]:
        """Scores become probabilities of each token's tag."""
        return "softmax", 1.0

    @property
    def answer_names(self) -> tuple[str, ...]:
        """The tags."""
        return self.tags

    def ids_of(self, text: str, *, begins: bool) -> TokenIds:
        """Return the ids of a text's tokens: (tokens, FEATURES)."""
        tokens = [token for token, _, _ in placed_tokens(text, self.encoder.config)]
        return feature_ids(self.encoder, tokens)[: len(tokens)].astype(np.int64)

    def answers(self, texts: Sequence[str]) -> list[TaggedText]:
        """Cut each text into tokens and tag them, in order."""
        return self.tagged(texts, [placed_tokens(text, self.encoder.config) for text in texts])

    def apart(self, sentences: Sequence[Sequence[str]]) -> list[TaggedText]:
        """Tag sentences whose tokens are apart already; places are those in the tokens with a space between two."""
        placed = []
        for tokens in sentences:
            ends = np.cumsum([len(token) + 1 for token in tokens]).tolist()
            starts = [0, *ends[:-1]]
            placed.append([(token, at, at + len(token)) for token, at in zip(tokens, starts, strict=True)])
        return self.tagged([" ".join(tokens) for tokens in sentences], placed)

    def tagged(self, texts: Sequence[str], placed: Sequence[list[tuple[str, int, int]]]) -> list[TaggedText]:
        """Tag texts whose tokens and places are known."""
        sentences = [[token for token, _, _ in places] for places in placed]
        tags, scores = self.tag(sentences)
        number = {tag: place for place, tag in enumerate(self.tags)}
        return [
            TaggedText(
                text,
                places,
                answer,
                [float(np.exp(logs[row, number[tag]])) for row, tag in enumerate(answer)],
                known_tokens(self.encoder, tokens),
            )
            for text, places, tokens, answer, logs in zip(texts, placed, sentences, tags, scores, strict=True)
        ]

    @property
    def stored(self) -> Stored:
        """Rounded when it was made: a table of so many words would weigh four times as much."""
        return "int8"

    def told(self) -> dict[str, Any]:
        """Tags, their scheme, and the columns."""
        return {"tags": list(self.tags), "scheme": self.scheme, "columns": list(self.columns)}

    def selftest(self) -> dict[str, Any]:
        """Scores of synthetic tokens."""
        random = np.random.default_rng(0)
        ids = [random.integers(0, self.plan.embedding.words, (size, FEATURES)).astype(np.int32) for size in (1, 7, 12)]
        return {"scores": six_digits(run(self.plan, self.tensors, pick(ids, np.arange(3)))[0])}

    @property
    def fact(self) -> str:
        """The tags."""
        return f"Tags ({self.scheme}): {', '.join(self.tags)}."

    @property
    def facts(self) -> dict[str, Any]:
        """What `recurra inspect` tells of the head."""
        return {"tags": list(self.tags), "scheme": self.scheme}

    @property
    def summary(self) -> str:
        """The tags."""
        return f"tags ({self.scheme}): {', '.join(map(repr, self.tags))}"

    @classmethod
    def read(cls, held: Artefact, plan: TaggerNet) -> Self:
        """Check tags, scheme, columns and features."""
        tags: Any = held.config.get("tags")
        scheme: Any = held.config.get("scheme")
        columns: Any = held.config.get("columns")
        if not _are_names(tags) or len({*tags}) != len(tags) or len(tags) != plan.dense.outputs:
            raise ArtefactError("recurra.json: tags", allowed=f"{plan.dense.outputs} distinct texts")
        if scheme not in get_args(Scheme):
            raise ArtefactError("recurra.json: scheme", found=repr(scheme)[:60], allowed=", ".join(get_args(Scheme)))
        if not _are_names(columns) or len(columns) != 2:
            raise ArtefactError("recurra.json: columns", found=repr(columns)[:60], allowed="two texts")
        encoder = encoder_of(held, plan.embedding.words)
        return cls(plan, held.tensors, encoder, tuple(tags), scheme, (columns[0], columns[1]))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


MODEL = RunningTagger
