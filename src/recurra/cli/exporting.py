"""`recurra export`: a model for programs that have no Recurra.

Not here: how a net is written (exports/).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli import options
from recurra.cli.console import emit_json
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.exports.c.program import Program


def export(
    artefact: options.Folder,
    c: Annotated[
        str, typer.Option("--c", metavar="DIR", help="Write a header and a source in C99 into that folder.")
    ] = "",
    int8: Annotated[
        bool, typer.Option("--int8", help="Multiply the recurrence in int8: a quarter of the flash.")
    ] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What names in C begin with. [default: the folder's]")
    ] = "",
    json_: options.Json = False,
) -> None:
    """Write a model for programs that have no Recurra, and tell what it takes of them.

    Example:  recurra export runs/series-airline --c firmware/ --int8
    """
    if not c:
        raise UsageError("nothing to write", allowed="--c DIR")
    from recurra.artefact import resolve
    from recurra.exports.c.files import c_name, texts_of, write_texts
    from recurra.exports.c.program import program_of
    from recurra.model import load_any
    from recurra.tasks.names import HELD

    folder = resolve(Path(artefact))
    model = load_any(folder)
    program = program_of(model, c_name(name or _called(folder)), byte=int8)
    # Told before anything is written: somebody may see that it does not fit.
    if json_:
        emit_json(program.record | {"files": [f"{program.name}.h", f"{program.name}.c"]})
    else:
        print(_told(program))
    write_texts(Path(c), texts_of(program, HELD[model.task].noun))


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
