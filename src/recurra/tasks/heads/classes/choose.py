"""Which net stands in the stack beside the linear judges, by what a file holds: rows, lengths, classes, known words.

Figures behind the choices: docs/text-classification.md. Not here: the stack (stack.py), and nets alone (tasks/text.py).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.config import Settings
from recurra.engine.native import engine
from recurra.nets.run import run_all
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.text.vocabulary import UNK

Way = Literal["frozen", "tuned", "fresh", "linear"]
"""How the net comes about; "linear": there is none."""
NAMES: dict[Way, str] = {
    "frozen": "encoder, logistic regression", "tuned": "encoder, tuned", "fresh": "net from scratch",
}  # fmt: skip
"""What reports call the net."""
MIXED = frozenset({"virtual_adversarial", "entropy"})
"""Settings of learning from texts without labels, which a net does alone and in a stack."""
FEW = 400
"""Rows below which the encoder stays as it is."""
LONG = 150.0
"""Mean tokens of a text above which the net reads windows, and few rows do not tune it."""
FEW_LONG = 4_000
WINDOW = 100
KNOWN = 0.6
"""Share of a file's words that the encoder must know whole."""
EPOCHS = ((8_000, 4), (30_000, 3), (2**62, 2))
"""Passes by the number of rows up to which they count."""
FOLDS, FEW_FOLDS, MANY = 5, 3, 2_000
"""Parts of a cross-fit, and how many of more than so many rows."""
STEP = 6.0
"""What a step of learning costs, as a multiple of an answer to the same tokens."""
QUICK_IN_BF16 = ("amx", "avx512_bf16")
"""Instruction sets that learn in bfloat16 in about half the time; with others it takes longer than float32."""
SHAPE = frozenset({
    "cell", "activation", "reset_after", "init", "hidden", "layers", "bidirectional", "embedding_size",
    "embedding_scale", "pool", "heads",
})  # fmt: skip
"""Settings that the encoder has fixed."""


@dataclass(frozen=True)
class Choice:
    """A net for the stack."""

    way: Way
    settings: Settings
    folds: int
    told: list[str]
    """Why, in lines."""
    start: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    window: int = 0


@dataclass(frozen=True)
class Facts:
    """What a file's texts are like, by 1,000 of them at most."""

    rows: int
    classes: int
    known: float
    """Share of tokens that the encoder knows whole."""
    length: float
    """Tokens of a text in the mean."""
    seconds: float = 0.0
    """Of the encoder, for one token, where it was timed."""
    unit: str = "words"
    """What tokens are called."""
    encoder: str = "the encoder in the box, which has read English,"

    def __str__(self) -> str:
        """Tell them in a line."""
        seen = f"seen: {self.rows:,} texts of {self.length:.0f} {self.unit} on average, {self.classes} classes"
        return f"{seen}; {self.encoder} knows {100 * self.known:.0f} % of the {self.unit}"


def without_net(facts: Facts, settings: Settings) -> Choice:
    """Choose no net: linear models of n-grams answer alone."""
    told = "chosen: linear models of words and phrases, without a net, as you ask"
    return Choice("linear", settings, _folds(facts), [str(facts), told])


def _folds(facts: Facts) -> int:
    return FOLDS if facts.rows <= MANY else FEW_FOLDS


def choose(
    facts: Facts,
    settings: Settings,
    chosen: dict[str, Any],
    encoder: RunningEncoder,
    minutes: float,
    *,
    taught: bool = False,
) -> Choice:
    """Choose; what a user has `chosen` of the settings stays, and a net of another shape begins from nothing.

    `taught`: the stack also labels texts itself, which takes half of the time.
    """
    if facts.known < KNOWN or SHAPE & set(chosen):
        return _fresh(facts, settings, chosen)
    folds = _folds(facts)
    long = facts.length > LONG
    window = WINDOW if long else 0
    tuned = settings.changed(_tuned(encoder, facts) | chosen)
    start = {name: held for name, held in encoder.tensors.items() if not name.startswith("dense.")}
    least = FEW_LONG if long else FEW
    # Losses of texts without labels are of a net that learns, however few the rows.
    few = facts.rows < least and not MIXED & chosen.keys()
    why = f"fewer than {least:,} {'long texts' if long else 'texts'} would tune it badly" if few else ""
    passes = wanted = tuned.training.epochs
    if not why and minutes:
        # The other half is for the texts that the stack labels itself.
        passes = min(passes, _affordable(facts, folds, window, minutes / 2 if taught else minutes))
        why = "" if passes else f"{minutes:g} minutes are too few to tune it"
    if why:
        told = _told("the encoder as it is, with a linear model on its vectors", why)
        return Choice("frozen", tuned, folds, [str(facts), told], start, window)
    tuned = tuned.changed({"epochs": passes})
    how = f"the encoder tuned in {passes} passes over these texts"
    enough = "texts without labels teach it" if facts.rows < least else "there are enough for that"
    told = _told(how, f"{minutes:g} minutes allow no more" if passes < wanted else enough)
    return Choice("tuned", tuned, folds, [str(facts), told], start, window)


