"""Stacked recurrent layers in C: one function that takes a step of a layer, and a struct of weights for each layer.

Not here: the cell's equation as C (cells/backends/c.py), and products (parts.c).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recurra.cells.backends.c import Product, WrittenStep, written_step
from recurra.cells.cell import Activation
from recurra.config import CellKind
from recurra.exports.c.arrays import singles
from recurra.exports.c.draft import Draft
from recurra.layers.layer import Floats, Weights
from recurra.layers.recurrent.run import RecurrentSpec, of_sweep


def write_recurrence(draft: Draft, spec: RecurrentSpec, weights: Weights) -> None:
    """Add the function, the layers' weights and states, and a call for each layer."""
    kind = spec.computed
    draft.size = spec.inputs
    names = _functions(kind, quick=draft.byte)
    step = written_step(kind, sigmoid=names["sigmoid"], activate=names[kind.activation])
    lines = [line for loop in step.loops for line in loop.lines]
    draft.used |= {name for name in names.values() if any(f"{name}(" in line for line in lines)}
    stack, shape = _ending(draft), (spec.layers, spec.hidden)
    states = [draft.room("float", f"{part}{stack}", shape, f"{part} state of each layer") for part in spec.states]
    _scratch(draft, spec, step)
    layers = [_layer(draft, spec, step, weights, number) for number in range(spec.layers)]
    draft.definitions += [
        *(["#undef HIDDEN"] if stack else []), f"#define HIDDEN {spec.hidden}",
        _struct(stack, layers[0]), *(_filled(stack, layer) for layer in layers), _function(draft, kind, step),
    ]  # fmt: skip
    for layer, fields in enumerate(layers):
        _call(draft, fields[""], [f"{state}[{layer}]" for state in states])
        draft.values, draft.size, draft.rounded = f"{states[0]}[{layer}]", spec.hidden, None
    draft.stacks += 1


def _ending(draft: Draft) -> str:
    """What tells the names of a stack from those of others."""
    return str(draft.stacks) if draft.stacks else ""


def _functions(kind: CellKind, *, quick: bool) -> dict[Activation, str]:
    """Which activations the engine takes: in int8 quick ones, but for sums without bounds."""
    ending = "quick" if quick and kind.activation != "relu" else "exact"
    return {"sigmoid": f"sigmoid_{ending}", "tanh": f"tanh_{ending}", "relu": "relu"}


def _scratch(draft: Draft, spec: RecurrentSpec, step: WrittenStep) -> None:
    draft.scratch("float", "sums", spec.computed.gates * spec.hidden, "of the gates")
    for name, rows in (("apart", len(step.apart)), ("kept", step.kept), ("operand", int(step.operand))):
        if rows:
            draft.scratch("float", name, rows * spec.hidden, "of the gates")
    sizes = [0 if draft.rounded else spec.inputs]
    if spec.layers > 1 or _products(step):
        sizes.append(spec.hidden)
    if draft.byte and max(sizes):
        draft.scratch("int8_t", "levels", max(sizes), "what is multiplied")


def _products(step: WrittenStep) -> list[Product]:
    return [product for loop in step.loops for product in loop.products]


Fields = dict[str, str]
"""What a layer's struct holds: the field as it is declared, and its value."""


def _layer(draft: Draft, spec: RecurrentSpec, step: WrittenStep, weights: Weights, number: int) -> Fields:
    """Add the weights of a layer; returns its fields."""
    input_weight, recurrent_weight, input_bias, recurrent_bias = of_sweep(spec, weights, f"_l{number}")
    stack = _ending(draft)
    hidden, start = spec.hidden, f"stack{stack}_layer{number}" if stack else f"layer{number}"
    bias = singles(input_bias)
    for gate in step.joined:
        rows = slice(gate * hidden, (gate + 1) * hidden)
        bias[rows] += recurrent_bias[rows]
    fields = {"int inputs": str(input_weight.shape[1]), **_product(draft, start, "input", input_weight)}
    fields["const float *bias"] = draft.constant(f"{start}_bias", bias)
    for place, product in enumerate(_products(step)):
        rows = slice(product.first * hidden, (product.first + product.count) * hidden)
        fields |= _product(draft, start, f"state{place}", recurrent_weight[rows])
    if step.apart:
        apart = np.concatenate([recurrent_bias[gate * hidden : (gate + 1) * hidden] for gate in step.apart])
        fields["const float *apart"] = draft.constant(f"{start}_apart", singles(apart))
    if spec.computed.parallel and len(recurrent_weight):
        fields["const float *vectors"] = draft.constant(f"{start}_vectors", singles(recurrent_weight).ravel())
    return {"": start, **fields}


