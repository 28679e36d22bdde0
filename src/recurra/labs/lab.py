"""A lab as data, and the one runner of all labs: variants × seeds, each part remembered, then the claims judged.

Not here: the labs themselves (sentiment.py, language.py, next_value.py), the rule of verdicts (verdicts.py), the words
and the page (sheet.py, page.py), and records on disk (catalogue.py).
"""

from __future__ import annotations

import json
import shutil
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from recurra.config import Settings
from recurra.datasets.known.sets import find
from recurra.engine.processors import versions
from recurra.errors import DataError
from recurra.labs.sheet import Drawing, Sheet
from recurra.labs.verdicts import Judged, observation
from recurra.runs.run import write_json
from recurra.training.progress import Watch

LabRecord = dict[str, Any]
"""What a lab measured, as plain data: its JSON."""
NetFigures = dict[str, Any]
"""What was measured of one net."""
Nets = Mapping[str, Sequence[NetFigures]]
"""The figures of each variant by its name, one for each seed."""
Test = Callable[[LabRecord], Judged | None]
"""Holds a claim against the figures; None where these nets were not trained, so that the claim is left out."""


@dataclass(frozen=True)
class LabOptions:
    """How a lab is run."""

    quick: bool
    seeds: int
    out: Path
    watch: Callable[[str], AbstractContextManager[Watch]]
    """Opens the progress display of a training with that title."""
    say: Callable[[str], None]
    synthetic: bool = False
    """Whether the lab learns from made-up data, offline; only the lab sentiment has any."""
    expect: Callable[[int], None] = lambda trainings: None
    """Told once how many trainings there will be, those taken from an earlier run among them."""
    passed: Callable[[int, float], None] = lambda trainings, seconds: None
    """Told of a part taken from an earlier run: how many trainings it is, and the seconds that they took."""

    def net_folder(self, name: str, seed: int = 0) -> Path:
        """Return where the net of a variant and a seed lies."""
        return self.out / "runs" / f"{name}-{seed}"


