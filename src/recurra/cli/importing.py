"""`recurra import`: a trained net of another tool becomes an artefact, with a proof.

Not here: reading it and proving it (importing/).
"""

from __future__ import annotations

from typing import Annotated

import typer

from recurra.cli import options
from recurra.cli.console import emit_json, emit_table, say


def import_(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A state dict of torch (.safetensors), .onnx, .keras, .weights.h5.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="ARTEFACT", help="Folder of the artefact.")],
    prefix: Annotated[str, typer.Option("--prefix", help="Take only what begins so, such as encoder.")] = "",
    layers: Annotated[
        str, typer.Option("--layers", help="Layers and functions in order: embed,lstm,relu,fc. [default: by sizes]")
    ] = "",
    cell: Annotated[str, typer.Option("--cell", help="The cell that is expected: lstm, gru or rnn.")] = "",
    activation: Annotated[str, typer.Option("--activation", help="Of a simple RNN: tanh or relu.")] = "",
    length: Annotated[
        int, typer.Option("--length", min=0, show_default=False, help="Samples of a chunk that a convolution reads.")
    ] = 0,
    json_: options.Json = False,
) -> None:
    """Import a recurrent net that has learnt elsewhere; it must answer as it did there, within 1e-5.

    Examples:  recurra import lstm.safetensors --to model

               recurra import tagger.safetensors --layers embed,lstm,relu,fc --to model

               recurra import graph.onnx --prefix /encoder --to model

               recurra import net.keras --to model

               recurra import rnn.safetensors --activation tanh --prefix encoder --to model
    """
    from recurra.importing.reading import import_model

    model = import_model(file, to, prefix=prefix, layers=layers, cell=cell, activation=activation, length=length)
    source = model.encoder
    if json_:
        emit_json({"task": model.task, "folder": to, **source.model_dump(mode="json"), "layers": model.plan.rows})
        return
    for note in source.notes:
        say(note)
    print(f"{to}: {model.summary}")
    rows = [(name, kind, outputs, f"{count:,}") for name, kind, outputs, count in model.plan.rows]
    emit_table(("layer", "kind", "outputs", "parameters"), rows)
