"""`recurra fit …`: read, train with progress, tell where the run lies and how it did.

Not here: the options (app_fit.py) and the runs themselves (runs/).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.arguments import share
from recurra.cli.gates import check_gates
from recurra.cli.output import emit_json, plain_figures, say, told_rival, warn
from recurra.cli.progress import progress
from recurra.datasets.texts import TextTable
from recurra.memory import keep_buffers
from recurra.runs.folder import write_json
from recurra.runs.provenance import series_source, source_record, text_source
from recurra.runs.sources import has_lines_apart, labelled, running_text

if TYPE_CHECKING:
    from recurra.cli.fit_options import LearningChoices, RunChoices
    from recurra.datasets.formats import FormatOptions, TextReading
    from recurra.datasets.series.table import SeriesReading


def prepare_training(threads: int) -> None:
    """Raise the allocator's thresholds before torch is imported, shorten its threads' waiting, set their number."""
    keep_buffers()
    if threads:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        import torch

        torch.set_num_threads(threads)


def fit_text(
    files: Sequence[str], reading: TextReading, learning: LearningChoices, run: RunChoices, *, test: str, **asked: Any
) -> None:
    """Train the text classifier that is `asked` for."""
    prepare_training(run.threads)
    from recurra.runs.text import check_parts, prepare_rows, run_text

    gates, classifier = learning.gates("text"), learning.classifier(**asked)
    train, held = labelled(files, reading, test=test)
    warn(train.warnings)
    if train.rejects:
        say(f"{len(train.rejects)} rows rejected; they are listed in rejects.json")
    if train.empty:
        say(f"{train.empty} empty texts are kept as <empty>")
    warn(check_parts(train, held, file=files[0]))
    prepared = prepare_rows(classifier, train)
    warn(prepared.warnings)
    if train.columns is not None and not (reading.text and reading.label):
        say(f"note: {train.columns}")
    out, title = run.folder(f"text-{_stem(files[0])}"), f"Texts of {_stem(files[0])}"
    _write_rejects(out, train)
    with progress(f"training on {len(train):,} texts → {out}", quiet=run.quiet) as watch:
        record = run_text(classifier, train, held, out=out, title=title, watch=watch, prepared=prepared)
    write_json(out / "source.json", source_record(files, reading, classifier.split_, train.columns))
    if classifier.coverage_ is not None:
        say(f"word vectors cover {100 * classifier.coverage_:.1f} % of the vocabulary")
    _tell(out, record, gates, as_json=run.json_, told=prepared.warnings)


def fit_language(file: str, reading: TextReading, learning: LearningChoices, run: RunChoices, **asked: Any) -> None:
    """Train the language model that is `asked` for."""
    prepare_training(run.threads)
    from recurra.estimators.language_rows import prepare_language
    from recurra.runs.language import cut_lines, run_language

    gates = learning.gates("language")
    # WikiText comes tokenised, and with parts of its own.
    model = learning.language_model(**asked, tokenised=has_lines_apart(file))
    text = running_text(file, reading)
    warn(text.warnings)
    parts = cut_lines(text.train, text.validation, text.test, share=share("--validation", model.validation))
    prepared = prepare_language(model, parts.train, parts.validation)
    warn(prepared.warnings)
    if text.columns is not None and reading.text is None:
        say(f"note: {text.columns}")
    out, title = run.folder(f"language-{_stem(file)}"), f"The language of {_stem(file)}"
    with progress(f"training on {len(parts.train):,} lines → {out}", quiet=run.quiet) as watch:
        record = run_language(model, parts, out=out, title=title, watch=watch, prepared=prepared)
    write_json(out / "source.json", text_source(file, reading, lines=len(parts.train)))
    _tell(out, record, gates, as_json=run.json_, told=prepared.warnings)


def fit_series(
    file: str,
    reading: SeriesReading,
    written: FormatOptions,
    learning: LearningChoices,
    run: RunChoices,
    **asked: Any,
) -> None:
    """Train the forecaster that is `asked` for."""
    prepare_training(run.threads)
    from recurra.runs.series import prepare_past, run_series, unseen
    from recurra.runs.sources import series_table

    gates, model = learning.gates("series"), learning.forecaster(**asked)
    table = series_table(file, reading, unseen=unseen(model), **written)
    warn(table.warnings)
    prepared = prepare_past(model, table)
    if table.note and not (reading.ds and (reading.y or reading.wide)):
        say(f"note: {table.columns}")
    out = run.folder(f"series-{_stem(file)}")
    title = f"training on {len(table.ids):,} series, {table.rows:,} values → {out}"
    with progress(title, quiet=run.quiet, every=20) as watch:
        name = f"Forecasts of {_stem(file)}"
        record = run_series(model, table, out=out, title=name, watch=watch, prepared=prepared)
    write_json(out / "source.json", series_source(file, reading, written, test=model.model_.horizon))
    _tell(out, record, gates, as_json=run.json_)


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
