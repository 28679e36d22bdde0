"""A trained model as a program in C: what is refused, the layers one after another, and what it takes of a device.

Not here: the layers (layers.py), the text of the two files (files.py), the command (cli/exporting.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recurra.errors import ArtefactError
from recurra.exports.c.draft import Draft
from recurra.exports.c.layers import POOLED, WRITE
from recurra.exports.c.meanings import Meaning, meaning_of
from recurra.layers.layer import weights_of
from recurra.layers.matrix.run import BagSpec, EmbeddingSpec, TiedSpec
from recurra.model import Model
from recurra.tasks.names import HELD
from recurra.text.vocabulary import UNK


@dataclass(frozen=True)
class Program:
    """A net in C, ready to be written."""

    draft: Draft
    meaning: Meaning
    plan: Any
    task: str

    @property
    def name(self) -> str:
        """What its functions and files begin with."""
        return self.draft.name

    @property
    def outputs(self) -> int:
        """Numbers of an answer."""
        return self.draft.size

    @property
    def inputs(self) -> int:
        """Numbers of a step, where it reads numbers."""
        return int(self.plan.flow[0][1].inputs)

    @property
    def words(self) -> EmbeddingSpec | BagSpec | None:
        """The table of what it reads; None: it reads numbers."""
        return next((spec for _, spec in self.plan.flow if isinstance(spec, EmbeddingSpec | BagSpec)), None)

    @property
    def ram(self) -> int:
        """Bytes of one state, scratch included."""
        return self.draft.ram

    @property
    def flash(self) -> int:
        """Bytes of constants; the code is a kilobyte or two more, as the compiler makes it."""
        # Further arrays and the texts of names, each with a pointer of four bytes.
        arrays = sum(values.nbytes for values in self.meaning.arrays.values())
        return self.draft.flash + arrays + sum(len(name.encode()) + 5 for name in self.meaning.names)

    @property
    def record(self) -> dict[str, Any]:
        """What the command tells of it, as plain JSON."""
        remembered = sum(part.bytes for part in self.draft.memory if not part.note.startswith("scratch"))
        return {
            "name": self.name,
            "task": self.task,
            "precision": "int8" if self.draft.byte else "float32",
            "ram": self.ram,
            "ram_state": remembered,
            "flash": self.flash,
            "products": self.draft.products,
            "outputs": self.outputs,
        }


def program_of(model: Any, name: str, *, byte: bool) -> Program:
    """Lay a model out as a program in C whose names begin with `name`; `byte`: in int8, as `--precision int8` answers.

    Raises ArtefactError for a model that cannot read on token by token, or has parts that no C is written for.
    """
    require_readable(model)
    plan = model.plan
    layers = plan.flow + [(key, spec) for key, spec in plan.layers().items() if isinstance(spec, TiedSpec)]
    shared, imported = any(isinstance(spec, TiedSpec) for _, spec in layers), model.task == "sequence"
    # An imported net has no vocabulary, and no word that stands for others.
    draft = Draft(name, byte, shared=shared, unknown=0 if imported else UNK)
    for place, (key, spec) in enumerate(layers, 1):
        draft.layer, draft.behind = key, tuple(spec.kind for _, spec in layers[place:])
        WRITE[spec.kind](draft, spec, weights_of(model.tensors, key))
    if draft.values != "answer":  # where nothing stands behind the recurrence
        draft.answer.append(f"memcpy(answer, {draft.values}, {draft.size} * sizeof(float));")
    told = meaning_of(model)
    meaning = told(model, draft) if told else Meaning("")
    if cut := next((text for text in meaning.names if "\0" in text), None):
        advice = "C's texts end there: train with other labels"
        raise ArtefactError(f"cannot be written in C: the label {cut!r} holds a NUL character", advice=advice)
    return Program(draft, meaning, plan, model.task)


def require_readable(model: Model) -> None:
    """Raise ArtefactError, with what to train instead, for a model that is not written."""
    found = _troubles(model)
    if found:
        # All of them at once: nobody wants to train again for each.
        wrong, options = (dict.fromkeys(each) for each in zip(*found, strict=True))
        raise ArtefactError(f"cannot be written in C: {', '.join(wrong)}", advice=f"train {' '.join(options)}")


def _troubles(model: Any) -> list[tuple[str, str]]:
    """What stands in the way of a model, and how to train one where it does not."""
    plan, alone = model.plan, "with --recipe net"
    if meaning_of(model) is None:
        return [(f"it is {HELD[model.task].noun}", "a classifier that starts from it")]
    if getattr(plan, "kind", "") == "panel" or plan.recurrent is None:
        return [(f"it is {HELD[model.task].netless}, or several nets", alone)]
    other = [spec.kind for spec in plan.layers().values() if spec.kind not in WRITE or _is_magnitude(spec)]
    pools = {part for _, spec in plan.flow if spec.kind == "pooling" for part in spec.parts}
    grams = getattr(plan, "grams", ()) or getattr(plan, "wide", None)
    pads = getattr(getattr(model.encoder, "config", None), "pad_to_max", False)
    both = any(getattr(spec, "bidirectional", False) for _, spec in plan.flow)
    found = [
        (grams, "n-grams stand beside its net", alone),
        (other and not grams, f"it has a layer of kind {', '.join(other)}", "a net without it"),
        (getattr(plan, "window", 0), "it answers a long text by the mean over its windows", alone),
        (both, "it reads from both ends", "with --set bidirectional=false"),
        (getattr(plan, "direction", "") == "backward", "it reads from the end", "with --set direction=forward"),
        (not pools <= POOLED.keys(), "attention waits for the last token", 'with --set \'pool=["mean","max"]\''),
        (pads, "it reads pads before a text", "with --set pad_to_max=false"),
    ]
    return [(wrong, option) for stands, wrong, option in found if stands]


def _is_magnitude(spec: Any) -> bool:
    """Of pairs of numbers, as they come from a convolution."""
    return getattr(spec, "function", "") == "magnitude"
