"""The nets of the lab `language`: four cells, the sizes of the full and the quick record, and the text they learn.

Not here: what the cells change (recipes/language.toml), training and measuring (language_nets.py), and what is claimed
of them (language.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.config import Settings
from recurra.datasets.known.sets import find
from recurra.datasets.known.wikitext import load_wikitext2
from recurra.estimators.language import LANGUAGE_SETTINGS
from recurra.labs.lab import Variant, recipes_of, require_data
from recurra.runs.sources import text_lines

_TOLD = recipes_of("language")
CELLS: dict[str, dict[str, Any]] = {name: told["settings"] for name, told in _TOLD["cells"].items()}
"""What each cell changes in the settings; `rnn` is the record's own recurrence."""
TITLES: dict[str, str] = {name: told["title"] for name, told in _TOLD["cells"].items()}
"""The cells as the page names them."""
FIRST = "lstm"
"""All seeds of this cell are trained before the others, so that the strongest net stands first."""
NEEDED = ("wikitext-2",)
PROMPTS = ("The film was", "He was born in")


@dataclass(frozen=True)
class Recipe:
    """The sizes of one version of the lab."""

    settings: Settings
    """Of all cells, but for what `CELLS` changes."""
    train_tokens: int = 0
    """Tokens learnt from, whole lines from the start; 0 takes all."""
    held_tokens: int = 0
    """Tokens of the validation and of the test part, likewise."""
    streams: int = 8
    """Parallel streams in which a finished net reads the test part."""
    context_tokens: int = 10_000
    """Tokens of the validation part on which forgetting is tried out."""
    timed_steps: int = 5
    """Training steps that are timed."""

    def of(self, name: str) -> Settings:
        """Return the settings of one of `CELLS`."""
        return self.settings.changed(CELLS[name])

    def variants(self) -> list[Variant]:
        """Return the four nets."""
        return [Variant(name, TITLES[name], self.of(name)) for name in CELLS]


FULL = Recipe(LANGUAGE_SETTINGS.changed({"tokens": "space", "lowercase": False}))
QUICK = Recipe(
    FULL.settings.changed(_TOLD["quick"]["all"]["settings"]),
    train_tokens=100_000,
    held_tokens=15_000,
    context_tokens=3_000,
)


def order_of(variants: Sequence[Variant], seeds: int) -> list[tuple[Variant, int]]:
    """Return the nets in the order of work: all LSTMs, then the other cells seed by seed."""
    # A lab that is stopped early has the spread of one cell, instead of one seed of each and no spread at all.
    first = [(variant, seed) for variant in variants for seed in range(seeds) if variant.name == FIRST]
    # The other cells go seed by seed: after each round all of them can be compared.
    others = [(variant, seed) for seed in range(seeds) for variant in variants if variant.name != FIRST]
    return [*first, *others]


@dataclass(frozen=True)
class LabText:
    """The lines of the three official parts, or their beginnings, and pre-trained vectors where there are some."""

    train: list[str]
    validation: list[str]
    test: list[str]
    vectors: Path | None

    @property
    def parts(self) -> dict[str, list[str]]:
        """The three parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def fingerprint(self) -> Mapping[str, Any]:
        """Tell texts and vectors apart from others, so that a part measured on others is not taken for this one's."""
        # A form feed between the parts: moving a line from one part to the next changes the fingerprint.
        joined = "\n\f".join("\n".join(part) for part in self.parts.values())
        return {
            "text": hashlib.sha256(joined.encode()).hexdigest(),
            "vectors": self.vectors.name if self.vectors else "",
        }


def lab_text(recipe: Recipe) -> LabText:
    """Read WikiText-2 and find GloVe; raises DataError, with what to do, where WikiText-2 is not on this machine."""
    require_data("language", NEEDED)
    parts = load_wikitext2()
    return LabText(
        _beginning(text_lines(parts.train), recipe.train_tokens),
        _beginning(text_lines(parts.valid), recipe.held_tokens),
        _beginning(text_lines(parts.test), recipe.held_tokens),
        find("glove"),
    )


def _beginning(lines: list[str], tokens: int) -> list[str]:
    """Return whole lines from the start that hold at least `tokens` tokens, <eos> counted; 0 takes all."""
    seen = 0
    for count, line in enumerate(lines, start=1):
        # Each line end is a token too, <eos>, as WikiText's own figures count it.
        seen += len(line.split()) + 1
        if tokens and seen >= tokens:
            return lines[:count]
    return lines
