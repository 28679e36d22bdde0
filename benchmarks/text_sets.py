"""The nine public sets of short and long texts that the defaults are measured on: rows, official splits or five folds.

Not here: IMDB, which has commands of its own, and what is fitted on these sets.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from smoke import SMOKE

from recurra.datasets.known.synthetic import synthetic_reviews

DATA = Path(os.environ.get("RECURRA_DATA", "."))
FOLDS = 5


@dataclass(frozen=True)
class Rows:
    """Texts and their labels."""

    texts: list[str]
    labels: list[str]

    def at(self, places: Any) -> Rows:
        """Take some rows."""
        return Rows([self.texts[place] for place in places], [self.labels[place] for place in places])


@dataclass(frozen=True)
class Described:
    """Where a set lies, and what its columns are called."""

    file: str
    label: str = "label"
    text: str = "text"
    split: bool = True
    """Whether it has an official test part; else five folds are drawn."""
    train: tuple[str, ...] = ("train",)


SETS = {
    "sst2": Described("sst2_glue"),
    "sst5": Described("sst5_trees"),
    "mr": Described("mr", split=False),
    "subj": Described("subj", split=False),
    "trec": Described("trec"),
    "mpqa": Described("mpqa", split=False),
    "emotion": Described("emotion"),
    "agnews": Described("agnews_subset", text="description", train=("train", "train_subset")),
    "20news": Described("20news_bydate"),
}


def text_set(name: str, fold: int = 0) -> tuple[Rows, Rows]:
    """Return the training and the test rows: the official ones, or fold number `fold` of five."""
    if SMOKE:
        return Rows(*synthetic_reviews("train", count=60)), Rows(*synthetic_reviews("test", count=60))
    described = SETS[name]
    rows = parquet.read_table(DATA / "text" / f"{described.file}.parquet").to_pylist()
    every = Rows([row[described.text] or "" for row in rows], [str(row[described.label]) for row in rows])
    if described.split:
        parts = [row["split"] for row in rows]
        learnt = [place for place, part in enumerate(parts) if part in described.train]
        return every.at(learnt), every.at([place for place, part in enumerate(parts) if part == "test"])
    order = np.random.default_rng(0).permutation(len(rows))
    held = order[fold::FOLDS]
    return every.at(np.setdiff1d(order, held)), every.at(held)


def few(rows: Rows, count: int, seed: int) -> Rows:
    """Draw so many rows, as evenly over the labels as rows allow: what somebody would label by hand first."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(rows.texts))
    labels = np.array(rows.labels)[order]
    # The n-th row of each label comes before the n+1-th of any.
    turn = np.zeros(len(order), int)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    return rows.at(order[np.argsort(turn, kind="stable")[:count]])
