"""Words of tables that a student in the third year may not know, each explained in a few.

They stand in templates/terms.txt, one a line: the term, what it means, and a pattern where it may stand in a table in
another way than written there, all apart by ` :: `.

Not here: the tables; whoever writes one as HTML asks which of its words stand here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

_LINES = [
    line.split(" :: ") for line in (files("recurra.report") / "templates" / "terms.txt").read_text("utf-8").splitlines()
]
TERMS = {term: meaning for term, meaning, *_ in _LINES}
"""Lower-case terms are found in any case, abbreviations only as they stand."""


def _pattern(term: str, form: str) -> re.Pattern[str]:
    # MAE must not be found in "mae" of a key, but "Dropout" at a sentence's start is dropout.
    plain = term == term.lower()
    # A term stands by itself: `seed` is not found in `seeded`, nor in `re-seed`.
    return re.compile(rf"(?<![\w-]){form}(?![\w])", re.IGNORECASE if plain else 0)


PATTERNS = {term: _pattern(term, form[0] if form else re.escape(term)) for term, _, *form in _LINES}


def explained(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the terms that stand in the texts, in alphabetical order, with what they mean."""
    # Searched as one text, cells apart by line ends: no term spans two of them.
    joined = "\n".join(texts)
    return [(term, TERMS[term]) for term in sorted(TERMS, key=str.casefold) if PATTERNS[term].search(joined)]
