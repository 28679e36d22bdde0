// Sweeps of a layer in all its directions for Python, forward and backward, each argument checked first.
// Not here: layers and places (module.cpp), and arithmetic.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "engine/kept.hpp"
#include "python/checks.hpp"
#include "python/in_use.hpp"
#include "python/module.hpp"
#include "python/unlocked.hpp"

namespace recurra {
namespace {

// All directions of one layer: packed, of one shape and for one instruction set.
const Shape& checked(const Layers& layers, bool backward) {
  if (layers.empty() || layers.size() > 2) refuse("layers", std::to_string(layers.size()), "one for each direction");
  for (const Layer* layer : layers) {
    if (!layer) refuse("layers", "none", "packed layers");
    if (!layer->ready(false)) throw std::runtime_error("pack the weights first");
    if (backward && !layer->ready(true)) refuse("layers", "weights packed for answers", "weights packed with backward");
    const Shape &first = layers[0]->shape(), &shape = layer->shape();
    if (shape.cell != first.cell || shape.activation != first.activation || shape.precision != first.precision ||
        shape.inputs != first.inputs || shape.hidden != first.hidden)
      refuse("layers", "different shapes",
             "the same cell, activation, precision, inputs and hidden units in both directions");
    if (&layer->instruction_set() != &layers[0]->instruction_set())
      refuse("layers", "different instruction sets", "the same one in both directions");
  }
  return layers[0]->shape();
}

// States of all directions, or of their inner parts, which only some cells have.
template <class Given>
auto inner_states(const char* name, const Maybe<Given>& given, const Shape& shape, int64_t directions,
                  int64_t sequences) -> decltype(given->data()) {
  if (given && !has_inner(shape.cell)) refuse(name, "some", "none: only an LSTM and an SRU have an inner state");
  return states(name, given, directions, sequences, shape.hidden);
}

// The pointers that forward and backward share: values, and outputs side by side, direction by direction.
std::vector<Direction> directions_of(const Layers& layers, const Places& places, const Rows& values,
                                     const Rows& outputs, const float* hidden, const float* cell) {
  const Shape& shape = layers[0]->shape();
  std::vector<Direction> directions;
  for (size_t side = 0; side < layers.size(); ++side) {
    Sweep sweep{};
    sweep.values = values.values;
    sweep.value_stride = values.stride;
    sweep.outputs = const_cast<float*>(outputs.values) + side * shape.hidden;
    sweep.output_stride = outputs.stride;
    sweep.hidden = part(hidden, side, places, shape.hidden);
    sweep.cell = part(cell, side, places, shape.hidden);
    directions.push_back({layers[side], sweep, nullptr, {}, false, {}, {}});
  }
  return directions;
}

using MaybeRows = Maybe<Array<const int32_t, 1>>;

// Which of the distinct inputs each token has; null where every token has its own.
const int32_t* checked_rows(const MaybeRows& rows, const Places& places, int64_t known) {
  const int32_t* row = rows ? flat("rows", *rows, places.tokens) : nullptr;
  for (int64_t token = 0; rows && token < places.tokens; ++token)
    if (row[token] < 0 || row[token] >= known)
      refuse("rows", std::to_string(row[token]), "0 to " + std::to_string(known - 1));
  return row;
}

// What tells this call from another: some of all that a sweep reads and writes.
Witness witness_of(const Rows& values, int64_t known, const Rows& outputs, const Places& places, const float* hidden,
                   const float* cell, const int32_t* row) {
  const int64_t sequences = places.sequences.size();
  const auto states = [&](const float* from) {
    return sample_of(Rows{from, outputs.columns, outputs.columns}, sequences);
  };
  return {sample_of(values, known), sample_of(outputs, places.tokens), states(hidden), states(cell),
          sample_of(row ? places.tokens : 0, [&](int64_t token) { return row[token]; })};
}

// Tables of products of distinct inputs, one for each direction.
using MaybeProjected = std::optional<std::vector<In>>;

Maybe<std::unique_ptr<AllKept>> forward(const Layers& layers, const Places& places, Maybe<In> values, Out outputs,
                                        Maybe<In3> hidden, Maybe<In3> cell, Maybe<Out3> final_hidden,
                                        Maybe<Out3> final_cell, MaybeRows rows, MaybeProjected projected, bool keep,
                                        int threads) {
  std::vector<Extent> extents{
      extent("values", values), extent("outputs", outputs),           extent("hidden", hidden),
      extent("cell", cell),     extent("final hidden", final_hidden), extent("final cell", final_cell),
      extent("rows", rows)};
  for (size_t side = 0; projected && side < projected->size(); ++side)
    extents.push_back(extent("projected", (*projected)[side]));
  check_apart(extents);
  const Shape& shape = checked(layers, false);
  if (keep && shape.bytes()) refuse("keep", "true of int8", "false: int8 is for answers");
  const int64_t sides = layers.size(), count = places.sequences.size(), columns = sides * shape.hidden;
  if (values.has_value() == projected.has_value())
    refuse("values", values ? "some beside their products" : "none", "values, or in their place products (projected)");
  if (projected && (!rows || keep || (int64_t)projected->size() != sides))
    refuse("projected", std::to_string(projected->size()), "one table a direction, with rows, in answers");
  // Without rows each token has its own; with them so many as there are in the table, of values or of products.
  const int64_t known = !rows ? places.tokens : projected ? projected->front().shape(0) : values->shape(0);
  const Rows inputs =
      values ? Rows{table("values", *values, known, shape.inputs), values->stride(0), shape.inputs} : Rows{};
  const Rows results{table("outputs", outputs, places.tokens, columns), outputs.stride(0), (int)columns};
  const int32_t* row = checked_rows(rows, places, known);
  const float* start = states("hidden", hidden, sides, count, shape.hidden);
  const float* start_cell = inner_states("cell", cell, shape, sides, count);
  auto directions = directions_of(layers, places, inputs, results, start, start_cell);
  float* last_hidden = states("final hidden", final_hidden, sides, count, shape.hidden);
  float* last_cell = inner_states("final cell", final_cell, shape, sides, count);
  Maybe<std::unique_ptr<AllKept>> kept;
  if (keep) kept = std::make_unique<AllKept>(layers, places);
  for (size_t side = 0; side < directions.size(); ++side) {
    directions[side].sweep.row = row;
    directions[side].sweep.final_hidden = part(last_hidden, side, places, shape.hidden);
    directions[side].sweep.final_cell = part(last_cell, side, places, shape.hidden);
    if (kept) directions[side].kept = &(*kept)->side(side);
    if (!projected) continue;
    directions[side].sweep.projected = whole("projected", (*projected)[side], known, shape.gate_pitch());
  }
  const Reading in_use(layers);
  const Unlocked free;
  sweep_forward(directions, places, rows ? known : 0, threads);
  if (kept) (*kept)->witness(witness_of(inputs, known, results, places, start, start_cell, row));
  return kept;
}

using Learnt = std::vector<std::tuple<Out, Out, VectorOut, VectorOut>>;

void add_extents(const Learnt::value_type& learnt, std::vector<Extent>& extents) {
  const auto& [input, recurrent, input_bias, recurrent_bias] = learnt;
  extents.insert(extents.end(),
                 {extent("input gradient", input), extent("recurrent gradient", recurrent),
                  extent("input bias gradient", input_bias), extent("recurrent bias gradient", recurrent_bias)});
}

// The gradients of one direction in torch's layout.
Gradients checked_gradients(const Learnt::value_type& learnt, const Shape& shape) {
  const int64_t rows = (int64_t)gates_of(shape.cell) * shape.hidden;
  const auto& [input, recurrent, input_bias, recurrent_bias] = learnt;
  return {whole("input gradient", input, rows, shape.inputs),
          whole("recurrent gradient", recurrent, recurrent_rows(shape.cell, shape.hidden), shape.hidden),
          flat("input bias gradient", input_bias, rows),
          flat("recurrent bias gradient", recurrent_bias, recurrent_biases(shape.cell, shape.hidden))};
}

void backward(const Layers& layers, AllKept& kept, const Places& places, In values, In outputs, Maybe<In> output_errors,
              Maybe<In3> final_hidden_errors, Maybe<In3> final_cell_errors, Maybe<In3> hidden, Maybe<In3> cell,
              Maybe<Out> value_errors, Maybe<Learnt> gradients, Maybe<Out3> hidden_errors, Maybe<Out3> cell_errors,
              MaybeRows rows, int threads) {
  std::vector<Extent> extents{extent("values", values),
                              extent("outputs", outputs),
                              extent("output errors", output_errors),
                              extent("final hidden errors", final_hidden_errors),
                              extent("final cell errors", final_cell_errors),
                              extent("hidden", hidden),
                              extent("cell", cell),
                              extent("value errors", value_errors),
                              extent("hidden errors", hidden_errors),
                              extent("cell errors", cell_errors),
                              extent("rows", rows)};
  for (size_t side = 0; gradients && side < gradients->size(); ++side) add_extents((*gradients)[side], extents);
  check_apart(extents);
  const Shape& shape = checked(layers, true);
  const int64_t sides = layers.size(), count = places.sequences.size(), columns = sides * shape.hidden;
  if (gradients && (int64_t)gradients->size() != sides)
    refuse("gradients", std::to_string(gradients->size()), "four for each direction");
  const int64_t known = rows ? values.shape(0) : places.tokens;
  const Rows inputs{table("values", values, known, shape.inputs), values.stride(0), shape.inputs};
  const Rows results{table("outputs", outputs, places.tokens, columns), outputs.stride(0), (int)columns};
  const float* start = states("hidden", hidden, sides, count, shape.hidden);
  const float* start_cell = inner_states("cell", cell, shape, sides, count);
  const int32_t* row = checked_rows(rows, places, known);
  if (row && shape.half()) refuse("rows", "products of bfloat16", "float32: they multiply every token's input");
  kept.check(layers, places, witness_of(inputs, known, results, places, start, start_cell, row));
  auto directions = directions_of(layers, places, inputs, results, start, start_cell);
  const float* errors = output_errors ? table("output errors", *output_errors, places.tokens, columns) : nullptr;
  const float* last_hidden = states("final hidden errors", final_hidden_errors, sides, count, shape.hidden);
  const float* last_cell = inner_states("final cell errors", final_cell_errors, shape, sides, count);
  float* first_hidden = states("hidden errors", hidden_errors, sides, count, shape.hidden);
  float* first_cell = inner_states("cell errors", cell_errors, shape, sides, count);
  for (size_t side = 0; side < directions.size(); ++side) {
    Direction& one = directions[side];
    one.kept = &kept.side(side);
    one.sweep.row = row;
    one.sweep.output_errors = errors ? errors + side * shape.hidden : nullptr;
    one.sweep.output_error_stride = output_errors ? output_errors->stride(0) : 0;
    one.sweep.final_hidden_errors = part(last_hidden, side, places, shape.hidden);
    one.sweep.final_cell_errors = part(last_cell, side, places, shape.hidden);
    one.sweep.hidden_errors = part(first_hidden, side, places, shape.hidden);
    one.sweep.cell_errors = part(first_cell, side, places, shape.hidden);
    one.sweep.value_errors = value_errors ? table("value errors", *value_errors, known, shape.inputs) : nullptr;
    one.sweep.value_error_stride = value_errors ? value_errors->stride(0) : 0;
    one.learns = gradients.has_value();
    if (one.learns) one.gradients = checked_gradients((*gradients)[side], shape);
  }
  const Reading in_use(layers);
  if (row) kept.use_up();
  const Unlocked free;
  sweep_backward(directions, places, row ? known : 0, threads);
}

constexpr const char* kForward =
    "Sweep all directions of a layer. A token's input is its row of `values`, or of their products in `projected`: the "
    "row that `rows` tells, or without `rows` its own. Returns what a gradient needs, or None without `keep`.";
constexpr const char* kBackward =
    "The gradient of the sweep that left `kept`: writes what is asked for by arrays to write to. With `rows` the "
    "errors "
    "of the values are those of their rows, and `kept` is used up.";

}  // namespace

void bind_sweeps(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<AllKept>(module, "Kept").def_prop_ro("bytes", &AllKept::bytes);
  module.def("forward", &forward, "layers"_a, "places"_a, nb::kw_only(), "values"_a = nb::none(), "outputs"_a,
             "hidden"_a = nb::none(), "cell"_a = nb::none(), "final_hidden"_a = nb::none(), "final_cell"_a = nb::none(),
             "rows"_a = nb::none(), "projected"_a = nb::none(), "keep"_a, "threads"_a, kForward);
  module.def("backward", &backward, "layers"_a, "kept"_a, "places"_a, nb::kw_only(), "values"_a, "outputs"_a,
             "output_errors"_a = nb::none(), "final_hidden_errors"_a = nb::none(), "final_cell_errors"_a = nb::none(),
             "hidden"_a = nb::none(), "cell"_a = nb::none(), "value_errors"_a = nb::none(), "gradients"_a = nb::none(),
             "hidden_errors"_a = nb::none(), "cell_errors"_a = nb::none(), "rows"_a = nb::none(), "threads"_a,
             kBackward);
}

}  // namespace recurra
