// The engine for Python: layers and the places of sequences, each argument checked first.
// Not here: sweeps (sweeps.cpp) and arithmetic. The interpreter's lock is released while the engine works.
#include "python/module.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "engine/layer.hpp"
#include "engine/shared_inputs.hpp"
#include "python/checks.hpp"
#include "python/in_use.hpp"
#include "python/unlocked.hpp"

namespace recurra {
namespace {

using Numbers = Array<const int64_t, 1>;

// Sequences one after another; the offsets must climb from 0 to the number of tokens.
Places ragged(Numbers offsets) {
  offsets.require("offsets");
  const int64_t count = offsets.shape(0) - 1;
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
  lengths.require("lengths");
  const int64_t count = lengths.shape(0);
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
  order.reserve(offsets_of(places).back());  // more than there is memory for is refused at once
  for (const Sequence& one : places.sequences)
    for (int64_t at = 0; at < one.length; ++at) order.push_back(one.first + at * places.step);
  return order;
}

constexpr int kLargest = 1 << 20, kLargestSum = 1 << 17;  // so many products of bytes add up in 32 bits

Layer* made(const std::string& cell, const std::string& activation, const std::string& precision, bool reset_after,
            int inputs, int hidden, bool reverse) {
  const Cell which = static_cast<Cell>(place_of("cell", cell, {"rnn", "gru", "lstm", "mingru", "sru"}));
  const Activation how = activation_of(activation);
  const Precision kind = precision_of(precision);
  if (!knows(which, how))
    refuse("activation", activation, "tanh; of a simple RNN relu and sigmoid too, of an LSTM relu");
  const int largest = precision == "int8" ? kLargestSum : kLargest;
  if (inputs < 1 || inputs > largest) refuse("inputs", std::to_string(inputs), "1 … " + std::to_string(largest));
  if (hidden < 1 || hidden > largest) refuse("hidden", std::to_string(hidden), "1 … " + std::to_string(largest));
  if (!reset_after && (cell != "gru" || precision == "bf16"))
    refuse("reset_after", "false of " + cell + " in " + precision, "true; of a gru in float32 and int8 false too");
  return new Layer(reset_after ? which : Cell::gru_before, how, kind, inputs, hidden, reverse);
}

void pack(Layer& layer, In input, In recurrent, Vector input_bias, Vector recurrent_bias, bool backward, int threads) {
  check_apart({extent("input weights", input), extent("recurrent weights", recurrent), extent("input bias", input_bias),
               extent("recurrent bias", recurrent_bias)});
  const Shape& shape = layer.shape();
  if (backward && shape.bytes()) refuse("backward", "true of int8", "false: int8 is for answers");
  const int64_t rows = (int64_t)gates_of(shape.cell) * shape.hidden;
  const Plain plain{whole("input weights", input, rows, shape.inputs),
                    whole("recurrent weights", recurrent, recurrent_rows(shape.cell, shape.hidden), shape.hidden),
                    flat("input bias", input_bias, rows),
                    flat("recurrent bias", recurrent_bias, recurrent_biases(shape.cell, shape.hidden))};
  const Packing alone(layer);
  const Unlocked free;
  layer.pack(plain, backward, threads);
}

// Products of inputs that sweeps will meet again and again: values (rows, inputs) -> into (rows, pitch).
void project_inputs(const Layer& layer, In values, Out into, int threads) {
  check_apart({extent("values", values), extent("products", into)});
  if (!layer.ready(false)) throw std::runtime_error("pack the weights first");
  const int64_t rows = values.shape(0);
  const std::vector<Projection> one{{&layer, table("values", values, rows, layer.shape().inputs), values.stride(0),
                                     whole("products", into, rows, layer.shape().gate_pitch())}};
  const Layers layers{&layer};
  const Reading in_use(layers);
  const Unlocked free;
  project(one, rows, threads);
}

}  // namespace
}  // namespace recurra

NB_MODULE(_native, module) {
  using namespace recurra;
  using namespace nb::literals;
  nb::set_leak_warnings(false);  // graphs and packed weights that live until the end of the process are no leak
  nb::class_<Places>(module, "Places")
      .def_ro("tokens", &Places::tokens)
      .def_prop_ro("sequences", [](const Places& places) { return places.sequences.size(); })
      .def_prop_ro("full", &Places::full, "Whether every token belongs to a sequence.")
      .def_prop_ro("offsets", &offsets_of, "Where each sequence begins among `order`, and the number of its tokens.")
      .def_prop_ro("order", &order_of, "Where the tokens lie, sequence by sequence.");
  nb::class_<Layer>(module, "Layer")
      .def("pack", &pack, "input"_a, "recurrent"_a, "input_bias"_a, "recurrent_bias"_a, nb::kw_only(), "backward"_a,
           "threads"_a, "Weights in torch's layout, for sweeps forward and with `backward` for their gradients too.")
      .def_prop_ro("pitch", [](const Layer& layer) { return layer.shape().gate_pitch(); });
  module.def("project", &project_inputs, "layer"_a, nb::kw_only(), "values"_a, "into"_a, "threads"_a,
             "Products of inputs (rows, inputs) that sweeps will meet again and again, into (rows, pitch).");
  module.def("ragged", &ragged, "offsets"_a, "Sequences one after another.");
  module.def("grid", &grid, "steps"_a, "lengths"_a, nb::kw_only(), "rows"_a,
             "Sequences as the columns of a (steps, sequences) grid, or as the rows of a (sequences, steps) one.");
  module.def("layer", &made, nb::kw_only(), "cell"_a, "activation"_a, "precision"_a, "reset_after"_a, "inputs"_a,
             "hidden"_a, "reverse"_a, nb::rv_policy::take_ownership, "A layer in one direction, without weights yet.");
  bind_engine(module);
  bind_sweeps(module);
  bind_steps(module);
  bind_pools(module);
  bind_sessions(module);
}