def _product(draft: Draft, start: str, name: str, weight: Floats) -> Fields:
    arrays = draft.product(f"{start}_{name}", weight)
    kinds = ("const int8_t *", "const float *") if draft.byte else ("const float *",)
    endings = ("", "_steps")
    return {f"{kind}{name}{ending}": array for kind, ending, array in zip(kinds, endings, arrays, strict=False)}


def _struct(stack: str, fields: Fields) -> str:
    return "\n".join([f"struct layer{stack} {{", *(f"  {name};" for name in fields if name), "};"])


def _filled(stack: str, fields: Fields) -> str:
    values = ", ".join(value for name, value in fields.items() if name)
    return f"static const struct layer{stack} {fields['']} = {{{values}}};"


def _function(draft: Draft, kind: CellKind, step: WrittenStep) -> str:
    """The step of a layer: sums from the input, then products and loops in turn."""
    given = "const int8_t *levels, float step" if draft.byte else "const float *values"
    parts, stack = "".join(f", float *{part}" for part in kind.states), _ending(draft)
    given = f"{draft.name}_state *state, const struct layer{stack} *layer, {given}{parts}"
    body = [
        f"static void step_layer{stack}({given}) {{",
        "float *const sums = state->sums;",
        *(f"float *const {name} = state->{name};" for name in _scratch_of(step)),
        *(["const float *const vectors = layer->vectors;"] if kind.parallel and _reads(step, "vectors") else []),
        f"memcpy(sums, layer->bias, {kind.gates} * HIDDEN * sizeof(float));",
        _added(draft, "sums", "input", "values", kind.gates, "layer->inputs"),
        *([f"memcpy(apart, layer->apart, {len(step.apart)} * HIDDEN * sizeof(float));"] if step.apart else []),
        *_loops(draft, step),
    ]
    return "\n  ".join(body) + "\n}"


def _scratch_of(step: WrittenStep) -> list[str]:
    there = {"apart": bool(step.apart), "kept": step.kept > 0, "operand": step.operand}
    return [name for name, is_there in there.items() if is_there]


def _reads(step: WrittenStep, name: str) -> bool:
    """Tell whether a loop reads an array."""
    return any(f"{name}[" in line for loop in step.loops for line in loop.lines)


def _loops(draft: Draft, step: WrittenStep) -> Iterator[str]:
    place = 0
    for loop in step.loops:
        rounded = ""
        for product in loop.products:
            operand = "hidden" if product.of_state else "operand"
            # What several products multiply is rounded once.
            if draft.byte and rounded != operand:
                draft.used.add("take_levels")
                yield f"step = take_levels(state->levels, {operand}, HIDDEN);"
                rounded = operand
            into = "sums" if product.apart is None else "apart"
            row = product.first if product.apart is None else product.apart
            into += f" + {row} * HIDDEN" if row else ""
            yield _added(draft, into, f"state{place}", operand, product.count, "HIDDEN")
            place += 1
        yield "for (int unit = 0; unit < HIDDEN; ++unit) {"
        yield from (f"  {line}" for line in loop.lines)
        yield "}"


def _added(draft: Draft, into: str, name: str, values: str, gates: int, depth: str) -> str:
    """The line that adds a product to sums."""
    rows = f"{gates} * HIDDEN" if gates > 1 else "HIDDEN"
    if not draft.byte:
        return f"add_product({into}, layer->{name}, {values}, {rows}, {depth});"
    levels = "levels" if name == "input" else "state->levels"
    return f"add_levels({into}, layer->{name}, layer->{name}_steps, {levels}, step, {rows}, {depth});"


def _call(draft: Draft, layer: str, states: list[str]) -> None:
    """A layer's step; in int8 what it reads is rounded first."""
    given = draft.values
    if draft.rounded:
        given = ", ".join(draft.rounded)
    elif draft.byte:
        draft.used.add("take_levels")
        given = f"state->levels, take_levels(state->levels, {given}, {draft.size})"
    draft.step.append(f"step_layer{_ending(draft)}({', '.join(['state', f'&{layer}', given, *states])});")
