"""The page of the lab `language`: the record's equation and readings beside what was measured.

Not here: measuring (language.py), tables and pictures (language_figures.py), verdicts (language_observations.py).
"""

from __future__ import annotations

import math
from typing import Any

from recurra.labs.language_figures import (
    curve_blocks,
    network_section_blocks,
    sample_blocks,
    score_table,
)
from recurra.labs.language_observations import RECORDED_LOSS, SAME, tests_of
from recurra.labs.language_recipe import CELLS, PROMPTS, TITLES
from recurra.labs.program import program_steps
from recurra.labs.record import Head, mean
from recurra.labs.sheet import LabPage, lab_report, output_block, program_part, try_it
from recurra.labs.verdicts import RULE, observation_block
from recurra.report.blocks import Block, Compared, Comparison, Facts, Paragraph
from recurra.report.numbers import number, percent, spread, tick
from recurra.report.page import Report

QUICK = (
    "This is the quick version of the record: less text, fewer words and smaller networks, so its perplexities cannot "
    "be compared with those on the whole text."
)

NOT_KEPT = (
    "What the networks expect after a prompt, and what they write, was not kept with these figures; `recurra lab "
    "language` asks anew."
)

TRY_IT = (
    'recurra generate runs/rnn-0 "The film was" --tokens 40',
    'recurra generate runs/lstm-0 "He was born in" --next 5',
)


def page(record: dict[str, Any], head: Head) -> Report:
    """Compose the page from the record of `measure`."""
    subtitle = "A recurrent network predicts the next word: the recorded equation, run beside GRU, LSTM and a trigram."
    if record["quick"]:
        subtitle += f" {QUICK}"
    parts = LabPage(
        aim="Build a language model with the recurrence of the record and see what its gated kin add.",
        objective=(
            "Understand how a recurrent network models text: predict each next word from all before it.",
            "Judge the probabilities by their perplexity on text never seen.",
            "Compare with counting three words at a time.",
        ),
        algorithm=_algorithm(),
        data=_data(record),
        pseudocode=tuple(step.title for step in program_steps("language")),
        program=program_part("language"),
        network=network_section_blocks(record),
        training=_training(record),
        curves=curve_blocks(record),
        result=_result(record),
        observations=[Paragraph(RULE), *(observation_block(row) for row in record["observations"])],
        conclusion=record["conclusion"],
    )
    return lab_report(("A language model", subtitle), parts, record, head=head, settings=record["settings"])


def _algorithm() -> list[Block]:
    return [
        Paragraph(
            "At each word the network mixes its state, a summary of all words before, with the vector of the word, and "
            "scores every word of the vocabulary as the next one. Perplexity is the exponential of the mean negative "
            "log probability: a model that is as unsure as among 100 equally likely words has a perplexity of 100."
        ),
        Paragraph(
            "Scoring tens of thousands of words at each step would take most of the training time. In training only "
            "the words that occur in the step and a sample of the others are scored, each corrected for how often it "
            "is kept (Bengio & Senécal 2008; Jean et al. 2015). Every figure on this page but the training loss comes "
            "from all words, scored exactly."
        ),
    ]


def _data(record: dict[str, Any]) -> list[Block]:
    data = record["data"]
    which = "whole" if data["whole"] else "the first lines of each part only, so words outside them are <unk>"
    counts = tuple(
        (name, f"{number(data[name])} tokens in {number(data['lines'][name])} lines")
        for name in ("train", "validation", "test")
    )
    return [
        Paragraph(
            "WikiText-2 (Merity et al. 2016): good and featured articles of Wikipedia, tokenised as published, cased, "
            "with the official split by article. Rare words stand as <unk>, which is predicted like any other word."
        ),
        Facts((("parts", which), *counts, ("words", f"{number(data['words'])}, those of the training part"))),
        Paragraph(_vectors(data.get("vectors"))),
    ]


def _vectors(name: str | None) -> str:
    if name is None:
        return "These figures do not tell whether word vectors started from GloVe 6B (Pennington et al. 2014)."
    if not name:
        return (
            "No pre-trained vectors were on this machine: word vectors start at random and are learnt from this text."
        )
    return (
        f"Word vectors start from GloVe 6B (Pennington et al. 2014; `{name}`, looked up in lower case) and are learnt "
        "further. GloVe 6B was "
        "trained on Wikipedia 2014 and Gigaword 5. The test articles are from Wikipedia too and may have been among "
        "that text. The vectors know which words keep company, not what an article says, but it is outside text all "
        "the same, and the trigram saw only the training part."
    )


