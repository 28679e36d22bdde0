"""The lab `language`: four cells learn WikiText-2 and are judged beside a trigram. Its claims and its drawings.

Not here: which nets there are (language_recipe.py), training and measuring them (language_nets.py), and the words of
the page (sheets/language.txt).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from recurra.config import NetConfig
from recurra.labs.lab import Lab, LabOptions, LabRecord, mean
from recurra.labs.language_nets import language_record, read_corpus, train_language
from recurra.labs.language_recipe import CELLS, FULL, NEEDED, PROMPTS, QUICK, TITLES, Recipe, order_of
from recurra.labs.page import network_blocks, step_blocks
from recurra.labs.sheet import fixed, sheet_named
from recurra.labs.verdicts import Judged, agree, count, reach
from recurra.nets.layouts import language_net
from recurra.nets.sequences import LanguageNet
from recurra.records import validated
from recurra.report.blocks import Block, Code
from recurra.report.charts.curves import Line, lines
from recurra.report.drawings.cells import recorded_rnn_equation
from recurra.report.numbers import number, percent, spread, tick

RECORDED_LOSS = 5.5
"""The record's final loss, whose unit it does not state; as a cross-entropy in nats it would be a perplexity of 245."""
MEMORY = 0.05
"""Share by which a memory beyond two words must lower the perplexity to count as used."""
SAME = 1e-4
"""How far states of about one may differ between float32 and the equation in float64, to be the same recurrence."""


_one = partial(fixed, decimals=1)


def _tests(record: LabRecord, *names: str) -> list[float]:
    """Test perplexities of some cells, a seed each; those of seeds that only this cell was trained from too."""
    further = record.get("further_seeds", {})
    return [value for name in names for value in [*record["cells"][name]["test_perplexities"], *further.get(name, [])]]


def _lower(record: LabRecord, names: Sequence[str], others: Sequence[str] = ()) -> Judged:
    """Ask whether all seeds of some cells lie below all seeds of others, or below the trigram."""
    # The trigram has no seeds: its one figure is a bound for all of them.
    against = _tests(record, *others) if others else record["rival"]["perplexity"]
    # The cell with the fewest seeds decides: further seeds of one cell make no comparison of several.
    seeds = min(len(_tests(record, name)) for name in (*names, *others))
    return reach(_tests(record, *names), "<", against, quick=record["quick"], seeds=seeds, write=_one)


def _kept(context: LabRecord) -> tuple[float, float]:
    """Return the perplexity with the state kept for two tokens, and for as long as was tried."""
    by_length = dict(zip(context["lengths"], context["perplexities"], strict=True))
    # Two tokens are what a trigram sees; a short validation part may not have been read that way.
    return by_length.get(2.0, math.nan), by_length[max(by_length)]


def _gain(context: LabRecord) -> float:
    """By what share perplexity falls when the state is kept for long instead of two tokens; 0 where it is unknown."""
    short, long = _kept(context)
    return 0.0 if math.isnan(short) else 1 - long / short


def _memory(record: LabRecord) -> Judged:
    gains = [_gain(context) for context in record["cells"]["rnn"]["contexts"]]
    return reach(gains, "≥", MEMORY, quick=record["quick"], write=percent)


def _loss(record: LabRecord) -> Judged:
    losses = record["cells"]["rnn"]["val_losses"]
    return agree(losses, RECORDED_LOSS, rounding=0.05, quick=record["quick"], write=lambda value: number(value, 2))


def _output_layer(record: LabRecord) -> Judged:
    timed = record["output_layer"]
    # Earlier records kept the median only, and one share decides nothing.
    shares = timed.get("shares", [timed["share"]])
    return reach(shares, "<", 0.5, quick=record["quick"], unit="timed steps", write=percent)


CLAIMS = {
    # The order is the sheet's; what each is held against stands in `_lower`.
    "recurrence": lambda record: _lower(record, ["rnn"]),
    "best": lambda record: _lower(record, [record["chosen"]]),
    "gates": lambda record: _lower(record, ["gru", "lstm"], ["rnn", "rnn_tanh"]),
    "sigmoid": lambda record: _lower(record, ["rnn"], ["rnn_tanh"]),
    "memory": _memory,
    "loss": _loss,
    "output_layer": _output_layer,
}
RESULTS = {
    "equation": lambda record: count(record["cells"]["rnn"]["equation_gap"], "≤", SAME, write=tick),
    "loss": _loss,
}


def _terms(record: LabRecord) -> dict[str, Any]:
    cells = record["cells"]
    # All epochs of all cells: the recorded loss may be one that another cell passed on its way.
    epochs = [
        {**epoch, "cell": name} for name, cell in cells.items() for history in cell["histories"] for epoch in history
    ]
    # The record's own cell, and the chosen one where that is another.
    contexts = {name: cells[name]["contexts"][0] for name in dict.fromkeys(("rnn", record["chosen"]))}
    expected = cells[record["chosen"]].get("next_words", {}).get(PROMPTS[0], [])
    return {
        "titles": TITLES,
        "models": [*map(cells.get, TITLES), record["rival"]],
        "prompts": PROMPTS,
        "ranked": lambda expected: f"{expected[0]}  {percent(expected[1], 1)}",
        "epochs": _epochs(record),
        "course": partial(_courses, record),
        "weights": lambda name: _plan(record, name).parameters,
        "same": SAME,
        "tests": partial(_tests, record),
        "beside": partial(_beside, record),
        "nearest": min(epochs, key=lambda epoch: abs(epoch["val_loss"] - RECORDED_LOSS)),
        "forgotten": [f"{TITLES[name]} {' → '.join(map(_one, _kept(told)))}" for name, told in contexts.items()],
        "expected": ", ".join(f"{word} {percent(share, 1)}" for word, share in expected[:3]),
    }


