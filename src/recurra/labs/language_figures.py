"""The pictures, tables and samples of the lab `language`.

Not here: words and verdicts (language_page.py, language_observations.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.config import NetConfig, validated
from recurra.labs.language_recipe import CELLS, PROMPTS, TITLES
from recurra.labs.sheet import network_blocks, step_blocks
from recurra.nets.run import LanguageNet, language_net
from recurra.report.blocks import Block, Code, Figure, Paragraph, Table
from recurra.report.charts import Line, lines
from recurra.report.equations import recorded_rnn_equation
from recurra.report.numbers import Cell, number, percent


def plan_of(record: dict[str, Any], name: str) -> LanguageNet:
    """Return the layers of one of the record's nets."""
    return language_net(validated(NetConfig, record["nets"][name]), words=record["data"]["words"])


def network_section_blocks(record: dict[str, Any]) -> list[Block]:
    """The equation as recorded and as built, drawings with the real shapes, and the summary table."""
    return [
        recorded_rnn_equation("As recorded, headed “language model using RNN”."),
        Paragraph(
            "The subscript k numbers the layers: layer k at time t would read layer k − 1 at time t − 1. Read so, no "
            "state would reach itself again and the network would forget after k steps, so it is taken for a slip or "
            "for the step; with one layer there is nothing to tell apart, and it is dropped. From here on x with the "
            "index t is the word's vector e, W its weights, and U those of the state before:"
        ),
        *network_blocks(plan_of(record, "rnn"), _drawn(record, "rnn"), source="w"),
        Paragraph(
            "Each word w is looked up as its vector e; the state is projected back to a vector's size, and every "
            "word is scored by its own vector, so that input and output share one table (Press & Wolf 2017). The other "
            "cells take the recurrence's place, all else is the same."
        ),
        *(block for name in ("lstm", "gru") for block in step_blocks(plan_of(record, name).recurrent, TITLES[name])),
        _weights(record),
    ]


def _drawn(record: dict[str, Any], name: str) -> list[tuple[str, str, str, str]]:
    """The rows of the unrolled drawing, with the shapes of a training step."""
    net, settings, words = record["nets"][name], record["settings"], record["data"]["words"]
    streams, steps = settings["streams"], settings["steps"]
    size, hidden = net["embedding_size"], net["hidden"]
    return [
        ("embedding", "embedding", f"{number(words)} words", f"({streams}, {steps}, {size})"),
        ("recurrent", "recurrent", f"{hidden} units, σ", f"({streams}, {steps}, {hidden})"),
        ("projection", "dense", "to the vectors' size", f"({streams}, {steps}, {size})"),
        ("output", "tied", "scores by the same vectors", f"({streams}, {steps}, {words})"),
    ]


def _weights(record: dict[str, Any]) -> Table:
    """Parameters by layer, a cell a row."""
    rows: list[tuple[Cell, ...]] = []
    for name in CELLS:
        layers = {layer: spec.parameters for layer, spec in plan_of(record, name).layers().items()}
        rows.append((TITLES[name], *layers.values(), sum(layers.values())))
    return Table(("cell", *layers, "sum"), tuple(rows), "Parameters of each layer, for each cell.")


def curve_blocks(record: dict[str, Any]) -> list[Block]:
    """Validation perplexity over epochs for all cells, and what forgetting costs each."""
    cells, several = record["cells"], record["seeds"] > 1
    epochs = [one["epoch"] for one in cells["rnn"]["histories"][0]]
    drawn = lines(
        _level(record["rival"]["name"], epochs, record["rival"]["val_perplexity"]),
        *(_course(TITLES[name], epochs, cells[name]["histories"]) for name in CELLS),
        x_label="epoch",
        y_label="validation perplexity",
        log=True,
        height=3.4,
    )
    band = " Lines are means, bands the range of the seeds." if several else ""
    return [
        Figure(drawn, f"Exact validation perplexity over epochs, beside the trigram's.{band}"),
        _losses(record, epochs),
        _forgetting(record),
    ]


def _course(name: str, epochs: Sequence[float], histories: Sequence[Sequence[dict[str, float]]]) -> Line:
    table = np.array([[one["val_perplexity"] for one in history] for history in histories])
    middle, low, high = (found.tolist() for found in (table.mean(axis=0), table.min(axis=0), table.max(axis=0)))
    return Line(name, epochs, middle, low, high) if len(table) > 1 else Line(name, epochs, middle)


