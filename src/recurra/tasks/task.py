"""What everybody who meets a task reads: its record and that of a head, what passes between them, and where they are.

A record and a learner are found by the task's name, and loaded when somebody asks for them.

A task is what a user asks for. Its rows take one way: `read` them from files, `hold` a test part out, `prepare` the
others for the net, learn (training/loop.py), `judge` the model beside its rivals. A head is what a net ends in; several
tasks may share one.

Not here: the tasks themselves (text.py, language.py, series.py), which there are (names.py), learning (training/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from recurra.config import Settings
from recurra.datasets.columns import TextColumns
from recurra.datasets.conll import TagReading
from recurra.datasets.formats import TextReading
from recurra.datasets.series.table import SeriesReading
from recurra.datasets.targets import TargetReading

if TYPE_CHECKING:
    from recurra.nets.learn import LearningNet
    from recurra.report.page import Section
    from recurra.report.run_sections import RunRecord


Figures = dict[str, Any]
"""What was measured, ready for JSON and for a report."""


@dataclass(frozen=True)
class Source:
    """Where rows come from: files or a known name, how each kind of table is read, and a file of test rows."""

    files: Sequence[str]
    texts: TextReading = field(default_factory=TextReading)
    series: SeriesReading = field(default_factory=SeriesReading)
    tags: TagReading = field(default_factory=TagReading)
    targets: TargetReading = field(default_factory=TargetReading)
    test: str = ""
    unlabelled: str = ""
    """A file of texts without labels, or a known name that has some."""
    model: Any = None
    """A model to measure: what the reading leaves open is as it has learnt it."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """What source.json tells of a run's rows: only those that it learnt from are wanted."""


@dataclass(frozen=True)
class Asked:
    """What a fit is asked for beside its rows; every value is checked."""

    settings: Settings
    seed: int
    validation: float
    """What is held out to choose by: a share below 1, or a whole number of texts, lines or windows."""
    holds: bool = True
    """Whether that was asked for; else a task may judge by folds in its place."""
    named: tuple[str, ...] = ()
    """The settings that arguments of their own name: choices, even where they say what is usual."""
    # Of some tasks only: an estimator without such an argument leaves them as they are.
    vectors: str | Path | None = None
    wide: bool = False
    recipe: str = ""
    """How the model is made, where the task knows several ways."""
    encoder: str | Path | None = None
    """The encoder of a stack; None: the one in the box."""
    init_from: str | Path | Sequence[str | Path] | None = None
    """A language model that a net alone begins with, or one of each direction."""
    minutes: float = 0.0
    """How long learning may take, about; 0 sets no bound."""


@dataclass(frozen=True)
class Rows:
    """What was read from a source, and what a user hears of it before anything is checked."""

    table: Any
    file: str
    """What errors name as its place."""
    counted: str = ""
    """How much it is, as the title of the progress tells it."""
    warnings: Sequence[str] = ()
    remarks: Sequence[str] = ()
    """Of rows that were left out, or are empty."""
    columns: str = ""
    """The columns that were guessed."""
    rejects: Sequence[Any] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How they were read, as source.json holds it, where that is more than how texts are read."""
    measured: Any = None
    """The rows that a model would be measured on, as `judge` takes them."""
    seen: Any = None
    """The rows that a run learnt from, as rivals take them, where `Source.kept` tells which these are."""


@dataclass(frozen=True)
class Parts:
    """Rows with a test part held out: what `prepare` takes, and what is measured on (None: the validation part)."""

    learnt: Any
    test: Any = None
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Prepared:
    """Everything that training needs: rows that are checked, split and encoded once, and a net that is laid out."""

    settings: Settings
    seed: int
    plan: Any
    data: Any
    """What the head learns from; its own record."""
    # Raw rows, not encoded ones: a rival takes features of its own from them.
    seen: Any
    """The rows learnt from, as rivals take them."""
    learnt_from: str
    """How many they are, as the report tells it."""
    # The training rows where nothing was held out at all: `part` says so then, for such figures flatter.
    held: Any = None
    """The rows to measure on where there is no test part."""
    part: str = ""
    """What those are called."""
    start: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Weights to begin with in place of drawn ones."""
    head: str = ""
    """The folder of heads/ that teaches the net, where that is not the task's own."""
    by_steps: bool = True
    """Whether the net learns by steps; else it stays as it begins, and `finish` fits what is behind it."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """What source.json tells of the rows, so that a rival can be fitted on the same ones later."""
    split: Mapping[str, Any] = field(default_factory=dict)
    """Which rows were held out, as split.json tells it."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What the report tells besides."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What an estimator has of the rows beside the model, by the names of its attributes."""
    tries: Sequence[str] = ()
    """What may help where a rival wins."""
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    """What was chosen by the rows, where nobody else had chosen."""
    columns: TextColumns | None = None


Trained = dict[str, NDArray[Any]]
"""A net's weights by their full names."""


