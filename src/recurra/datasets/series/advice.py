"""What errors about series advise: each choice by its name at the command line and by its name in Python.

Not here: when it is advised.
"""

from __future__ import annotations

from recurra.errors import either


def sorting() -> str:
    """Rows may be put in order."""
    return either("--sort", "sort=True")


def doubles() -> str:
    """Times that stand more than once may be settled."""
    return either("--duplicates first or mean", 'duplicates="first" or "mean"')


def filling() -> str:
    """Missing times may be added."""
    return either("--fill-gaps", 'gaps="fill"')


def imputing() -> str:
    """Missing values may be filled."""
    return either("--impute ffill, linear or zero", 'impute="ffill", "linear" or "zero"')


def rows_as_steps() -> str:
    """Rows may be plain steps, whatever their times."""
    return either("--rows-as-steps", 'gaps="ignore"')


def zone() -> str:
    """The zone of the times may be named."""
    return either("--zone Europe/Berlin", 'zone="Europe/Berlin"')


def unit(name: str) -> str:
    """What whole numbers count as times may be named."""
    return either(f"--time-unit {name}", f'epoch="{name}"')


def date_format(name: str) -> str:
    """The format of times may be named."""
    return either(f'--date-format "{name}"', f'date_format="{name}"')


def missing_word(word: str) -> str:
    """A word for missing may be named."""
    return either(f"--missing {word!r}", f"missing_words=({word!r},)")


def marks(thousands: str, decimal: str) -> str:
    """The marks of numbers may be named; an empty one is not."""
    # The mark between thousands may be a space, which a shell takes only in quotes; a decimal mark never is one.
    decimals = either(f"--decimal {decimal}", f'decimal="{decimal}"') if decimal else ""
    groups = either(f'--thousands "{thousands}"', f'thousands="{thousands}"') if thousands else ""
    return either(" ", ", ").join(part for part in (decimals, groups) if part)


def named(option: str, argument: str, columns: list[str]) -> str:
    """Columns may be named for one purpose."""
    if len(columns) == 1:
        return either(f"{option} {columns[0]}", f"{argument}={columns[0]!r}")
    return either(" ".join(f"{option} {column}" for column in columns), f"{argument}={tuple(columns)!r}")


def id_columns(columns: list[str]) -> str:
    """Columns may be said to name the series."""
    return named("--id", "unique_id", columns)


def time_columns(columns: list[str]) -> str:
    """Columns may be said to hold the times."""
    return named("--time", "ds", columns)


def value_columns(columns: list[str]) -> str:
    """A column may be said to hold the values."""
    return named("--value", "y", columns)
