"""The model card (README.md) that lies in an artefact: what it is, how it was trained, how to use it.

Not here: users' data; a card tells figures, never rows.
"""

from __future__ import annotations

from recurra.layers.specs import parameters
from recurra.models.language import RunningLanguage
from recurra.models.loading import Running
from recurra.models.series import RunningForecaster
from recurra.models.text import RunningClassifier
from recurra.nets.plans import Plan

Record = dict[str, float]


def card_of(model: Running, history: list[Record], epoch: int) -> str:
    """Describe a model of any task."""
    if isinstance(model, RunningClassifier):
        return text_card(model, history, epoch)
    if isinstance(model, RunningLanguage):
        return language_card(model, history, epoch)
    return series_card(model, history, epoch)


def text_card(model: RunningClassifier, history: list[Record], epoch: int) -> str:
    """Describe a classifier."""
    use = '`recurra predict FOLDER --text "…"`, or `recurra.TextClassifier.load("FOLDER")`'
    return _card(
        "A text classifier", f"Labels: {', '.join(model.labels)}.", model.plan, history=history, epoch=epoch, use=use
    )


def language_card(model: RunningLanguage, history: list[Record], epoch: int) -> str:
    """Describe a language model."""
    use = '`recurra generate FOLDER "…"`, or `recurra.LanguageModel.load("FOLDER")`'
    fact = f"Vocabulary: {len(model.encoder.vocabulary)} tokens."
    return _card("A language model", fact, model.plan, history=history, epoch=epoch, use=use)


def series_card(model: RunningForecaster, history: list[Record], epoch: int) -> str:
    """Describe a forecaster."""
    use = '`recurra forecast FOLDER series.csv`, or `recurra.Forecaster.load("FOLDER")`'
    window = model.encoder.config.window
    rhythm = f" of {model.learnt.step}" if model.learnt.step else ""
    fact = f"{len(model.encoder.scalers)} series{rhythm}, windows of {window}, horizon {model.horizon}."
    return _card("A forecaster", fact, model.plan, history=history, epoch=epoch, use=use)


def _card(title: str, fact: str, plan: Plan, *, history: list[Record], epoch: int, use: str) -> str:
    rows = [f"| {name} | {spec.kind} | {parameters(spec):,} |" for name, spec in plan.layers().items()]
    table = ["| layer | kind | parameters |", "|---|---|---|", *rows]
    return "\n".join([f"# {title}", "", fact, "", *table, "", *_kept(history, epoch), f"Use it: {use}.", ""])


def _kept(history: list[Record], epoch: int) -> list[str]:
    if not history:
        return []
    told = ", ".join(f"{name} {value:.4g}" for name, value in history[epoch - 1].items() if name != "seconds")
    return [f"The epoch that was kept: {told}.", ""]
