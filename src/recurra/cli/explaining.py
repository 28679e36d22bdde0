"""`recurra explain`: what each word of a text did to the answer, without torch; as text, JSON or a page.

Not here: how effects are worked out (tasks/heads/effects.py), and the page's blocks (explained.py there).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.console import emit_json, emit_table, say, say_warnings
from recurra.cli.options import FileChoices, grouped
from recurra.errors import UsageError, printable

if TYPE_CHECKING:
    from recurra.tasks.heads.explanation import Explanation


@grouped
def explain(
    artefact: options.Folder,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The text to explain.")] = None,
    file: Annotated[str, typer.Option("--file", help="Instead all texts of a file, or - for stdin.")] = "",
    column: Annotated[str, typer.Option("--column", help="Column of the texts. [default: guessed]")] = "",
    label: Annotated[
        str,
        typer.Option(
            "--class", "--label", metavar="LABEL", help="The class, label or number asked about. [default: the answer]"
        ),
    ] = "",
    top: Annotated[int, typer.Option("--top", min=1, help="Words told of each text, those that did most.")] = 20,
    report: Annotated[str, typer.Option("--report", metavar="PAGE", help="Write an HTML page there.")] = "",
    *,
    written: FileChoices,
    json_: options.Json = False,
) -> None:
    """Tell what each word of a text did to the answer: effects that add up to it.

    They are log-odds of a class, of each label that is said, or of a class in order or a higher one; those on a
    number are in its unit.

    Examples:  recurra explain runs/text-reviews "not bad at all"

               recurra explain runs/topics "the match ended in a vote" --label sport

               recurra explain runs/text-reviews --file hard.csv --column body --report hard.html
    """
    if (text is None) == (not file):
        found = "both a text and --file" if file else "neither a text nor --file"
        raise UsageError("what to explain", found=found, allowed="one of them")
    model = _loaded(artefact, label)
    rows = iter([text]) if text is not None else _texts(model, file, column, written)
    told = _told(model, rows, label, top=top, as_json=json_, keep=bool(report), file=bool(file))
    if report:
        from recurra.report.page import save
        from recurra.tasks.heads.explained import explanation_report

        save(explanation_report(told, title=Path(artefact).name), Path(report))


def _loaded(artefact: str, label: str) -> Any:
    """Load a model whose answers can be explained, and that knows the label, if any."""
    from recurra.artefact import resolve
    from recurra.model import load_any
    from recurra.tasks.heads.explain import questions_of

    model = load_any(resolve(Path(artefact)))
    questions_of(model.task)
    if label and label not in model.answer_names:
        raise UsageError("--class", found=repr(label), allowed=", ".join(model.answer_names)[:200])
    return model


def _told(
    model: Any, texts: Iterator[str], label: str, *, top: int, as_json: bool, keep: bool, file: bool
) -> list[Explanation]:
    """Print each explanation as soon as it is there; return those that a page needs."""
    from recurra.tasks.heads.explain import explanations

    told: list[Explanation] = []
    shortened = False
    for row, text in enumerate(texts, 1):
        for explanation in explanations(model, text, label or None):
            told += [explanation] if keep else []
            if as_json:
                emit_json({"row": row, **explanation.record()})
                continue
            if file:
                print(f"{'row':12} {row}")
            _print(explanation, top)
            shortened = shortened or len(explanation.words) > top
    if shortened:
        say(f"note: told are the {top} words of a text that did most; --top tells more")
    return told


def _texts(model: Any, file: str, column: str, written: FileChoices) -> Iterator[str]:
    from recurra.datasets.texts import open_texts

    reading = written.reading(text=column)
    table = open_texts(file, reading, labelled=False, learnt=model.origin.columns, streamed=file == "-")
    say_warnings(table.warnings())
    for part in table.parts():
        yield from part.texts


def _print(explanation: Explanation, top: int) -> None:
    """Print the answer, the words that did most in the order of the text, and what a reader must know."""
    if explanation.label != explanation.predicted:
        print(f"{'answer':12} {printable(explanation.predicted)}")
    print(f"{'target' if explanation.asked == 'number' else explanation.asked:12} {printable(explanation.question)}")
    if explanation.probability is not None:
        print(f"{'probability':12} {explanation.probability:.4f}")
    signed = explanation.signed
    before, after = signed(explanation.before), signed(explanation.after)
    print(f"{explanation.scale:12} {before} without a word, {after} with all")
    method = f", {explanation.points} points" if explanation.points else ""
    print(f"{'method':12} {explanation.method}{method}; {signed(explanation.missing)} missing")
    _print_words(explanation, top)
    for note in explanation.notes:
        say(f"note: {note}")


def _print_words(explanation: Explanation, top: int) -> None:
    """Print a table of the words that did most, with the answer after each where the net tells one."""
    words = explanation.strongest(top)
    told = "number" if explanation.asked == "number" else "probability"
    after = [getattr(word, told) for word in words]
    course = any(value is not None for value in after)
    header = ("effect", "word", f"{told} after it") if course else ("effect", "word")
    rows = [
        (explanation.signed(word.effect), word.text, *(["" if value is None else value] if course else []))
        for word, value in zip(words, after, strict=True)
    ]
    if rows:
        emit_table(header, rows)
