"""The nets of the lab `next-value`: the record's own on a counting sequence, the improved one, and airline passengers.

Beside the LSTM of airline passengers stands the default of `recurra fit series` on the same months.

Not here: their settings (recipes/next-value.toml), training and measuring them (next_value_nets.py), and what is
claimed of them (next_value.py).
"""

from __future__ import annotations

from dataclasses import replace

from recurra.config import Init, Settings
from recurra.estimators.series import SERIES_SETTINGS
from recurra.labs.lab import LabOptions, Variant, variants_of

LAST = 14
"""The sequence is 1, 2, … 14: the record does not state it, and this one makes both its figures usual."""
OTHERS = (10, 12, 20)
"""Last values that are tried beside, to see which sequence the record may have had."""
ASKED = (5.0, 6.0, 7.0)
BEYOND = (20.0, 21.0, 22.0)
SEEDS = 20
"""Trainings of each kind, at least: each takes a fraction of a second, and one seed would tell little. The quick lab
makes as many as it has seeds."""
INITS: tuple[Init, ...] = ("keras", "torch")
"""How weights start: the record's own words (LSTM, Dense, output suppressed) are Keras'."""
NETS = variants_of("next-value", {"": SERIES_SETTINGS})["nets"]
LITERAL, AIRLINE = NETS["literal"].settings, NETS["airline"].settings
"""The record's own choices, and those for airline passengers."""
FORECASTER = NETS["forecaster"].settings
"""Those of the default forecaster there: how far, and the season."""
RATE, EPOCHS = LITERAL.training.learning_rate, LITERAL.training.epochs
DROP, EVERY = 0.0001, 10
FLOORS = {"0": 0.0, "0.0001": 0.0001}
"""The lowest learning rate of the recorded schedule, which alone would go below zero."""
BATCHES = (8, 32, 64, 1000)
RATES = (1e-4, 1e-3, 1e-2)
"""Where the lowest loss is searched for, on the airline series."""
HELD, SEASON = 24, AIRLINE.series.season
"""Months of the test part, and of a year."""


def scheduled(init: Init, floor: float) -> Settings:
    """Return the literal choices under the record's schedule, from another start."""
    # By the record's letter the rate would be negative from epoch 101 on; a floor of 0 is what its rule can mean.
    step = {"schedule": "step", "drop": DROP, "drop_every": EVERY, "min_learning_rate": floor}
    return LITERAL.changed({"init": init, **step})


def next_value_variants(options: LabOptions) -> list[Variant]:
    """Return all nets in the order of work."""
    return [
        *counting(options),
        NETS["improved"],
        replace(NETS["airline"], settings=in_quick(AIRLINE, options)),
        replace(NETS["forecaster"], settings=FORECASTER.changed({"epochs": 1, "hidden": 8} if options.quick else {})),
        *searched(options),
    ]


def in_quick(settings: Settings, options: LabOptions) -> Settings:
    """Return the settings of the airline net as this lab trains it."""
    # A quick net need not be good: it shows that every part of the lab works, and the page says so.
    return settings.changed({"epochs": 60}) if options.quick else settings


def counting(options: LabOptions) -> list[Variant]:
    """Return the nets of the counting sequence under each start and rate, and of other lengths of the sequence."""
    # A figure with two decimals asks for more seeds than a lab of minutes per net could afford; here they cost nothing.
    seeds = options.seeds if options.quick else max(options.seeds, SEEDS)

    def variant(title: str, settings: Settings, last: int = LAST) -> Variant:
        return Variant(title.replace(",", "").replace(" ", "-"), title, settings, more={"last": last}, seeds=seeds)

    # The titles are what the progress bar shows, and what `recorded` of the lab goes by.
    starts = [variant(f"constant, {init}", LITERAL.changed({"init": init})) for init in INITS]
    floors = [
        variant(f"schedule, {init}, floor {name}", scheduled(init, floor))
        for init in INITS
        for name, floor in FLOORS.items()
    ]
    # Other lengths only with Keras' start and no floor: the question is the sequence, all else as recorded.
    others = [
        variant(f"1 to {last}, {kind}", settings, last)
        for last in OTHERS
        for kind, settings in (("constant", LITERAL), ("schedule", scheduled(INITS[0], 0.0)))
    ]
    return [*starts, *floors, *([] if options.quick else others)]


def searched(options: LabOptions) -> list[Variant]:
    """Return one net for each batch size and learning rate of the search, each from one seed."""
    # Every pair is tried from one seed: it is a search, whose best point is told as such, and no claim rests on it.
    changes = [
        {"batch_size": batch, "learning_rate": rate, "epochs": 20 if options.quick else 100, "schedule": "constant"}
        for batch in BATCHES
        for rate in RATES
    ]
    return [
        Variant(
            f"search-{change['batch_size']}-{change['learning_rate']:g}",
            f"search, batch {change['batch_size']}, rate {change['learning_rate']:g}",
            AIRLINE.changed(change),
            "airline",
            seeds=1,
        )
        for change in changes
    ]
