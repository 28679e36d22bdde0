"""What somebody says of a file beside its weights, and the layers of it, in words that a state dict does not hold.

Not here: which arrays they are (states.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from recurra.errors import UsageError, either
from recurra.layers.activation.run import FUNCTIONS, Function

RnnActivation = Literal["tanh", "relu"]
CELLS = ("lstm", "gru", "rnn")
"""Those that other tools have too."""
SETTINGS = ("stride", "padding", "reflect", "activation")
"""What may stand behind a layer's name."""


@dataclass(frozen=True)
class Asked:
    """Choices of an import; empty: as the file tells."""

    cell: str = ""
    """The cell that is expected: a check."""
    prefix: str = ""
    """Only what begins so, and a dot behind it; for ONNX the node's name."""
    activation: str = ""
    """Of a simple RNN, which its weights do not tell: tanh or relu."""
    layers: str = ""
    """The layers in the order of the flow, apart by commas."""
    length: int = 0
    """Samples of a chunk, where the first layer is a convolution."""


@dataclass(frozen=True)
class Stage:
    """One layer of the flow as it is called in the file, or a function."""

    name: str
    function: Function | None = None
    stride: int = 1
    left: int = 0
    right: int = 0
    reflect: bool = False
    activation: str = ""
    reset_after: bool = True
    """Of a GRU; torch has no other."""

    def __str__(self) -> str:
        """As `--layers` takes it."""
        padding = str(self.left) if self.left == self.right else f"{self.left}/{self.right}"
        told = [
            (f"stride={self.stride}", self.stride != 1),
            (f"{'reflect' if self.reflect else 'padding'}={padding}", bool(self.left or self.right)),
            (f"activation={self.activation}", bool(self.activation)),
            ("reset_after=false", not self.reset_after),
        ]
        return ":".join([self.name or ".", *(text for text, there in told if there)])


def asked_for(*, cell: str = "", activation: str = "", **further: Any) -> Asked:
    """Check the choices that are words; raises UsageError."""
    for name, given, allowed in (("cell", cell, CELLS), ("activation", activation, get_args(RnnActivation))):
        if given and given not in allowed:
            raise UsageError(either(f"--{name}", name), found=repr(given), allowed=", ".join(allowed))
    return Asked(cell=cell, activation=activation, **further)


def read_layers(text: str) -> list[Stage]:
    """Read the text of `layers`: `embed,lstm,relu,fc`; settings stand behind a name, `conv:stride=2:padding=1`.

    Raises UsageError that names the entry.
    """
    return [_stage(entry.strip()) for entry in text.split(",")]


def _stage(entry: str) -> Stage:
    name, *settings = entry.split(":")
    if name in FUNCTIONS and not settings:
        return Stage(name, function=next(each for each in FUNCTIONS if each == name))
    given: dict[str, str] = {}
    for setting in settings:
        key, found, value = setting.partition("=")
        if key not in SETTINGS or not found or key in given:
            raise _refused(entry)
        given[key] = value
    if not name or {"padding", "reflect"} <= given.keys():
        raise _refused(entry)
    activation = given.get("activation", "")
    if activation not in ("", *get_args(RnnActivation)):
        raise _refused(entry)
    left, right = _ends(entry, given.get("padding", given.get("reflect", "0")))
    # A state dict of one layer alone has names without a beginning; a dot stands for that.
    return Stage(
        name.removeprefix("."),
        stride=_number(entry, given.get("stride", "1")),
        left=left,
        right=right,
        reflect="reflect" in given,
        activation=activation,
    )


def _ends(entry: str, text: str) -> tuple[int, int]:
    left, found, right = text.partition("/")
    return _number(entry, left), _number(entry, right if found else left)


def _number(entry: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise _refused(entry)
    return int(text)


def _refused(entry: str) -> UsageError:
    settings = ", ".join(f":{key}=…" for key in SETTINGS)
    return UsageError(
        either("--layers", "layers"),
        found=repr(entry)[:80],
        allowed=f"a layer's name, with {settings} behind it, or {', '.join(FUNCTIONS)}",
        advice="such as embed,lstm,relu,fc or conv:stride=2:padding=1,relu,lstm",
    )
