"""`recurra predict`: answers to texts from an artefact, without torch, answered as they are read.

Not here: measuring answers (judging.py). Of a file a few thousand rows are held at a time; what comes through a pipe
is answered as soon as its line is whole.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.artefact import require_task, resolve
from recurra.cli.console import emit_json, say, say_warnings
from recurra.errors import UsageError
from recurra.model import load_any
from recurra.tasks.names import HELD
from recurra.text.encoder import unread_warnings

if TYPE_CHECKING:
    from recurra.config import Precision
    from recurra.datasets.formats import TextReading
    from recurra.datasets.texts import OpenTexts

TOGETHER = 2048
"""_Rows that are answered at a time, at most."""

_Rows = tuple[Sequence[str], Sequence[int]]
"""Texts and the lines they stand on."""


def label_texts(
    artefact: str,
    file: str,
    reading: TextReading | None,
    *,
    texts: Sequence[str],
    as_json: bool,
    precision: Precision | None,
) -> None:
    """Label texts: every row once and in order; rejected rows are told on stderr with their lines."""
    if bool(file) == bool(texts):
        raise UsageError("nothing to label" if not file else "both a file and --text", allowed="FILE, - or --text")
    model = load_any(resolve(Path(artefact)), precision=precision)
    # Whoever has answers of its own, such as a forecaster, is told with the command that gives them.
    if HELD[model.task].verb != HELD["text"].verb:
        require_task(model.task, "text")
    answers = _Answers(model, as_json=as_json)
    if texts or reading is None:
        for rows in _grouped(iter([(texts, [0] * len(texts))]), at_once=False):
            answers.tell(*rows)
        say_warnings(answers.warnings())
        return
    from recurra.datasets.conll import is_conll
    from recurra.datasets.texts import open_texts

    if model.task == "tags" and is_conll(file):
        _tag_file(answers, file, reading)
        return

    piped = file == "-"
    # The columns that the model learnt from are taken again where the file has them.
    table = open_texts(file, reading, labelled=False, learnt=answers.model.origin.columns, streamed=piped)
    said = table.warnings()
    say_warnings(said)
    for rows in _grouped(_parts(table), at_once=piped):
        answers.tell(*rows)
        # Whoever wrote the line waits for its answer.
        sys.stdout.flush()
    say_warnings([line for line in table.warnings() if line not in said])
    say_warnings(answers.warnings())


def _tag_file(answers: _Answers, file: str, reading: TextReading) -> None:
    """Tag the sentences of a file whose tokens are apart already; its other columns are passed over."""
    from recurra.datasets.conll import TagReading, read_conll

    wanted = TagReading(reading.text or answers.model.columns[0], encoding=reading.encoding)
    sentences = read_conll(file, wanted, labelled=False)
    for start in range(0, len(sentences), TOGETHER):
        some = slice(start, start + TOGETHER)
        answers.show(answers.model.apart(sentences.tokens[some]), sentences.lines[some])
    say_warnings(answers.warnings())


def _parts(table: OpenTexts) -> Iterator[_Rows]:
    """Yield the rows as they are read; rows that were left out are told as they are met."""
    told = 0
    for part in table.parts():
        # Told where they stood: between the answers of their neighbours.
        for reject in table.rejects[told:]:
            say(f"rejected: {reject.reason}")
        told = len(table.rejects)
        yield part.texts, part.lines


def _grouped(parts: Iterator[_Rows], *, at_once: bool) -> Iterator[_Rows]:
    """Yield rows to answer together: as many as may be, or `at_once` those that are there."""
    texts, lines = list[str](), list[int]()
    for some_texts, some_lines in parts:
        texts += some_texts
        lines += some_lines
        # A pipe's rows go at once, however few: whoever writes them waits. A file's wait for company, which is quicker.
        while len(texts) >= TOGETHER or (texts and at_once):
            yield texts[:TOGETHER], lines[:TOGETHER]
            del texts[:TOGETHER], lines[:TOGETHER]
    if texts:
        yield texts, lines


class _Answers:
    """Tells answers one after the other, and counts those that say nothing."""

    def __init__(self, model: Any, *, as_json: bool) -> None:
        self.model = model
        self._as_json = as_json
        self._told = self._unread = 0

    def tell(self, texts: Sequence[str], lines: Sequence[int]) -> None:
        """Print the answer for each text on stdout."""
        self.show(self.model.answers(texts), lines)

    def show(self, answers: Sequence[Any], lines: Sequence[int]) -> None:
        """Print answers that are made."""
        for answer, line in zip(answers, lines, strict=True):
            self._told += 1
            # No known word at all: the answer is the same for any such text.
            self._unread += answer.unread
            if not self._as_json:
                print(answer.plain())
                continue
            emit_json({"row": self._told, "line": line, **answer.record()})

    def warnings(self) -> list[str]:
        """Warn of texts of which no word is known; JSON tells it of each row, there only most rows are worth a line."""
        worth = not self._as_json or 2 * self._unread > self._told
        return unread_warnings(self._unread, self._told) if worth else []
