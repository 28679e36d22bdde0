"""The words of a lab's page: a text in parts, into which the record's figures are filled, and which becomes blocks.

A sheet is a file in sheets/. Title and subtitle come first; `# Name` begins a part, an empty line ends a chunk, `{{ }}`
and `{% %}` are Jinja's. What a chunk becomes is told by how its lines begin:

    words                    a paragraph; before the kinds below, their caption
    - words                  a point of a list
    name :: words            a fact, or a line of the output
    $ command                a command to try
    | what | recorded | …    a row of what is compared: measured, spread, verdict and note follow
    ! what | measured > | …  the head of a table, whose rows follow as `| cell | cell | …`; `>` sets a column right
    @name                    the drawing, table or blocks of that name
    ? name: words            a claim of the record (`??`: a question of ours), then `=` its evidence and what is said
                             where it holds (`+`), stays open (`~`) or fails (`-`)

Not here: figures and tests (each lab's own), and the page around the parts (page.py).
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, cast

import jinja2

from recurra.labs.verdicts import SEEDS
from recurra.report.blocks import (
    Align,
    Block,
    Code,
    Compared,
    Comparison,
    Equation,
    Facts,
    Figure,
    Outcome,
    Paragraph,
    Points,
    Table,
)
from recurra.report.numbers import Shown, number, percent, points, power_of_ten, spread, spread_of_shares, tick

SheetNames = Mapping[str, Any]
"""What the words may use: the record's keys, a lab's own terms, and how figures are written."""
Drawn = str | Block | Sequence[Block] | None
"""A drawing as SVG, a block, or several; None where the record has nothing to show."""
Drawing = Callable[[dict[str, Any]], Drawn]


def fixed(value: float, decimals: int) -> str:
    """Write a figure with so many decimals, a whole one too."""
    return number(float(value), decimals)


def middle(values: Sequence[float], decimals: int) -> str:
    """Write the median over seeds."""
    return fixed(statistics.median(values), decimals)


WRITING: SheetNames = {
    "number": number, "fixed": fixed, "percent": percent, "points": points, "tick": tick, "power_of_ten": power_of_ten,
    "spread": spread, "spread_of_shares": spread_of_shares, "mean": statistics.fmean, "middle": middle,
    "log": math.log, "exp": math.exp, "fewest_seeds": SEEDS,
}  # fmt: skip

# From the private use area of Unicode: no text of ours holds these, and `visible` would show any that got through.
GUARD, NUMBER = "\ue000", "\ue003"
"""Stand before what was filled in, while lines are read: what a record holds is never taken for a mark, and a number
that fills a cell by itself stays a number."""
_GUARDED = str.maketrans({"\n": " ", "|": "\ue001", ":": "\ue002"})
_FREED = str.maketrans({GUARD: "", NUMBER: "", "\ue001": "|", "\ue002": ":"})


def _guarded(value: Any) -> Any:
    # Exactly these types: a truth value is a number to Python, and is no cell of a table.
    if type(value) in (int, float):
        return f"{NUMBER}{value}"
    return GUARD + value.translate(_GUARDED) if isinstance(value, str) and value else value


def _joined(lines: Iterable[str]) -> str:
    """Return lines as running text, as it is to be shown."""
    return " ".join(lines).translate(_FREED)


# Words are filled in as plain text: whatever a record holds is escaped once, where blocks become HTML (report/).
# A name that is not there raises, so that a record of an earlier format is refused instead of shown with holes.
_JINJA = jinja2.Environment(
    loader=jinja2.FunctionLoader(lambda file: text_of(file.removesuffix(".txt"))),
    undefined=jinja2.StrictUndefined,
    autoescape=False,
    trim_blocks=True,
    keep_trailing_newline=True,
    lstrip_blocks=True,
    finalize=_guarded,
)


@cache
def _template(text: str) -> jinja2.Template:
    return _JINJA.from_string(text)


def filled_lines(template: str, names: SheetNames) -> list[str]:
    """Return the lines of a filled chunk, empty ones left out.

    Only plain spaces are cut off: the narrow ones between thousands belong to their numbers.
    """
    # Split at newlines alone: `splitlines` would also break at separators that a record's text may hold.
    lines = _template(template).render(names).split("\n")
    return [line.strip(" ") for line in lines if line.strip(" ")]


@dataclass(frozen=True)
class Claim:
    """A sentence that figures can refute, and what is said of each outcome."""

    name: str
    group: str
    """The record's list to which it belongs: `observations`, or `questions` of our own."""
    words: Mapping[str, str]
    """Templates by their marks: `?` the claim, `=` its evidence, `+`, `~` and `-` the outcomes."""

    def sentence(self, names: SheetNames) -> str:
        """Return the claim itself; its evidence may speak of nets that were not trained."""
        return _joined(filled_lines(self.words["?"], names))

    def filled(self, names: SheetNames) -> dict[str, str]:
        """Return the words with their figures."""
        return {mark: _joined(filled_lines(text, names)) for mark, text in self.words.items()}


