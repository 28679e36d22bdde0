"""Which task reads which setting, and under which other choice: a setting that has no effect is refused, not ignored.

Not here: the settings and their ranges (config.py), and what each task reads (its record).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from recurra.cells import CELLS
from recurra.config import Settings
from recurra.errors import UsageError
from recurra.tasks.names import CALLED
from recurra.tasks.task import task_named

# Parts of `Settings` as a whole, or single fields, named as `--set` names them. What stands in none of these groups is
# read by every task.
GROUPS: dict[str, tuple[str, ...]] = {
    "words": ("text", "net.embedding_size", "net.embedding_scale", "net.embedding_dropout", "net.word_dropout",
        "net.bidirectional", "training.table_rate"),  # a language model refuses bidirectional, with its own reason
    "whole texts": ("text.max_length", "text.truncate", "net.freeze_embedding", "net.pool", "net.heads"),
    "lengths": ("training.batch_tokens",),
    "labels": ("text.pad_to_max", "training.monitor", "training.label_smoothing", "training.class_weight",
        "training.adversarial", "training.virtual_adversarial", "training.entropy", "training.self_training",
        "training.adapt"),
    "streams": ("net.direction", "training.samples", "training.steps", "training.streams"),
    "batches": ("training.batch_size",),
    "windows": ("series",),
}  # fmt: skip

_CELLS = sorted(CELLS, reverse=True)
"""In the order in which messages name them: the simple one first."""


class Condition(NamedTuple):
    """Another setting, and the values of it under which a setting has an effect."""

    other: str
    values: tuple[str, ...]


ONLY_WITH: dict[str, Condition] = {
    # A parallel cell makes what is new without an activation, whatever its record allows.
    "net.activation": Condition("net.cell", tuple(name for name in _CELLS if CELLS[name].vectors is None)),
    "net.reset_after": Condition("net.cell", tuple(name for name in _CELLS if CELLS[name].before)),
    "net.heads": Condition("net.pool", ("attention",)),
    # A minGRU has no weights on its state that could be dropped.
    "net.weight_drop": Condition("net.cell", tuple(name for name in _CELLS if CELLS[name].vectors != ())),
    "training.orthogonal": Condition("training.optimiser", ("muon",)),
    "training.recurrent_rate": Condition("training.optimiser", ("muon",)),
    "training.warm_up": Condition("training.schedule", ("one_cycle",)),
    "training.drop": Condition("training.schedule", ("step",)),
    "training.drop_every": Condition("training.schedule", ("step",)),
    "training.min_learning_rate": Condition("training.schedule", ("step", "cosine")),
}


VALUES: dict[tuple[str, str], str] = {("text.tokens", "bpe"): "streams"}
"""A setting's value that has a meaning only for tasks which read another group."""


def readers(key: str) -> tuple[str, ...]:
    """Return the tasks that read a setting, named `part.key`: those whose record names its group, else all."""
    # The field itself stands before its part: `text` is read of words, `text.max_length` of labelled texts alone.
    homes = [group for name in (key, key.partition(".")[0]) for group, names in GROUPS.items() if name in names]
    return tuple(task for task in CALLED if not homes or homes[0] in task_named(task).reads)


def changed_settings(settings: Settings, usual: Settings) -> dict[str, dict[str, Any]]:
    """Return the settings, by part and name, whose values are not those of `usual`; as plain values."""
    own, others = (one.model_dump(mode="json") for one in (settings, usual))
    return {
        part: {name: value for name, value in values.items() if value != others[part][name]}
        for part, values in own.items()
    }


def check_read(settings: Settings, task: str, *, begun: Settings) -> None:
    """Raise UsageError for a setting that was chosen and has no effect on this task.

    Chosen are those whose value is neither that of `begun`, the task's defaults, nor that of plain `Settings()`.
    """
    plain = Settings()
    for part in type(settings).model_fields:
        for name in type(getattr(settings, part)).model_fields:
            key = f"{part}.{name}"
            # A value that is anybody's default was not chosen: one file of settings may serve all tasks.
            if _value(settings, key) not in (_value(begun, key), _value(plain, key)):
                _check_one(settings, task, key)


def _check_one(settings: Settings, task: str, key: str) -> None:
    if task not in readers(key):
        allowed = f"task {' or '.join(readers(key))}"
        raise UsageError(f"{key} is not read here", found=f"task {task}", allowed=allowed, advice="leave it out")
    group = VALUES.get((key, str(_value(settings, key))))
    if group is not None and group not in task_named(task).reads:
        able = " or ".join(name for name in CALLED if group in task_named(name).reads)
        asked = f"{key}={_value(settings, key)}"
        raise UsageError(
            f"{asked} is not read here", found=f"task {task}", allowed=f"task {able}", advice="leave it out"
        )
    condition = ONLY_WITH.get(key)
    if condition is None:
        return
    value = _value(settings, condition.other)
    # `pool` is a tuple of several names; one of them is enough.
    if not set(condition.values) & ({value} if isinstance(value, str) else set(value)):
        found = f"{condition.other} {value if isinstance(value, str) else ', '.join(value)}"
        allowed = f"{condition.other} {' or '.join(condition.values)}"
        raise UsageError(f"{key} has no effect here", found=found, allowed=allowed, advice="leave it out")


def _value(settings: Settings, key: str) -> Any:
    part, _, name = key.partition(".")
    return getattr(getattr(settings, part), name)
