"""Settings tried out: Optuna proposes them, each trial is one fit; validation after an epoch may end it early.

The study lies as SQLite in the run's folder: a search that was killed goes on with the next trial. The best trial's
model is kept as the artefact. Not here: the one fit (training/loop.py), printing (cli/), the page (trials.py).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from recurra.config import Settings
from recurra.errors import RecurraError, UsageError
from recurra.runs.compare import Follower
from recurra.runs.run import write_json
from recurra.tasks.inputs.texts import LabelledTexts
from recurra.training.progress import Record, Watch

STUDY = "study.db"
SCORE = "val_accuracy"
"""What is made as large as can be."""
USUAL = (
    "cell=gru,lstm", "hidden=32,64,128", "learning_rate=0.0005:0.01", "batch_size=16,32,64", "dropout=0.0:0.6",
    "embedding_dropout=0.0:0.5", "word_dropout=0.0:0.3", "adversarial=0.0,0.3,1.0",
)  # fmt: skip
"""What is searched where nobody says otherwise."""
AGAIN = 10.0
"""A range whose end is so many times its begin is searched by its logarithm."""


@dataclass(frozen=True)
class Range:
    """A setting and what it may be: one of `values`, or anything from `low` to `high`."""

    name: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: int = 1
    """Whole numbers are multiples of it."""

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that must be allowed, for all to be."""
        return self.values or (self.low, self.high)

    def drawn(self, trial: Any) -> Any:
        """Let a trial propose a value."""
        if self.values:
            # Optuna keeps choices as plain values; lists, such as poolings, are kept as JSON.
            return json.loads(trial.suggest_categorical(self.name, [json.dumps(value) for value in self.values]))
        wide = self.low > 0 and self.high / self.low >= AGAIN
        if isinstance(self.low, int) and isinstance(self.high, int):
            proposed = trial.suggest_int(self.name, self.low, self.high, log=wide)
            # Rounded here: Optuna has no steps where it draws by the logarithm.
            return max(-(-self.low // self.step), min(proposed, self.high) // self.step) * self.step
        # Four digits: more would only be noise to read, and to type again.
        return float(f"{trial.suggest_float(self.name, self.low, self.high, log=wide):.4g}")


def shared_evenly(ranges: Sequence[Range], settings: Settings) -> list[Range]:
    """Let widths be those that the heads of attention share evenly: of others no net can be laid out.

    Raises UsageError for a width in a list that is none of these, and for a range without any.
    """
    searched = {one.name: one for one in ranges}
    heads = searched["heads"].ends if "heads" in searched else (settings.net.heads,)
    both = "bidirectional" not in searched and settings.net.bidirectional
    step = math.lcm(*(head // math.gcd(head, 2 if both else 1) for head in map(int, heads)))
    if "attention" not in settings.net.pool or "pool" in searched or step == 1:
        return list(ranges)
    for one in ranges:
        found = [value for value in one.values if value % step] if one.name == "hidden" else []
        if found or (one.name == "hidden" and not one.values and one.high // step * step < one.low):
            allowed = f"multiples of {step}, which {' or '.join(map(str, heads))} heads share evenly"
            raise UsageError("--search hidden", found=str((found or [f"{one.low}:{one.high}"])[0]), allowed=allowed)
    return [replace(one, step=step) if one.name == "hidden" else one for one in ranges]


def failed(trials: Sequence[Mapping[str, Any]]) -> str:
    """Tell how many trials failed, and why the first did; empty where none has."""
    problems = [one["problem"] for one in trials if "problem" in one]
    counted = f"{len(problems)} of {len(trials)} trials failed" if problems else ""
    return f"{counted}, the first of them so: {problems[0]}" if problems else ""


def read_range(text: str) -> Range:
    """Read `key=a,b,c` or `key=low:high`; raises UsageError for what is neither."""
    name, found, told = text.partition("=")
    low, colon, high = told.partition(":")
    wrong = UsageError("--search", found=repr(text), allowed="key=low:high or key=a,b,c")
    if not found or not name.strip() or not told.strip():
        raise wrong
    if not colon:
        values = told if told.startswith("[") else f"[{','.join(map(_quoted, told.split(',')))}]"
        return Range(name.strip(), tuple(json.loads(values)))
    ends = [_number(low), _number(high)]
    if None in ends or not ends[0] < ends[1]:
        raise wrong
    return Range(name.strip(), low=ends[0], high=ends[1])


def _quoted(value: str) -> str:
    # A plain word, such as gru, is no JSON.
    plain = value.strip()
    return plain if _number(plain) is not None or plain in ("true", "false") else json.dumps(plain)


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        # nan and inf are no ends of a range.
        return number if abs(number) < float("inf") else None
    return None


@dataclass(frozen=True)
class Tuning:
    """A study: what is tried, and how each trial's estimator is made."""

    made: Callable[[Mapping[str, Any]], Any]
    ranges: Sequence[Range]
    learnt: LabelledTexts
    out: Path
    seed: int


def library() -> Any:
    """Return Optuna; raises UsageError where it is not installed."""
    try:
        optuna = import_module("optuna")
    except ImportError:
        raise UsageError("tune needs optuna", advice="pip install 'recurra[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def tune(tuning: Tuning, trials: int, follower: Follower, *, seconds: float = 0.0) -> list[dict[str, Any]]:
    """Try settings until so many trials are done, or so many seconds are over (0: no bound); return all trials."""
    optuna, began = library(), time.monotonic()
    study = _study(optuna, tuning)
    follower.expect(trials)
    follower.passed(len(_done(study)), sum(trial.user_attrs.get("seconds", 0.0) for trial in _done(study)))
    while len(_done(study)) < trials and not (seconds and time.monotonic() - began > seconds):
        trial = study.ask()
        chosen = {one.name: one.drawn(trial) for one in tuning.ranges}
        trial.set_user_attr("settings", chosen)
        with follower.watch(f"trial {trial.number + 1}") as watch:
            _try(optuna, study, tuning, trial, chosen, watch)
    told = [_told(trial) for trial in study.get_trials(deepcopy=False)]
    write_json(tuning.out / "trials.json", told)
    return told


def _study(optuna: Any, tuning: Tuning) -> Any:
    storage = f"sqlite:///{tuning.out / STUDY}"
    study = optuna.create_study(
        storage=storage,
        study_name="recurra",
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    )
    running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    for trial in running:
        # What ran when the search was killed has no result, and never will.
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    # Another seed after each stop: the first proposals would come again otherwise.
    study.sampler = optuna.samplers.TPESampler(seed=tuning.seed + 1000 * len(study.trials))
    return study


def _done(study: Any) -> list[Any]:
    """Trials with a result: those that were ended early, and failed fits, are some too; killed ones are none."""
    return [trial for trial in study.get_trials(deepcopy=False) if "seconds" in trial.user_attrs]


class _PrunedError(Exception):
    """Validation says that a trial is not worth its further epochs."""


def _try(optuna: Any, study: Any, tuning: Tuning, trial: Any, chosen: Mapping[str, Any], watch: Watch) -> None:
    started, states = time.perf_counter(), optuna.trial.TrialState
    history: list[Record] = []

    def on_epoch(record: Record) -> None:
        if watch.on_epoch:
            watch.on_epoch(record)
        history.append(record)
        trial.report(record[SCORE], int(record["epoch"]))
        if trial.should_prune():
            raise _PrunedError

    def tell(state: Any, value: float | None = None) -> None:
        trial.set_user_attr("history", [{key: row[key] for key in ("epoch", SCORE)} for row in history])
        trial.set_user_attr("seconds", round(time.perf_counter() - started, 1))
        study.tell(trial, value, state=state)

    try:
        estimator = tuning.made(chosen)
        prepared = estimator.task.prepare(estimator.asked(), tuning.learnt)
        estimator.fit_prepared(prepared, watch=Watch(on_step=watch.on_step, on_epoch=on_epoch))
    except _PrunedError:
        tell(states.PRUNED)
    except RecurraError as problem:
        # Such as a loss that is no longer finite: these settings are no good, others may be.
        trial.set_user_attr("problem", str(problem))
        tell(states.FAIL)
    else:
        score = max(row[SCORE] for row in history)
        best = all(score > other.value for other in study.get_trials(deepcopy=False, states=(states.COMPLETE,)))
        tell(states.COMPLETE, score)
        if best:
            estimator.save(tuning.out / "artefact")
            write_json(tuning.out / "best.json", {"trial": trial.number + 1, SCORE: score, "settings": dict(chosen)})


def _told(trial: Any) -> dict[str, Any]:
    """Return a trial as plain JSON."""
    history = trial.user_attrs.get("history", [])
    states = {"COMPLETE": "done", "PRUNED": "ended early", "FAIL": "failed"}
    return {
        "trial": trial.number + 1,
        "state": states.get(trial.state.name, "running") if "seconds" in trial.user_attrs else "killed",
        "score": max((row[SCORE] for row in history), default=None),
        "epochs": len(history),
        "seconds": trial.user_attrs.get("seconds"),
        "settings": trial.user_attrs.get("settings", {}),
        "history": history,
        **({"problem": trial.user_attrs["problem"]} if "problem" in trial.user_attrs else {}),
    }
