"""The page of the lab `sentiment`: every line of the record beside what was measured.

Not here: measuring (sentiment.py), verdicts (sentiment_observations.py), pictures and tables (sentiment_figures.py).
"""

from __future__ import annotations

import json
from typing import Any

from recurra.config import NetConfig
from recurra.labs.program import program_blocks, program_steps
from recurra.labs.record import Head
from recurra.labs.sentiment_figures import (
    curve_blocks,
    data_blocks,
    experiment_table,
    facts_block,
    gradient_blocks,
    ladder_blocks,
    reading_block,
    sample_blocks,
    word_blocks,
)
from recurra.labs.sheet import QUICK_NOTE, LabPage, lab_report, network_blocks, output_text
from recurra.labs.verdicts import RULE, observation_block
from recurra.nets.run import classifier_net
from recurra.report.blocks import Block, Code, Compared, Comparison, Paragraph
from recurra.report.equations import recorded_rnn_equation
from recurra.report.numbers import number, percent, points, spread, spread_of_shares
from recurra.report.page import Report

Record = dict[str, Any]

MADE_UP_NOTE = (
    "Learnt offline, on short reviews made up by a grammar and without GloVe: the page shows how the lab works, and "
    "says nothing of IMDB."
)

OBJECTIVES = (
    "Understand how a recurrent network works in natural language processing.",
    "Classify the sentiment of IMDB reviews in two classes.",
    "Use pre-trained word embeddings to improve the model.",
)


def page(record: Record, head: Head) -> Report:
    """Compose the page from the record of `measure`."""
    notes = [MADE_UP_NOTE] if record["made_up"] else []
    notes += [QUICK_NOTE] if record["quick"] else []
    subtitle = "A simple RNN on IMDB with pre-trained word embeddings: recorded beside measured."
    parts = LabPage(
        aim="Implement an RNN model with the IMDB data set.",
        objective=OBJECTIVES,
        algorithm=_algorithm(),
        data=_data(record),
        pseudocode=[step.title for step in program_steps("sentiment")],
        program=_program(),
        network=_network(record),
        training=_training(record),
        curves=curve_blocks(record),
        result=_result(record),
        observations=_observations(record),
        conclusion=record["conclusion"],
    )
    titles = ("Sentiment of film reviews", " ".join([subtitle, *notes]))
    return lab_report(titles, parts, record, head=head, settings=_flat(record["settings"]["literal"]))


def _algorithm() -> list[Block]:
    return [
        Paragraph(
            "A review is read word by word. Each word's vector e and the state h of what was read before make the new "
            "state; from the last state a dense layer tells the label. Back-propagation through time adjusts all "
            "weights, the word vectors among them."
        ),
        recorded_rnn_equation(
            "As the record writes it. The index k is the layer, or a slip of the pen; with one layer it is dropped. "
            "From here on x with the index t is the word's vector e, W its weights, and U those of the state before."
        ),
    ]


def _data(record: Record) -> list[Block]:
    if record["made_up"]:
        return [Paragraph(MADE_UP_NOTE), *data_blocks(record)]
    return [
        Paragraph(
            "IMDB (Maas et al. 2011): film reviews, half of them negative. Validation holds out whole films of the "
            "training half, so that no film is on both sides; training reviews whose text occurs in the test half, "
            f"{number(record['data']['dropped'])} of them, are left out."
        ),
        *data_blocks(record),
    ]


def _program() -> list[Block]:
    return [
        Paragraph(
            "The steps as runnable code, with public names only: the literal net, and nothing else. The lab writes the "
            "same into its folder as `program.py` and as `program.ipynb`."
        ),
        *program_blocks("sentiment"),
    ]


NETWORKS = {
    "literal": "The record's own net: one direction, and only the last state is read.",
    "gru": "The GRU of the ladder: both directions, and all states are read.",
    "recipe": "The product's own net: both directions, and all states are read.",
}


def _network(record: Record) -> list[Block]:
    blocks: list[Block] = []
    for name, settings in record["settings"].items():
        net = NetConfig.model_validate_json(json.dumps(settings["net"]))
        step = next(step for step in record["ladder"] if step["step"] == name)
        plan = classifier_net(net, words=step["words"], labels=2)
        directions = "both directions, " if net.bidirectional else "one direction, "
        vectors = "from random vectors" if record["made_up"] else "GloVe, learned further"
        drawn = (
            ("embedding", "embedding", vectors, f"(tokens, {plan.embedding.size})"),
            ("recurrent", "recurrent", f"{directions}{net.hidden} units", f"(tokens, {plan.recurrent.outputs})"),
            ("pooling", "pooling", " + ".join(net.pool), f"(reviews, {plan.pooling.outputs})"),
            ("dense", "dense", "two classes", "(reviews, 2)"),
        )
        blocks += [Paragraph(NETWORKS[name]), *network_blocks(plan, drawn, source="w")]
    return blocks