def _claim(chunk: str) -> Claim:
    """Read a claim; a line that begins with no mark goes on with the words of the line before."""
    words: dict[str, str] = {}
    mark = ""
    for line in chunk.split("\n"):
        # A mark is a whole word at a line's start, so that a line may begin with −0.5 or “…”.
        start, _, rest = line.strip().partition(" ")
        if start in ("?", "??", "=", "+", "~", "-"):
            mark = start
            words[mark] = rest
        else:
            words[mark] += f" {line.strip()}"
    # `?` asks whether a line of the record holds, `??` whether something holds that we ask ourselves.
    group = "questions" if "??" in words else "observations"
    name, _, sentence = words.pop("??" if "??" in words else "?").partition(": ")
    return Claim(name, group, {"?": sentence, **words})


@dataclass(frozen=True)
class Sheet:
    """A sheet that was read: its title, and the chunks of each part by the part's title; the subtitle's under ""."""

    title: str
    parts: Mapping[str, Sequence[str | Claim]]

    @property
    def claims(self) -> list[Claim]:
        """All claims in their order."""
        return [chunk for part in self.parts.values() for chunk in part if isinstance(chunk, Claim)]

    def names(self, record: Mapping[str, Any], terms: SheetNames) -> SheetNames:
        """Return what the words may use."""
        return {**WRITING, **record, **terms}

    def text(self, part: str, names: SheetNames) -> str:
        """Return a part as running text."""
        return _joined(line for chunk in self.parts[part] for line in filled_lines(str(chunk), names))

    def pairs(self, part: str, names: SheetNames) -> list[tuple[str, str]]:
        """Return a part of facts as pairs of words."""
        lines = [line for chunk in self.parts[part] for line in filled_lines(str(chunk), names)]
        return [(name, _joined([value])) for name, value in map(_pair, lines)]


def read_sheet(text: str) -> Sheet:
    """Read the text of a sheet."""
    title, _, body = text.partition("\n")
    parts: dict[str, Sequence[str | Claim]] = {}
    # The text before the first `# ` is the subtitle, under an empty name.
    for part in f"\n{body}".split("\n# "):
        name, _, chunks = part.partition("\n")
        whole = [chunk.strip("\n") for chunk in chunks.split("\n\n") if chunk.strip("\n")]
        parts[name.lower()] = [_claim(chunk) if chunk.startswith("?") else chunk for chunk in whole]
    return Sheet(title, parts)


def sheet_named(name: str) -> Sheet:
    """Read a sheet of this package."""
    return read_sheet(text_of(name))


def text_of(name: str) -> str:
    """Return a text of sheets/."""
    return (files("recurra.labs") / "sheets" / f"{name}.txt").read_text(encoding="utf-8")


