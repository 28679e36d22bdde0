"""`recurra compare`: cells on your own labelled texts, each with several seeds, on one page.

Not here: the fits and figures (runs/compare.py), and the page (runs/comparison.py).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from recurra.cells import CELLS
from recurra.cli import options
from recurra.cli.app_fit import LearningChoices, RunChoices
from recurra.cli.console import emit_json, emit_table, say, say_warnings
from recurra.cli.options import FileChoices, grouped
from recurra.errors import UsageError

LARGE, PASSES = 10_000, 3
"""Texts above which each fit makes so many passes, where nobody chose how many."""


@dataclass(frozen=True)
class FitChoices:
    """The options of every fit of a net."""

    vectors: options.VectorsFile = ""
    epochs: options.Epochs = None
    seed: options.Seed = 0
    settings: options.SetOption = field(default_factory=list)
    device: options.DeviceName = ""

    def estimator(self, file: str) -> Any:
        """Return the estimator that all fits begin from; raises UsageError for a bad option."""
        learning = LearningChoices(epochs=self.epochs, seed=self.seed, settings=self.settings, device=self.device)
        return learning.estimator("text", file, vectors=self.vectors, recipe="net")


@dataclass(frozen=True)
class NetChoices(FitChoices):
    """What is compared, and the options of every fit."""

    cells: Annotated[str, typer.Option("--cells", help="Cells, apart by commas.")] = ",".join(CELLS)
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="Fits of each cell, from --seed on.")] = 3
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Make every fit as `fit text --recipe net` does: with adversarial steps, and as many passes over many "
            "texts as over few.",
        ),
    ] = False

    @property
    def chosen(self) -> set[str]:
        """Names of settings that somebody chose."""
        return {*options.read_settings(self.settings), *(["epochs"] if self.epochs else [])}

    @property
    def steady(self) -> bool:
        """Whether adversarial steps are left out: they double the time of a step, and change cells alike."""
        return not self.full and "adversarial" not in self.chosen

    def made(self, file: str) -> dict[tuple[str, int], Any]:
        """Return an estimator for each cell and seed; raises UsageError for a cell that some setting does not fit."""
        quicker = ["adversarial=0"] if self.steady else []
        estimator = replace(self, settings=[*quicker, *self.settings]).estimator(file)
        numbers = range(self.seed, self.seed + self.seeds)
        made = {
            (cell, number): with_choices(estimator, cell=cell, random_state=number)
            for number in numbers
            for cell in cells_of(self.cells)
        }
        for one in made.values():
            one.asked()
        return made

    def shortened(self, made: dict[tuple[str, int], Any], texts: int) -> tuple[dict[tuple[str, int], Any], str]:
        """Let fits of many texts make fewer passes, unless that was chosen; and tell what is left out to be quick."""
        usual = next(iter(made.values())).settings().training.epochs
        left = ["adversarial steps"] if self.steady else []
        if not self.full and "epochs" not in self.chosen and texts > LARGE and usual > PASSES:
            left.append(f"{usual - PASSES} of {usual} passes")
            made = {key: with_choices(one, epochs=PASSES) for key, one in made.items()}
        return made, f"left out to be quick: {' and '.join(left)}; --full brings them back" if left else ""


@grouped
def compare(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Labelled rows; or imdb, or synthetic.")],
    test: options.TestRows = "",
    text: options.TextColumn = "",
    label: options.LabelColumn = "",
    group: options.GroupColumn = "",
    labels_as_written: options.LabelsAsWritten = False,
    on_error: options.AtBadRow = "stop",
    *,
    nets: NetChoices,
    written: FileChoices,
    run: RunChoices,
) -> None:
    """Compare cells as nets that label texts: same rows, several seeds, differences in pairs.

    Without --test a fifth of the rows is held out for all fits. --resume goes on with what lies in --out. To be quick,
    fits make no adversarial steps, and fewer passes over many texts; --full, or the settings, bring them back.

    Examples:  recurra compare tickets.csv --text body --label queue --cells gru,lstm --seeds 3

               recurra compare imdb --cells gru,lstm,mingru,sru --out runs/cells
    """
    from recurra.engine.processors import prepare_training
    from recurra.tasks.task import Source

    prepare_training(run.threads)
    names = {"text": text, "label": label, "group": group}
    reading = written.reading(**names, policy=on_error, as_written=labels_as_written)
    # Before the rows are read: what does not go together is refused at once.
    made = nets.made(files[0])
    _compare(nets, made, Source(files, reading, test=test), run)


def cells_of(text: str) -> list[str]:
    """Read --cells; raises UsageError for an unknown one, and for one that comes twice."""
    cells = [cell.strip() for cell in text.split(",") if cell.strip()]
    for cell in cells:
        if cell not in CELLS:
            raise UsageError("--cells", found=repr(cell), allowed=", ".join(CELLS))
    if not cells or len(set(cells)) < len(cells):
        raise UsageError("--cells", found=repr(text), allowed="each cell once, apart by commas")
    return cells


def with_choices(estimator: Any, **changes: Any) -> Any:
    """Return an estimator like another but for some choices."""
    return type(estimator)(**estimator.changed_params() | changes)


def _compare(nets: NetChoices, made: dict[tuple[str, int], Any], source: Any, run: RunChoices) -> None:
    from recurra.cli.progress import Course
    from recurra.report.page import save
    from recurra.runs.compare import begin, figures, fits, rival_of, with_test
    from recurra.runs.comparison import comparison_report
    from recurra.tasks.task import made_ready

    first = next(iter(made.values()))
    task, asked = first.task, first.asked()
    rows = task.read(source, asked)
    say_warnings(rows.warnings)
    # What a fit would refuse is refused before the folder is made.
    ready = made_ready(task, asked, rows, source)
    say_warnings(ready.warnings)
    learnt, test, part = with_test(ready.parts)
    made, left_out = nets.shortened(made, len(learnt.texts))
    first = next(iter(made.values()))
    if left_out:
        say(left_out)
    stem = Path(source.files[0]).name.split(".")[0] or "stdin"
    out = run.folder(f"compare-{stem}")
    begin(out, first, learnt, test)
    with Course(lambda title: {}, quiet=run.quiet) as course:
        done = fits(made, learnt, test, out=out, follower=course)
    record = {
        "task": "text", "title": stem, "learnt": len(learnt.texts), "rows": len(test.texts), "part": part,
        "settings": first.settings().model_dump(mode="json"), "left_out": left_out,
        "rival": rival_of(learnt, test, out), **figures(done),
    }  # fmt: skip
    histories = defaultdict[str, list[Any]](list)
    for fit in done:
        histories[fit["cell"]].append(fit["history"])
    save(comparison_report(record, histories), out / "report.html")
    _tell(record, out, as_json=run.json_)


def _tell(record: dict[str, Any], out: Path, *, as_json: bool) -> None:
    from recurra.runs.comparison import verdict

    if as_json:
        told = {key: value for key, value in record.items() if key not in ("settings", "title", "task")}
        emit_json({"run": str(out), "report": str(out / "report.html"), **told})
        return
    keys = ("cell", "accuracy", "least", "most", "loss", "seconds", "parameters")
    emit_table(keys, [[cell[key] for key in keys] for cell in record["cells"]])
    for one in record["differences"]:
        interval = f"{one['difference']:+.4f}, 95 % from {one['low']:+.4f} to {one['high']:+.4f}"
        print(f"{record['best']} against {one['cell']}: {interval}: {verdict(one, record['best'])}")
    print(f"rival  {record['rival']['name']}, accuracy {record['rival']['accuracy']:.4f}")
    print(f"report {out / 'report.html'}")
    say(f"measured on {record['rows']:,} {record['part']}")
