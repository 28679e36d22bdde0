"""The reviews that whole trainings are measured on, and their recipe: the sentiment lab's, or a few made-up ones.

Not here: training. A smoke run needs no data set.
"""

from __future__ import annotations

from dataclasses import replace

from smoke import SMOKE

from recurra.config import Settings
from recurra.labs.sentiment_data import SentimentData, sentiment_data
from recurra.labs.sentiment_recipe import LADDER

FEW = 40
SMALL = {"epochs": 1, "hidden": 4, "max_length": 20, "min_count": 1, "batch_size": 16}


def recipe() -> Settings:
    """The sentiment lab's choices for a GRU."""
    return LADDER[-1].settings.changed(SMALL if SMOKE else {})


def data() -> SentimentData:
    """IMDB as the lab splits it."""
    if not SMOKE:
        return sentiment_data(quick=False)
    made = sentiment_data(quick=True, synthetic=True)
    return replace(made, train=_few(made.train), validation=_few(made.validation), test=_few(made.test))


def _few(part: tuple[list[str], list[str]]) -> tuple[list[str], list[str]]:
    return part[0][:FEW], part[1][:FEW]
