"""What is measured of a tagger: spans found exactly, tokens tagged rightly, beside the most frequent tag of each word.

A span counts where its type and both its ends are right, as conlleval and seqeval count (Tjong Kim Sang & De Meulder
2003). Of tags that stand for themselves F1 is the mean over the tags.

Not here: the drawing (tell.py), what spans are (text/spans.py).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import name_list
from recurra.errors import DataError
from recurra.report.numbers import number
from recurra.tasks.heads.lost import Scored, lost
from recurra.tasks.heads.tags.run import RunningTagger, few_known
from recurra.tasks.inputs.tagged import TaggedRows
from recurra.tasks.task import Figures
from recurra.text.features import known_tokens
from recurra.text.spans import OUTSIDE, Scheme, spans

RIVAL = "most frequent tag of each word"
FORGOTTEN = "the sentences this tagger learnt from are not at hand: no rival is measured"
TOP = 20
"""Sentences of most mistakes that are told."""


def tag_figures(model: RunningTagger, rows: TaggedRows) -> Figures:
    """Measure a model by itself; raises DataError for no tokens, and for tags of which it knows none."""
    return _measured(model, rows)[0]


def judge_tags(model: RunningTagger, rows: TaggedRows, learnt: TaggedRows | None, tries: Sequence[str] = ()) -> Figures:
    """Measure a model beside the most frequent tag of each word, where the sentences `learnt` from are at hand."""
    figures, right = _measured(model, rows)
    if learnt is None:
        return {**figures, "notes": [FORGOTTEN]}
    started = time.perf_counter()
    wanted = rows.in_scheme(model.scheme).tags
    answers = frequent_tags(learnt.in_scheme(model.scheme), rows.tokens)
    other = counted_figures(wanted, answers, model.scheme)
    rival: Figures = {"name": RIVAL, **{name: other[name] for name in ("f1", "accuracy")}}
    seconds = {"seconds": round(time.perf_counter() - started, 1)}
    # F1 is no mean of rows: whether a difference is chance is asked of the tokens.
    plain = model.scheme == "plain"
    what = "accuracy" if plain else "span F1"
    key = "accuracy" if plain else "f1"
    parts = (right, _right(wanted, answers)) if plain else (None, None)
    own, best = Scored("Recurra", figures[key], parts[0]), Scored(f"the {RIVAL}", rival[key], parts[1])
    verdict = lost(what, own, [best], on=f"{number(figures['tokens'])} tokens",
        tries=[*tries, "more tagged sentences"], share=True)  # fmt: skip
    return {**figures, "rival": rival, "rivals": [rival | seconds], **verdict}


def _measured(model: RunningTagger, rows: TaggedRows) -> tuple[Figures, NDArray[np.bool_]]:
    wanted = rows.in_scheme(model.scheme).tags
    tokens = sum(map(len, wanted))
    if not tokens:
        raise DataError("no tokens to evaluate on")
    unknown = Counter(tag for tags in wanted for tag in tags if tag not in model.tags)
    if sum(unknown.values()) == tokens:
        allowed = name_list(model.tags)
        raise DataError("tags the model does not know", found=name_list([*unknown][:5]), allowed=allowed)
    answers, scores = model.tag(rows.tokens)
    right = _right(wanted, answers)
    record: Figures = {
        "task": "tags",
        "rows": len(wanted),
        "tokens": tokens,
        **counted_figures(wanted, answers, model.scheme),
        "loss": _loss(model, wanted, scores),
        "scheme": model.scheme,
        "hardest": _hardest(rows, wanted, answers),
        "warnings": _doubts(model, rows, unknown, tokens),
    }
    return record, right


def _doubts(model: RunningTagger, rows: TaggedRows, unknown: Counter[str], tokens: int) -> list[str]:
    told = few_known(sum(known_tokens(model.encoder, each) for each in rows.tokens), tokens)
    if unknown:
        count = sum(unknown.values())
        told.append(f"{count:,} tokens have tags that the model does not know: {name_list(sorted(unknown))}")
    return told


def _right(wanted: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    pairs = zip(wanted, answers, strict=True)
    return np.array([one == other for tags, said in pairs for one, other in zip(tags, said, strict=True)], np.bool_)


def _loss(model: RunningTagger, wanted: Sequence[Sequence[str]], scores: Sequence[NDArray[Any]]) -> float | None:
    """Mean of the tokens' losses in nats; None where no tag is known."""
    place = {tag: number for number, tag in enumerate(model.tags)}
    # Of a tag that it lacks a model has no probability, and its loss no bound.
    losses = [
        -float(logs[row, place[tag]])
        for tags, logs in zip(wanted, scores, strict=True)
        for row, tag in enumerate(tags)
        if tag in place
    ]
    return float(np.mean(losses)) if losses else None