def _training(record: dict[str, Any]) -> list[Block]:
    settings, told = record["settings"], record["output_layer"]
    seeds = "1 seed" if record["seeds"] == 1 else f"{record['seeds']} seeds, the same for each cell"
    scored = (
        f"The output layer scores {number(settings['samples'])} sampled words and the step's own: "
        f"{percent(told['share'], 0)} of a step's time, where all words would take {percent(told['full_share'], 0)}."
        if told["sampled"]
        else "The vocabulary is so small that all words are scored in training too."
    )
    epochs = "1 epoch" if settings["epochs"] == 1 else f"{settings['epochs']} epochs"
    schedule = settings["schedule"].replace("_", " ")
    return [
        Paragraph(
            f"{epochs}, {seeds}. {settings['streams']} streams in parallel, gradients through {settings['steps']} "
            f"steps, {settings['optimiser']} with a learning rate of at most {settings['learning_rate']:g} "
            f"({schedule}), gradient norm clipped at {settings['clip']:g}. All cells share every choice; they were "
            "made for the LSTM, which favours it."
        ),
        Paragraph(scored),
    ]


def _result(record: dict[str, Any]) -> list[Block]:
    streams = record["data"]["streams"]
    seeds = "1 seed" if record["seeds"] == 1 else f"the mean of {record['seeds']} seeds"
    return [
        Comparison(
            (_recurrence_row(record), *_score_rows(record), _loss_row(record)),
            f"What the record states beside {seeds} measured today.",
        ),
        Paragraph(
            f"The test part is read in {streams} parallel streams; only their first few words miss what came before."
        ),
        output_block(summary(record)),
        try_it(TRY_IT),
        score_table(record),
        *(sample_blocks(record) if "samples" in record["cells"]["rnn"] else [Paragraph(NOT_KEPT)]),
    ]


def _recurrence_row(record: dict[str, Any]) -> Compared:
    gap = record["cells"]["rnn"]["equation_gap"]
    return Compared(
        "recurrence",
        "the equation",
        "the same" if gap <= SAME else "another",
        "1 seed",
        record["results"]["equation"]["verdict"],
        f"The trained network's states differ from the equation worked out by hand by at most {tick(gap)}.",
    )


def _score_rows(record: dict[str, Any]) -> list[Compared]:
    """Test perplexities; the record has none."""
    rows = []
    for name in CELLS:
        perplexities = tests_of(record, name)
        note = "The record's own." if name == "rnn" else ""
        note += " Chosen on validation." if name == record["chosen"] else ""
        rows.append(
            Compared(f"perplexity, {TITLES[name]}", None, number(mean(perplexities), 1),
                     spread(perplexities, 1), None,
                     note.strip())
        )  # fmt: skip
    rival = record["rival"]
    return [*rows, Compared(f"perplexity, {rival['name']}", None, number(rival["perplexity"], 1), "", None, "Rival.")]


def _loss_row(record: dict[str, Any]) -> Compared:
    losses = record["cells"]["rnn"]["val_losses"]
    loss = record["cells"]["rnn"]["val_loss"]
    return Compared(
        "final loss, read as nats",
        number(RECORDED_LOSS, 1),
        number(loss, 2),
        spread(losses),
        record["results"]["loss"]["verdict"],
        f"Validation, nats a word: perplexity {math.exp(RECORDED_LOSS):.0f} recorded, {math.exp(loss):.0f} measured. "
        "The sheet gives it for another network, an LSTM.",
    )


def summary(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the few lines that the command prints."""
    rows = [
        (
            f"test perplexity, {TITLES[name]}",
            f"{number(mean(tests), 1)}   {spread(tests, 1)}",
        )
        for name in record["cells"]
        for tests in [tests_of(record, name)]
    ]
    rival, told = record["rival"], record["output_layer"]
    return [
        *rows,
        (f"… {rival['name']}", number(rival["perplexity"], 1)),
        ("best on validation", TITLES[record["chosen"]]),
        *_expected(record),
        (
            "output layer, share of a training step",
            f"{percent(told['share'], 0)} (all words: {percent(told['full_share'], 0)})",
        ),
    ]


def _expected(record: dict[str, Any]) -> list[tuple[str, str]]:
    """The likeliest words after the first prompt, where the record holds any."""
    expected = record["cells"][record["chosen"]].get("next_words", {}).get(PROMPTS[0], [])
    words = ", ".join(f"{word} {percent(share, 1)}" for word, share in expected[:3])
    return [(f"after “{PROMPTS[0]}”", words)] if words else []
