"""JSON Lines, or an array of objects, as tables: a row for each object, a column for each key that is wanted.

Not here: parsing (json_objects.py).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import chain, groupby
from typing import Any

from recurra.datasets.columns import TEXT_NAMES, Header, did_you_mean, folded, name_list
from recurra.datasets.encodings import advised, unmarked_bytes
from recurra.datasets.formats import SAMPLE
from recurra.datasets.json_objects import Element, moved, parse_lines, read_elements
from recurra.datasets.lines import LineBlock, blank_errors, line_blocks, note_blank
from recurra.datasets.tables import Batches, Dialect, FileTable, Request, RowBatch
from recurra.errors import DataError, Place

# A byte that the codec could not read.
BROKEN = re.compile("[\udc80-\udcff]")

Groups = Iterable[list[Element]]
"""Objects, as many together as are read at a time."""


def open_json(request: Request) -> FileTable:
    """Open JSON Lines or an array, told by the first character; the columns are the keys of the first objects."""

    # Objects of lists in a stream are rows of numbers: each is like the first.
    listed = request.streamed and request.lists

    def enough(names: Iterable[str]) -> bool:
        known = {*request.columns} & {*names} or folded([*names]) & {*TEXT_NAMES}
        return listed or (request.streamed and bool(known))

    names, groups = key_names(_objects(request), file=request.file, enough=enough, listed=listed)
    # Stdin cannot be read twice.
    # A column that is asked for may stand in later rows only, so the file is looked through for it.
    asked = set[str]() if str(request.source) == "-" else {*request.columns} - {*names}
    names += sorted(later_names(_objects(request), asked))
    dialect = Dialect(request.form, request.written.encoding)
    return FileTable(request, dialect, names, lambda wanted: json_batches(groups, request.file, wanted, request.lists))


def _objects(request: Request) -> Iterator[list[Element]]:
    """Yield the objects as they are read. Raises DataError for an array that is none."""
    chunks, codec = unmarked_bytes(request.source, encoding=request.written.encoding)
    first = b""
    # White space may stand before the array; it belongs to the first line's numbers, so it is kept.
    while not first.strip() and (chunk := next(chunks, b"")):
        first += chunk
    whole = chain([first], chunks)
    if first.lstrip().startswith(b"["):
        for elements in read_elements(_decoded(whole, codec), file=request.file):
            yield [_element(text, place, codec) for place, text in elements]
    else:
        yield from _from_lines(line_blocks(whole, file=request.file, codec=codec), request.file)


def _decoded(chunks: Iterator[bytes], codec: str) -> Iterator[str]:
    """Decode in pieces; a byte that does not fit stays as a lone surrogate, for the row that holds it to refuse."""
    decoder = codecs.getincrementaldecoder(codec)("surrogateescape")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _from_lines(blocks: Iterator[LineBlock], file: str) -> Iterator[list[Element]]:
    blanks: list[int] = []
    for block in blocks:
        # Blank lines that wait to be told need the slow way, which tells them first.
        values = None if blanks or block.problems else parse_lines(block.texts)
        if values is not None:
            places = [Place(file, number) for number in block.numbers]
            # Places are made for all at once: a batch knows only its elements.
            yield [*map(Element, places, block.texts, values)]
            continue
        elements: list[Element] = []
        for number, text in zip(block.numbers, block.texts, strict=True):
            if not text.strip():
                note_blank(blanks, number, file=file)
                continue
            place, problem = Place(file, number), block.problems.get(number)
            elements += [Element(place, "", {}, error) for error in blank_errors(blanks, file)]
            elements.append(Element(place, text, {}, problem) if problem else Element.of(text, place))
        yield elements


def _element(text: str, place: Place, codec: str) -> Element:
    broken = BROKEN.search(text)
    if broken is None:
        return Element.of(text, place)
    # The surrogate carries the byte in its last eight bits.
    byte, there = ord(broken[0]) & 0xFF, moved(place, text, broken.start())
    advice = advised(text.encode(codec, "surrogateescape"), codec)
    wrong = DataError(f"not {codec}", place=there, found=f"byte 0x{byte:02x}", advice=advice)
    return Element(place, text, {}, wrong)


def key_names(
    groups: Iterator[list[Element]], *, file: str, enough: Callable[[Iterable[str]], bool], listed: bool = False
) -> tuple[list[str], Groups]:
    """Return the keys of the first objects together, and all objects: not each row need have each key.

    Where the keys of the first object are `enough`, no more are looked at. Raises DataError for no object, for objects
    none of which can be read, and for one that holds a whole table, where rows are not `listed`.
    """
    taken: list[list[Element]] = []
    first: list[Element] = []
    while len(first) < SAMPLE and (group := next(groups, None)) is not None:
        taken.append(group)
        # Not each object has each key, so the columns are the keys of the first hundred together.
        first += group
        if first and enough(first[0].values):
            first = first[:1]
            break
    first = first[:SAMPLE]
    good = [element for element in first if element.problem is None]
    if not first:
        raise DataError("no rows", place=Place(file), advice="bring a file with data")
    # Where no object is good, the first fault says more than "no columns".
    if first[0].problem is not None and not good:
        raise first[0].problem
    if not listed and _holds_table(good[0].values):
        raise DataError(
            "one object that holds the whole table",
            place=Place(file, good[0].place.line),
            found="keys " + name_list(list(good[0].values)),
            allowed="one JSON object a line, or an array of objects (pandas: orient='records')",
        )
    return list(dict.fromkeys(name for element in good for name in element.values)), chain(taken, groups)


def later_names(groups: Groups, asked: Set[str]) -> set[str]:
    """Return which of the `asked` keys any object has; no more objects are read than it takes to see them all."""
    seen: set[str] = set()
    for element in chain.from_iterable(groups) if asked else ():
        seen |= element.values.keys() & asked
        if len(seen) == len(asked):
            break
    return seen


def _holds_table(values: dict[str, Any]) -> bool:
    """Tell whether an object is a whole table (pandas' orients columns, index, split, table), not a row of one."""
    return bool(values) and all(isinstance(value, (dict, list)) for value in values.values())


def json_batches(groups: Groups, file: str, wanted: list[str] | None, lists: bool = False) -> Batches:
    """Keep the wanted keys and leave out the others; without wanted ones, rows of the same keys make a batch.

    What is wrong comes in a row's place: an object that is none, lacks a wanted key, or holds an object there, or a
    list without `lists`.
    """

    def kind(element: Element) -> tuple[DataError | None, frozenset[str]]:
        fault = element.problem or (wanted and _fault(element, wanted, file, lists)) or None
        return fault, frozenset(element.values if wanted is None else ())

    for group in groups:
        if wanted and _is_sound(group, wanted):
            yield _batch(group, wanted)
            continue
        # A batch has the same columns in all its rows, and faults come in their place between batches.
        for (fault, _), elements in groupby(group, kind):
            rows = [*elements]
            yield fault or _batch(rows, list(rows[0].values) if wanted is None else wanted)


def _is_sound(group: list[Element], wanted: Sequence[str]) -> bool:
    """Look at whole columns: every object has each wanted key, and a text, a number or nothing there."""
    if not group or any(element.problem for element in group):
        return False
    try:
        columns = [[element.values[name] for element in group] for name in wanted]
    except KeyError:
        return False
    # Lists and objects are refused one by one, with their places.
    return not any({*map(type, column)} & {list, dict} for column in columns)


def _fault(element: Element, wanted: Sequence[str], file: str, lists: bool) -> DataError | None:
    values = element.values
    for name in wanted:
        if name not in values:
            wrong = f"no column {name!r} in this row{did_you_mean(name, list(values))}"
            return Header(list(values), Place(file, element.place.line)).lacks(
                wrong, "fill it in, or leave the row out"
            )
    for name in wanted:
        if isinstance(values[name], dict if lists else (list, dict)):
            wrong = f"{name!r} holds {type(values[name]).__name__}"
            return DataError(wrong, place=element.place_of(name), allowed="a text or a number")
    return None


def _batch(rows: list[Element], keys: Sequence[str]) -> RowBatch:
    columns = {name: [element.values[name] for element in rows] for name in keys}
    lines = [element.place.line for element in rows]
    return RowBatch(lines, columns, lambda row, name: rows[row].place_of(name), lambda row: rows[row].text)