def _fresh(facts: Facts, settings: Settings, chosen: dict[str, Any]) -> Choice:
    foreign = f"the encoder knows fewer than {100 * KNOWN:.0f} % of the {facts.unit}, as of another language"
    told = _told("a net from scratch", "its shape was chosen" if SHAPE & set(chosen) else foreign)
    fresh = {"adversarial": 0.0, "batch_size": 16, "ema": 0.0}
    return Choice("fresh", settings.changed(fresh | chosen), _folds(facts), [str(facts), told])


def _told(what: str, why: str) -> str:
    return f"chosen: {what}, beside linear models of words and phrases: {why}"


def _tuned(encoder: RunningEncoder, facts: Facts) -> dict[str, Any]:
    plan = encoder.plan
    recurrent = plan.recurrent
    return {
        "cell": recurrent.cell, "hidden": recurrent.hidden, "layers": recurrent.layers, "init": "gates",
        "bidirectional": recurrent.bidirectional, "embedding_size": plan.embedding.size,
        "pool": list(plan.pooling.parts), "heads": plan.pooling.heads, "max_length": 1_000,
        "precision": "bf16" if engine().name in QUICK_IN_BF16 else "float32",
        "adversarial": 0.0, "ema": 0.0, "batch_size": 32, "learning_rate": 1e-3, "table_rate": 1.0,
        "epochs": next(passes for most, passes in EPOCHS if facts.rows <= most) * (2 if facts.length > LONG else 1),
        "word_dropout": 0.1, "embedding_dropout": 0.2, "dropout": 0.5, "monitor": "val_loss",
    }  # fmt: skip


def _affordable(facts: Facts, folds: int, window: int, minutes: float) -> int:
    """Passes that fit into the time, of all nets of a cross-fit and the last one, which learns from all rows."""
    read = min(facts.length, window) if window else facts.length
    # All folds together learn from each row folds - 1 times, the last net once more.
    seconds = STEP * facts.seconds * facts.rows * read * folds
    return int(60 * minutes / max(seconds, 1e-9))


def facts_of(texts: Sequence[str], classes: int, encoder: RunningEncoder, *, timed: bool) -> Facts:
    """Read a sample; `timed` where the encoder's time on it is asked for."""
    places = np.random.default_rng(0).permutation(len(texts))[:1_000]
    sample = encoder.encoder.encode_whole([texts[place] for place in places])
    inside = np.array([word.startswith("##") for word in encoder.encoder.vocabulary.words])
    inside[UNK] = True
    ids = np.concatenate(sample) if sample else np.zeros(0, np.int32)
    known = 1.0 - float(inside[ids].mean()) if len(ids) else 0.0
    seconds = _seconds(encoder, sample) if timed else 0.0
    unit = "words or characters" if encoder.encoder.config.tokens == "script" else "words"
    return Facts(len(texts), classes, known, len(ids) / max(1, len(sample)), seconds, unit)


def _seconds(encoder: RunningEncoder, sample: Sequence[NDArray[np.int32]]) -> float:
    """Processor time of the encoder for one token: other work on the machine does not count."""
    some = [ids[:WINDOW] for ids in sample[:256] if len(ids)]
    if not some:
        return 0.0
    began = time.process_time()
    run_all(encoder.plan, encoder.tensors, some)
    return (time.process_time() - began) / sum(map(len, some))
