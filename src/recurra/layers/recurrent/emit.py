"""Stacked recurrent layers, written as ONNX nodes: (time, batch, inputs) -> (time, batch, outputs), and final states.

Not here: a single sweep (cells/backends/onnx.py), and the arithmetic (run.py).
"""

from __future__ import annotations

from dataclasses import replace

from recurra.cells.backends.onnx import Batch, Sweep, swept
from recurra.layers.flow import Flow, Names
from recurra.layers.recurrent.run import RecurrentSpec

PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def emit_recurrent(spec: RecurrentSpec, names: Names, flow: Flow) -> Flow:
    """Sweep layer by layer, from the flow's states; states are named by their sweep's number in the whole net."""
    for layer in range(spec.layers):
        sides = []
        # Both directions read the layer below, and stand side by side for the one above.
        for suffix in [suffix for number, suffix in spec.sweeps if number == layer]:
            own = {part: names[f"{part}_l{layer}{suffix}"] for part in PARTS if f"{part}_l{layer}{suffix}" in names}
            sweep = Sweep(spec.computed, spec.hidden, own, reverse=bool(suffix))
            called = [f"{flow.sweeps}_{part}" for part in spec.states]
            state = tuple(flow.begin(name, spec.hidden) for name in called)
            outputs, ends = swept(flow.graph, sweep, Batch(flow.values, flow.lengths, flow.there), state)
            sides.append(outputs)
            flow = replace(flow.ended(dict(zip(called, ends, strict=True))), sweeps=flow.sweeps + 1)
        flow = replace(flow, values=flow.graph.node("Concat", *sides, axis=2) if len(sides) > 1 else sides[0])
    return flow