def _training(record: Record) -> list[Block]:
    literal = record["literal"]
    return [
        Paragraph(
            f"The literal net learns for {literal['epochs']} epochs, {record['seeds']} seed(s). What the record leaves "
            "open is read so:"
        ),
        facts_block(record),
        Paragraph(
            "Validation chooses the epoch that is kept; training goes on to the end of the curve, because the record's "
            "training accuracy and loss are those of its end. From there a ladder of steps, each of which changes one "
            "thing of the step before, leads to the product's own recipe. The gated steps are two answers to the same "
            "step; the last one changes several things at once: up to 600 words, of longer reviews both ends; "
            "attention beside mean and maximum; the adversarial step; batches of 64; and a learning rate that rises "
            "to 0.003 and falls. Steps after the first stop earlier, since validation keeps an early epoch."
        ),
        *ladder_blocks(record),
    ]


def _result(record: Record) -> list[Block]:
    literal, results = record["literal"], record["results"]
    last = "Last epoch; the mean over its batches, as training goes on."
    rows = [
        Compared(
            "training accuracy, literal net", "96 %", percent(literal["train_accuracy"]["mean"]),
            spread_of_shares(literal["train_accuracy"]["by_seed"]), results["train_accuracy"]["verdict"], last,
        ),
        Compared(
            "training loss, literal net", "0.09", number(literal["train_loss"]["mean"], 3),
            spread(literal["train_loss"]["by_seed"], 3), results["train_loss"]["verdict"], last,
        ),
        *(_unrecorded(what, literal[key], note) for what, key, note in LITERAL_ROWS),
        *(
            _unrecorded(f"test accuracy, {step['title']}", step["test_accuracy"], "")
            for step in record["ladder"]
            if step["step"] in ("gru", "recipe", "wide")
        ),
        Compared(f"rival: {record['rival']['name']}", None, percent(record["rival"]["accuracy"]), "1 fit"),
        Compared("majority", None, percent(record["majority"])),
    ]  # fmt: skip
    return [
        Comparison(tuple(rows), "What the record states beside what was measured today."),
        *_against_rival(record),
        Code(output_text(summary(record)), "Output: what the command prints."),
        _try_it(record),
        reading_block(record),
        *sample_blocks(record),
    ]


def _try_it(record: Record) -> Code:
    """Show how to ask the nets that the lab has kept."""
    texts = ("A quiet film, and a good one.", "It is not bad at all; see it.")
    nets = zip(record["settings"], texts, strict=True)
    commands = [f'recurra predict runs/{name}-0/artefact --text "{text}"' for name, text in nets]
    return Code("\n".join(commands), "Try it: the first seed's nets are kept in this page's folder.")


LITERAL_ROWS = (
    ("validation accuracy, literal net, kept epoch", "val_accuracy", "The best of its epochs, by which it was kept."),
    ("test accuracy, literal net, kept epoch", "test_accuracy", "Read once."),
    ("test accuracy, literal net, last epoch", "last_test_accuracy", "Where the recorded 96 % stands: over-training."),
)


def _unrecorded(what: str, figures: Record, note: str) -> Compared:
    told = percent(figures["mean"]), spread_of_shares(figures["by_seed"])
    return Compared(what, None, *told, None, note)


def _against_rival(record: Record) -> list[Block]:
    against = record.get("against_rival")
    if against is None:
        return []
    return [
        Paragraph(
            f"The product's recipe against {record['rival']['name']} on the same reviews (first seed, paired "
            f"bootstrap): {points(against['difference'])}, 95 % interval {points(against['low'])} … "
            f"{points(against['high'])}."
        )
    ]


def _observations(record: Record) -> list[Block]:
    return [
        Paragraph("Each line of the record is an experiment that could refute it, in one choice that differs."),
        Paragraph(RULE),
        *(observation_block(row) for row in record["observations"]),
        experiment_table(record),
        *word_blocks(record),
        Paragraph("What the record does not ask, and the ladder answers:"),
        *(observation_block(row) for row in record["questions"]),
        *gradient_blocks(record),
    ]


def summary(record: Record) -> list[tuple[str, str]]:
    """Return the few lines that the command prints."""
    literal, results = record["literal"], record["results"]
    accuracy, loss = literal["train_accuracy"]["mean"], literal["train_loss"]["mean"]
    steps = [(step["title"], f"test {percent(step['test_accuracy']['mean'])}") for step in record["ladder"]]
    return [
        ("training accuracy, recorded 96 %", f"{percent(accuracy)}  {results['train_accuracy']['verdict']}"),
        ("training loss, recorded 0.09", f"{number(loss, 3)}  {results['train_loss']['verdict']}"),
        *steps,
        (record["rival"]["name"], f"test {percent(record['rival']['accuracy'])}"),
        *((row["verdict"], row["claim"]) for row in record["observations"]),
    ]


def _flat(settings: Record) -> Record:
    return {f"{part}.{name}": value for part in ("text", "net", "training") for name, value in settings[part].items()}
