"""Files of tagged tokens, as the shared tasks of CoNLL have them: a line for each token, with its columns.

A blank line ends a sentence. Columns lie apart by tabs where the first token's line has one, else by white space.
`-DOCSTART-` begins a document.
CoNLL-U is read too: its comments, ranges of words (`1-2`) and empty nodes (`1.1`) are passed over.

Not here: what tags mean (text/spans.py). The format: Tjong Kim Sang & De Meulder 2003; universaldependencies.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recurra.datasets.columns import did_you_mean, name_list
from recurra.datasets.lines import read_blocks
from recurra.datasets.sources import Readable, name_of
from recurra.errors import DataError, Place, either

ENDINGS = (".conll", ".conllu", ".conllup", ".conll2003", ".iob", ".iob2", ".bio")
"""By which a file of tagged tokens is known."""
DOCUMENT = "-DOCSTART-"
UNIVERSAL = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
"""The columns of CoNLL-U."""
_COMMENT = re.compile(r"#\s*(?:[\w.:-]+\s*=|newdoc\b|newpar\b)")
_NAMES = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
_NO_WORD = re.compile(r"[0-9]+[-.][0-9]+", re.ASCII)


@dataclass(frozen=True)
class TagReading:
    """How a file of tagged tokens is read: its columns by name or by number, from 1, or from the end, from -1."""

    token: str = ""
    """Empty: the first, or FORM where columns have names."""
    label: str = ""
    """Empty: the last, or UPOS where columns have names."""
    encoding: str = "utf-8"


@dataclass(frozen=True)
class TaggedSentences:
    """Sentences in file order; all lists are of one length."""

    tokens: list[list[str]]
    tags: list[list[str]] | None
    lines: list[int]
    """The physical line that each begins on."""
    documents: list[int] = field(default_factory=list)
    """The number of each one's document."""
    columns: str = ""
    """Which columns were read, in words."""

    def __len__(self) -> int:
        """Count the sentences."""
        return len(self.tokens)

    def at(self, rows: Sequence[int]) -> TaggedSentences:
        """Return some sentences, in their order."""
        tags = None if self.tags is None else [self.tags[row] for row in rows]
        tokens, lines = [self.tokens[row] for row in rows], [self.lines[row] for row in rows]
        return TaggedSentences(tokens, tags, lines, [self.documents[row] for row in rows], self.columns)


@dataclass(frozen=True)
class _Layout:
    """What the first line of a file settles."""

    tabbed: bool
    width: int
    line: int
    token: int
    label: int | None
    names: Sequence[str] = ()

    def cells(self, text: str) -> list[str]:
        return text.split("\t") if self.tabbed else text.split()

    def told(self) -> str:
        parts = [("tokens", self.token), *([] if self.label is None else [("tags", self.label)])]
        return ", ".join(f"{what} from column {self._name(place)}" for what, place in parts)

    def _name(self, place: int) -> str:
        return repr(self.names[place]) if self.names else str(place + 1)


def is_conll(source: Readable) -> bool:
    """Tell whether a file's ending says that it holds tagged tokens."""
    return Path(str(source)).name.casefold().removesuffix(".gz").endswith(ENDINGS)


def read_conll(source: Readable, reading: TagReading, *, labelled: bool = True) -> TaggedSentences:
    """Read all sentences; tags too if `labelled`.

    Raises DataError with `file:line` for a line of another number of columns, an empty token or tag, and for no token.
    """
    file = name_of(source)
    names: Sequence[str] = UNIVERSAL if Path(str(source)).name.casefold().endswith(".conllu") else ()
    layout: _Layout | None = None
    read = TaggedSentences([], [], [], [])
    tokens, tags, begun, document = list[str](), list[str](), 0, 0
    for number, text in [*_lines(source, reading.encoding, file), (0, "")]:
        cells = [] if not text.strip() else _cells(text, layout)
        if cells and not tokens and _is_comment(text, cells, layout):
            named = _NAMES.match(text)
            names = named[1].split() if named and layout is None else names
            continue
        if not cells or cells[0] == DOCUMENT:
            if tokens:
                _keep(read, tokens, tags, begun, document)
                tokens, tags = [], []
            document += bool(cells)
            continue
        if layout is None:
            layout, is_header = _layout(cells, "\t" in text, number, names, reading, labelled, file)
            if is_header:
                continue
        _check(cells, layout, Place(file, number))
        if layout.names and layout.names[0].upper() == "ID" and _NO_WORD.fullmatch(cells[0]):
            continue
        begun = begun if tokens else number
        tokens.append(cells[layout.token])
        tags.append(cells[layout.label] if layout.label is not None else "")
    if not read.tokens or layout is None:
        raise DataError("no tokens", place=Place(file), advice="a token a line, a blank line between sentences")
    kept = read.tags if layout.label is not None else None
    return TaggedSentences(read.tokens, kept, read.lines, read.documents, layout.told())


