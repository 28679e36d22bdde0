"""What the lab `language` observes: claims, each tested by figures that could refute it, and the conclusion.

Not here: measuring (language.py) and the page (language_page.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from recurra.labs.language_recipe import TITLES
from recurra.labs.record import mean
from recurra.report.blocks import Outcome, Verdict
from recurra.report.numbers import number, percent, spread

RECORDED_LOSS = 5.5
"""The record's final loss, whose unit it does not state; as a cross-entropy in nats it would be a perplexity of 245."""
NEAR = 0.25
"""Nats within which a measured loss counts as the recorded one."""
MARGIN = 0.01
"""Perplexities nearer than this share say nothing, whatever their order."""
MEMORY = 0.05
"""Share by which a memory beyond two words must lower the perplexity to count as used."""


def observations(record: dict[str, Any]) -> list[Verdict]:
    """Test every claim by the record's figures."""
    return [
        _recurrence(record),
        _best(record),
        _gates(record),
        _sigmoid(record),
        _memory(record),
        _loss(record),
        _output_layer(record),
    ]


def lower(first: Sequence[float], second: Sequence[float]) -> Outcome:
    """Tell whether all of `first` lie below all of `second`; undecided where they overlap or nearly agree."""
    if abs(mean(first) / mean(second) - 1) < MARGIN:
        return "undecided"
    if max(first) < min(second):
        return "reached"
    return "does not hold" if min(first) > max(second) else "undecided"


def _tests(record: dict[str, Any], *names: str) -> list[float]:
    return [value for name in names for value in record["cells"][name]["test_perplexities"]]


def _told(record: dict[str, Any], *names: str) -> str:
    """Tell cells with their test perplexities, such as `GRU 118.2 (117.9 … 118.6)`."""
    parts = []
    for name in names:
        found = _tests(record, name)
        seeds = f" ({spread(found, 1)})" if len(found) > 1 else ""
        parts.append(f"{TITLES[name]} {mean(found):.1f}{seeds}")
    return ", ".join(parts)


def _recurrence(record: dict[str, Any]) -> Verdict:
    rival = record["rival"]
    evidence = (
        f"Test perplexity: {_told(record, 'rnn')}; {rival['name']} {rival['perplexity']:.1f}. The trigram looks up "
        "counts of the two words before; the network has one vector of all that came before"
        + (", and word vectors that saw far more text than the trigram." if record["data"]["vectors"] else ".")
    )
    claim = "The record's recurrence predicts the next word better than counting three words at a time."
    return Verdict(claim, lower(_tests(record, "rnn"), [rival["perplexity"]]), evidence)


def _best(record: dict[str, Any]) -> Verdict:
    chosen, rival = record["chosen"], record["rival"]
    evidence = (
        f"Lowest on validation: {TITLES[chosen]}, {record['cells'][chosen]['val_perplexity']:.1f}. "
        f"On the test part: {_told(record, chosen)}; {rival['name']} {rival['perplexity']:.1f}."
    )
    claim = "The best recurrent network, chosen on validation, beats the trigram."
    return Verdict(claim, lower(_tests(record, chosen), [rival["perplexity"]]), evidence)


def _gates(record: dict[str, Any]) -> Verdict:
    outcome = lower(_tests(record, "gru", "lstm"), _tests(record, "rnn", "rnn_tanh"))
    weights = {name: record["cells"][name]["parameters"] / 1e6 for name in ("rnn", "gru", "lstm")}
    evidence = (
        f"Test perplexity: {_told(record, 'gru', 'lstm')}; {_told(record, 'rnn', 'rnn_tanh')}. Units, vectors and "
        f"epochs are the same, weights are not: {weights['rnn']:.2f}, {weights['gru']:.2f} and {weights['lstm']:.2f} "
        "million for RNN, GRU and LSTM, most of them in the table of words."
    )
    return Verdict("Gates help: GRU and LSTM lie below both simple networks.", outcome, evidence)


def _sigmoid(record: dict[str, Any]) -> Verdict:
    tanh_is_lower = lower(_tests(record, "rnn_tanh"), _tests(record, "rnn"))
    outcomes: dict[Outcome, Outcome] = {
        "reached": "does not hold",
        "does not hold": "reached",
        "undecided": "undecided",
    }
    evidence = (
        f"Test perplexity: {_told(record, 'rnn', 'rnn_tanh')}. σ never falls below zero and its slope is at most a "
        "quarter, so what goes back through time shrinks faster than with tanh. The record may mean any bounded "
        "function by σ."
    )
    return Verdict("The record's σ, read as the logistic sigmoid, beats tanh.", outcomes[tanh_is_lower], evidence)