def chunk_blocks(chunk: str, names: SheetNames, draw: Callable[[str], Drawn]) -> list[Block]:
    """Return what a chunk becomes; `draw` returns what stands under a name."""
    caption: list[str] = []
    marked: list[str] = []
    kind = ""
    for line in filled_lines(chunk, names):
        # The lines before the first mark are the caption; those after it belong to the mark above them.
        if found := _kind(line):
            # The first mark tells what it all becomes: the rows under a table's head are no comparison.
            kind = kind or found
            marked.append(line)
        elif marked:
            marked[-1] += f" {line}"
        else:
            caption.append(line)
    # A chunk may be empty once filled in: a condition did not hold, and nothing is shown.
    words = _joined(caption)
    if not kind:
        return [Paragraph(words)] if words else []
    return _WRITERS[kind](words, marked) if kind != "@" else _drawn(words, draw(marked[0][1:]))


def _kind(line: str) -> str:
    """Return the mark of a line, empty for words."""
    if line[:2] in ("- ", "$ ", "| ", "! ") or line[:1] == "@":
        return line[:1]
    return "::" if " :: " in line else ""


def _pair(line: str) -> tuple[str, str]:
    """Return the name of a fact, and its value as it was filled in."""
    name, _, value = line.partition(" :: ")
    return _joined([name]), value


def _drawn(caption: str, shown: Drawn) -> list[Block]:
    """Put the caption of the sheet under what was drawn; where nothing was, the caption goes too."""
    # Read in this order: a drawing is text, a table takes the sheet's caption, any other block keeps its own.
    if shown is None:
        return []
    if isinstance(shown, str):
        return [Figure(shown, caption)]
    if isinstance(shown, Table | Equation | Code):
        return [replace(shown, caption=caption or shown.caption)]
    return [*([Paragraph(caption)] if caption else []), *(shown if isinstance(shown, Sequence) else [shown])]


def _compared(line: str) -> Compared:
    """Read a row of a comparison; an empty field is one that the record, or the rule of verdicts, is silent on."""
    cells = [_joined([field]).strip(" ") for field in _fields(line)]
    # Fields that are left out at a row's end are empty; one too many would be a mistake in the sheet.
    what, recorded, measured, spread, verdict, note = [*cells, *[""] * 6][:6]
    return Compared(what, recorded or None, measured, spread, cast(Outcome, verdict) if verdict else None, note)


def _fields(line: str) -> list[str]:
    """Return what stands between the bars of a row; the last bar may be left out."""
    return [field.strip(" ") for field in line[1:].strip(" ").removesuffix("|").split("|")]


def _cell(field: str) -> Shown:
    """Read a cell of a table or the value of a fact: a number that was filled in, words, or None where it is empty."""
    words = _joined([field])
    try:
        return cast(Shown, json.loads(words)) if field.startswith(NUMBER) else words or None
    except ValueError:
        # Words that begin with a number.
        return words


def _table(caption: str, lines: Sequence[str]) -> Table:
    """Read a table: its head, then a row a line."""
    head, *rows = map(_fields, lines)
    aligns: list[Align] = ["right" if field.endswith(" >") else "left" for field in head]
    header = tuple(_joined([field.removesuffix(" >")]) for field in head)
    # Where no column asks for it, the page sets numbers right and words left by itself.
    align = tuple(aligns) if "right" in aligns else ()
    return Table(header, tuple(tuple(map(_cell, row)) for row in rows), caption, align)


_WRITERS: dict[str, Callable[[str, list[str]], list[Block]]] = {
    "-": lambda caption, lines: [Points(tuple(_joined([line[2:]]) for line in lines))],
    "::": lambda caption, lines: [Facts(tuple((name, _cell(value)) for name, value in map(_pair, lines)))],
    "$": lambda caption, lines: [Code("\n".join(_joined([line[2:]]) for line in lines), caption)],
    "|": lambda caption, lines: [Comparison(tuple(map(_compared, lines)), caption)],
    "!": lambda caption, lines: [_table(caption, lines)],
}