def counted_figures(wanted: Sequence[Sequence[str]], answers: Sequence[Sequence[str]], scheme: Scheme) -> Figures:
    """Accuracy of tokens; precision, recall and F1 of spans, or of plain tags the means over them; and of each type."""
    things = _tags if scheme == "plain" else spans
    found = {"wanted": Counter[str](), "said": Counter[str](), "right": Counter[str]()}
    for tags, said in zip(wanted, answers, strict=True):
        truly, told = {*things(tags)}, {*things(said)}
        found["wanted"].update(one[0] for one in truly)
        found["said"].update(one[0] for one in told)
        found["right"].update(one[0] for one in truly & told)
    types = [
        {"type": kind, "spans": found["wanted"][kind], "predicted": found["said"][kind]}
        | _scores(found["right"][kind], found["said"][kind], found["wanted"][kind])
        for kind in sorted({*found["wanted"], *found["said"]})
    ]
    sums = [sum(found[name].values()) for name in ("right", "said", "wanted")]
    # Each token is one tag's: over all of them, precision and recall would be the accuracy once more.
    overall = _means(types) if scheme == "plain" else _scores(*sums)
    return {"accuracy": float(_right(wanted, answers).mean()), **overall, "by_type": types}


def _tags(tags: Sequence[str]) -> list[tuple[str, int]]:
    return [(tag, place) for place, tag in enumerate(tags)]


def _scores(right: int, said: int, wanted: int) -> dict[str, float]:
    # As conlleval: what was never said has precision 0, what never stood there recall 0.
    return {
        "precision": right / said if said else 0.0,
        "recall": right / wanted if wanted else 0.0,
        "f1": 2 * right / (said + wanted) if said + wanted else 0.0,
    }


def _means(types: Sequence[dict[str, Any]]) -> dict[str, float]:
    present = [one for one in types if one["spans"]]
    return {name: float(np.mean([one[name] for one in present])) for name in ("precision", "recall", "f1")}


def _hardest(
    rows: TaggedRows, wanted: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """The sentences with most wrong tokens, with what was said of them."""
    wrong = [sum(one != other for one, other in zip(*pair, strict=True)) for pair in zip(wanted, answers, strict=True)]
    told = []
    for row in np.argsort(-np.array(wrong), kind="stable")[:TOP]:
        if not wrong[row]:
            break
        mistakes = [
            f"{token}: {tag}, said {said}"
            for token, tag, said in zip(rows.tokens[row], wanted[row], answers[row], strict=True)
            if tag != said
        ]
        place = rows.lines[row] if rows.lines else int(row) + 1
        told.append(
            {"line": place, "wrong": wrong[row], "tokens": len(wanted[row]), "excerpt": "; ".join(mistakes)[:160]}
        )
    return told


def frequent_tags(learnt: TaggedRows, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
    """Tag each word as it was tagged most often; a new one as words that were met once."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for tokens, tags in zip(learnt.tokens, learnt.tags, strict=True):
        for token, tag in zip(tokens, tags, strict=True):
            counts[token][tag] += 1
    # Of equals the alphabetically first, so that every run takes the same one.
    best = {token: max(sorted(tags), key=tags.__getitem__) for token, tags in counts.items()}
    once = Counter(best[token] for token, tags in counts.items() if tags.total() == 1)
    new = max(sorted(once), key=once.__getitem__) if once else OUTSIDE
    return [[best.get(token, new) for token in tokens] for tokens in sentences]
