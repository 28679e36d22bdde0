"""`recurra tune`: settings of a net for your own labelled texts, searched by Optuna.

Not here: the trials (runs/tune.py), and the page (runs/trials.py).
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.app_fit import RunChoices
from recurra.cli.comparing import FitChoices, with_choices
from recurra.cli.console import emit_json, emit_table, say, say_warnings
from recurra.cli.options import FileChoices, grouped
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.runs.tune import Range
    from recurra.tasks.task import Source


@dataclass(frozen=True)
class SearchChoices(FitChoices):
    """What is searched, and the options of every trial."""

    trials: Annotated[int, typer.Option("--trials", min=1, max=10_000, help="Trials in all, earlier ones too.")] = 20
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.01, show_default=False, help="Begin no trial after that time.")
    ] = None
    search: Annotated[
        list[str],
        typer.Option(
            "--search", metavar="KEY=VALUES",
            help="A setting and its values: key=low:high or key=a,b,c. [default: cell, width, rates, dropout, …]",
        ),
    ] = field(default_factory=list)  # fmt: skip

    def ranges(self) -> list[Range]:
        """Return what is searched; raises UsageError for what is no range, and for a setting that comes twice."""
        from recurra.runs.tune import USUAL, read_range

        fixed = {text.partition("=")[0].strip() for text in self.settings}
        # What --set fixes is not searched by default.
        ranges = [one for one in map(read_range, self.search or USUAL) if self.search or one.name not in fixed]
        names = [one.name for one in ranges]
        if twice := [name for name in names if names.count(name) > 1 or (name in fixed and self.search)]:
            raise UsageError("--search", found=f"{twice[0]} twice", allowed="each setting once, here or in --set")
        return ranges


@grouped
def tune(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Labelled rows; or imdb, or synthetic.")],
    text: options.TextColumn = "",
    label: options.LabelColumn = "",
    group: options.GroupColumn = "",
    labels_as_written: options.LabelsAsWritten = False,
    on_error: options.AtBadRow = "stop",
    *,
    searching: SearchChoices,
    written: FileChoices,
    run: RunChoices,
) -> None:
    """Search settings of a net that labels texts: by validation, trials that fall behind are ended early.

    Needs Optuna: pip install 'recurra[tune]'. --resume goes on with the study in --out, also with more --trials.

    Examples:  recurra tune tickets.csv --text body --label queue --trials 30 --out runs/tuned

               recurra tune tickets.csv --search hidden=32:256 --search learning_rate=0.0005:0.01 --set cell=gru
    """
    from recurra.engine.processors import prepare_training
    from recurra.runs.tune import library, shared_evenly
    from recurra.tasks.task import Source

    library()
    prepare_training(run.threads)
    names = {"text": text, "label": label, "group": group}
    reading = written.reading(**names, policy=on_error, as_written=labels_as_written)
    made = _Made(searching, files[0])
    ranges = shared_evenly(searching.ranges(), made.base.settings())
    # Both ends of each range are tried on at once: what is out of range is told before any row is read.
    for one in ranges:
        for value in one.ends:
            made({one.name: value}).asked()
    _tune(made, ranges, Source(files, reading), searching, run)


class _Made:
    """Makes each trial's estimator."""

    def __init__(self, searching: SearchChoices, file: str) -> None:
        self.base = searching.estimator(file)

    def __call__(self, chosen: Any) -> Any:
        return with_choices(self.base, config=self.base.settings().changed(dict(chosen)))


def _tune(made: _Made, ranges: list[Range], source: Source, searching: SearchChoices, run: RunChoices) -> None:
    from recurra.cli.progress import Course
    from recurra.report.page import save
    from recurra.runs.compare import begin
    from recurra.runs.trials import tuning_report
    from recurra.runs.tune import Tuning, tune
    from recurra.tasks.task import made_ready

    base = made.base
    rows = base.task.read(source, base.asked())
    say_warnings(rows.warnings)
    # What a fit would refuse is refused before the folder is made.
    ready = made_ready(base.task, base.asked(), rows, source)
    say_warnings(ready.warnings)
    learnt, stem = ready.parts.learnt, Path(source.files[0]).name.split(".")[0] or "stdin"
    out = run.folder(f"tune-{stem}")
    begin(out, base, learnt, search=[str(one) for one in ranges], seed=searching.seed)
    with Course(lambda title: {}, quiet=run.quiet) as course:
        study = Tuning(made, ranges, learnt, out, searching.seed)
        trials = tune(study, searching.trials, course, seconds=60 * (searching.minutes or 0.0))
    kept = out / "best.json"
    best = json.loads(kept.read_text("utf-8")) if kept.exists() else None
    record = {
        "task": "text", "title": stem, "learnt": len(learnt.texts), "best": best, "trials": trials,
        "fit": _command(source, searching, best), "settings": base.settings().model_dump(mode="json"),
    }  # fmt: skip
    save(tuning_report(record), out / "report.html")
    _tell(record, out, as_json=run.json_)


def _command(source: Source, searching: SearchChoices, best: dict[str, Any] | None) -> str:
    """Return the command that fits as the trials did, with the best settings."""
    columns = {"--text": source.texts.text, "--label": source.texts.label, "--group": source.texts.group}
    given = {**columns, "--vectors": searching.vectors, "--epochs": searching.epochs}
    told = [f"{option} {shlex.quote(str(value))}" for option, value in given.items() if value]
    told += [f"--set {shlex.quote(text)}" for text in searching.settings]
    told += [f"--set {name}={_plain(value)}" for name, value in (best["settings"] if best else {}).items()]
    return " ".join(["recurra fit text", *map(shlex.quote, source.files), "--recipe net", *told])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else shlex.quote(json.dumps(value))


def _tell(record: dict[str, Any], out: Path, *, as_json: bool) -> None:
    if as_json:
        told = {key: value for key, value in record.items() if key not in ("settings", "title", "task")}
        emit_json({"run": str(out), "report": str(out / "report.html"), **told})
        return
    scored = sorted((one for one in record["trials"] if one["score"] is not None), key=lambda one: -one["score"])
    rows = [
        [one["trial"], one["state"], one["score"], one["epochs"], json.dumps(one["settings"])] for one in scored[:10]
    ]
    emit_table(("trial", "state", "score", "epochs", "settings"), rows)
    from recurra.runs.tune import failed

    if lost := failed(record["trials"]):
        say(f"warning: {lost}")
    if record["best"] is None:
        say("no trial came to its end")
        return
    print(f"best    {out / 'best.json'}")
    print(f"artefact {out / 'artefact'}")
    print(f"report  {out / 'report.html'}")
    print(record["fit"])
