"""The lab `sentiment`, measured: one net trained and read on the test part, the rivals, all figures joined.

Not here: which nets there are (sentiment_recipe.py), what kept nets answer (sentiment_answers.py), what the figures say
and how they are drawn (sentiment.py).

Every choice was made on the validation films; each kept net reads the test part once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from recurra.estimators.text import TextClassifier
from recurra.labs.lab import LabOptions, LabRecord, NetFigures, Nets, Training, Variant, mean, remembered
from recurra.labs.sentiment_answers import FADING, answers_of, gradient_record
from recurra.labs.sentiment_data import (
    SentimentData,
    TextsAndLabels,
    data_facts,
    padded_example,
    sentiment_data,
    shuffled,
)
from recurra.labs.sentiment_recipe import EXPERIMENTS, LADDER, SHORT, STEPS, in_size
from recurra.metrics import paired_bootstrap
from recurra.tasks.heads.classes.measure import text_rivals
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.training.checkpoints import load_checkpoint

SUMMED_UP = (
    "train_accuracy", "train_loss", "val_accuracy", "test_accuracy", "last_val_accuracy", "last_test_accuracy"
)  # fmt: skip
CURVES = ("accuracy", "loss", "val_accuracy", "val_loss")


@dataclass(frozen=True)
class Reviews:
    """What all nets share: the data, and what its rivals reach on them."""

    data: SentimentData
    rival: LabRecord


def read_reviews(options: LabOptions) -> tuple[Reviews, dict[str, Any]]:
    """Load the data; fit the rivals on the same training rows and measure them on the same test rows."""
    data = sentiment_data(quick=options.quick, synthetic=options.synthetic)

    def rivals() -> LabRecord:
        strong, *_, majority = text_rivals(LabelledRows(*data.train), LabelledRows(*data.test))
        # Which reviews the rival gets right is kept: the paired bootstrap needs them one by one.
        return {**strong.record(), "right": strong.right.tolist(), "majority": majority.accuracy}

    choices = {"rows": data.rows}
    return Reviews(data, remembered(options, "rival", choices, rivals)), choices


def train_classifier(training: Training) -> NetFigures:
    """Train a variant from a seed; the artefact of the first seed is kept."""
    variant, seed, folder = training.variant, training.seed, training.folder
    more, data = variant.more, training.shared.data
    if more.get("shuffled"):
        # All three parts: a net that learns without order is judged without order too.
        data = shuffled(data, variant.settings.text, seed)
    # Made-up reviews have no vectors at all; then every net starts from random ones.
    vectors = data.vectors if more.get("vectors", True) else None
    wide = more.get("wide", False)
    model = TextClassifier(vectors=vectors, wide=wide, random_state=seed, config=variant.settings)
    model.fit(*data.train, validation_data=data.validation, run=folder, watch=training.watch)
    if seed == 0:
        model.save(folder / "artefact")
    return _figures(model, folder, data)


def _figures(model: TextClassifier, folder: Path, data: SentimentData) -> NetFigures:
    """Measure the kept epoch on the test part, alone and with its wide part; and the last epoch's weights."""
    # The net by itself is the figure; its wide part is told as a step of its own.
    net = alone(model.model_)
    # The record's 96 % is the last epoch's, not the kept one's, so that both are measured.
    last = replace(net, tensors={**net.tensors, **_last_weights(folder)})
    right = rights(net, data.test)
    # Training figures are the last epoch's, as the record has them; validation's are of the epoch that is kept.
    kept, end = model.history_[model.best_epoch_ - 1], model.history_[-1]
    return {
        "history": model.history_,
        "best_epoch": model.best_epoch_,
        "train_accuracy": end["accuracy"],
        "train_loss": end["loss"],
        "val_accuracy": kept["val_accuracy"],
        "last_val_accuracy": end["val_accuracy"],
        "test_accuracy": float(np.mean(right)),
        "last_test_accuracy": float(np.mean(rights(last, data.test))),
        "wide_test_accuracy": float(np.mean(rights(model.model_, data.test))) if model.wide else None,
        "right": right,
        "seconds": round(sum(epoch["seconds"] for epoch in model.history_), 1),
        "parameters": sum(net.plan.parameters.values()),
        "recurrent_parameters": net.plan.parameters["recurrent"],
        "words": net.plan.words,
        "vector_coverage": model.coverage_,
    }


def _last_weights(folder: Path) -> dict[str, Any]:
    """Weights after the last epoch, not averaged, as the newest checkpoint holds them."""
    checkpoint = load_checkpoint(folder)
    tensors = checkpoint.tensors if checkpoint else {}
    return {name.removeprefix("net."): value for name, value in tensors.items() if name.startswith("net.")}


