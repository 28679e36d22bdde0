"""WordNet 3.0's words by kind, glosses and example sentences: free material for a grammar and for distillation.

WordNet may be used, copied and changed for any purpose (Princeton University's licence, told on the model's card). It
is read where Debian's package `wordnet-base` puts it, or from the folder in the variable WORDNET; nothing of it is kept
in the repository.

Not here: the grammar that fills these words in (grammar.py).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(os.environ.get("WORDNET", "/usr/share/wordnet"))
KINDS = {
    "04": "act", "05": "animal", "06": "artifact", "07": "attribute", "08": "body", "09": "cognition",
    "10": "communication", "11": "event", "12": "feeling", "13": "food", "14": "group", "15": "location",
    "17": "object", "18": "person", "19": "phenomenon", "20": "plant", "21": "possession", "22": "process",
    "23": "quantity", "26": "state", "27": "substance", "28": "time",
}  # fmt: skip
"""The numbers of the lexicographers' files of nouns, as lexnames(5WN) lists them."""


@dataclass(frozen=True)
class Sense:
    """One set of synonyms."""

    part: str
    """noun, verb, adj or adv."""
    kind: str
    """A noun's kind, such as `animal`; empty for others."""
    words: tuple[str, ...]
    instance: bool
    """Whether it is one thing by name, such as a city or a painter, and no kind of thing."""
    gloss: str
    examples: tuple[str, ...]
    parents: tuple[str, ...]
    """Offsets of what it is a kind of, or an instance of."""
    wholes: tuple[str, ...]
    """Offsets of what it is a part of."""
    offset: str


def senses(part: str) -> list[Sense]:
    """Read `data.PART`; raises FileNotFoundError with what to install."""
    path = FOLDER / f"data.{part}"
    if not path.exists():
        raise FileNotFoundError(f"{path}: install Debian's package wordnet-base, or set WORDNET to its folder")
    return [_sense(line, part) for line in path.read_text("ascii", "replace").splitlines() if not line.startswith(" ")]


def _sense(line: str, part: str) -> Sense:
    data, _, told = line.partition(" | ")
    fields = data.split()
    # wndb(5WN): offset, file, type, count of words (hexadecimal), word and number in turn, count of pointers, pointers.
    count = int(fields[3], 16)
    # An adjective may carry its place, such as `galore(ip)`.
    words = tuple(re.sub(r"\(.*", "", word).replace("_", " ") for word in fields[4 : 4 + 2 * count : 2])
    rest = fields[5 + 2 * count :]
    pointers = list(zip(rest[::4], rest[1::4], strict=False))[: int(fields[4 + 2 * count])]
    return Sense(
        part=part,
        kind=KINDS.get(fields[1], "") if part == "noun" else "",
        words=words,
        instance=any(sign == "@i" for sign, _ in pointers),
        gloss=re.split(r'[;:]\s*"', told)[0].strip(" ;"),
        examples=tuple(example.strip() for example in re.findall(r'"([^"]{8,200})"', told)),
        parents=tuple(target for sign, target in pointers if sign in ("@", "@i")),
        wholes=tuple(target for sign, target in pointers if sign == "#p"),
        offset=fields[0],
    )


def frequent() -> dict[str, int]:
    """How often each word was met in texts whose senses were marked by hand (cntlist.rev)."""
    counts: dict[str, int] = {}
    for line in (FOLDER / "cntlist.rev").read_text("ascii", "replace").splitlines():
        key, _, count = line.split()
        word = key.partition("%")[0].replace("_", " ")
        counts[word] = counts.get(word, 0) + int(count)
    return counts
