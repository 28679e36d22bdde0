"""What a model keeps of the series it learnt from, and whether others fit it: rhythm, names, how they were written.

Not here: the file that keeps it (tasks/heads/horizon/run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from recurra.datasets.series import advice
from recurra.datasets.series.checks import shared_step
from recurra.datasets.series.moments import ColumnTimes
from recurra.datasets.series.rhythms import TimeStep
from recurra.datasets.series.table import ColumnNames, SeriesReading, SeriesTable
from recurra.errors import DataError, either


@dataclass(frozen=True)
class LearntSeries:
    """The series of a model: nothing of them is known to a model that was saved before this was kept."""

    step: TimeStep | None = None
    """None: rows without times, or unknown."""
    unnamed: bool | None = None
    """Whether it was one series without a name of its own; None: unknown."""
    reading: SeriesReading = field(default_factory=SeriesReading)
    """The columns, how times and numbers were written, and what was mended."""

    def reading_of(self, reading: SeriesReading, found: Sequence[str]) -> SeriesReading:
        """Return how to read a table of the columns `found`: as it is said, and for the rest as what was learnt."""
        was = self.reading
        # Columns count only if the table has them; how cells are written holds for any table.
        learnt = {
            name: getattr(was, name)
            for name in (*COLUMNS, *NOTATION, *MENDING)
            if getattr(reading, name) is None and _there(getattr(was, name), found if name in COLUMNS else None)
        }
        # Words for missing add up: a new file may use its own beside the learnt ones.
        words = tuple(dict.fromkeys((*reading.missing_words, *was.missing_words)))
        # Whoever names a column of series or values says that the table is long.
        wide = reading.wide or (was.wide and reading.unique_id is None and reading.y is None)
        beside: dict[str, Any] = {name: getattr(reading, name) or _known(getattr(was, name), found) for name in BESIDE}
        return replace(reading, **learnt, **beside, wide=wide, missing_words=words)

    def mends(self, said: SeriesReading) -> list[str]:
        """Tell, as options, what is mended as in training since nobody `said` otherwise."""
        was = self.reading
        told = {
            "sort": either("--sort", "sort=True"),
            "duplicates": either(f"--duplicates {was.duplicates}", f"duplicates={was.duplicates!r}"),
            "gaps": advice.filling() if was.gaps == "fill" else "",
            "impute": either(f"--impute {was.impute}", f"impute={was.impute!r}"),
        }
        return [told[name] for name in MENDING if getattr(said, name) is None and getattr(was, name) and told[name]]

    def doubts(self, reading: SeriesReading, value: str) -> list[str]:
        """Warn of values from another column than was learnt, where none was named."""
        learnt = self.reading.y
        if reading.y is not None or learnt is None or value in ("", learnt):
            return []
        return [f"the model learnt from column {learnt!r}; values are taken from {value!r}"]

    def times_of(self, reading: SeriesReading, read: Callable[[SeriesReading], ColumnTimes]) -> ColumnTimes | None:
        """Return the times that `read` makes of a column by the format that is said, else by the learnt one, or none.

        Where rows are plain steps anyway, times that cannot be read are none. Raises the DataError of the last try.
        """
        # A file may be written in ISO although the learnt one was not, so that none is tried, too.
        formats = [reading.date_format] if reading.date_format else [self.reading.date_format, None]
        for date_format in dict.fromkeys(formats):
            try:
                return read(replace(reading, date_format=date_format))
            except DataError as problem:
                refused = problem
        if reading.gaps == "ignore" and not reading.sort:
            return None
        raise refused


COLUMNS = ("unique_id", "ds", "y")
BESIDE = ("past", "future", "static")
NOTATION = ("epoch", "zone", "decimal", "thousands")
MENDING = ("sort", "duplicates", "gaps", "impute")


def _known(names: ColumnNames, found: Sequence[str]) -> tuple[str, ...]:
    """Return the covariates that a table has: a model answers without the others, and says so."""
    return tuple(name for name in ((names,) if isinstance(names, str) else names) if name in found)


def _there(value: object, found: Sequence[str] | None) -> bool:
    if value is None or found is None:
        return value is not None
    names = (value,) if isinstance(value, str) else value
    return all(name in found for name in names)  # type: ignore[attr-defined]


def learnt_of(table: SeriesTable) -> LearntSeries:
    """Return what a model keeps of the table it learns from; raises DataError for different rhythms."""
    columns, reading = table.columns, table.reading
    timed = bool(columns.ds) and not table.counted
    # Rows without times have no step that another table could break.
    step = shared_step(table.rhythms) if timed else None
    kept = SeriesReading(
        unique_id=_parts(reading.unique_id, columns.unique_id),
        ds=_parts(reading.ds, columns.ds),
        y=columns.y or (columns.wide if reading.y else None),
        wide=bool(columns.wide) and not reading.y,
        date_format=reading.date_format or table.notation.date_format or None,
        epoch=reading.epoch or ("step" if step is not None and step.unit == "step" else None),
        zone=reading.zone,
        decimal=reading.decimal,
        thousands=reading.thousands,
        missing_words=tuple(reading.missing_words),
        **({} if table.covariates is None else asdict(table.covariates.names)),
        sort=reading.sort or None,
        duplicates=None if reading.duplicates == "error" else reading.duplicates,
        gaps="ignore" if table.counted else "fill" if reading.gaps == "fill" else None,
        impute=reading.filling,
    )
    return LearntSeries(step, table.unnamed, kept)


def _parts(named: str | Sequence[str] | None, taken: str) -> str | tuple[str, ...] | None:
    """Return the columns as they were named; where one was guessed, that one."""
    if named is None or isinstance(named, str):
        return taken or None
    return tuple(named)


def scalers_for(table: SeriesTable, known: Collection[str], learnt: LearntSeries) -> tuple[dict[str, str], list[str]]:
    """Return for each series of a table the name the model knows it by, and warnings.

    A series without a name of its own is the model's only one, whatever its file is called; where a file is called like
    one of several, that is told. Raises DataError for series that were not seen in training.
    """
    unknown = [name for name in table.ids if name not in known]
    if not unknown:
        # A file that happens to be called like a series may be another one.
        by_file = table.unnamed and learnt.unnamed is False
        told = [f"the series has no name of its own and is taken for {table.ids[0]!r}, as its file is called"]
        return {name: name for name in table.ids}, told if by_file else []
    only = next(iter(known))
    # One series asked and one known: nothing else can be meant.
    alone = len(known) == 1 and len(table.ids) == 1
    if alone and table.unnamed and learnt.unnamed is not False:
        return {table.ids[0]: only}, []
    if alone and (table.unnamed or learnt.unnamed):
        return {table.ids[0]: only}, [f"series {table.ids[0]!r} is taken for the model's only one, {only!r}"]
    raise DataError(
        f"{len(unknown):,} series not seen in training",
        found=_some(unknown),
        allowed=_some(list(known)),
        advice="bring those, or fit a model that learns from these too"
        + (f"; does a column name the series? {advice.id_columns(['COLUMN'])}" if table.unnamed else ""),
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:5]) + (" …" if len(names) > 5 else "")


def check_rhythm(table: SeriesTable, learnt: LearntSeries) -> list[str]:
    """Return warnings where steps of the table may not be the steps that were learnt; numbers alone are taken for them.

    Raises DataError where they are not: a model of days cannot forecast months.
    """
    if learnt.step is None or table.counted:
        return []
    if not table.columns.ds:
        taken = f"the rows of {table.columns.y!r} have no times, and each is taken for one such step"
        timed = table.columns.y and learnt.step.unit != "step"
        return [f"the model learnt a rhythm of {learnt.step}; {taken}"] if timed else []
    step = shared_step(table.rhythms)
    # 24 hours and a day are one length: a file in UTC writes days as hours.
    if step is None or step.length == learnt.step.length:
        return []
    if "step" in (step.unit, learnt.step.unit):
        return [
            f"the model learnt a rhythm of {learnt.step}; one step of these series, {step}, is taken for one of its"
        ]
    raise DataError(
        f"the model learnt a rhythm of {learnt.step}",
        found=f"a rhythm of {step}",
        advice="bring series of that rhythm, or fit a model on these",
    )