class TrainedAgain(dict[str, NDArray[Any]]):
    """The same of a further net, and the epoch whose weights these are."""

    def __init__(self, tensors: Trained, epoch: int) -> None:
        """Keep both."""
        super().__init__(tensors)
        self.epoch = epoch


Again = Callable[[Prepared, int, int], TrainedAgain]
"""Trains another net: number so and so, from 1, of how many."""


@dataclass(frozen=True)
class Finished:
    """A model after what is fitted on validation, and what was doubtful there."""

    model: Any
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    evaluation: Figures = field(default_factory=dict)
    """Figures beside the rivals' of rows that no part of the model had learnt from, where no rows are held out."""
    nets: int | None = None
    """Of the nets that were trained again so many stay in the model, the first ones; None: all."""


@dataclass(frozen=True)
class Head:
    """What a net is for, beside how it answers (run.py) and learns (learn.py), which its folder tells.

    Those two stand apart: an answer must not load what measures and tells, and nothing but learning may load torch.
    """

    finish: Callable[[Prepared, Trained, Again], Finished]
    """Makes a model of trained weights; may have more nets trained in the same way, of other rows."""
    figures: Callable[[Any, Any], Figures]
    """(model, rows): what is measured of a model by itself."""
    title: str
    """The usual title of a report."""
    run_title: str
    """That of a run, with the name of its file."""
    sections: Callable[[RunRecord], list[Section]]
    """What a report tells (tell.py)."""
    shown: Callable[[Any], Figures] = lambda model: {}
    """What a report shows of a model besides its figures."""
    following: Callable[[Any, Any], Figures] | None = None
    """(model, rows): what is measured of a model that goes on learning from rows which it has answered; needs torch."""


@dataclass(frozen=True)
class Task:
    """One kind of question: from rows to a judged model."""

    name: str
    """The word on the command line, and the artefact's `task`; names.py tells what it is called."""
    settings: Settings
    """Its defaults."""
    reads: frozenset[str]
    """The groups of settings that it reads (reads.py); a setting of another group is refused by name."""
    head: Head
    read: Callable[[Source, Asked | None], Rows]
    """Nothing is asked for where rows are read to measure a model on."""
    hold: Callable[[Asked, Rows], Parts]
    """Raises DataError for rows that cannot be learnt from."""
    prepare: Callable[[Asked, Any], Prepared]
    """Raises UsageError for choices, DataError for rows, with which there is nothing to learn."""
    # A model may be measured long after its fit, when the rows that it learnt from are gone: None.
    judge: Callable[[Any, Any, Any, Sequence[str]], Figures]
    """(model, rows, rows learnt from or None, tries): figures beside those of the rivals on the same rows."""
    fitted: Callable[[Ready], Figures] = lambda ready: {}
    """What a report tells of up to where the rows were fitted on."""


@dataclass(frozen=True)
class Ready:
    """Rows that a run can begin to learn from."""

    parts: Parts
    prepared: Prepared
    source: Source | None = None
    """Where they were read from, where they were."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """As `Rows.reading`."""

    @property
    def warnings(self) -> list[str]:
        """What is doubtful about them."""
        return [*self.parts.warnings, *self.prepared.warnings]


def made_ready(task: Task, asked: Asked, rows: Rows, source: Source | None = None) -> Ready:
    """Hold a test part out and prepare the others; `recurra data check` takes these very steps.

    Raises UsageError for choices, DataError for rows, with which there is nothing to learn.
    """
    # The test part leaves first: words, scalers and frequencies are fitted in `prepare`, and must not know it.
    parts = task.hold(asked, rows)
    return Ready(parts, task.prepare(asked, parts.learnt), source, rows.reading)


@cache
def task_named(name: str) -> Task:
    """Return the record of a task in `names.CALLED`; the file of its name in this folder holds it."""
    task: Task = import_module(f"recurra.tasks.{name}").TASK
    return task


def learner_of(head: str) -> Callable[[LearningNet, Prepared], Any]:
    """Return what makes that which the loop trains, of a net and prepared rows; it brings torch along."""
    learner: Callable[[LearningNet, Prepared], Any]
    learner = import_module(f"recurra.tasks.heads.{head}.learn").learner
    return learner
