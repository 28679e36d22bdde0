// The engine for Python: layers, places of sequences, and the sweeps over them, each argument checked first.
// Not here: arithmetic. The interpreter's lock is released while the engine works.
#include "binding.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "checks.hpp"
#include "layer.hpp"
#include "openmp.hpp"
#include "pool.hpp"
#include "shared_inputs.hpp"
#include "unlocked.hpp"

namespace recurra {
namespace {

using Numbers = Array<const int64_t, 1>;

// Sequences one after another; the offsets must climb from 0 to the number of tokens.
Places ragged(Numbers offsets) {
  const int64_t count = (int64_t)offsets.shape(0) - 1;
  if (count < 0) refuse("offsets", "none", "one more than sequences");
  const int64_t* at = flat("offsets", offsets, count + 1);
  if (at[0] != 0) refuse("offsets", "a start at " + std::to_string(at[0]), "a start at 0");
  Places places{{}, 1, at[count], 0};
  for (int64_t i = 0; i < count; ++i) {
    if (at[i + 1] < at[i]) refuse("offsets", "a fall at " + std::to_string(i), "a climb from each to the next");
    places.sequences.push_back({at[i], at[i + 1] - at[i], i, i});
  }
  return places;
}

// The columns of a (steps, sequences) grid, or the rows of a (sequences, steps) one, each as long as told.
Places grid(int64_t steps, Numbers lengths, bool rows) {
  const int64_t count = (int64_t)lengths.shape(0);
  const int64_t* length = flat("lengths", lengths, count);
  if (steps < 0 || (count && steps > std::numeric_limits<int64_t>::max() / count))
    refuse("steps", std::to_string(steps), "0 or more");
  Places places{{}, rows ? 1 : count, steps * count, steps};
  for (int64_t i = 0; i < count; ++i) {
    if (length[i] < 0 || length[i] > steps)
      refuse("lengths", std::to_string(length[i]) + " at " + std::to_string(i), "0 to " + std::to_string(steps));
    places.sequences.push_back({rows ? i * steps : i, length[i], i, rows ? i : 0});
  }
  return places;
}

// What the equations need to sweep the same tokens (autograd.py): the way back from places to numbers.
std::vector<int64_t> offsets_of(const Places& places) {
  std::vector<int64_t> offsets{0};
  for (const Sequence& one : places.sequences) offsets.push_back(offsets.back() + one.length);
  return offsets;
}

std::vector<int64_t> order_of(const Places& places) {
  std::vector<int64_t> order;
  for (const Sequence& one : places.sequences)
    for (int64_t at = 0; at < one.length; ++at) order.push_back(one.first + at * places.step);
  return order;
}

constexpr int kLargest = 1 << 20, kLargestSum = 1 << 17;  // so many products of bytes add up in 32 bits

Layer* made(const std::string& cell, const std::string& activation, const std::string& precision, bool reset_after,
            int inputs, int hidden, bool reverse) {
  const char *cells[] = {"rnn", "gru", "lstm", "mingru", "sru"}, *activations[] = {"tanh", "relu", "sigmoid"};
  const char* precisions[] = {"float32", "bf16", "int8"};
  int which = 0, how = 0, kind = 0;
  while (which < 5 && cell != cells[which]) ++which;
  while (how < 3 && activation != activations[how]) ++how;
  while (kind < 3 && precision != precisions[kind]) ++kind;
  if (which == 5) refuse("cell", cell, "rnn, gru, lstm, mingru, sru");
  if (how == 3 || !knows(static_cast<Cell>(which), static_cast<Activation>(how)))
    refuse("activation", activation, "tanh; of a simple RNN relu and sigmoid too, of an LSTM relu");
  if (kind == 3) refuse("precision", precision, "float32, bf16, int8");
  const int largest = precision == "int8" ? kLargestSum : kLargest;
  if (inputs < 1 || inputs > largest) refuse("inputs", std::to_string(inputs), "1 … " + std::to_string(largest));
  if (hidden < 1 || hidden > largest) refuse("hidden", std::to_string(hidden), "1 … " + std::to_string(largest));
  if (!reset_after && (cell != "gru" || precision != "float32"))
    refuse("reset_after", "false of " + cell + " in " + precision, "true; of a gru in float32 false too");
  return new Layer(reset_after ? static_cast<Cell>(which) : Cell::gru_before, static_cast<Activation>(how),
                   static_cast<Precision>(kind), inputs, hidden, reverse);
}

void pack(Layer& layer, In input, In recurrent, Vector input_bias, Vector recurrent_bias, bool backward, int threads) {
  const Shape& shape = layer.shape();
  if (backward && shape.bytes()) refuse("backward", "true of int8", "false: int8 is for answers");
  const int64_t rows = (int64_t)gates_of(shape.cell) * shape.hidden;
  const Plain plain{whole("input weights", input, rows, shape.inputs),
                    whole("recurrent weights", recurrent, recurrent_rows(shape.cell, shape.hidden), shape.hidden),
                    flat("input bias", input_bias, rows),
                    flat("recurrent bias", recurrent_bias, recurrent_biases(shape.cell, shape.hidden))};
  const Unlocked free;
  layer.pack(plain, backward, threads);
}

using Layers = std::vector<const Layer*>;

// All directions of one layer: packed, and of one shape.
const Shape& checked(const Layers& layers, bool backward) {
  if (layers.empty() || layers.size() > 2) refuse("layers", std::to_string(layers.size()), "one for each direction");
  for (const Layer* layer : layers) {
    if (!layer) refuse("layers", "none", "packed layers");
    if (!layer->ready(backward)) throw std::runtime_error("pack the weights first");
    const Shape &first = layers[0]->shape(), &shape = layer->shape();
    if (shape.cell != first.cell || shape.precision != first.precision || shape.inputs != first.inputs ||
        shape.hidden != first.hidden)
      refuse("layers", "different shapes", "the same cell, precision, inputs and hidden units in both directions");
  }
  return layers[0]->shape();
}

// What a sweep of all directions keeps; used up by the first gradient where inputs are distinct ones.
struct AllKept {
  std::vector<Kept> each;
  int64_t tokens = 0;
  bool used = false;
  AllKept() = default;
  AllKept(const AllKept&) = delete;
  AllKept& operator=(const AllKept&) = delete;
  size_t bytes() const {
    size_t sum = 0;
    for (const Kept& one : each) sum += one.gates.bytes() + one.cells.bytes();
    return sum;
  }
};

// The pointers that forward and backward share: values, and outputs side by side, direction by direction.
std::vector<Direction> directions_of(const Layers& layers, const Places& places, const In& values, int64_t rows,
                                     const float* outputs, ptrdiff_t stride, const float* hidden, const float* cell) {
  const Shape& shape = layers[0]->shape();
  std::vector<Direction> directions;
  for (size_t side = 0; side < layers.size(); ++side) {
    Sweep sweep{};
    sweep.values = table("values", values, rows, shape.inputs);
    sweep.value_stride = values.stride(0);
    sweep.outputs = const_cast<float*>(outputs) + side * shape.hidden;
    sweep.output_stride = stride;
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

// Products of inputs that sweeps will meet again and again: values (rows, inputs) -> into (rows, pitch).
void project_inputs(const Layer& layer, In values, Out into, int threads) {
  if (!layer.projects()) throw std::invalid_argument("products of bfloat16 are made within the sweep");
  if (!layer.ready(false)) throw std::runtime_error("pack the weights first");
  const int64_t rows = (int64_t)values.shape(0);
  const std::vector<Projection> one{{&layer, table("values", values, rows, layer.shape().inputs), values.stride(0),
                                     whole("products", into, rows, layer.shape().gate_pitch())}};
  const Unlocked free;
  project(one, rows, threads);
}

// Tables of such products, one for each direction.
using MaybeProjected = std::optional<std::vector<In>>;

std::unique_ptr<AllKept> forward(const Layers& layers, const Places& places, In values, Out outputs, Maybe<In3> hidden,
                                 Maybe<In3> cell, Maybe<Out3> final_hidden, Maybe<Out3> final_cell, MaybeRows rows,
                                 MaybeProjected projected, bool keep, int threads) {
  const Shape& shape = checked(layers, false);
  if (keep && shape.bytes()) refuse("keep", "true of int8", "false: int8 is for answers");
  const int64_t sides = layers.size(), count = places.sequences.size();
  float* written = table("outputs", outputs, places.tokens, sides * shape.hidden);
  if (projected && (!rows || keep || !layers[0]->projects() || (int64_t)projected->size() != sides))
    refuse("projected", std::to_string(projected->size()), "one table a direction, with rows; in answers, not in bf16");
  const int64_t given = values.shape(0), known = projected ? (int64_t)projected->front().shape(0) : given;
  const int32_t* row = checked_rows(rows, places, known);
  auto directions = directions_of(layers, places, values, rows ? given : places.tokens, written, outputs.stride(0),
                                  states("hidden", hidden, sides, count, shape.hidden),
                                  states("cell", cell, sides, count, shape.hidden));
  float* last_hidden = states("final hidden", final_hidden, sides, count, shape.hidden);
  float* last_cell = states("final cell", final_cell, sides, count, shape.hidden);
  auto kept = keep ? std::make_unique<AllKept>() : nullptr;
  if (kept) {
    kept->tokens = places.tokens;
    kept->each.resize(sides);
  }
  for (size_t side = 0; side < directions.size(); ++side) {
    directions[side].sweep.row = row;
    directions[side].sweep.final_hidden = part(last_hidden, side, places, shape.hidden);
    directions[side].sweep.final_cell = part(last_cell, side, places, shape.hidden);
    if (kept) directions[side].kept = &kept->each[side];
    if (projected) directions[side].sweep.projected = whole("projected", (*projected)[side], known, shape.gate_pitch());
  }
  const Unlocked free;
  sweep_forward(directions, places, rows ? known : 0, threads);
  return kept;
}

using Learnt = std::vector<std::tuple<Out, Out, VectorOut, VectorOut>>;

void backward(const Layers& layers, AllKept& kept, const Places& places, In values, In outputs, Maybe<In> output_errors,
              Maybe<In3> final_hidden_errors, Maybe<In3> final_cell_errors, Maybe<In3> hidden, Maybe<In3> cell,
              Maybe<Out> value_errors, Maybe<Learnt> gradients, Maybe<Out3> hidden_errors, Maybe<Out3> cell_errors,
              MaybeRows rows_of, int threads) {
  const Shape& shape = checked(layers, true);
  const int64_t sides = layers.size(), count = places.sequences.size();
  const int64_t rows = (int64_t)gates_of(shape.cell) * shape.hidden;
  if (kept.tokens != places.tokens || (int64_t)kept.each.size() != sides)
    refuse("kept", std::to_string(kept.tokens) + " tokens", std::to_string(places.tokens));
  if (kept.used)
    throw std::runtime_error("what the sweep kept was used up by its first gradient; sweep again for another");
  if (gradients && (int64_t)gradients->size() != sides)
    refuse("gradients", std::to_string(gradients->size()), "four for each direction");
  const int64_t known = rows_of ? (int64_t)values.shape(0) : places.tokens;
  const int32_t* row = checked_rows(rows_of, places, known);
  if (row && shape.half()) refuse("rows", "products of bfloat16", "float32: they multiply every token's input");
  auto directions = directions_of(
      layers, places, values, known, table("outputs", outputs, places.tokens, sides * shape.hidden), outputs.stride(0),
      states("hidden", hidden, sides, count, shape.hidden), states("cell", cell, sides, count, shape.hidden));
  const float* errors =
      output_errors ? table("output errors", *output_errors, places.tokens, sides * shape.hidden) : nullptr;
  const float* last_hidden = states("final hidden errors", final_hidden_errors, sides, count, shape.hidden);
  const float* last_cell = states("final cell errors", final_cell_errors, sides, count, shape.hidden);
  float* first_hidden = states("hidden errors", hidden_errors, sides, count, shape.hidden);
  float* first_cell = states("cell errors", cell_errors, sides, count, shape.hidden);
  for (size_t side = 0; side < directions.size(); ++side) {
    Direction& one = directions[side];
    one.kept = &kept.each[side];
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
    if (!one.learns) continue;
    const auto& [input, recurrent, input_bias, recurrent_bias] = (*gradients)[side];
    one.gradients = {whole("input gradient", input, rows, shape.inputs),
                     whole("recurrent gradient", recurrent, recurrent_rows(shape.cell, shape.hidden), shape.hidden),
                     flat("input bias gradient", input_bias, rows),
                     flat("recurrent bias gradient", recurrent_bias, recurrent_biases(shape.cell, shape.hidden))};
  }
  kept.used = row != nullptr;
  const Unlocked free;
  sweep_backward(directions, places, row ? known : 0, threads);
}

}  // namespace
}  // namespace recurra

NB_MODULE(_native, module) {
  using namespace recurra;
  using namespace nb::literals;
  nb::set_leak_warnings(false);  // graphs and packed weights that live until the end of the process are no leak
  // Arrays are taken as they are: a converted copy of an output would be written to and thrown away.
  const auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  const auto maybe = [](const char* name) { return nb::arg(name).noconvert() = nb::none(); };
  nb::class_<Places>(module, "Places")
      .def_ro("tokens", &Places::tokens)
      .def_prop_ro("sequences", [](const Places& places) { return places.sequences.size(); })
      .def_prop_ro("full", &Places::full, "Whether every token belongs to a sequence.")
      .def_prop_ro("offsets", &offsets_of, "Where each sequence begins among `order`, and the number of its tokens.")
      .def_prop_ro("order", &order_of, "Where the tokens lie, sequence by sequence.");
  nb::class_<AllKept>(module, "Kept").def_prop_ro("bytes", &AllKept::bytes);
  nb::class_<Layer>(module, "Layer")
      .def("pack", &pack, array("input"), array("recurrent"), array("input_bias"), array("recurrent_bias"),
           "backward"_a, "threads"_a)
      .def_prop_ro("projects", &Layer::projects, "Whether inputs can be multiplied apart from the sweep.")
      .def_prop_ro("pitch", [](const Layer& layer) { return layer.shape().gate_pitch(); });
  module.def("project", &project_inputs, "layer"_a, array("values"), array("into"), "threads"_a);
  module.def("ragged", &ragged, array("offsets"));
  module.def("grid", &grid, "steps"_a, array("lengths"), "rows"_a);
  module.def("layer", &made, "cell"_a, "activation"_a, "precision"_a, "reset_after"_a, "inputs"_a, "hidden"_a,
             "reverse"_a, nb::rv_policy::take_ownership);
  module.def("forward", &forward, "layers"_a, "places"_a, array("values"), array("outputs"), maybe("hidden"),
             maybe("cell"), maybe("final_hidden"), maybe("final_cell"), maybe("rows"),
             "projected"_a.noconvert() = nb::none(), "keep"_a, "threads"_a);
  module.def("backward", &backward, "layers"_a, "kept"_a, "places"_a, array("values"), array("outputs"),
             maybe("output_errors"), maybe("final_hidden_errors"), maybe("final_cell_errors"), maybe("hidden"),
             maybe("cell"), maybe("value_errors"), maybe("gradients"), maybe("hidden_errors"), maybe("cell_errors"),
             maybe("rows"), "threads"_a);
  module.def("peak_work", &peak_work, "rounds"_a, "threads"_a, nb::call_guard<Unlocked>());
  module.def("available", &available);
  module.def("engine", [] { return std::string(instructions().name); });
  module.def("choose", &choose_instructions, "name"_a);
  module.def("release_buffers", &release_buffers);
  module.def("buffer_bytes", [] {
    const BufferBytes told = buffer_bytes();
    return std::make_tuple(told.used, told.unused, told.fresh);
  });
  module.def("calm_openmp", &calm_openmp);
  module.def("threads_at_work", &threads_at_work);
  bind_steps(module);
  bind_pools(module);
}
