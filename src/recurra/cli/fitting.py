"""`recurra fit …`: read, train with progress, tell where the run lies and how it did.

Not here: the options (app_fit.py), what each task makes of its rows (tasks/) and the run itself (runs/run.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.cli.console import emit_json, plain_figures, say, say_warnings, tell_rows, told_rival
from recurra.cli.gates import check_gates
from recurra.cli.progress import progress
from recurra.memory import keep_buffers
from recurra.runs.folder import write_json

if TYPE_CHECKING:
    from recurra.cli.fit_options import LearningChoices, RunChoices
    from recurra.tasks.task import Source


def prepare_training(threads: int) -> None:
    """Raise the allocator's thresholds before torch is imported, shorten its threads' waiting, set their number."""
    keep_buffers()
    if threads:
        # Libraries read it once, when they are loaded; so it stands there before torch is.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        import torch

        torch.set_num_threads(threads)


def fit_files(task: str, source: Source, learning: LearningChoices, run: RunChoices, **asked: Any) -> None:
    """Train the model that is `asked` for."""
    prepare_training(run.threads)
    from recurra.runs.run import run_task
    from recurra.tasks.task import made_ready

    # What can be refused without the rows comes first: a misspelt gate must not be told after hours.
    gates = learning.gates(task)
    estimator = learning.estimator(task, source.files[0], **asked)
    own, choices = estimator.task, estimator.asked()
    rows = own.read(source, choices)
    # Each warning is told before the next step may refuse the rows: it may be the reason.
    tell_rows(rows)
    ready = made_ready(own, choices, rows, source)
    say_warnings(ready.warnings)
    if rows.columns:
        say(f"note: {rows.columns}")
    stem = Path(source.files[0]).name.split(".")[0] or "stdin"
    # The folder is made only now: refused rows leave none behind.
    out = run.folder(f"{task}-{stem}")
    if rows.rejects:
        write_json(out / "rejects.json", [asdict(reject) for reject in rows.rejects])
    # About ten lines in a log, however many epochs there are.
    every = max(1, choices.settings.training.epochs // 10)
    with progress(f"training on {rows.counted} → {out}", quiet=run.quiet, every=every) as watch:
        title = own.head.run_title.format(stem)
        record = run_task(estimator, ready, out=out, title=title, watch=watch)
    if record.get("vector_coverage") is not None:
        say(f"word vectors cover {100 * record['vector_coverage']:.1f} % of the vocabulary")
    _tell(out, record, gates, as_json=run.json_, told=ready.prepared.warnings)


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
        # Single figures alone: tables and curves stand in report.json.
        "evaluation": {name: value for name, value in evaluation.items() if isinstance(value, int | float | str)},
        "rival": evaluation.get("rival"),
        **({"lost": evaluation["lost"]} if "lost" in evaluation else {}),
        "warnings": warnings,
        "notes": notes,
    }
    if as_json:
        emit_json(result)
    else:
        say_warnings(warnings)
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
    # Last: where a gate is missed, the run is saved and told all the same.
    check_gates(gates, evaluation)
