"""The options of how a classifier of texts comes about: the recipe, presets by name, the encoder, the time.

Not here: the options that several commands share (options.py), what the recipes do (tasks/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import typer

from recurra.cli.options import one_of
from recurra.errors import UsageError

RECIPES = ("auto", "stack", "linear", "net")
OF_SERIES = ("auto", "panel", "classics", "net")
SeriesRecipe = Annotated[
    str,
    typer.Option(
        "--recipe",
        help="panel: nets of segments and classical forecasts for any series; classics: these alone; net: one network "
        "of windows; auto: a panel, unless a choice of windows was made. [default: auto]",
    ),
]
SeriesMinutes = Annotated[
    float | None,
    typer.Option(
        "--minutes", min=0.05, show_default=False, help="How long nets of a panel may learn, about. [default: no bound]"
    ),
]


class Preset(NamedTuple):
    """What a name stands for; each of it gives way to an option of its own."""

    recipe: str = ""
    settings: Sequence[str] = ()
    """As --set has them, where they are not the task's."""
    validation: float | None = None
    unlabelled: str = ""
    """A known set whose texts without labels are read where it is the one that is learnt."""

    def free_of(self, files: Sequence[str]) -> str:
        """Return where texts without labels come from, unless an option says so."""
        return self.unlabelled if list(files) == [self.unlabelled] else ""


PRESETS = {
    "imdb-2025": Preset("net"),
    "flagship": Preset(
        "stack",
        ("cell=gru", "hidden=256", "embedding_size=192", "max_words=40000", "precision=bf16", "epochs=6",
         "batch_size=32", "learning_rate=1e-3", "adversarial=0.5", "ema=0.998"),
        0.1,
        "imdb",
    ),
}  # fmt: skip
"""imdb-2025: one net by the task's own settings. flagship: a net that reads all texts first, among linear models."""


@dataclass(frozen=True)
class RecipeChoices:
    """The options of how a classifier comes about; what is empty is left to the rows."""

    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            help="stack: the encoder in the box among linear models, cross-fitted; linear: these alone; net: one "
            "network; auto: the stack, unless a choice of nets was made. [default: auto]",
        ),
    ] = ""
    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            help="imdb-2025: one net, tuned on 25,000 long film reviews; flagship: a larger one that reads texts "
            "without labels first, among linear models (an hour or two).",
        ),
    ] = ""
    encoder: Annotated[
        str, typer.Option("--encoder", metavar="ARTEFACT", help="Encoder of the stack. [default: encoder-en]")
    ] = ""
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", min=0.1, show_default=False, help="How long a stack may learn. [default: no bound]"),
    ] = None
    init_from: Annotated[
        list[str] | None,
        typer.Option(
            "--init-from",
            metavar="RUN",
            show_default=False,
            help="A language model that a net alone begins with; given again, one that reads backward beside it.",
        ),
    ] = None

    def named(self) -> Preset:
        """Return the preset, one of nothing where none was named; raises UsageError for an unknown name."""
        name = one_of("--preset", self.preset, (*PRESETS,))
        return PRESETS[name] if name else Preset()

    def given(self, validation: float | None) -> dict[str, Any]:
        """Return what an estimator is asked for; `validation` is what an option says of it.

        Raises UsageError for a preset and a recipe that contradict it.
        """
        # `data check` learns only from the file which task it is for; that of series refuses what is for texts.
        allowed = (*RECIPES, *OF_SERIES) if self.recipe in OF_SERIES else RECIPES
        recipe, preset = one_of("--recipe", self.recipe, allowed), self.named()
        if preset.recipe and recipe not in (None, preset.recipe):
            found, advice = f"--recipe {recipe}", "leave one out"
            raise UsageError(f"--preset {self.preset} has recipe {preset.recipe}", found=found, advice=advice)
        asked = {"encoder": self.encoder, "init_from": tuple(self.init_from or ()) or "", "minutes": self.minutes}
        held = preset.validation if validation is None else validation
        return {"recipe": preset.recipe or recipe, "validation": held, **asked}