def _level(name: str, x: Sequence[float], value: float) -> Line:
    return Line(name, x, [value] * len(x), dashed=True)


def _losses(record: dict[str, Any], epochs: Sequence[float]) -> Table:
    """Validation loss in nats after each epoch: what the record's 5.5 would be compared with."""
    courses = {
        name: np.mean([[one["val_loss"] for one in history] for history in record["cells"][name]["histories"]], axis=0)
        for name in CELLS
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (str(epoch), *(float(course[row]) for course in courses.values())) for row, epoch in enumerate(epochs)
    )
    caption = "Validation loss after each epoch, in nats a word (cross-entropy; its exponential is the perplexity)."
    return Table(("epoch", *(TITLES[name] for name in CELLS)), rows, caption)


def _forgetting(record: dict[str, Any]) -> Figure:
    told = {name: record["cells"][name]["contexts"][0] for name in CELLS}
    powers = [math.log2(length) for length in told["rnn"]["lengths"]]
    drawn = lines(
        _level(record["rival"]["name"], powers, record["rival"]["context_perplexity"]),
        *(Line(TITLES[name], powers, found["perplexities"]) for name, found in told.items()),
        x_label="tokens after which the state is forgotten, as a power of two",
        y_label="perplexity",
        log=True,
    )
    caption = (
        "How far back each cell looks: perplexity when the state is set back to zero every 1, 2, 4, … tokens "
        f"(first {number(record['data']['context_tokens'])} tokens of validation, first seed)."
    )
    return Figure(drawn, caption)


def score_table(record: dict[str, Any]) -> Table:
    """The cells and the trigram on the same tokens."""
    rows = [_scores(record["cells"][name]) for name in CELLS]
    rival = record["rival"]
    loss = math.log(rival["perplexity"])
    rows.append(
        (rival["name"], rival["perplexity"], loss, rival["val_perplexity"], None, None, round(rival["seconds"], 1))
    )
    header = ("model", "test perplexity", "test loss, nats", "validation", "kept epochs", "parameters", "seconds")
    caption = (
        f"All words scored exactly, <eos> counted, the same {number(record['data']['test'] - 1)} test tokens for all. "
        "“Validation” is the perplexity of the kept epoch; seconds are those of training one net."
    )
    return Table(header, tuple(rows), caption)


def _scores(cell: dict[str, Any]) -> tuple[Cell, ...]:
    kept = ", ".join(str(epoch) for epoch in cell["best_epochs"])
    return (
        cell["title"], cell["test_perplexity"], cell["test_loss"], cell["val_perplexity"], kept, cell["parameters"],
        round(cell["seconds"], 1),
    )  # fmt: skip


def sample_blocks(record: dict[str, Any]) -> list[Block]:
    """What each cell expects after the prompts, and writes after the first of them."""
    blocks: list[Block] = [
        *_next_words(record),
        Paragraph(
            "What each network writes, word by word drawn by its own probabilities; a temperature below 1 prefers "
            "the likely words. <unk> is never drawn, a new line is a drawn <eos>."
        ),
    ]
    for name in CELLS:
        for sample in record["cells"][name]["samples"]:
            caption = f"{TITLES[name]}, after “{sample['prompt']}”, temperature {sample['temperature']:g}."
            blocks.append(Code(sample["text"], caption))
    return blocks


def _next_words(record: dict[str, Any]) -> list[Block]:
    """Next-word probabilities of the prompts for each cell and the trigram."""
    blocks: list[Block] = []
    told = {TITLES[name]: record["cells"][name]["next_words"] for name in CELLS}
    told[record["rival"]["name"]] = record["rival"]["next_words"]
    for prompt in PROMPTS:
        ranks = range(len(next(iter(told.values()))[prompt]))
        rows = tuple(
            (
                str(rank + 1),
                *(f"{found[prompt][rank][0]}  {percent(found[prompt][rank][1], 1)}" for found in told.values()),
            )
            for rank in ranks
        )
        blocks.append(Table(("", *told), rows, f"The most probable words after “{prompt}”, first seed."))
    return blocks