def _beside(record: LabRecord, *names: str) -> str:
    """Write cells with their test perplexities, such as `GRU 118.2 (117.9 … 118.6)`."""
    shown = {name: _tests(record, name) for name in names}
    return ", ".join(
        f"{TITLES[name]} {_one(mean(values))}{f' ({spread(values, 1)})' if len(values) > 1 else ''}"
        for name, values in shown.items()
    )


def _plan(record: LabRecord, name: str) -> LanguageNet:
    """Return the layers of one of the record's nets."""
    return language_net(validated(NetConfig, record["nets"][name]), words=record["data"]["words"])


def _network(record: LabRecord) -> list[Block]:
    """The record's own net, with the shapes of a training step."""
    net, settings, words = record["nets"]["rnn"], record["settings"], record["data"]["words"]
    size, hidden = net["embedding_size"], net["hidden"]
    step = f"{settings['streams']}, {settings['steps']}"
    layers = (
        ("embedding", "embedding", f"{number(words)} words", f"({step}, {size})"),
        ("recurrent", "recurrent", f"{hidden} units, σ", f"({step}, {hidden})"),
        ("projection", "dense", "to the vectors' size", f"({step}, {size})"),
        ("output", "tied", "scores by the same vectors", f"({step}, {words})"),
    )
    return network_blocks(_plan(record, "rnn"), layers, source="w")


def _gated_cells(record: LabRecord) -> list[Block]:
    return [block for name in ("lstm", "gru") for block in step_blocks(_plan(record, name).recurrent, TITLES[name])]


def _epochs(record: LabRecord) -> list[float]:
    return [epoch["epoch"] for epoch in record["cells"]["rnn"]["histories"][0]]


def _courses(record: LabRecord, name: str, key: str) -> Any:
    """One figure of a cell after each epoch: (seeds, epochs)."""
    return np.array([[epoch[key] for epoch in history] for history in record["cells"][name]["histories"]])


def _perplexities(record: LabRecord) -> str:
    """Validation perplexity over epochs for all cells, and the trigram's as a level."""
    epochs, rival = _epochs(record), record["rival"]
    curves = [_level(rival["name"], epochs, rival["val_perplexity"])]
    for name in CELLS:
        table = _courses(record, name, "val_perplexity")
        middle, low, high = (found.tolist() for found in (table.mean(axis=0), table.min(axis=0), table.max(axis=0)))
        # One seed has no band: a line of no width would be taken for certainty.
        band = (low, high) if len(table) > 1 else ()
        curves.append(Line(TITLES[name], epochs, middle, *band))
    return lines(*curves, x_label="epoch", y_label="validation perplexity", log=True, height=3.4)


def _level(name: str, x: Sequence[float], value: float) -> Line:
    return Line(name, x, [value] * len(x), dashed=True)


def _forgetting(record: LabRecord) -> str:
    contexts = {name: record["cells"][name]["contexts"][0] for name in CELLS}
    # Lengths double, so that their logarithms lie at even distances.
    powers = [math.log2(length) for length in contexts["rnn"]["lengths"]]
    return lines(
        _level(record["rival"]["name"], powers, record["rival"]["context_perplexity"]),
        *(Line(TITLES[name], powers, context["perplexities"]) for name, context in contexts.items()),
        x_label="tokens after which the state is forgotten, as a power of two",
        y_label="perplexity",
        log=True,
    )


def _samples(record: LabRecord) -> list[Block]:
    return [
        Code(sample["text"], f"{TITLES[name]}, after “{sample['prompt']}”, temperature {sample['temperature']:g}.")
        for name in CELLS
        for sample in record["cells"][name].get("samples", ())
    ]


def language_lab(recipe: Recipe | None = None) -> Lab:
    """Return the lab; `recipe` takes the place of the full and the quick one."""

    def sized(options: LabOptions) -> Recipe:
        return recipe or (QUICK if options.quick else FULL)

    return Lab(
        name="language",
        algorithm="RNN as a language model, back-propagation through time",
        sheet=sheet_named("language"),
        variants=lambda options: sized(options).variants(),
        prepare=lambda options: read_corpus(sized(options), options),
        train=train_language,
        compose=language_record,
        claims=CLAIMS,
        results=RESULTS,
        figures={
            "recorded_equation": lambda record: recorded_rnn_equation(),
            "network": _network,
            "gated_cells": _gated_cells,
            "perplexities": _perplexities,
            "forgetting": _forgetting,
            "samples": _samples,
        },
        terms=_terms,
        settings=lambda record: record["settings"],
        order=order_of,
        recorded={f"{TITLES['rnn']},": {"val_loss": "5.5 nats"}},
        needed=NEEDED,
    )


LAB = language_lab()
