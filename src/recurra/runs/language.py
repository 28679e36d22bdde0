"""A run of language modelling: fit, save, measure perplexity beside the trigram, write samples and the report.

Not here: reading files and printing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.baselines.kneser_ney import fit_kneser_ney
from recurra.errors import DataError, either
from recurra.estimators.language import LanguageModel
from recurra.estimators.language_rows import PreparedLanguage, prepare_language
from recurra.report.numbers import number
from recurra.runs.learning import finished, learnt
from recurra.tasks.heads.lost import VECTORS, Scored, learning_on, lost
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.stream import stream_ids
from recurra.training.progress import Watch

TRIGRAM = "Kneser-Ney trigram"
TEST = 0.05
"""Share of the lines held out to be measured on."""


@dataclass(frozen=True)
class Parts:
    """Lines to learn from, to choose on, and to measure on."""

    train: list[str]
    validation: list[str]
    test: list[str]


def cut_lines(train: list[str], validation: list[str] | None, test: list[str] | None, *, share: float = TEST) -> Parts:
    """Hold out what was not given: the last twentieth of the lines is the test part, a `share` before it validation.

    Raises DataError where too few lines are left to learn from.
    """
    needed = 1 + (validation is None and share > 0) + (test is None)
    if len(train) < needed:
        found = f"{len(train)} lines"
        raise DataError("too few lines to learn from and to hold parts out", found=found, allowed=f"{needed} or more")
    rows = len(train)
    if test is None:
        train, test = _without_end(train, int(rows * TEST + 1e-9))
    if validation is None and share:
        train, validation = _without_end(train, int(rows * share + 1e-9))
    return Parts(train, validation or [], test)


def _without_end(lines: list[str], held: int) -> tuple[list[str], list[str]]:
    held = min(max(1, held), len(lines) - 1)
    return lines[:-held], lines[-held:]


def run_language(
    model: LanguageModel,
    parts: Parts,
    *,
    out: Path,
    title: str,
    watch: Watch,
    prompt: str = "the",
    prepared: PreparedLanguage | None = None,
) -> dict[str, Any]:
    """Do the whole run; `prepared` are the lines where they have been prepared already."""
    prepared = prepared or prepare_language(model, parts.train, parts.validation)
    run = learnt(model, prepared, out=out, title=title, watch=watch)
    pretrained = [] if model.vectors or model.model_.encoder.config.tokens == "character" else [either(*VECTORS)]
    tries = [*learning_on(model.history_, model.best_epoch_), *pretrained]
    record = {
        **run,
        "evaluation": evaluate_language(model.model_, parts, prompt, tries=tries),
        "warnings": model.warnings_,
        "notes": model.warnings_,
    }
    return finished(record, out=out, learnt_from=f"{len(parts.train):,} lines")


def evaluate_language(
    model: RunningLanguage, parts: Parts, prompt: str, *, tries: Sequence[str] = ()
) -> dict[str, Any]:
    """Exact test perplexity beside the trigram's on the same tokens, and a sample."""
    own = model.figures(parts.test)
    started = time.perf_counter()
    beside = with_trigram(own, model, parts.train, parts.test, tries)
    seconds = {"seconds": round(time.perf_counter() - started, 1)}
    samples = [{"prompt": prompt, "text": model.generate(prompt, tokens=60, seed=seed)} for seed in range(3)]
    return {**beside, "rivals": [other | seconds for other in beside["rivals"]], "samples": samples}


def with_trigram(
    figures: dict[str, Any], model: RunningLanguage, train: list[str], test: list[str], tries: Sequence[str] = ()
) -> dict[str, Any]:
    """Join a model's figures on `test` with the trigram's, which learns from `train`, and whether the model lost.

    `tries` may help besides more units and a longer text.
    """
    perplexity = trigram_perplexity(model, train, test)
    other = {"name": TRIGRAM, "perplexity": perplexity}
    hidden = 2 * model.plan.recurrent.hidden
    larger = either(f"`--set hidden={hidden}`", f"`hidden={hidden}`")
    own, rival = Scored("Recurra", figures["perplexity"]), Scored(f"the {TRIGRAM}", perplexity)
    on = f"{number(figures['tokens'])} tokens"
    told = lost("perplexity", own, [rival], on=on, tries=[*tries, larger, "a longer text"])
    return {**figures, "rival": other, "rivals": [other], **told}


def trigram_perplexity(model: RunningLanguage, train: list[str], test: list[str]) -> float:
    """Perplexity of an interpolated modified Kneser-Ney trigram with the same tokens and vocabulary."""
    rival = fit_kneser_ney(stream_ids(train, model.encoder), words=len(model.encoder.vocabulary))
    ids = stream_ids(test, model.encoder)
    return rival.perplexity(ids[1:], context=ids[:1].tolist())
