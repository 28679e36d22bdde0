"""`recurra backtest`: a forecaster at several origins of the past, fitted before each or before the oldest alone.

Not here: fitting and forecasting there (estimators/backtests.py), figures (tasks/heads/horizon/skill.py).
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.app_fit import LearningChoices
from recurra.cli.console import emit_json, emit_table, say, say_warnings
from recurra.cli.options import FileChoices, grouped, one_of
from recurra.cli.recipes import OF_SERIES, SeriesMinutes, SeriesRecipe
from recurra.cli.series_options import LearntSeriesChoices
from recurra.cli.series_tables import write_table
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.datasets.series.table import SeriesReading, SeriesTable
    from recurra.estimators.backtests import Backtest
    from recurra.tasks.heads.horizon.origins import Origins
    from recurra.training.progress import Watch

FEW = 5
"""Series that are told in text: those with the largest errors; JSON has all."""


@dataclass(frozen=True)
class BackChoices:
    """The options of where forecasts begin, how they are judged, and where they go."""

    windows: Annotated[int, typer.Option("--windows", min=1, help="Origins in the past.")] = 3
    step: Annotated[
        int | None,
        typer.Option("--step", min=1, show_default=False, help="Steps from origin to origin. [default: the horizon]"),
    ] = None
    gap: Annotated[int, typer.Option("--gap", min=0, help="Steps behind an origin that are left out.")] = 0
    refit: Annotated[bool, typer.Option("--refit", help="Fit before each origin, not before the oldest alone.")] = False
    level: Annotated[
        list[int],
        typer.Option("--level", show_default=False, help="Interval in percent; may come again. [default: 80 and 95]"),
    ] = field(default_factory=list)
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write all forecasts there: .csv or .parquet; .json: both."
        ),
    ] = ""
    threads: options.Threads = 0
    quiet: options.Quiet = False
    json_: options.Json = False

    def origins(self, horizon: int) -> Origins:
        """Return where forecasts of so many steps begin."""
        from recurra.tasks.heads.horizon.origins import Origins

        return Origins(horizon, self.windows, self.step, self.gap)

    def watching(self, number: int) -> AbstractContextManager[Watch]:
        """Show how far the fit before an origin has come."""
        from recurra.cli.progress import progress

        return progress(
            f"origin {number} of {self.windows}: learning from what is before it", quiet=self.quiet, every=5
        )


@grouped
def backtest(
    source: Annotated[str, typer.Argument(metavar="FILE|RUN", help="Series: unique_id, ds, y; or a run, then a file.")],
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The series that the run is judged on.")] = "",
    horizon: options.Horizon = None,
    window: options.Window = None,
    season: options.Season = None,
    holidays: options.Holidays = "",
    recipe: SeriesRecipe = "",
    minutes: SeriesMinutes = None,
    *,
    back: BackChoices,
    written: FileChoices,
    given: LearntSeriesChoices,
    learning: LearningChoices,
) -> None:
    """Judge a forecaster at origins of the past, beside its rivals; nothing behind an origin reaches it.

    Of a run, its model answers as it is; with --refit its choices are fitted anew before each origin.

    Examples:  recurra backtest sales.csv --horizon 28 --windows 4

               recurra backtest sales.csv --horizon 28 --recipe classics -o origins.parquet

               recurra backtest runs/sales newer.csv --json
    """
    from recurra.cli.judging import check_gates, read_gates

    gates = read_gates(learning.fail_under, task="series")
    sizes: dict[str, Any] = {"window": window, "season": season, "recipe": one_of("--recipe", recipe, OF_SERIES)}
    sizes |= {"minutes": minutes, "holidays": holidays, **given.named()}
    if file:
        done = _of_run(source, file, horizon, back, given.reading(), written, {**sizes, **_chosen(learning)})
    else:
        done = _of_file(source, horizon, back, given.reading(), written, learning, sizes)
    say_warnings(done.warnings)
    figures = {**done.figures(), "refit": back.refit}
    _show(done, figures, back)
    # Last: exit 5 must not swallow the figures.
    check_gates(gates, figures)


def _show(done: Backtest, figures: dict[str, Any], back: BackChoices) -> None:
    # Written first: a reader of stdout may go before the end.
    if back.output:
        _write(done, figures, back.output)
    if back.json_:
        emit_json(figures)
    else:
        _tell(figures)


def _chosen(learning: LearningChoices) -> dict[str, Any]:
    """Return the choices of learning by the names of their options."""
    cell, epochs, seed = learning.cell, learning.epochs, learning.seed
    return {"cell": cell, "epochs": epochs, "seed": seed or None, "set": learning.settings}


def _of_file(
    file: str,
    horizon: int | None,
    back: BackChoices,
    reading: SeriesReading,
    written: FileChoices,
    learning: LearningChoices,
    sizes: dict[str, Any],
) -> Backtest:
    from recurra.engine.processors import prepare_training
    from recurra.runs.sources import raw_series

    if horizon is None:
        raise UsageError("how far to forecast", found="no --horizon", advice="give --horizon 24, or a run first")
    origins = back.origins(horizon)
    prepare_training(back.threads)
    forecaster: Any = learning.estimator("series", file, horizon=horizon, **sizes)
    forecaster.asked()
    return _judged(forecaster, _read(raw_series(file, reading.keeping(), **written.options())), origins, back)


def _of_run(
    run: str,
    file: str,
    horizon: int | None,
    back: BackChoices,
    reading: SeriesReading,
    written: FileChoices,
    chosen: dict[str, Any],
) -> Backtest:
    from recurra.artefact import require_task, resolve
    from recurra.engine.processors import prepare_training
    from recurra.estimators.backtests import backtested
    from recurra.estimators.estimator import load
    from recurra.runs.sources import raw_series

    if named := [name for name, value in chosen.items() if value]:
        raise UsageError(f"--{named[0]}", found="a run that has choices of its own", advice="leave it out")
    folder = resolve(Path(run))
    forecaster: Any = load(folder)
    require_task(forecaster.task.name, "series")
    model = forecaster.model_
    origins = back.origins(model.horizon if horizon is None else horizon)
    table = _read(raw_series(file, reading.keeping(), learnt=model.learnt, **written.options()))
    if back.refit:
        prepare_training(back.threads)
        return _judged(forecaster, table, origins, back)
    _refuse_learnt(folder.parent, file, origins)
    return backtested(lambda past, number: model, table, origins, refit=False, levels=back.level or None)


def _judged(forecaster: Any, table: SeriesTable, origins: Origins, back: BackChoices) -> Backtest:
    asked: dict[str, Any] = {"refit": back.refit, "levels": back.level or None, "watching": back.watching}
    done: Backtest = forecaster.backtest(table, origins, **asked)
    return done


def _read(table: SeriesTable) -> SeriesTable:
    say_warnings(table.warnings)
    return table


def _refuse_learnt(run: Path, file: str, origins: Origins) -> None:
    """Raise UsageError where a run learnt from values behind an origin; warn where nothing tells."""
    from recurra.runs.sources import checksum, read_source

    told = read_source(run)
    sums = [file if not Path(file).exists() else checksum(Path(file))]
    known = told and any(one in (*told["files"], *told["sha256"].values()) for one in sums)
    if told is None or not known:
        say(f"warning: nothing tells whether {run} learnt from values behind an origin: {file} is not its file")
        return
    test = int(told.get("test", 0))
    if origins.backs[0] > test:
        found = f"an origin {origins.backs[0]:,} steps before the end, and a test part of {test:,}"
        advice = "give --refit, which fits its choices anew, or fewer --windows"
        raise UsageError("the run learnt from values behind an origin", found=found, advice=advice)


def _tell(figures: dict[str, Any]) -> None:
    """Print the figures: the model above its rivals, its intervals, what is to be said, the worst series."""
    gap = f", {figures['gap']} left out behind each" if figures["gap"] else ""
    origins = f"{figures['windows']} origins {figures['step']} steps apart{gap}; horizon {figures['horizon']}"
    print(f"{figures['series_count']:,} series, {figures['values']:,} values; {origins}, season {figures['season']}")
    header = ("", "MASE", "sMAPE", "OWA", "skill", f"95 % of the difference in MASE, by {figures['bootstrap_over']}")
    rows = [("Recurra", *_errors(figures), "", "")]
    for rival in figures["rivals"]:
        ends = f"{rival['low']:+.4f} to {rival['high']:+.4f}" if "low" in rival else "–"
        rows.append((rival["name"], *_errors(rival), f"{rival['skill']:+.1%}" if "skill" in rival else "–", ends))
    emit_table(header, rows)
    for name, value in figures.items():
        if name.startswith("coverage_"):
            print(f"inside the {name.removeprefix('coverage_')} % interval: {value:.1%}")
    for name in ("lag", "lost"):
        if name in figures:
            print(figures[name])
    worst = sorted(figures["by_series"], key=lambda row: -row["mase"])[:FEW]
    if len(figures["by_series"]) > 1:
        emit_table(("worst series", "MASE", "sMAPE", "OWA"), [(row["unique_id"], *_errors(row)) for row in worst])


def _errors(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple("–" if row[name] is None else row[name] for name in ("mase", "smape", "owa"))


def _write(done: Backtest, figures: dict[str, Any], output: str) -> None:
    """Write the forecasts: times in Parquet are times, else as the file writes them; JSON has the figures, too."""
    from recurra.artefact.writing import write_atomically
    from recurra.cli.series_tables import rows_of
    from recurra.tasks.inputs.series import TableSeries, WrittenSeries

    ending = Path(output).suffix.lower()
    columns = done.answered((TableSeries if ending == ".parquet" else WrittenSeries)(done.table))
    if ending == ".json":
        write_atomically(Path(output), json.dumps({**figures, "rows": rows_of(columns)}, allow_nan=False) + "\n")
        say(f"{len(columns['cutoff']):,} forecasts → {output}")
    else:
        write_table(columns, output)
