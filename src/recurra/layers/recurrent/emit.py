"""Stacked recurrent layers, written as ONNX nodes: (time, batch, inputs) -> (time, batch, outputs), and final states.

Not here: a single sweep (cells/backends/onnx.py), and the arithmetic (run.py).
"""

from __future__ import annotations

from dataclasses import replace

from recurra.cells.backends.onnx import Batch, Sweep, swept
from recurra.graph import Value
from recurra.layers.flow import Flow, Names
from recurra.layers.recurrent.run import RecurrentSpec

PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def emit_recurrent(spec: RecurrentSpec, names: Names, flow: Flow) -> Flow:
    """Sweep layer by layer, from the flow's next states, or from zeros where it has none."""
    values, ends = flow.values, list[tuple[Value, ...]]()
    begin = flow.states or [tuple(flow.zeros(spec.hidden) for _ in spec.states)] * len(spec.sweeps)
    for layer in range(spec.layers):
        sides = []
        # Both directions read the layer below, and stand side by side for the one above.
        for place, (_, suffix) in enumerate(spec.sweeps):
            if spec.sweeps[place][0] != layer:
                continue
            own = {part: names[f"{part}_l{layer}{suffix}"] for part in PARTS if f"{part}_l{layer}{suffix}" in names}
            sweep = Sweep(spec.computed, spec.hidden, own, reverse=bool(suffix))
            outputs, end = swept(flow.graph, sweep, Batch(values, flow.lengths, flow.there), begin[place])
            sides.append(outputs)
            ends.append(end)
        values = flow.graph.node("Concat", *sides, axis=2) if len(sides) > 1 else sides[0]
    return replace(flow, values=values, states=flow.states[len(spec.sweeps) :], ends=(*flow.ends, *ends))
