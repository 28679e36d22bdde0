"""What the lab `language` observes: claims, each tested by figures that could refute it, and the conclusion.

Not here: measuring (language.py) and the page (language_page.py).
"""

from __future__ import annotations

import math
from typing import Any

from recurra.labs.language_recipe import TITLES
from recurra.labs.record import mean
from recurra.labs.verdicts import Judged, agree, count, observation, reach
from recurra.report.blocks import Outcome
from recurra.report.numbers import number, percent, spread, tick

Record = dict[str, Any]

RECORDED_LOSS = 5.5
"""The record's final loss, whose unit it does not state; as a cross-entropy in nats it would be a perplexity of 245."""
MEMORY = 0.05
"""Share by which a memory beyond two words must lower the perplexity to count as used."""
SAME = 1e-4
"""How far states of about one may differ between float32 and the equation in float64, to be the same recurrence."""


def judged(record: Record) -> Record:
    """Return the record with what the rule of verdicts says of its figures."""
    seen = {**record, "observations": observations(record)}
    return {**seen, "results": results(seen), "conclusion": conclusion(seen)}


def observations(record: Record) -> list[Record]:
    """Test every claim by the record's figures."""
    return [
        _recurrence(record), _best(record), _gates(record), _sigmoid(record), _memory(record), _loss(record),
        _output_layer(record),
    ]  # fmt: skip


def results(record: Record) -> dict[str, Record]:
    """The verdicts of the table that lays recorded beside measured."""
    told = {
        "equation": count(record["cells"]["rnn"]["equation_gap"], "≤", SAME, write=tick),
        "loss": _judged_loss(record),
    }
    return {name: {"verdict": judged.verdict, "rule": judged.rule} for name, judged in told.items()}


def tests_of(record: Record, *names: str) -> list[float]:
    """Test perplexities of some cells, a seed each; those of seeds that only this cell was trained from too."""
    further = record.get("further_seeds", {})
    return [value for name in names for value in [*record["cells"][name]["test_perplexities"], *further.get(name, [])]]


def _one(value: float) -> str:
    return number(float(value), 1)


def _told(record: Record, *names: str) -> str:
    """Tell cells with their test perplexities, such as `GRU 118.2 (117.9 … 118.6)`."""
    parts = []
    for name in names:
        values = tests_of(record, name)
        seeds = f" ({spread(values, 1)})" if len(values) > 1 else ""
        parts.append(f"{TITLES[name]} {_one(mean(values))}{seeds}")
    return ", ".join(parts)


def _lower(record: Record, names: tuple[str, ...], others: tuple[str, ...] = ()) -> Judged:
    """Ask whether all seeds of some cells lie below all seeds of others, or below the trigram."""
    against = tests_of(record, *others) if others else record["rival"]["perplexity"]
    seeds = min(len(tests_of(record, name)) for name in (*names, *others))
    return reach(tests_of(record, *names), "<", against, quick=record["quick"], seeds=seeds, write=_one)


def _recurrence(record: Record) -> Record:
    rival = record["rival"]
    return observation(
        "The record's recurrence predicts the next word better than counting three words at a time.",
        _lower(record, ("rnn",)),
        {
            "reached": "One vector of all that came before says more than counts of the two words before"
            + (
                ", with word vectors that saw far more text than the trigram." if record["data"].get("vectors") else "."
            ),
            "undecided": "Whether one vector of all that came before says more than counts of two words stays open.",
            "does not hold": "Counts of the two words before say more than what this network keeps in one vector.",
        },
        f"Test perplexity: {_told(record, 'rnn')}; {rival['name']} {_one(rival['perplexity'])}.",
    )


def _best(record: Record) -> Record:
    chosen, rival = record["chosen"], record["rival"]
    return observation(
        "The best recurrent network, chosen on validation, beats the trigram.",
        _lower(record, (chosen,)),
        {
            "reached": "It does from each seed.",
            "undecided": "Seeds are too few, or disagree.",
            "does not hold": "It does from no seed.",
        },
        f"Lowest on validation: {TITLES[chosen]}, {_one(record['cells'][chosen]['val_perplexity'])}. "
        f"On the test part: {_told(record, chosen)}; {rival['name']} {_one(rival['perplexity'])}.",
    )


def _gates(record: Record) -> Record:
    weights = {name: record["cells"][name]["parameters"] / 1e6 for name in ("rnn", "gru", "lstm")}
    told = ", ".join(f"{number(value, 2)} million" for value in weights.values())
    return observation(
        "Gates help: GRU and LSTM lie below both simple networks.",
        _lower(record, ("gru", "lstm"), ("rnn", "rnn_tanh")),
        {
            "reached": "A gate lets the state pass a step unchanged, and the gradient with it.",
            "undecided": "Some gated net lies above some simple one, or seeds are too few to tell.",
            "does not hold": "At this size and this many epochs a plain state serves as well.",
        },
        f"Test perplexity: {_told(record, 'gru', 'lstm')}; {_told(record, 'rnn', 'rnn_tanh')}. Units, vectors and "
        f"epochs are the same, weights are not: {told} for RNN, GRU and LSTM, most of them in the table of words.",
    )


def _sigmoid(record: Record) -> Record:
    return observation(
        "The record's σ, read as the logistic sigmoid, beats tanh.",
        _lower(record, ("rnn",), ("rnn_tanh",)),
        {
            "reached": "States between zero and one suit this task, though what goes back through time shrinks faster.",
            "undecided": "Which of the two learns more is left open by these seeds.",
            "does not hold": "σ never falls below zero and its slope is at most a quarter, so what goes back through "
            "time shrinks faster than with tanh. The record may mean any bounded function by σ.",
        },
        f"Test perplexity: {_told(record, 'rnn', 'rnn_tanh')}.",
    )


