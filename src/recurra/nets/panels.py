"""The forecaster of panels as plain data: nets of segments that each saw its series in another order.

Beside them stands one that learnt from other series before. Not here: laying one out for a panel (tasks/panels.py), and
running it (layers/segments/run.py, layers/patches/run.py).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from recurra.config import Precision
from recurra.layers.matrix.run import DenseSpec
from recurra.layers.patches.run import PatchesSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.run import SegmentsSpec
from recurra.nets.run import Plan


class PanelNet(Plan):
    """Windows of many series to quantiles of the coming values: the mean of its members; none: classics alone."""

    pools = True
    task: Literal["series"] = "series"
    kind: Literal["panel"] = "panel"
    member: tuple[SegmentsSpec, ...] = Field(default=(), max_length=16)
    pretrained: PatchesSpec | None = None
    """The net of the box, where it counts."""
    linear: DenseSpec | None = None
    """A linear forecast of the same windows as the members', of long series that share a scale."""

    @model_validator(mode="after")
    def _members_agree(self) -> Self:
        # One reading of a window serves them all.
        if any(spec != self.member[0] for spec in self.member):
            raise ValueError("member: all of one size")
        return self

    @cached_property
    def flow(self) -> list[tuple[str, Any]]:
        """Members stand side by side; one that learns alone is the whole flow."""
        return [("member0", self.member[0])] if len(self.member) == 1 else []

    @property
    def recurrent(self) -> RecurrentSpec | None:
        """The recurrence of each member; without any, of the net of the box."""
        if self.member:
            return self.member[0].recurrent
        return self.pretrained.recurrent if self.pretrained else None

    @property
    def rows(self) -> list[tuple[str, str, str, int]]:
        """As `Plan.rows`: the parts of a member, with the parameters of all members."""
        return [*self._members, *self._linear, *self._pretrained]

    @property
    def _linear(self) -> list[tuple[str, str, str, int]]:
        if self.linear is None:
            return []
        return [("linear", self.linear.kind, str(self.linear.outputs), self.parameters["linear"])]

    @property
    def _pretrained(self) -> list[tuple[str, str, str, int]]:
        if self.pretrained is None:
            return []
        return [("pretrained", self.pretrained.kind, str(self.pretrained.horizon), self.parameters["pretrained"])]

    @property
    def _members(self) -> list[tuple[str, str, str, int]]:
        if not self.member:
            return []
        spec, members = self.member[0], len(self.member)
        inner: dict[str, Any] = {"recurrent": spec.recurrent, **spec.parts()}
        sizes = {name: members * sum(map(math.prod, part.weights().values())) for name, part in inner.items()}
        body = ("entry", "recurrent", "wide", "narrow")
        read = ("last state", "pooling", str(spec.recurrent.hidden), 0)
        # Side by side: what each simple forecast counts, how a trend is damped, what changes, also by what is ahead.
        heads = sum(size for name, size in sizes.items() if name not in body)
        kinds = [(name, inner[name].kind, str(inner[name].outputs)) for name in body]
        through = [(*kind, sizes[kind[0]]) for kind in kinds]
        return [*through[:2], read, *through[2:], ("heads", "dense", str(inner["change"].outputs), heads)]

    def in_precision(self, precision: Precision) -> Self:
        """Return the plan with its recurrences multiplied in another precision; the weights stay."""

        def rounded(spec: Any) -> Any:
            return spec.model_copy(update={"recurrent": spec.recurrent.model_copy(update={"precision": precision})})

        members, one = tuple(map(rounded, self.member)), self.pretrained
        return self.model_copy(update={"member": members, "pretrained": one and rounded(one)})

    def alone(self) -> Self:
        """Return the plan of one member, which learns by itself."""
        return self.model_copy(update={"member": self.member[:1], "pretrained": None, "linear": None})
