"""The plain record of a run, checked where it is read, and the sections of it that every training report shares.

Not here: what is particular to a task (tasks/heads/KIND/tell.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from recurra.cells import CELLS
from recurra.errors import UsageError
from recurra.report.blocks import Block, Facts, Figure, Highlight, Highlights, Paragraph, Points, Table
from recurra.report.charts.curves import Line, accuracy_against_loss, learning_rates, lines
from recurra.report.drawings.cells import cell_blocks
from recurra.report.drawings.network import BESIDE, network_diagram, shape_text, summary_table
from recurra.report.numbers import Shown, number, percent
from recurra.report.page import Section


def measured(value: Any) -> float | None:
    """Return a number as a float; a truth value, a text or nothing is None."""
    # A scalar of NumPy is a number too, known by what it can do: nothing here imports NumPy.
    if hasattr(value, "item"):
        value = value.item()
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def counted(value: Any) -> int | None:
    """Return a finite number as a count; anything else is None."""
    found = measured(value)
    # NaN and infinity have no count; `int` would raise on both.
    return int(found) if found is not None and math.isfinite(found) else None


class RunRecord(dict[str, Any]):
    """Names and values of a run's record, checked where they are read: what is missing is empty, and left out."""

    def part(self, key: str) -> RunRecord:
        """Return a part that is such a record itself. Raises UsageError if it is something else."""
        value = self.get(key) or {}
        if not isinstance(value, Mapping):
            raise UsageError(f"record.{key}", found=type(value).__name__, allowed="names and values")
        return RunRecord(value)

    def rows(self, key: str) -> RunRows:
        """Return a part that is a list of such records. Raises UsageError otherwise."""
        value = self.get(key)
        # Not `or []`: an array has no truth value, and an empty text must not pass for a list.
        value = [] if value is None else value
        if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
            allowed = "a list of rows with names and values"
            raise UsageError(f"record.{key}", found=type(value).__name__, allowed=allowed)
        return RunRows(map(RunRecord, value))

    def listed(self, key: str) -> list[Any]:
        """Return a part that is a list or an array as a list. Raises UsageError otherwise."""
        value: Any = self.get(key)
        if hasattr(value, "tolist"):
            value = value.tolist()
        if value is not None and not isinstance(value, list | tuple):
            raise UsageError(f"record, {key}", found=type(value).__name__, allowed="a list")
        return list(value or ())

    def measured(self, key: str) -> float | None:
        """Return a number as a float, None where it is missing or something else."""
        return measured(self.get(key))

    def counted(self, key: str) -> int | None:
        """Return a finite number as a count, else None."""
        return counted(self.get(key))

    def flat(self, prefix: str = "") -> list[tuple[str, Shown]]:
        """Return all values with their names; those of a part are named `part.name`."""
        pairs: list[tuple[str, Shown]] = []
        for name, value in self.items():
            # `part.name`, as the command line's `--set` and error lines name a setting.
            nested = isinstance(value, Mapping)
            pairs += RunRecord(value).flat(f"{prefix}{name}.") if nested else [(f"{prefix}{name}", cell(value))]
        return pairs


class RunRows(list[RunRecord]):
    """Rows of a run's record."""

    def column(self, key: str) -> list[float | None]:
        """Return one column of numbers, None where a row lacks it or has something else."""
        return [row.measured(key) for row in self]

    def has(self, key: str) -> bool:
        """Tell whether any row has a number under the key."""
        return any(value is not None for value in self.column(key))


