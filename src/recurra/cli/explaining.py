"""`recurra explain`: what each word of a text did to its class, without torch; as text, JSON or a page.

Not here: how effects are worked out (tasks/heads/classes/explain.py), and the page's blocks (tell.py there).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli import options
from recurra.cli.console import emit_json, emit_table, say, say_warnings
from recurra.cli.options import FileChoices, grouped
from recurra.errors import UsageError, printable

if TYPE_CHECKING:
    from recurra.tasks.heads.classes.explanation import Explanation
    from recurra.tasks.heads.classes.run import RunningClassifier


@grouped
def explain(
    artefact: options.Folder,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The text to explain.")] = None,
    file: Annotated[str, typer.Option("--file", help="Instead all texts of a file, or - for stdin.")] = "",
    column: Annotated[str, typer.Option("--column", help="Column of the texts. [default: guessed]")] = "",
    class_: Annotated[
        str, typer.Option("--class", metavar="LABEL", help="The class asked about. [default: the answer]")
    ] = "",
    top: Annotated[int, typer.Option("--top", min=1, help="Words told of each text, those that did most.")] = 20,
    report: Annotated[str, typer.Option("--report", metavar="PAGE", help="Write an HTML page there.")] = "",
    *,
    written: FileChoices,
    json_: options.Json = False,
) -> None:
    """Tell what each word of a text did to its class: log-odds that add up to the answer.

    Examples:  recurra explain runs/text-reviews "not bad at all"

               recurra explain runs/text-reviews --file hard.csv --column body --report hard.html
    """
    if (text is None) == (not file):
        found = "both a text and --file" if file else "neither a text nor --file"
        raise UsageError("what to explain", found=found, allowed="one of them")
    from recurra.artefact import resolve
    from recurra.tasks.heads.classes.run import RunningClassifier

    model = RunningClassifier.load(resolve(Path(artefact)))
    if class_ and class_ not in model.labels:
        raise UsageError("--class", found=repr(class_), allowed=", ".join(model.labels)[:200])
    rows = iter([text]) if text is not None else _texts(model, file, column, written)
    told = _told(model, rows, class_, top=top, as_json=json_, keep=bool(report), file=bool(file))
    if report:
        from recurra.report.page import save
        from recurra.tasks.heads.classes.tell import explanation_report

        save(explanation_report(told, title=Path(artefact).name), Path(report))


def _told(
    model: RunningClassifier, texts: Iterator[str], label: str, *, top: int, as_json: bool, keep: bool, file: bool
) -> list[Explanation]:
    """Print each explanation as soon as it is there; return those that a page needs."""
    from recurra.tasks.heads.classes.explain import explain

    told: list[Explanation] = []
    shortened = False
    for row, text in enumerate(texts, 1):
        explanation = explain(model, text, label or None)
        told += [explanation] if keep else []
        if as_json:
            emit_json({"row": row, **explanation.record()})
        else:
            if file:
                print(f"{'row':12} {row}")
            _print(explanation, top)
            shortened = shortened or len(explanation.words) > top
    if shortened:
        say(f"note: told are the {top} words of a text that did most; --top tells more")
    return told


def _texts(model: RunningClassifier, file: str, column: str, written: FileChoices) -> Iterator[str]:
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
    print(f"{'class':12} {printable(explanation.label)}")
    print(f"{'probability':12} {explanation.probability:.4f}")
    print(f"{'log-odds':12} {explanation.before:+.4f} without a word, {explanation.after:+.4f} with all")
    method = f", {explanation.points} points" if explanation.points else ""
    print(f"{'method':12} {explanation.method}{method}; {explanation.missing:+.4f} missing")
    words = explanation.strongest(top)
    course = any(word.probability is not None for word in words)
    header = ("effect", "word", "probability after it") if course else ("effect", "word")
    rows = [
        (f"{word.effect:+.4f}", word.text, *(["" if word.probability is None else word.probability] if course else []))
        for word in words
    ]
    if rows:
        emit_table(header, rows)
    for note in explanation.notes:
        say(f"note: {note}")