def _memory(record: dict[str, Any]) -> Verdict:
    parts, gains = [], {}
    for name in ("rnn", record["chosen"]):
        told = record["cells"][name]["context"]
        by_length = dict(zip(told["lengths"], told["perplexities"], strict=True))
        longest = max(by_length)
        gains[name] = 1 - by_length[longest] / by_length.get(2.0, by_length[longest])
        parts.append(f"{TITLES[name]} {by_length.get(2.0, math.nan):.1f} → {by_length[longest]:.1f}")
    outcome: Outcome = "reached" if gains["rnn"] >= MEMORY else "does not hold" if gains["rnn"] < 0 else "undecided"
    evidence = (
        f"Perplexity when the state is forgotten every 2 → {longest:.0f} tokens: {'; '.join(dict.fromkeys(parts))} "
        f"(first {number(record['data']['context_tokens'])} tokens of validation, first seed). A state of zeros in "
        "mid-sentence is also strange to the network, which makes forgetting look somewhat worse than it is."
    )
    return Verdict("The record's recurrence remembers more than the two words a trigram sees.", outcome, evidence)


def _loss(record: dict[str, Any]) -> Verdict:
    kept = {name: cell["val_loss"] for name, cell in record["cells"].items()}
    gap, name, epoch, loss = min(
        (abs(one["val_loss"] - RECORDED_LOSS), name, one["epoch"], one["val_loss"])
        for name, cell in record["cells"].items()
        for history in cell["histories"]
        for one in history
    )
    near = [TITLES[name] for name, value in kept.items() if abs(value - RECORDED_LOSS) <= NEAR]
    evidence = (
        f"{RECORDED_LOSS} nats a word are a perplexity of {math.exp(RECORDED_LOSS):.0f}. Validation losses of the kept "
        f"epochs: {', '.join(f'{TITLES[name]} {value:.2f}' for name, value in kept.items())}; the trigram "
        f"{math.log(record['rival']['val_perplexity']):.2f}. Nearest on the way: {TITLES[name]} after epoch {epoch}, "
        f"{loss:.2f}. Within {NEAR} at the end: {', '.join(near) or 'none'}."
    )
    if near:
        outcome: Outcome = "reached" if len(near) == len(kept) else "undecided"
    else:
        outcome = "undecided" if gap <= NEAR else "does not hold"
    claim = f"The record's final loss of {RECORDED_LOSS} is what such a language model ends with."
    return Verdict(claim, outcome, evidence)


def _output_layer(record: dict[str, Any]) -> Verdict:
    told = record["output_layer"]
    kind = "over sampled words" if told["sampled"] else "over all words (so few words are not sampled)"
    evidence = (
        f"A training step of {number(told['tokens'])} tokens takes {told['step_seconds'] * 1000:.0f} ms; scoring "
        f"{kind}, forward and backward, is {percent(told['share'], 0)} of it. Over all words it would be "
        f"{percent(told['full_share'], 0)} "
        f"({told['full_output_seconds'] * 1000:.0f} ms for the scoring). Evaluation always scores all words."
    )
    return Verdict(
        "The output layer does not dominate a training step.",
        "reached" if told["share"] < 0.5 else "does not hold",
        evidence,
    )


def conclusion(record: dict[str, Any]) -> str:
    """Say what the figures say; able to disagree with what one would expect."""
    rival, chosen = record["rival"], record["chosen"]
    beats = {"reached": "beats", "does not hold": "does not beat", "undecided": "is about level with"}
    gates = {
        "reached": "Gates lower the perplexity",
        "does not hold": "Gates do not lower the perplexity",
        "undecided": "Gates do not clearly lower the perplexity",
    }[_gates(record).outcome]
    own = _loss(record).outcome
    reached = {"reached": "is", "undecided": "is only partly", "does not hold": "is not"}[own]
    return (
        f"The recurrence of the record, as a language model, {beats[_recurrence(record).outcome]} the trigram "
        f"({mean(_tests(record, 'rnn')):.1f} against {rival['perplexity']:.1f}). The best cell on validation, "
        f"{TITLES[chosen]}, {beats[_best(record).outcome]} it with {record['test_perplexity']:.1f}. {gates}: "
        f"{_told(record, 'gru', 'lstm')} beside {_told(record, 'rnn', 'rnn_tanh')}. A final loss of {RECORDED_LOSS}, "
        f"read as nats a word, {reached} what these networks end with."
    )
