"""`recurra fit …`: read, train with progress, tell where the run lies and how it did.

Not here: the options (app_fit.py) and the runs themselves (runs/).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.arguments import share
from recurra.cli.gates import check_gates, read_gates
from recurra.cli.output import emit_json, plain_figures, say, told_rival, warn
from recurra.cli.progress import progress
from recurra.config import Settings, read_settings
from recurra.datasets.labels import check_known_labels, check_training_labels, duplicates_across
from recurra.datasets.records import TextTable
from recurra.errors import UsageError
from recurra.memory import keep_buffers
from recurra.reads import Task, check_read
from recurra.runs.folder import new_run, write_json
from recurra.runs.provenance import source_record, text_source
from recurra.runs.sources import Reading, labelled, running_text, vectors_path

if TYPE_CHECKING:
    from recurra.datasets.formats import FormatOptions
    from recurra.datasets.series_table import SeriesReading


@dataclass(frozen=True)
class FitOptions:
    """The options that all tasks share."""

    out: str
    cell: str
    epochs: int | None
    seed: int
    settings: list[str]
    fail_under: list[str]
    device: str
    threads: int
    resume: bool
    quiet: bool
    as_json: bool
    validation: float | None = None

    def held_out(self) -> dict[str, Any]:
        """Return the seed, and what validation holds out where that was said."""
        return {"random_state": self.seed} | ({} if self.validation is None else {"validation": self.validation})

    def changed(self, settings: Settings, task: Task) -> Settings:
        """Put the options into a task's settings.

        Raises UsageError for a bad one, for one that the task does not read, and for a device that is not there.
        """
        from recurra.devices import device_of

        changes: dict[str, Any] = read_settings(self.settings)
        changes |= {"cell": self.cell} if self.cell else {}
        changes |= {"epochs": self.epochs} if self.epochs else {}
        changes |= {"device": self.device} if self.device else {}
        changed = settings.changed(changes)
        check_read(changed, task, begun=settings)
        device_of(changed.training.device)
        return changed

    def folder(self, name: str) -> Path:
        """Make or find the run's folder."""
        if self.resume and not self.out:
            raise UsageError("--resume needs --out", advice="name the run to go on with")
        if self.resume and not Path(self.out).is_dir():
            raise UsageError(f"--resume: there is no run at {self.out}")
        return new_run(name, out=self.out, resume=self.resume)


def prepare_training(threads: int) -> None:
    """Raise the allocator's thresholds before torch is imported, shorten its threads' waiting, set their number."""
    keep_buffers()
    if threads:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        import torch

        torch.set_num_threads(threads)


def fit_text(
    files: Sequence[str], reading: Reading, common: FitOptions, *, test: str, vectors: str, wide: bool
) -> None:
    """Train a text classifier."""
    prepare_training(common.threads)
    from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
    from recurra.runs.text import prepare_rows, run_text

    gates = read_gates(common.fail_under, task="text")
    settings, table = common.changed(TEXT_SETTINGS, "text"), vectors_path(vectors)
    classifier = TextClassifier(vectors=table, wide=wide, config=settings, **common.held_out())
    train, held = labelled(files, reading, test=test)
    _check_labelled(train, held, files[0])
    prepared = prepare_rows(classifier, train)
    warn(prepared.warnings)
    if train.columns is not None and not (reading.text and reading.label):
        say(f"note: {train.columns}")
    out, title = common.folder(f"text-{_stem(files[0])}"), f"Texts of {_stem(files[0])}"
    _write_rejects(out, train)
    with progress(f"training on {len(train):,} texts → {out}", quiet=common.quiet) as watch:
        record = run_text(classifier, train, held, out=out, title=title, watch=watch, prepared=prepared)
    write_json(out / "source.json", source_record(files, reading, classifier.split_, train.columns))
    if classifier.coverage_ is not None:
        say(f"word vectors cover {100 * classifier.coverage_:.1f} % of the vocabulary")
    _tell(out, record, gates, as_json=common.as_json, told=prepared.warnings)


