"""What is gathered while a net is written in C: constants, memory, functions, and the lines of a step and an answer.

Not here: what each layer adds (layers.py), and the files that come of it (program.py, files.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from numpy.typing import NDArray

from recurra.exports.c.arrays import Constants, eight_together, levels, singles
from recurra.layers.layer import Floats

CType = Literal["float", "uint32_t", "int8_t"]
SIZES: dict[CType, int] = {"float": 4, "uint32_t": 4, "int8_t": 1}


@dataclass(frozen=True)
class Memory:
    """A part of the state in RAM: what a net remembers, or what it computes in."""

    kind: CType
    name: str
    shape: tuple[int, ...]
    note: str

    @property
    def bytes(self) -> int:
        """What it takes."""
        return SIZES[self.kind] * math.prod(self.shape)

    @property
    def text(self) -> str:
        """Its line in the struct."""
        many = "".join(f"[{size}]" for size in self.shape)
        return f"  {self.kind} {self.name}{many}; /* {self.note} */"


@dataclass
class Draft:
    """A net as far as it is written."""

    name: str
    byte: bool
    """Whether recurrent products are made of whole numbers of 8 bits."""
    shared: bool = False
    """Whether words are scored by the table that their vectors come from."""
    unknown: int = 0
    """The token that stands for what is none."""
    layer: str = ""
    """The name of the layer that is being written."""
    behind: tuple[str, ...] = ()
    """The kinds of those behind it."""
    stacks: int = 0
    """Recurrent layers that are written, each a stack."""
    constants: list[Constants] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """Functions of parts.c."""
    definitions: list[str] = field(default_factory=list)
    """Of the source: macros, structs and functions, in order."""
    step: list[str] = field(default_factory=list)
    """What each step does."""
    answer: list[str] = field(default_factory=list)
    """What a step does further if an answer is wanted."""
    values: str = "values"
    """What flows into the next layer: floats."""
    rounded: tuple[str, str] | None = None
    """In place of values: their levels and step, which were rounded before."""
    size: int = 0
    """How many there are."""
    products: int = 0
    """Multiplications with an addition of a step, and of its answer."""

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant array; returns its name."""
        self.constants.append(Constants(name, values))
        return name

    def room(self, kind: CType, name: str, shape: tuple[int, ...], note: str) -> str:
        """Add room in the state; returns how C names it."""
        self.memory.append(Memory(kind, name, shape, note))
        return f"state->{name}"

    def scratch(self, kind: CType, name: str, count: int, note: str) -> None:
        """Add room that several layers use in turn, as large as the largest of them needs."""
        before = next((one for one in self.memory if one.name == name), None)
        if before is None:
            self.room(kind, name, (count,), f"scratch: {note}")
        elif before.shape[0] < count:
            self.memory[self.memory.index(before)] = replace(before, shape=(count,))

    @property
    def lines(self) -> list[str]:
        """Where the lines of a layer without a state go: behind the last state they are for an answer alone."""
        return self.step if {"recurrent", "pooling"} & {*self.behind} else self.answer

    def into(self, size: int) -> str:
        """Return where a layer writes its values: the last one writes the answer."""
        return self.room("float", f"of_{self.layer}", (size,), "scratch: of a layer") if self.behind else "answer"

    def product(self, name: str, weight: Floats) -> list[str]:
        """Add the weights of a product that is rounded in int8: returns the names of its arrays."""
        self.products += weight.size
        if not self.byte:
            self.used.add("add_product")
            return [self.constant(name, eight_together(weight))]
        self.used.add("add_levels")
        whole, steps = levels(weight)
        return [self.constant(name, whole), self.constant(f"{name}_steps", steps)]

    def dense(self, name: str, weight: Floats, bias: Floats, into: str) -> list[str]:
        """Return the lines of a product that stays in float32: into = weight · values + bias."""
        self.used.add("add_product")
        table, start = self.constant(name, eight_together(weight)), self.constant(f"{name}_bias", singles(bias))
        self.products += weight.size
        return dense_lines(into, table, start, self.values, *weight.shape)

    @property
    def ram(self) -> int:
        """Bytes of the state, as a compiler lays it out."""
        # Four-byte parts first, then bytes: the struct ends at a multiple of four.
        return -(-sum(part.bytes for part in self.memory) // 4) * 4

    @property
    def flash(self) -> int:
        """Bytes of constants."""
        return sum(one.bytes for one in self.constants)


def dense_lines(into: str, table: str, bias: str, values: str, rows: int, depth: int) -> list[str]:
    """Return the lines of into = table · values + bias."""
    return [
        f"memcpy({into}, {bias}, {rows} * sizeof(float));",
        f"add_product({into}, {table}, {values}, {rows}, {depth});",
    ]