@dataclass(frozen=True)
class Variant:
    """One net of a lab: its settings, and what else makes it differ from the others."""

    name: str
    title: str
    settings: Settings
    start: str = ""
    """The variant that it changes in one thing; empty for the first."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What differs beside the settings, such as shuffled words."""
    seeds: int = 0
    """How often it is trained; 0: from each seed of the lab."""

    def choices(self, seed: int, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that its figures depend on; `data` tells the data from others."""
        return {"settings": self.settings.model_dump(mode="json"), **self.more, "seed": seed, **data}


def recipes_of(lab: str) -> dict[str, Any]:
    """Read recipes/LAB.toml: by group and by name, what stands there of each net."""
    return tomllib.loads((files("recurra.labs") / "recipes" / f"{lab}.toml").read_text(encoding="utf-8"))


def variants_of(lab: str, bases: Mapping[str, Settings]) -> dict[str, dict[str, Variant]]:
    """Read the variants of recipes/LAB.toml, by group and by name.

    A variant changes the settings of the one it starts from, or of the base that it names, or of the base "".
    """
    groups: dict[str, dict[str, Variant]] = {}
    known: dict[str, Variant] = {}
    for group, variants in recipes_of(lab).items():
        for name, told in variants.items():
            start, base = told.get("start", ""), told.get("base", "")
            # A base that is named wins: the product's recipe comes after the GRU, and takes none of its settings.
            settings = known[start].settings if start and not base else bases[base]
            changed = settings.changed(told.get("settings", {}))
            known[name] = Variant(name, told["title"], changed, start, told.get("more", {}))
            groups.setdefault(group, {})[name] = known[name]
    return groups


@dataclass(frozen=True)
class Training:
    """One training of a lab: a variant from a seed."""

    variant: Variant
    seed: int
    shared: Any
    """What the lab has prepared for all nets."""
    choices: dict[str, Any]
    """All that its figures depend on."""
    folder: Path
    """Where its checkpoints lie, and its artefact if it is kept."""
    watch: Watch


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Everything that makes a lab: which nets, trained how, held against which claims, drawn how."""

    name: str
    algorithm: str
    """What stands behind the sheet's ALG."""
    sheet: Sheet
    """The words of the page; claims and figures stand in it by their names."""
    variants: Callable[[LabOptions], Sequence[Variant]]
    prepare: Callable[[LabOptions], tuple[Any, Mapping[str, Any]]]
    """Reads and measures what all nets share, such as data and rivals; also returns what tells it from other data."""
    train: Callable[[Training], NetFigures]
    """Trains a variant from a seed and measures it."""
    compose: Callable[[LabOptions, Any, Nets], LabRecord]
    """Joins all figures to the lab's own part of the record, but for what is judged of them."""
    claims: Mapping[str, Test]
    """The test of each claim, by the claim's name in the sheet."""
    results: Mapping[str, Test]
    """The verdicts of the table that lays recorded beside measured."""
    figures: Mapping[str, Drawing]
    """Drawings and tables of the record, by their names in the sheet."""
    settings: Callable[[LabRecord], Mapping[str, Any]]
    """The choices that the page tells at its end."""
    terms: Callable[[LabRecord], Mapping[str, Any]] = lambda record: {}
    """What the sheet's words use beside the record's own keys."""
    order: Callable[[Sequence[Variant], int], list[tuple[Variant, int]]] | None = None
    """The order of work; without it each variant is trained from all its seeds before the next."""
    recorded: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Recorded values, by the keys of a history, to be shown beside the trainings whose titles begin so."""
    needed: Sequence[str] = ()
    """Known data sets without which the lab cannot be run."""
    offline: str = ""
    """What one can do without them."""

    def names(self, record: LabRecord) -> Mapping[str, Any]:
        """Return what the sheet's words may use of a record."""
        return self.sheet.names(record, self.terms(record))

    def require(self) -> None:
        """Raise DataError where this machine lacks the lab's data."""
        require_data(self.name, self.needed, offline=self.offline)

    def beside(self, title: str) -> Mapping[str, str]:
        """Return the recorded values of the kind of training that a title begins with."""
        return next((values for start, values in self.recorded.items() if title.startswith(start)), {})


def require_data(lab: str, names: Sequence[str], *, offline: str = "") -> None:
    """Raise DataError that names all data sets this machine lacks, and how to bring them.

    `offline` is what one can do without them.
    """
    missing = [name for name in names if find(name) is None]
    if missing:
        bring = " and ".join(f"`recurra data get {name}`" for name in missing)
        raise DataError(
            f"the lab {lab} needs data that are not on this machine",
            found=f"no {' and no '.join(missing)}",
            advice=f"run {bring}, set RECURRA_DATA{f', or {offline}' if offline else ''}",
        )


def measure_lab(lab: Lab, options: LabOptions) -> LabRecord:
    """Run every training of a lab and return its record, judged.

    An interrupted lab goes on where it stopped when it is given the same folder. Raises DataError where data are
    missing, UsageError where the folder holds nets of other choices.
    """
    variants = lab.variants(options)
    # The bar is told its length before anything is read: preparing may take minutes, and shows that something goes on.
    options.expect(trainings(variants, options))
    shared, data = lab.prepare(options)
    figures = lab.compose(options, shared, trained(lab, options, variants, shared, data))
    # These keys come first in every record: `recurra lab render` finds the lab by them before it knows the rest.
    head = {"task": "lab", "lab": lab.name, "quick": options.quick, "seeds": options.seeds}
    return judged(lab, {**head, **figures, "versions": versions()})


def trainings(variants: Iterable[Variant], options: LabOptions) -> int:
    """Count the trainings of the variants."""
    return sum(variant.seeds or options.seeds for variant in variants)


def trained(lab: Lab, options: LabOptions, variants: Sequence[Variant], shared: Any, data: Mapping[str, Any]) -> Nets:
    """Train each variant from each seed, or take over what an earlier call has measured."""

    def train(variant: Variant, seed: int, choices: dict[str, Any], folder: Path) -> NetFigures:
        with options.watch(f"{variant.title}, seed {seed}") as watch:
            return lab.train(Training(variant, seed, shared, choices, folder, watch))

    # All seeds of a variant before the next: where a lab is stopped, what it has is whole, with its spread.
    by_variant = [(variant, seed) for variant in variants for seed in range(variant.seeds or options.seeds)]
    # An order may mix variants, but takes the seeds of each from 0 upwards, so that a list's place is its seed.
    nets: dict[str, list[NetFigures]] = {variant.name: [] for variant in variants}
    for variant, seed in lab.order(variants, options.seeds) if lab.order else by_variant:
        choices, folder = variant.choices(seed, data), options.net_folder(variant.name, seed)
        work = partial(train, variant, seed, choices, folder)
        nets[variant.name].append(remembered(options, f"{variant.name}-{seed}", choices, work, trainings=1))
        # The figures are written down, so nothing goes on from here; checkpoints are several times the artefact's size.
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return nets


def remembered(
    options: LabOptions, name: str, choices: dict[str, Any], work: Callable[[], Any], *, trainings: int = 0
) -> Any:
    """Return what `work` measures, or what an earlier, interrupted run of the same choices already measured.

    Each part of a lab is written to OUT/parts/NAME.json as soon as it is done, so that hours are never lost.
    `trainings` says how many of those that the lab announced the part is.
    """
    path = options.out / "parts" / f"{name}.json"
    # The choices are compared as JSON keeps them: a tuple read back is a list, a path a text.
    asked = json.loads(json.dumps(choices, default=str))
    if path.is_file():
        # A part of other choices is not an error: a setting was changed on purpose, and the part is measured anew.
        held = json.loads(path.read_text())
        if held["choices"] == asked:
            # The seconds of the earlier run are counted, so that the page tells what the whole lab took.
            options.passed(trainings, held.get("seconds", 0.0))
            return held["result"]
    started = time.perf_counter()
    result = work()
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = round(time.perf_counter() - started, 3)
    write_json(path, {"choices": asked, "result": result, "seconds": seconds})
    # What was measured now is read back too, so that both ways give the record the same types.
    return json.loads(path.read_text())["result"]


def observed(lab: Lab, record: LabRecord) -> dict[str, LabRecord]:
    """Test the claims of the sheet by the record's figures, each by its name."""
    # Tests read the record and nothing else: a saved record is judged by today's rule, without any net.
    names, rows = lab.names(record), {}
    for claim in lab.sheet.claims:
        told = lab.claims[claim.name](record)
        if told is not None:
            # Words are filled in only now: those of a claim whose nets were not trained would miss their figures.
            words = claim.filled(names)
            # "+" is said of the good outcome, whatever the rule calls it: agrees, or reached.
            outcomes = dict(zip(("+", "~", "-"), (told.possible[0], "undecided", "does not hold"), strict=True))
            sentences = {outcome: words[mark] for mark, outcome in outcomes.items() if mark in words}
            rows[claim.name] = observation(words["?"], told, sentences, words.get("=", ""))
    return rows


def judged(lab: Lab, record: LabRecord) -> LabRecord:
    """Return the record with what the rule of verdicts says of its figures, and the conclusion."""
    results = {name: test(record) for name, test in lab.results.items()}
    rows = observed(lab, record)
    groups: dict[str, list[LabRecord]] = {}
    for claim in lab.sheet.claims:
        # A group without any claim that could be tested stays in the record as an empty list.
        groups.setdefault(claim.group, []).extend([rows[claim.name]] if claim.name in rows else [])
    told = {name: {"verdict": one.verdict, "rule": one.rule} for name, one in results.items() if one}
    seen = {**record, "results": told, **groups}
    # The conclusion is filled in last, since it speaks of the verdicts.
    names = {**lab.names(seen), "verdicts": {name: row["verdict"] for name, row in rows.items()}}
    return {**seen, "conclusion": lab.sheet.text("conclusion", names)}


def flat(settings: Settings, *names: str) -> dict[str, Any]:
    """Return the named choices of all groups of settings side by side, as the page's last section tells them."""
    # A name that stands in two groups is taken from the later one, where labs set it.
    merged = {name: value for group in settings.model_dump().values() for name, value in group.items()}
    return {name: merged[name] for name in names}


def mean(values: Sequence[float]) -> float:
    """Mean over seeds."""
    return float(np.mean(values))