def fit_language(file: str, reading: Reading, common: FitOptions, *, tokens: str, vectors: str) -> None:
    """Train a language model."""
    prepare_training(common.threads)
    from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
    from recurra.estimators.language_rows import prepare_language
    from recurra.runs.language import cut_lines, run_language

    gates = read_gates(common.fail_under, task="language")
    text = running_text(file, reading)
    warn(text.warnings)
    if text.columns is not None and reading.text is None:
        say(f"note: {text.columns}")
    # WikiText comes tokenised, its capitals kept; --set and --tokens may still say otherwise.
    begun = LANGUAGE_SETTINGS.changed({"tokens": "space", "lowercase": False}) if text.test else LANGUAGE_SETTINGS
    settings, table = common.changed(begun, "language"), vectors_path(vectors)
    model = LanguageModel(tokens=tokens or None, vectors=table, config=settings, **common.held_out())
    parts = cut_lines(text.train, text.validation, text.test, share=share("--validation", model.validation))
    prepared = prepare_language(model, parts.train, parts.validation)
    warn(prepared.warnings)
    out, title = common.folder(f"language-{_stem(file)}"), f"The language of {_stem(file)}"
    with progress(f"training on {len(parts.train):,} lines → {out}", quiet=common.quiet) as watch:
        record = run_language(model, parts, out=out, title=title, watch=watch, prepared=prepared)
    write_json(out / "source.json", text_source(file, reading, lines=len(parts.train)))
    _tell(out, record, gates, as_json=common.as_json, told=prepared.warnings)


def fit_series(
    file: str,
    reading: SeriesReading,
    written: FormatOptions,
    common: FitOptions,
    *,
    horizon: int | None,
    window: int | None,
    season: int | None,
) -> None:
    """Train a forecaster."""
    prepare_training(common.threads)
    from recurra.estimators.series import SERIES_SETTINGS, Forecaster
    from recurra.runs.series import prepare_past, run_series, unseen
    from recurra.runs.tables import series_table

    gates = read_gates(common.fail_under, task="series")
    model = Forecaster(
        horizon=horizon,
        window=window,
        season=season,
        config=common.changed(SERIES_SETTINGS, "series"),
        **common.held_out(),
    )
    table = series_table(file, reading, unseen=unseen(model), **written)
    warn(table.warnings)
    prepared = prepare_past(model, table)
    out = common.folder(f"series-{_stem(file)}")
    title = f"training on {len(table.ids):,} series, {table.rows:,} values → {out}"
    with progress(title, quiet=common.quiet, every=20) as watch:
        name = f"Forecasts of {_stem(file)}"
        record = run_series(model, table, out=out, title=name, watch=watch, prepared=prepared)
    _tell(out, record, gates, as_json=common.as_json)


def _check_labelled(train: TextTable, test: TextTable | None, file: str) -> None:
    """Run every check that must come before hours of training."""
    warn(train.warnings)
    check_training_labels(train.labels, file=file)
    if train.rejects:
        say(f"{len(train.rejects)} rows rejected; they are listed in rejects.json")
    if train.empty:
        say(f"{train.empty} empty texts are kept as <empty>")
    if test is not None:
        warn(test.warnings)
        check_known_labels(sorted(set(train.labels or [])), test.labels or [], part="test")
        warn(duplicates_across(train.texts, test.texts))


def _write_rejects(out: Path, table: TextTable) -> None:
    if table.rejects:
        write_json(out / "rejects.json", [{"line": one.line, "reason": one.reason} for one in table.rejects])


def _tell(
    out: Path, record: dict[str, Any], gates: Mapping[str, float], *, as_json: bool, told: Sequence[str] = ()
) -> None:
    """Print the result and the warnings not yet told, then hold it against the quality gates."""
    evaluation = record["evaluation"]
    doubts = [*record.get("warnings", []), *evaluation.get("warnings", [])]
    warnings = [doubt for doubt in doubts if doubt not in told]
    notes = [note for note in record.get("notes", []) if note not in doubts]
    result = {
        "run": str(out),
        "artefact": str(out / "artefact"),
        "report": str(out / "report.html"),
        "best_epoch": record["best_epoch"],
        **({"evaluated_on": record["evaluated_on"]} if "evaluated_on" in record else {}),
        **record["history"][-1],
        "evaluation": {name: value for name, value in evaluation.items() if isinstance(value, int | float | str)},
        "rival": evaluation.get("rival"),
        **({"lost": evaluation["lost"]} if "lost" in evaluation else {}),
        "warnings": warnings,
        "notes": notes,
    }
    if as_json:
        emit_json(result)
    else:
        warn(warnings)
        for note in notes:
            say(f"note: {note}")
        for name in ("run", "artefact", "report", "best_epoch", "evaluated_on"):
            if name in result:
                print(f"{name:12} {result[name]}")
        for name, value in plain_figures(evaluation).items():
            print(f"{name:12} {value:.4f}" if isinstance(value, float) else f"{name:12} {value}")
        if evaluation.get("rival"):
            print(f"{'rival':12} {told_rival(evaluation['rival'])}")
        if "lost" in result:
            print(f"{'lost':12} {result['lost']}")
    check_gates(gates, evaluation)


def _stem(file: str) -> str:
    return Path(file).name.split(".")[0] or "stdin"