def _lines(source: Readable, encoding: str, file: str) -> Iterator[tuple[int, str]]:
    for block in read_blocks(source, encoding=encoding):
        for number, text in zip(block.numbers, block.texts, strict=True):
            if number in block.problems:
                raise block.problems[number]
            yield number, text


def _cells(text: str, layout: _Layout | None) -> list[str]:
    return layout.cells(text) if layout else text.split("\t") if "\t" in text else text.split()


def _is_comment(text: str, cells: Sequence[str], layout: _Layout | None) -> bool:
    # `#` is a token too: a line of as many columns as the others have is one.
    return _COMMENT.match(text) is not None and (layout is None or len(cells) != layout.width)


def _keep(read: TaggedSentences, tokens: list[str], tags: list[str], line: int, document: int) -> None:
    read.tokens.append(tokens)
    read.lines.append(line)
    read.documents.append(document)
    if read.tags is not None:
        read.tags.append(tags)


def _layout(
    cells: list[str], tabbed: bool, line: int, names: Sequence[str], reading: TagReading, labelled: bool, file: str
) -> tuple[_Layout, bool]:
    """Settle the columns by the first line, and tell whether it names them."""
    place = Place(file, line)
    asked = [name for name in (reading.token, reading.label) if name and not _NUMBER.fullmatch(name)]
    # A first line that holds the names that somebody asks for is a header.
    is_header = not names and bool(asked) and {*asked} <= {*cells}
    names = cells if is_header else names if len(names) == len(cells) else ()
    token = _column(reading.token or ("FORM" if "FORM" in names else "1"), names, len(cells), place, "--token")
    label = None
    if labelled:
        if len(cells) < 2:
            raise DataError("no column of tags", place=place, found="one column", advice="a token and its tag a line")
        usual = "UPOS" if names and {"FORM", "UPOS"} <= {*names} else "-1"
        label = _column(reading.label or usual, names, len(cells), place, "--label")
        if label == token:
            advice = f"name another: {either('--label', 'label=')}"
            raise DataError("tokens and tags are one column", place=place, found=f"column {label + 1}", advice=advice)
    return _Layout(tabbed, len(cells), line, token, label, names), is_header


def _column(wanted: str, names: Sequence[str], width: int, place: Place, option: str) -> int:
    if not _NUMBER.fullmatch(wanted):
        if wanted not in names:
            found = f"columns {name_list(names)}" if names else f"{width} columns without names"
            raise DataError(
                f"no column {wanted!r}{did_you_mean(wanted, names)}", place=place, found=found,
                advice=f"give its number: {either(option + ' 1', option.removeprefix('--') + '=1')}",
            )  # fmt: skip
        return names.index(wanted)
    number = int(wanted)
    if not 1 <= abs(number) <= width:
        raise DataError(f"no column {number}", place=place, found=f"{width} columns", allowed=f"1 to {width}, or -1")
    return number - 1 if number > 0 else width + number


def _check(cells: list[str], layout: _Layout, place: Place) -> None:
    if len(cells) != layout.width:
        apart = "tabs" if layout.tabbed else "white space"
        allowed = f"{layout.width}, as line {layout.line} has, apart by {apart}"
        raise DataError("a line of another number of columns", place=place, found=str(len(cells)), allowed=allowed)
    for what, column in (("token", layout.token), ("tag", layout.label)):
        if column is not None and not cells[column].strip():
            raise DataError(f"no {what}", place=place, found=f"an empty column {column + 1}", advice="fill it")
