"""The lab `sentiment`: what is measured. IMDB reviews, the record's simple RNN, and a ladder of steps from there.

Not here: the variants (sentiment_recipe.py), training one (sentiment_nets.py), verdicts (sentiment_observations.py),
what kept nets answer (sentiment_samples.py), and the page.

Every choice was made on the validation films; each kept net reads the test part once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from recurra.labs.gradients import gradient_record
from recurra.labs.record import LabOptions, mean, remembered
from recurra.labs.sentiment_data import SentimentData, sentiment_data
from recurra.labs.sentiment_facts import data_facts, padded_example
from recurra.labs.sentiment_nets import Figures, chosen, kept_net, trained
from recurra.labs.sentiment_observations import (
    conclusion,
    judged_results,
    observations,
    questions,
)
from recurra.labs.sentiment_recipe import EXPERIMENTS, LADDER, SHORT, STEPS, WORK, Variant
from recurra.labs.sentiment_samples import samples
from recurra.metrics import paired_bootstrap
from recurra.runs.versions import versions
from recurra.tasks.heads.classes.measure import LabelledRows, text_rivals

TOLD = ("train_accuracy", "train_loss", "val_accuracy", "test_accuracy", "last_val_accuracy", "last_test_accuracy")
CURVES = ("accuracy", "loss", "val_accuracy", "val_loss")
FADING = ("literal", "tanh", "lstm", "gru")
"""Steps whose gradients through time are compared."""

Nets = dict[str, list[Figures]]


def measure(options: LabOptions) -> dict[str, Any]:
    """Run every experiment of the lab and return its record."""
    data = sentiment_data(quick=options.quick, synthetic=options.synthetic)
    rival = remembered(options, "rival", {"rows": data.rows}, partial(_rivals, data))
    work = [variant for variant in WORK if data.vectors is not None or not variant.needs_vectors]
    options.expect(len(work) * options.seeds)
    nets: Nets = {}
    for variant in work:
        nets[variant.name] = [trained(options, data, variant, seed) for seed in range(options.seeds)]
    return compose(options, data, nets, rival)


def compose(options: LabOptions, data: SentimentData, nets: Nets, rival: dict[str, Any]) -> dict[str, Any]:
    """Join the figures of the nets, and what the kept ones answer, to the record of the lab."""
    record: dict[str, Any] = {
        "task": "lab",
        "lab": "sentiment",
        "quick": options.quick,
        "seeds": options.seeds,
        "made_up": options.synthetic,
        "too_little": options.quick or options.synthetic,
        "data": data_facts(data, STEPS["literal"].settings.text.max_length),
        "padding": padded_example(),
        "literal": _literal(nets["literal"]),
        "ladder": _ladder(nets),
        "experiments": [_row(variant, nets[variant.name]) for variant in EXPERIMENTS if variant.name in nets],
        "rival": {"name": rival["name"], "accuracy": rival["accuracy"], "seconds": rival["seconds"]},
        "majority": rival["majority"],
        "settings": {name: chosen(options, STEPS[name]).settings.model_dump(mode="json") for name in _drawn(nets)},
        "versions": versions(),
    }
    if "recipe" in nets:
        record["against_rival"] = _against_rival(nets["recipe"][0], rival)
    results = judged_results(nets, record)
    record["results"] = {name: {"verdict": judged.verdict, "rule": judged.rule} for name, judged in results.items()}
    record["observations"], record["questions"] = observations(nets, record), questions(nets, record)
    record["conclusion"] = conclusion(record)
    record["samples"] = _samples(options, data, nets)
    record["gradients"] = gradient_record({name: kept_net(options, name) for name in FADING if name in nets}, data)
    return record


def _drawn(nets: Mapping[str, Any]) -> tuple[str, str]:
    """The two nets that the page draws and asks: the record's own, and the last that was trained."""
    return "literal", "recipe" if "recipe" in nets else "gru"


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, least and most over seeds, and each seed's own."""
    return {"mean": mean(values), "least": min(values), "most": max(values), "by_seed": list(values)}


def _literal(runs: list[Figures]) -> dict[str, Any]:
    """The record's own net: the last epoch's figures, those of the kept one, and the curves of all seeds."""
    return {
        **{name: over_seeds([run[name] for run in runs]) for name in TOLD},
        "epochs": len(runs[0]["history"]),
        "kept_epochs": [run["best_epoch"] for run in runs],
        "seconds": over_seeds([run["seconds"] for run in runs]),
        "words": runs[0]["words"],
        "vector_coverage": runs[0]["vector_coverage"],
        "curves": {name: [[epoch[name] for epoch in run["history"]] for run in runs] for name in CURVES},
    }


def _ladder(nets: Nets) -> list[dict[str, Any]]:
    """One row a step; the last step is told twice, alone and with log-odds of n-grams beside it."""
    rows = [_row(step, nets[step.name]) for step in LADDER if step.name in nets]
    if "recipe" in nets:
        wide = [run["wide_test_accuracy"] for run in nets["recipe"]]
        rows.append(
            {**rows[-1], "step": "wide", "title": "… with n-grams beside it", "test_accuracy": over_seeds(wide)}
        )
        del rows[-1]["val_accuracy"]
    return rows


def _row(variant: Variant, runs: list[Figures]) -> dict[str, Any]:
    names = ("test_accuracy", "val_accuracy", "train_accuracy", "seconds")
    return {
        "step": variant.name,
        "title": variant.title,
        "start": variant.start,
        **{name: over_seeds([run[name] for run in runs]) for name in names},
        "epochs": len(runs[0]["history"]),
        "kept_epochs": [run["best_epoch"] for run in runs],
        "parameters": runs[0]["parameters"],
        "recurrent_parameters": runs[0]["recurrent_parameters"],
        "words": runs[0]["words"],
    }


def _against_rival(first: Figures, rival: dict[str, Any]) -> dict[str, float]:
    """Compare the recipe's first seed with the rival, review by review."""
    compared = paired_bootstrap(np.array(first["right"]), np.array(rival["right"]))
    return {name: float(value) for name, value in compared._asdict().items()}


def _samples(options: LabOptions, data: SentimentData, nets: Nets) -> dict[str, Any]:
    """Ask the kept nets of the first seed; what they answer is remembered like any other part."""
    names = _drawn(nets)
    choices = {"nets": [chosen(options, STEPS[name]).choices for name in names], "rows": data.rows}

    def ask() -> dict[str, Any]:
        return samples({SHORT[name]: kept_net(options, name) for name in names}, data)

    told: dict[str, Any] = remembered(options, "samples", choices, ask)
    return told


def _rivals(data: SentimentData) -> dict[str, Any]:
    """Fit the rivals on the same training rows and measure them on the same test rows."""
    strong, majority = text_rivals(LabelledRows(*data.train), LabelledRows(*data.test))
    return {**strong.record(), "right": strong.right.tolist(), "majority": majority.accuracy}
