"""Classes as answers: a trained text classifier gives labels with their probabilities, without torch.

Not here: training (estimators/text.py), saving and loading (model.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from recurra.artefact import Artefact, Stored
from recurra.batches import Ragged, join
from recurra.engine.processors import ahead
from recurra.errors import ArtefactError, printable
from recurra.layers.grams.run import Unit, grams, known_share
from recurra.layers.layer import Floats, TokenIds, weights_of
from recurra.layers.wide.run import wide
from recurra.model import SAMPLES, Model, encoder_of, six_digits, synthetic_sequences
from recurra.nets.run import ClassifierNet, PooledNet, Tensors, run_all, softmax
from recurra.nets.stepping import Finish
from recurra.text.encoder import Encoded, TextEncoder, net_ids
from recurra.text.units import units_in_turn

TOGETHER = 512
"""Texts that are cut into tokens at a time, while the net answers those before."""
Label = str | int | float | bool
LabelKind = Literal["str", "int", "float", "bool"]
READ: dict[LabelKind, Callable[[str], Label]] = {
    "str": str,
    "int": int,
    "float": float,
    # Not bool(): every text but the empty one would be true.
    "bool": {"True": True, "False": False}.__getitem__,
}
"""How a label's text is read back, by what it was."""


def label_kind(labels: Sequence[Label]) -> LabelKind:
    """Return what labels are; numbers of several types are floats."""
    # By the exact type: a bool is an int to isinstance.
    kinds: list[LabelKind] = [kind for kind in READ if any(type(label).__name__ == kind for label in labels)]
    # 1 and 2.0 in one column are the same labels as 1.0 and 2.0.
    return kinds[0] if len(kinds) == 1 else "float"


@dataclass(frozen=True)
class TextAnswer:
    """What is known of one text: its label, a probability per label, and how much of it the model could read."""

    label: str
    probabilities: dict[str, float]
    empty: bool
    unk_rate: float
    truncated: int

    @property
    def unread(self) -> bool:
        """Whether the model knows none of its words: the answer is then the same for any such text."""
        return self.unk_rate == 1.0

    def plain(self) -> str:
        """The label and its probability, in one line."""
        return f"{printable(self.label)}\t{self.probabilities[self.label]:.4f}"

    def record(self) -> dict[str, Any]:
        """What JSON tells of it."""
        read = {"empty": self.empty, "unk_rate": self.unk_rate, "truncated": self.truncated}
        return {"label": self.label, "probabilities": self.probabilities, **read}