def cell(value: Any) -> Shown:
    """Return a value as a table shows it: numbers as they are, lists joined, nothing as None."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(str(cell(item)) for item in value)
    return str(value)


COLUMNS = {
    "epoch": "epoch",
    "loss": "loss",
    "accuracy": "accuracy",
    "perplexity": "perplexity",
    "val_loss": "val. loss",
    "val_accuracy": "val. accuracy",
    "val_perplexity": "val. perplexity",
    "lr": "learning rate",
    "seconds": "seconds",
}
"""The keys of a history in the order they are shown; others follow under their own names."""
MOST_EPOCHS = 40
"""Rows of a history that are printed; of a longer one, epochs at even distances and the last."""


def section(title: str, blocks: Sequence[Block | None]) -> list[Section]:
    """Return a section in a list, or an empty list where nothing stands in it."""
    # Whoever composes a page lists all it might hold; None stands for what the record lacks.
    present = tuple(block for block in blocks if block is not None)
    return [Section(title, present)] if present else []


def result_section(
    record: RunRecord,
    judged: Paragraph | None,
    wanted: Sequence[tuple[str, str, bool]],
    keys: dict[str, str],
    on: str,
) -> list[Section]:
    """Return how a run did: its `wanted` scores, what it lost to, its rivals on the same rows, and its remarks."""
    scores, remarks = record.part("evaluation"), tuple(str(note) for note in record.listed("notes"))
    rivals, said = scores.rows("rivals"), [Paragraph(str(scores[key])) for key in ("lost", "lag") if scores.get(key)]
    name = str(record.part("settings").get("cell") or "this run")
    table = _rival_table(name, scores, rivals, keys, f"This run and its rivals on the same {on}.")
    points = Points(remarks) if remarks else None
    return section("Result", [judged, *said, _highlights(scores, wanted, rivals), table, points])


def _highlights(scores: RunRecord, wanted: Sequence[tuple[str, str, bool]], rivals: RunRows) -> Highlights | None:
    """Return the scores that are there; each wanted one is (key, label, is a share). Rivals' scores stand beside."""
    items = []
    for key, label, share in wanted:
        value = scores.measured(key)
        if value is not None:
            items.append(Highlight(_score(value, share), label, _rival_note(rivals, key, share)))
    return Highlights(tuple(items)) if items else None


def _score(value: float, share: bool) -> str:
    # A whole number from 1000 on is a count: as a float, millions of it would be written as a power of ten.
    return percent(value) if share else number(int(value) if value.is_integer() and abs(value) >= 1000 else value)


def _rival_note(rivals: RunRows, key: str, share: bool) -> str:
    found = [(str(row.get("name", "rival")), row.measured(key)) for row in rivals]
    return "; ".join(f"{name}: {_score(value, share)}" for name, value in found if value is not None)


def _rival_table(name: str, scores: RunRecord, rivals: RunRows, keys: dict[str, str], caption: str) -> Table | None:
    """Return the run's scores above those of its rivals; `keys` maps each score to its heading."""
    if not rivals:
        return None
    # This run stands first, by the name of its cell; a score that nobody has gets no column.
    lined = RunRows([RunRecord({**scores, "name": name}), *rivals])
    shown = [key for key in keys if lined.has(key)]
    body = tuple((str(row.get("name", "rival")), *(cell(row.get(key)) for key in shown)) for row in lined)
    return Table(("", *(keys[key] for key in shown)), body, caption)


def training_section(record: RunRecord, curves: Figure | None = None) -> list[Section]:
    """Return the curves and the table of a history; `curves` takes the place of the usual picture."""
    history = record.rows("history")
    if not history:
        return []
    # A history whose rows hold no numbers has no columns either, and its table is left out.
    table = history_table(history)
    return section("Training", [curves or _curves(history), _rates(history), table if table.header else None])


def epoch_numbers(history: RunRows) -> list[float]:
    """Return the epochs' numbers, counted from 1 where they are not told."""
    told = history.column("epoch")
    # Records written by hand may lack the number; the place is what it would be.
    return [float(place) if epoch is None else epoch for place, epoch in enumerate(told, start=1)]


def _curves(history: RunRows) -> Figure | None:
    validation = " Dashed: on the validation part." if history.has("val_loss") or history.has("val_accuracy") else ""
    given = {key: history.column(key) if history.has(key) else None for key in ("accuracy", "val_accuracy", "val_loss")}
    x, loss, accuracy = epoch_numbers(history), history.column("loss"), given["accuracy"]
    if not history.has("loss"):
        return None
    # Without accuracy there is one axis: a language model, or a forecast.
    if accuracy is None:
        curves = [Line("training loss", x, loss)]
        if given["val_loss"]:
            curves.append(Line("validation loss", x, given["val_loss"], dashed=True))
        return Figure(lines(*curves, x_label="epoch", y_label="loss"), f"Loss over epochs.{validation}")
    svg = accuracy_against_loss(x, accuracy, loss=loss, val_accuracy=given["val_accuracy"], val_loss=given["val_loss"])
    return Figure(svg, f"Accuracy against training loss, over epochs.{validation}")


def _rates(history: RunRows) -> Figure | None:
    """Return the learning rates, where they changed."""
    # A rate that never changes is told in the settings; a level line would take a figure's room.
    if len(set(history.column("lr")) - {None}) < 2:
        return None
    return Figure(learning_rates(epoch_numbers(history), history.column("lr")), "Learning rate over epochs.")


