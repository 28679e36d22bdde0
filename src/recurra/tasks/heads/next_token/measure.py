"""What is measured of a language model: exact perplexity beside a trigram's on the same tokens, and samples.

Not here: the formulas (metrics.py, baselines/kneser_ney.py) and the drawing (tell.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from recurra.baselines.kneser_ney import fit_kneser_ney
from recurra.errors import UsageError, either
from recurra.report.numbers import number
from recurra.tasks.heads.lost import Scored, lost
from recurra.tasks.heads.next_token.run import RunningLanguage

TRIGRAM = "Kneser-Ney trigram"
FORGOTTEN = "the text this model learnt from is not at hand: no trigram is measured"
PROMPT = "the"
"""What samples begin with."""


def judge_tokens(
    model: RunningLanguage, lines: list[str], learnt: list[str] | None, tries: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure a model on lines, beside a trigram of the lines `learnt` from where those are at hand.

    `tries` may help besides more units and a longer text.
    """
    figures = model.figures(lines)
    if learnt is None:
        return {**figures, "notes": [FORGOTTEN]}
    started = time.perf_counter()
    perplexity = trigram_perplexity(model, learnt, lines)
    other = {"name": TRIGRAM, "perplexity": perplexity}
    seconds = round(time.perf_counter() - started, 1)
    hidden = 2 * model.plan.recurrent.hidden
    larger = either(f"`--set hidden={hidden}`", f"`hidden={hidden}`")
    own, rival = Scored("Recurra", figures["perplexity"]), Scored(f"the {TRIGRAM}", perplexity)
    on = f"{number(figures['tokens'])} tokens"
    verdict = lost("perplexity", own, [rival], on=on, tries=[*tries, larger, "a longer text"])
    return {**figures, "rival": other, "rivals": [{**other, "seconds": seconds}], **verdict}


def samples(model: RunningLanguage) -> dict[str, Any]:
    """Texts that the model writes by itself, for a report; none of a model that reads backward."""
    if model.plan.direction == "backward":
        return {}
    # Fixed seeds: the same model gives the same report.
    texts = [model.generate(PROMPT, tokens=60, seed=seed) for seed in range(3)]
    return {"samples": [{"prompt": PROMPT, "text": text} for text in texts]}


def dynamic_figures(model: RunningLanguage, lines: Sequence[str]) -> dict[str, Any]:
    """Measure a model that goes on learning from the lines it has scored: `figures` with `dynamic_` before each name.

    Raises UsageError where torch is not installed, or the model answers in int8.
    """
    try:
        from recurra.tasks.heads.next_token.dynamic import dynamic_scores
    except ModuleNotFoundError:
        # The only figure that needs it: all others are answers.
        advice = "pip install 'recurra[train]', or leave it out"
        raise UsageError("dynamic evaluation learns, which needs torch", advice=advice) from None
    ids = model.stream(lines)
    figures = model.figures_of(lines, ids, dynamic_scores(model, ids))
    return {f"dynamic_{name}": figures[name] for name in ("perplexity", "loss", "bits_per_byte") if name in figures}


def trigram_perplexity(model: RunningLanguage, train: list[str], test: list[str]) -> float:
    """Perplexity of an interpolated modified Kneser-Ney trigram with the same tokens and vocabulary."""
    # The model's own tokens and vocabulary: perplexities over different words cannot be compared.
    rival = fit_kneser_ney(model.stream(train), words=len(model.encoder.vocabulary))
    ids = model.stream(test)
    # The net has nothing before the first token and does not predict it; the trigram gets it as context alone.
    return rival.perplexity(ids[1:], context=ids[:1].tolist())