@dataclass(frozen=True, eq=False)
class RunningClassifier(Model):
    """A net's plan and weights, the encoder and the labels."""

    task = "text"
    net = ClassifierNet
    file = "tokenizer.json"
    use = 'recurra predict FOLDER --text "…"'
    more_is_better = ("accuracy", "f1", "rows")
    less_is_better = ("loss", "ece")

    plan: ClassifierNet
    encoder: TextEncoder
    labels: tuple[str, ...]
    temperature: float = 1.0
    """Divides the logits; fitted on validation so that probabilities are honest (Guo et al. 2017)."""
    kind: LabelKind = "str"
    """What the labels were where they were learnt; here and in files they are texts."""

    @property
    def classes(self) -> list[Label]:
        """The labels in the type in which they were learnt."""
        return [READ[self.kind](label) for label in self.labels]

    def logits(self, texts: Sequence[str]) -> Floats:
        """Scores before the temperature: (rows, labels)."""
        return self._scored(texts)[1]

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Probabilities, rows adding up to 1: (rows, labels)."""
        return softmax(self.logits(texts) / self.temperature)

    def judged(self, texts: Sequence[str]) -> tuple[Floats, Encoded]:
        """Return the probabilities (rows, labels), and what the encoder could read of each text."""
        encoded, scores = self._scored(texts)
        # Dividing all scores alike changes confidence, never the label.
        return softmax(scores / self.temperature), encoded

    def encoded(self, texts: Sequence[str]) -> Encoded:
        """Return what the model could read of each text."""
        parts = [part.encoded for part in text_parts(self.plan, self.tensors, self.encoder, texts)]
        return Encoded.joined(parts)

    def answers(self, texts: Sequence[str]) -> list[TextAnswer]:
        """Answer each text, in order."""
        shares, encoded = self.judged(texts)
        rows = zip(shares, encoded.empty, encoded.unk_rate, encoded.truncated, strict=True)
        return [
            TextAnswer(
                self.labels[int(shares.argmax())],
                {label: float(share) for label, share in zip(self.labels, shares, strict=True)},
                bool(empty),
                float(unk_rate),
                int(cut),
            )
            for shares, empty, unk_rate, cut in rows
        ]

    def _scored(self, texts: Sequence[str]) -> tuple[Encoded, Floats]:
        def net(part: TextPart) -> Floats:
            return classify_all(self.plan, self.tensors, net_ids(part.encoded.ids, self.encoder.config), part.whole)

        return read_and_scored(self.plan, self.tensors, self.encoder, texts, net)

    @property
    def stored(self) -> Stored:
        """A stack was rounded when it was made: a large vocabulary would weigh four times as much."""
        return "int8" if self.plan.grams else "float32"

    @property
    def finish(self) -> tuple[Finish, float]:
        """Scores become probabilities."""
        return "softmax", 1 / self.temperature

    @property
    def answer_names(self) -> tuple[str, ...]:
        """The labels."""
        return self.labels

    def with_temperature(self, temperature: float) -> RunningClassifier:
        """Return the model with other confidence and the same labels."""
        return replace(self, temperature=temperature)

    def told(self) -> dict[str, Any]:
        """Labels, temperature, and what the labels were where they are no texts."""
        # Texts are the rule: an artefact of before says nothing, and keeps its bytes.
        kind = {} if self.kind == "str" else {"label_kind": self.kind}
        return {"labels": list(self.labels), "temperature": self.temperature, **kind}

    def selftest(self) -> dict[str, Any]:
        """Logits of the synthetic texts."""
        if not self.plan.flow:
            return {"logits": six_digits(self.logits(SAMPLES))}
        # TokenIds, not texts: the self-test holds the net, the vocabulary has its own checks.
        sequences = synthetic_sequences(len(self.encoder.vocabulary))
        return {"logits": six_digits(classify_all(self.plan, self.tensors, sequences, sequences))}

    @property
    def fact(self) -> str:
        """The labels."""
        return f"Labels: {', '.join(self.labels)}."

    @property
    def facts(self) -> dict[str, Any]:
        """The labels and the temperature."""
        return {"labels": list(self.labels), "temperature": self.temperature}

    @property
    def summary(self) -> str:
        """The labels."""
        return f"labels: {', '.join(map(repr, self.labels))}"

    @classmethod
    def read(cls, held: Artefact, plan: ClassifierNet) -> Self:
        """Check labels, temperature and encoder."""
        labels, temperature = _labels(held.config, plan), held.config.get("temperature", 1.0)
        # `not > 0` refuses NaN too, which compares as false with everything.
        if type(temperature) not in (int, float) or not temperature > 0:
            found = repr(temperature)[:60]
            raise ArtefactError("recurra.json: temperature", found=found, allowed="a positive number")
        encoder = encoder_of(held, plan.words)
        return cls(plan, held.tensors, encoder, labels, temperature, _kind(held.config, labels))


class TextPart(NamedTuple):
    """Some texts as a net and the n-grams beside it read them."""

    encoded: Encoded
    whole: Sequence[TokenIds]
    """Ids of each text uncut."""
    units: Mapping[Unit, Ragged[TokenIds]]
    """Words or characters of all of them, as the n-grams want them."""


def read_and_scored(
    plan: PooledNet, tensors: Tensors, encoder: TextEncoder, texts: Sequence[str], net: Callable[[TextPart], Floats]
) -> tuple[Encoded, Floats]:
    """Return what could be read of texts, and the scores (rows, outputs) that `net` gives, with those of n-grams."""
    encoded, scores = [], []
    for part in text_parts(plan, tensors, encoder, texts):
        some = net(part)
        for number, spec in enumerate(plan.grams if part.units else ()):
            some += grams(spec, weights_of(tensors, f"grams{number}"), part.units[spec.unit])
        encoded.append(part.encoded)
        scores.append(some)
    return Encoded.joined(encoded), np.concatenate(scores)


def text_parts(plan: PooledNet, tensors: Tensors, encoder: TextEncoder, texts: Sequence[str]) -> Iterator[TextPart]:
    """Yield some texts at a time, in order, one part at least; of many, the next is cut while the last is answered."""
    parts = _cut(plan, tensors, encoder, texts)
    return ahead(parts) if len(texts) > TOGETHER else parts


def _cut(plan: PooledNet, tensors: Tensors, encoder: TextEncoder, texts: Sequence[str]) -> Iterator[TextPart]:
    # Each is one walk through all texts, so that a piece which comes again is remembered from part to part.
    ids = encoder.ids_in_turn(texts)
    units = {spec.unit: units_in_turn(texts, spec.unit) for spec in plan.grams}
    for _ in range(0, max(1, len(texts)), TOGETHER):
        whole = list(islice(ids, TOGETHER))
        count = len(whole)
        some = {unit: join(list(islice(each, count))) for unit, each in units.items()} if count else {}
        encoded = encoder.cut(whole)
        yield TextPart(encoded if plan.flow else _by_grams(plan, tensors, encoded, some), whole, some)


def _by_grams(plan: PooledNet, tensors: Tensors, encoded: Encoded, units: Mapping[Unit, Ragged[TokenIds]]) -> Encoded:
    """Tell what could be read of texts by n-grams alone: those that have a weight, of all of a text."""
    known = np.zeros(len(encoded.ids))
    for number, spec in enumerate(plan.grams if units else ()):
        known = np.maximum(known, known_share(spec, weights_of(tensors, f"grams{number}"), units[spec.unit]))
    return replace(encoded, unk_rate=1 - known, truncated=np.zeros_like(encoded.truncated))


def _kind(config: dict[str, Any], labels: Sequence[str]) -> LabelKind:
    """Read what the labels were; artefacts of before hold texts alone, and tell nothing of it."""
    kind: LabelKind = config.get("label_kind", "str")
    if kind not in READ:
        raise ArtefactError("recurra.json: label_kind", found=repr(kind)[:60], allowed=", ".join(READ))
    for label in labels:
        try:
            value = READ[kind](label)
            # There and back must give the same text: "01" would be read as 1 and told as "1".
            sound = str(value) == label and (isinstance(value, str) or math.isfinite(value))
        except (KeyError, ValueError):
            sound = False
        if not sound:
            raise ArtefactError("recurra.json: labels", found=repr(label)[:60], allowed=f"texts of {kind} values")
    return kind


def _labels(config: dict[str, Any], plan: ClassifierNet) -> tuple[str, ...]:
    labels = config.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ArtefactError("recurra.json: labels", allowed="a list of texts")
    # Two equal labels would share one key, and a probability would be lost.
    if len(set(labels)) != len(labels):
        raise ArtefactError("recurra.json: labels", found="the same label twice", allowed="distinct labels")
    if len(labels) != plan.outputs:
        allowed = f"{plan.outputs}, as the net has outputs"
        raise ArtefactError("recurra.json: labels", found=f"{len(labels)} labels", allowed=allowed)
    return tuple(labels)


def classify_all(
    plan: ClassifierNet,
    tensors: Tensors,
    sequences: Sequence[TokenIds],
    whole: Sequence[TokenIds],
    *,
    batch_tokens: int = 65_536,
) -> Floats:
    """Logits of many sequences, in their order: (rows, classes). `whole` are the untruncated ids for the wide part."""
    logits = run_all(plan, tensors, sequences, batch_tokens=batch_tokens)
    if plan.wide:
        weights = weights_of(tensors, "wide")
        for start in range(0, len(whole), TOGETHER):
            some = slice(start, start + TOGETHER)
            # One column of log-odds: it argues for the last class against the others.
            logits[some, -1:] += wide(plan.wide, weights, join(whole[some]))
    return logits


MODEL = RunningClassifier