def history_table(history: RunRows) -> Table:
    """Return the history as a table of at most about 40 epochs."""
    # In the order in which they first appear, so that the table is the same for the same record.
    others = [key for key in dict.fromkeys(key for row in history for key in row) if key not in COLUMNS]
    keys = [key for key in (*COLUMNS, *others) if history.has(key)]
    # The last epoch is always shown, even where it falls between two strides: it is what training ended with.
    stride = math.ceil(len(history) / MOST_EPOCHS)
    shown = [row for place, row in enumerate(history, start=1) if place == len(history) or (place - 1) % stride == 0]
    caption = "What was measured at each epoch." if stride == 1 else f"Every {stride}th epoch, and the last."
    body = tuple(tuple(cell(row.get(key)) for key in keys) for row in shown)
    return Table(tuple(COLUMNS.get(key, key) for key in keys), body, caption)


def network_section(record: RunRecord) -> list[Section]:
    """Return the network: its drawing, its layers and weights, its cell and the cell's equations."""
    layers = _layers(record)
    blocks: list[Block | None] = []
    if layers:
        # Settings come in groups from a run, and flat from older records and from hand.
        told = dict(record.part("settings").flat())
        both = "yes" in (told.get("net.bidirectional"), told.get("bidirectional"))
        drawn = [(name, kind, _detail(name, kind, count), shape) for name, kind, shape, count in layers]
        if any(kind not in BESIDE for _, kind, _, _ in layers):
            blocks.append(Figure(network_diagram(drawn, bidirectional=both), "The network, unrolled through time."))
        blocks.append(summary_table(layers, "Layers, the shapes that come out of them, and their weights."))
    return section("Network", [*blocks, *_cell_blocks(record.part("cell"))])


def _detail(name: str, kind: str, count: int) -> str:
    """Return what stands under a layer's name; a pooling named last is drawn as reading the last step alone."""
    # The drawing leads one arrow, not all, into a pooling that reads the last step alone.
    if kind == "pooling" and name.removesuffix(" state") == "last":
        return "last"
    return f"{number(count)} weights" if count else ""


def _layers(record: RunRecord) -> list[tuple[str, str, str, int]]:
    """Return the rows of record["network"]: (name, kind, shape, parameters)."""
    layers = []
    for row in record.listed("network"):
        if not isinstance(row, list | tuple) or len(row) != 4 or counted(row[3]) is None:
            raise UsageError("record.network", found=repr(row)[:80], allowed="rows of name, kind, shape, parameters")
        layers.append((str(row[0]), str(row[1]), shape_text(row[2]), int(row[3])))
    return layers


def _cell_blocks(description: RunRecord) -> list[Block]:
    """Return the drawing and the equations of the cell, where record["cell"] tells its sizes.

    Of a cell that nobody has drawn, the equations alone.
    """
    if not description:
        return []
    # Looked up among the cells: a record may hold any text, and drawings are chosen by it.
    kind = next((name for name in CELLS if name == description.get("kind")), None)
    activation = description.get("activation", "tanh")
    inputs, hidden = description.counted("inputs"), description.counted("hidden")
    if kind is None or inputs is None or hidden is None:
        raise UsageError(
            "record.cell", found=str(dict(description)), allowed=f"kind ({', '.join(CELLS)}), inputs, hidden"
        )
    reset_after = description.get("reset_after", True) is not False
    caption = f"One step of the {kind.upper()}: {number(inputs)} inputs, {number(hidden)} units."
    return cell_blocks(
        kind, inputs=inputs, hidden=hidden, activation=activation, reset_after=reset_after, caption=caption
    )


def settings_sections(record: RunRecord, readers: Callable[[str], Sequence[str]]) -> list[Section]:
    """Return the settings that the run's task is among the `readers` of, and the versions."""
    task = str(record.get("task"))
    told = record.part("settings").flat()
    unread = ("net.", "training.") if record.get("cell") == {} else ()
    settings = [(name, value) for name, value in told if task in readers(name) and not name.startswith(unread)]
    versions = record.part("versions").flat()
    command = str(record.get("command") or "")  # a backquote inside would end the code early
    made = Paragraph(f"Made with `{command}`.") if command and "`" not in command else None
    return [
        *section("Settings", [made, Facts(tuple(settings)) if settings else None]),
        *section("Versions", [Facts(tuple(versions)) if versions else None]),
    ]