def rights(model: RunningClassifier, part: TextsAndLabels) -> list[bool]:
    """Tell of each text whether the model gives it its label."""
    answers = model.predict_proba(part[0]).argmax(axis=1)
    return [model.labels[place] == label for place, label in zip(answers, part[1], strict=True)]


def alone(model: RunningClassifier) -> RunningClassifier:
    """Return the net without the log-odds of n-grams beside it."""
    return replace(model, plan=model.plan.model_copy(update={"wide": None}))


def kept_net(options: LabOptions, name: str) -> RunningClassifier:
    """Return the net that the first seed of a variant has kept, without its wide part."""
    return alone(RunningClassifier.load(options.net_folder(name) / "artefact"))


def sentiment_record(options: LabOptions, shared: Reviews, nets: Nets) -> LabRecord:
    """Join the figures of the nets, and what the kept ones answer, to the record of the lab."""
    data, rival = shared.data, shared.rival
    # The page draws and asks two nets: the record's own, and the last of the ladder that was trained.
    shown = [in_size(STEPS[name], options) for name in ("literal", "recipe" if "recipe" in nets else "gru")]
    record: LabRecord = {
        "made_up": options.synthetic,
        "too_little": options.quick or options.synthetic,
        "data": data_facts(data, STEPS["literal"].settings.text.max_length),
        "padding": padded_example(),
        "literal": _literal(nets["literal"]),
        "ladder": _ladder(nets),
        "experiments": [_row(variant, nets[variant.name]) for variant in EXPERIMENTS if variant.name in nets],
        "rival": {"name": rival["name"], "accuracy": rival["accuracy"], "seconds": rival["seconds"]},
        "majority": rival["majority"],
        "settings": {variant.name: variant.settings.model_dump(mode="json") for variant in shown},
        "samples": _samples(options, shared, shown),
        "gradients": gradient_record({name: kept_net(options, name) for name in FADING if name in nets}, data),
    }
    if "recipe" in nets:
        record["against_rival"] = _against_rival(nets["recipe"][0], rival)
    return record


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, least and most over seeds, and each seed's own."""
    return {"mean": mean(values), "least": min(values), "most": max(values), "by_seed": list(values)}


def _literal(runs: Sequence[NetFigures]) -> LabRecord:
    """The record's own net: the last epoch's figures, those of the kept one, and the curves of all seeds."""
    return {
        **{name: over_seeds([run[name] for run in runs]) for name in SUMMED_UP},
        "epochs": len(runs[0]["history"]),
        "kept_epochs": [run["best_epoch"] for run in runs],
        "seconds": over_seeds([run["seconds"] for run in runs]),
        "words": runs[0]["words"],
        "vector_coverage": runs[0]["vector_coverage"],
        "curves": {name: [[epoch[name] for epoch in run["history"]] for run in runs] for name in CURVES},
    }


def _ladder(nets: Nets) -> list[LabRecord]:
    """One row a step; the last step is told twice, alone and with log-odds of n-grams beside it."""
    rows = [_row(step, nets[step.name]) for step in LADDER if step.name in nets]
    if "recipe" in nets:
        wide = [run["wide_test_accuracy"] for run in nets["recipe"]]
        rows.append(
            {**rows[-1], "step": "wide", "title": "… with n-grams beside it", "test_accuracy": over_seeds(wide)}
        )
        # The wide part is weighed on validation, so that a figure of both together there would flatter them.
        del rows[-1]["val_accuracy"]
    return rows


def _row(variant: Variant, runs: Sequence[NetFigures]) -> LabRecord:
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


def _against_rival(first: NetFigures, rival: LabRecord) -> dict[str, float]:
    """Compare the recipe's first seed with the rival, review by review."""
    # On the same reviews: what both get right or wrong cancels out, and the interval is narrower for it.
    compared = paired_bootstrap(np.array(first["right"]), np.array(rival["right"]))
    return {name: float(value) for name, value in compared._asdict().items()}


def _samples(options: LabOptions, shared: Reviews, shown: Sequence[Variant]) -> LabRecord:
    """Ask the kept nets of the first seed; what they answer is remembered like any other part."""
    choices = {"nets": [variant.choices(0, {"rows": shared.data.rows}) for variant in shown]}
    nets = {SHORT[variant.name]: kept_net(options, variant.name) for variant in shown}
    answers: LabRecord = remembered(options, "samples", choices, partial(answers_of, nets, shared.data))
    return answers
