"""The model card (README.md) that lies in an artefact: what it is, how it was trained, how to use it.

Not here: users' data; a card tells figures, never rows.
"""

from __future__ import annotations

from recurra.layers.specs import parameters
from recurra.models.language import RunningLanguage
from recurra.models.series import RunningForecaster
from recurra.models.text import RunningClassifier
from recurra.nets.plans import Plan

Record = dict[str, float]


def text_card(model: RunningClassifier, history: list[Record]) -> str:
    """Describe a classifier."""
    return "\n".join(
        [
            "# A text classifier",
            "",
            f"Labels: {', '.join(model.labels)}.",
            "",
            *_network(model.plan),
            *_last(history),
            'Use it: `recurra predict FOLDER --text "…"`, or `recurra.TextClassifier.load("FOLDER")`.',
            "",
        ]
    )


def language_card(model: RunningLanguage, history: list[Record]) -> str:
    """Describe a language model."""
    return "\n".join(
        [
            "# A language model",
            "",
            f"Vocabulary: {len(model.encoder.vocabulary)} tokens.",
            "",
            *_network(model.plan),
            *_last(history),
            'Use it: `recurra generate FOLDER "…"`, or `recurra.LanguageModel.load("FOLDER")`.',
            "",
        ]
    )


def series_card(model: RunningForecaster, history: list[Record]) -> str:
    """Describe a forecaster."""
    return "\n".join(
        [
            "# A forecaster",
            "",
            f"{len(model.encoder.scalers)} series, windows of {model.encoder.config.window}, horizon {model.horizon}.",
            "",
            *_network(model.plan),
            *_last(history),
            'Use it: `recurra forecast FOLDER series.csv`, or `recurra.Forecaster.load("FOLDER")`.',
            "",
        ]
    )


def _network(plan: Plan) -> list[str]:
    rows = [f"| {name} | {spec.kind} | {parameters(spec):,} |" for name, spec in plan.layers().items()]
    return ["| layer | kind | parameters |", "|---|---|---|", *rows, ""]


def _last(history: list[Record]) -> list[str]:
    if not history:
        return []
    told = ", ".join(f"{name} {value:.4g}" for name, value in history[-1].items() if name != "seconds")
    return [f"Last epoch: {told}.", ""]