def _gains(contexts: list[Record]) -> list[float]:
    """By what share each seed's perplexity falls when its state is kept for long instead of two tokens."""
    gains = []
    for told in contexts:
        by_length = dict(zip(told["lengths"], told["perplexities"], strict=True))
        longest = by_length[max(by_length)]
        gains.append(1 - longest / by_length.get(2.0, longest))
    return gains


def _memory(record: Record) -> Record:
    contexts = record["cells"]["rnn"]["contexts"]
    told = []
    for name in dict.fromkeys(("rnn", record["chosen"])):
        first = record["cells"][name]["contexts"][0]
        by_length = dict(zip(first["lengths"], first["perplexities"], strict=True))
        told.append(f"{TITLES[name]} {_one(by_length.get(2.0, math.nan))} → {_one(by_length[max(by_length)])}")
    return observation(
        "The record's recurrence remembers more than the two words a trigram sees.",
        reach(_gains(contexts), "≥", MEMORY, quick=record["quick"], write=percent),
        {
            "reached": "Forgetting costs each seed, so the state carries more than two words.",
            "undecided": "Forgetting costs some seeds, or seeds are too few to tell.",
            "does not hold": "Forgetting costs hardly anything: the state carries no more than two words.",
        },
        f"Perplexity when the state is forgotten every 2 → {max(contexts[0]['lengths']):.0f} tokens: {'; '.join(told)} "
        f"(first {number(record['data']['context_tokens'])} tokens of validation, first seed). A state of zeros in "
        "mid-sentence is also strange to the network, which makes forgetting look somewhat worse than it is.",
    )


def _judged_loss(record: Record) -> Judged:
    losses = record["cells"]["rnn"]["val_losses"]
    return agree(losses, RECORDED_LOSS, rounding=0.05, quick=record["quick"], write=lambda value: number(value, 2))


def _loss(record: Record) -> Record:
    kept = {name: cell["val_loss"] for name, cell in record["cells"].items()}
    _, name, epoch, loss = min(
        (abs(one["val_loss"] - RECORDED_LOSS), name, one["epoch"], one["val_loss"])
        for name, cell in record["cells"].items()
        for history in cell["histories"]
        for one in history
    )
    return observation(
        f"The record's final loss of {RECORDED_LOSS} is what its recurrence, as a language model, ends with.",
        _judged_loss(record),
        {
            "agrees": "So the figure may come from a language model after all.",
            "undecided": "More seeds would tell.",
            "does not hold": "It ends elsewhere, and the sheet gives the figure for another network.",
        },
        f"{RECORDED_LOSS} nats a word are a perplexity of {math.exp(RECORDED_LOSS):.0f}. Validation losses of the kept "
        f"epochs: {', '.join(f'{TITLES[name]} {number(value, 2)}' for name, value in kept.items())}; the trigram "
        f"{number(math.log(record['rival']['val_perplexity']), 2)}. Nearest on the way: {TITLES[name]} after epoch "
        f"{epoch}, {number(loss, 2)}.",
    )


def _output_layer(record: Record) -> Record:
    told = record["output_layer"]
    kind = "over sampled words" if told["sampled"] else "over all words (so few words are not sampled)"
    shares = told.get("shares", [told["share"]])
    return observation(
        "The output layer does not dominate a training step.",
        reach(shares, "<", 0.5, quick=record["quick"], unit="timed steps", write=percent),
        {
            "reached": "Sampling keeps it below a half.",
            "undecided": "It is about a half, or too few steps were timed.",
            "does not hold": "It takes the larger part.",
        },
        f"A training step of {number(told['tokens'])} tokens takes {number(1000 * told['step_seconds'], 0)} ms; "
        f"scoring {kind}, forward and backward, is {percent(told['share'], 0)} of it. Over all words it would be "
        f"{percent(told['full_share'], 0)} ({number(1000 * told['full_output_seconds'], 0)} ms for the scoring). "
        "Evaluation always scores all words.",
    )


BEATS: dict[Outcome, str] = {
    "reached": "beats",
    "does not hold": "does not beat",
    "undecided": "is not shown to beat",
    "too little data to tell": "learnt from too little here to be held against",
}
GATES: dict[Outcome, str] = {
    "reached": "Gates lower the perplexity",
    "does not hold": "Gates do not lower the perplexity",
    "undecided": "That gates lower the perplexity is not shown",
    "too little data to tell": "Of gates this says nothing",
}
ENDS: dict[Outcome, str] = {
    "agrees": "is what this recurrence ends with",
    "undecided": "is not shown to be what this recurrence ends with",
    "does not hold": "is not what this recurrence ends with",
    "too little data to tell": "cannot be judged by so short a training",
}


def conclusion(record: Record) -> str:
    """Say what the verdicts say; able to disagree with what one would expect."""
    rival, chosen = record["rival"], record["chosen"]
    recurrence, best, gates, _, _, loss, _ = (row["verdict"] for row in record["observations"])
    return (
        f"The recurrence of the record, as a language model, {BEATS[recurrence]} the trigram "
        f"({_one(mean(tests_of(record, 'rnn')))} against {_one(rival['perplexity'])}). The best cell on validation, "
        f"{TITLES[chosen]}, {BEATS[best]} it ({_one(record['test_perplexity'])}). {GATES[gates]}: "
        f"{_told(record, 'gru', 'lstm')} beside {_told(record, 'rnn', 'rnn_tanh')}. A final loss of {RECORDED_LOSS}, "
        f"read as nats a word, {ENDS[loss]}."
    )
