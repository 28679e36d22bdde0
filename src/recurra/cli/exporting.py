"""`recurra export`: a model for programs that have no Recurra.

Not here: how each form is written (exports/).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from recurra.cli import options
from recurra.cli.console import emit_json, say
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.exports.c.program import Program


class _Asked(NamedTuple):
    """A model, and what somebody wants of it."""

    model: Any
    folder: Path
    """Of the artefact."""
    place: Path
    """Where it is written."""
    int8: bool
    name: str
    tolerance: float | None
    as_json: bool

    def tell(self, record: dict[str, Any], line: str) -> None:
        """Print the result."""
        if self.as_json:
            emit_json(record)
        else:
            print(line)


def _as_c(asked: _Asked) -> None:
    from recurra.exports.c.files import c_name, program_files, write_texts
    from recurra.exports.c.program import program_of
    from recurra.tasks.names import HELD

    program = program_of(asked.model, c_name(asked.name or _called(asked.folder)), byte=asked.int8)
    if asked.model.plan.precision == "bf16" and not asked.int8:
        say("note: it learnt in products of bfloat16; in C they are of float32, as with --precision float32")
    # Told before anything is written: somebody may see that it does not fit.
    asked.tell(program.record | {"files": [f"{program.name}.h", f"{program.name}.c"]}, _told(program))
    write_texts(asked.place, program_files(program, HELD[asked.model.task].noun))


def _as_onnx(asked: _Asked) -> None:
    from recurra.exports.onnx import export_onnx
    from recurra.nets.emit import n_grams

    proof = export_onnx(asked.model, asked.place, int8=asked.int8, tolerance=asked.tolerance)
    precision = asked.model.plan.precision
    if precision != "float32":
        say(f"note: the model answers in {precision}; the file multiplies in float32")
    if shares := getattr(asked.model.encoder, "shares", {}):
        others = ", ".join(f"{name} {share:.2f}" for name, share in shares.items() if share and name != "net")
        say(f"note: the file holds the panel's nets; beside them count {others or 'no others'} (docs/onnx.md)")
    if beside := n_grams(asked.model.plan):
        say(f"note: {', '.join(beside)}: n-grams; whoever runs the file hashes and counts them (docs/onnx.md)")
    line = f"{asked.place}: {proof.bytes / 1e6:.2f} MB; ONNX Runtime answers as Recurra does: {proof.line}"
    figures = {
        "inputs": proof.inputs,
        "difference": proof.largest,
        "agreeing": proof.agreeing,
        "rounding": proof.rounding,
    }
    asked.tell({"files": [asked.place.name], "bytes": proof.bytes, **figures}, line)


TARGETS: dict[str, Callable[[_Asked], None]] = {"--c DIR": _as_c, "--onnx FILE": _as_onnx}
"""The forms in which a model leaves, by their options."""


def export(
    artefact: options.Folder,
    c: Annotated[
        str, typer.Option("--c", metavar="DIR", help="Write a header and a source in C99 into that folder.")
    ] = "",
    onnx: Annotated[
        str, typer.Option("--onnx", metavar="FILE", help="Write an ONNX file, proven against Recurra's answers.")
    ] = "",
    int8: Annotated[
        bool,
        typer.Option("--int8", help="C: multiply the recurrence in int8. ONNX: store large matrices as int8."),
    ] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What names in C begin with. [default: the folder's]")
    ] = "",
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", show_default=False, help="ONNX: difference that is allowed. [default: 1e-5]"),
    ] = None,
    json_: options.Json = False,
) -> None:
    """Write a model for programs that have no Recurra, and tell what it takes of them.

    Examples:  recurra export runs/series-airline --c firmware/ --int8

               recurra export runs/tickets --onnx tickets.onnx
    """
    asked = {option: place for option, place in zip(TARGETS, (c, onnx), strict=True) if place}
    _check(asked, name, tolerance)
    from recurra.artefact import resolve
    from recurra.model import load_any

    folder = resolve(Path(artefact))
    model = load_any(folder)
    for option, place in asked.items():
        TARGETS[option](_Asked(model, folder, Path(place), int8, name, tolerance, json_))


def _check(asked: dict[str, str], name: str, tolerance: float | None) -> None:
    """Raise UsageError for no form at all, and for an option of another form."""
    c, onnx = TARGETS
    if not asked:
        raise UsageError("nothing to write", allowed=", or ".join(TARGETS))
    if name and c not in asked:
        raise UsageError("--name", found="no --c", advice="leave it out: only names in C begin with it")
    if tolerance is not None and onnx not in asked:
        raise UsageError("--tolerance", found="no --onnx", advice="leave it out: C is held to the engine's bits")


def _called(folder: Path) -> str:
    """The name of an artefact: that of its run, where it lies in one."""
    whole = folder.resolve()
    return whole.parent.name if whole.name == "artefact" else whole.name


def _told(program: Program) -> str:
    told, scratch = program.record, program.ram - program.record["ram_state"]
    return "\n".join(
        [
            f"{program.name}.h, {program.name}.c: {told['precision']}",
            f"RAM    {program.ram:>11,} bytes a state, {scratch:,} of them scratch",
            f"flash  {program.flash:>11,} bytes of constants; the code is a kilobyte or two more",
            f"work   {told['products']:>11,} multiplications a step, its answer included",
        ]
    )
