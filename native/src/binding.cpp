// The engine for Python: every shape, stride, offset and length is checked here before a pointer is touched.
// Not here: arithmetic. The interpreter's lock is released while the engine works.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "layer.hpp"

namespace nb = nanobind;

namespace recurra {
namespace {

template <class Scalar, int Dimensions>
using Array = nb::ndarray<Scalar, nb::ndim<Dimensions>, nb::device::cpu>;
using In = Array<const float, 2>;
using Out = Array<float, 2>;
using Vector = Array<const float, 1>;
using VectorOut = Array<float, 1>;
template <class Given>
using Maybe = std::optional<Given>;

[[noreturn]] void refuse(const std::string& name, const std::string& found, const std::string& allowed) {
  throw std::invalid_argument(name + ": found " + found + ", allowed " + allowed);
}

std::string shown(int64_t rows, int64_t columns) {
  return "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
}

// A table of that many rows and columns whose rows are each in one piece; null where nothing was given.
template <class Given>
auto table(const char* name, const Given& given, int64_t rows, int64_t columns) -> decltype(given.data()) {
  if ((int64_t)given.shape(0) != rows || (int64_t)given.shape(1) != columns)
    refuse(name, shown(given.shape(0), given.shape(1)), shown(rows, columns));
  if (rows > 0 && columns > 1 && given.stride(1) != 1) refuse(name, "columns apart", "values of a row side by side");
  if (rows > 1 && given.stride(0) < columns) refuse(name, "overlapping rows", "rows one after another");
  return given.data();
}

// The same without gaps between rows.
template <class Given>
auto whole(const char* name, const Given& given, int64_t rows, int64_t columns) -> decltype(given.data()) {
  auto data = table(name, given, rows, columns);
  if (rows > 1 && given.stride(0) != columns) refuse(name, "gaps between rows", "one piece");
  return data;
}

template <class Given>
auto maybe(const char* name, const Maybe<Given>& given, int64_t rows, int64_t columns) -> decltype(given->data()) {
  return given ? whole(name, *given, rows, columns) : nullptr;
}

template <class Given>
auto flat(const char* name, const Given& given, int64_t size) -> decltype(given.data()) {
  if ((int64_t)given.shape(0) != size) refuse(name, std::to_string(given.shape(0)) + " values", std::to_string(size));
  if (size > 1 && given.stride(0) != 1) refuse(name, "values apart", "one piece");
  return given.data();
}

using Offsets = Array<const int64_t, 1>;

// Sequences of `tokens` tokens; the offsets must climb from 0 to just there.
std::vector<Sequence> checked(const Offsets& offsets, int64_t tokens, bool reverse) {
  const int64_t count = (int64_t)offsets.shape(0) - 1;
  if (count < 0) refuse("offsets", "none", "one more than sequences");
  const int64_t* at = flat("offsets", offsets, count + 1);
  if (at[0] != 0 || at[count] != tokens)
    refuse("offsets", std::to_string(at[0]) + " … " + std::to_string(at[count]), "0 … " + std::to_string(tokens));
  for (int64_t i = 0; i < count; ++i)
    if (at[i + 1] < at[i]) refuse("offsets", "a fall at " + std::to_string(i), "a climb from each to the next");
  return sequences_of(at, count, reverse);
}

constexpr int kLargest = 1 << 20;

Layer* made(const std::string& cell, const std::string& activation, int inputs, int hidden) {
  const char *cells[] = {"rnn", "gru", "lstm"}, *activations[] = {"tanh", "relu", "sigmoid"};
  int which = 0, how = 0;
  while (which < 3 && cell != cells[which]) ++which;
  while (how < 3 && activation != activations[how]) ++how;
  if (which == 3) refuse("cell", cell, "rnn, gru, lstm");
  if (how == 3) refuse("activation", activation, "tanh, relu, sigmoid");
  if (inputs < 1 || inputs > kLargest) refuse("inputs", std::to_string(inputs), "1 … " + std::to_string(kLargest));
  if (hidden < 1 || hidden > kLargest) refuse("hidden", std::to_string(hidden), "1 … " + std::to_string(kLargest));
  return new Layer(static_cast<Cell>(which), static_cast<Activation>(how), inputs, hidden);
}

void pack(Layer& layer, In input, In recurrent, Vector input_bias, Vector recurrent_bias, bool backward, int threads) {
  const Shape& shape = layer.shape();
  const int64_t rows = (int64_t)gates_of(shape.cell) * shape.hidden;
  const Plain plain{whole("input weights", input, rows, shape.inputs),
                    whole("recurrent weights", recurrent, rows, shape.hidden), flat("input bias", input_bias, rows),
                    flat("recurrent bias", recurrent_bias, rows)};
  nb::gil_scoped_release free;
  layer.pack(plain, backward, threads);
}

void ready(const Layer& layer, bool backward) {
  if (!layer.ready(backward)) throw std::runtime_error("pack the weights first");
}

std::unique_ptr<Kept> forward(const Layer& layer, In values, Offsets offsets, bool reverse, Out outputs,
                              Maybe<In> hidden, Maybe<In> cell, Maybe<Out> final_hidden, Maybe<Out> final_cell,
                              bool keep, int threads) {
  ready(layer, false);
  const Shape& shape = layer.shape();
  const int64_t tokens = values.shape(0), count = (int64_t)offsets.shape(0) - 1;
  const auto sequences = checked(offsets, tokens, reverse);
  Sweep sweep{};
  sweep.step = reverse ? -1 : 1;
  sweep.values = table("values", values, tokens, shape.inputs);
  sweep.value_stride = tokens > 1 ? values.stride(0) : 0;
  sweep.outputs = table("outputs", outputs, tokens, shape.hidden);
  sweep.output_stride = tokens > 1 ? outputs.stride(0) : 0;
  sweep.hidden = maybe("hidden", hidden, count, shape.hidden);
  sweep.cell = maybe("cell", cell, count, shape.hidden);
  sweep.final_hidden = maybe("final hidden", final_hidden, count, shape.hidden);
  sweep.final_cell = maybe("final cell", final_cell, count, shape.hidden);
  std::unique_ptr<Kept> kept = keep ? std::make_unique<Kept>() : nullptr;
  if (kept) kept->tokens = tokens;
  nb::gil_scoped_release free;
  sweep_forward(layer, sweep, sequences, kept.get(), threads);
  return kept;
}

void backward(const Layer& layer, Kept& kept, In values, Offsets offsets, bool reverse, In outputs,
              Maybe<In> output_errors, Maybe<In> final_hidden_errors, Maybe<In> final_cell_errors, Maybe<In> hidden,
              Maybe<In> cell, Maybe<Out> value_errors, Maybe<Out> input, Maybe<Out> recurrent,
              Maybe<VectorOut> input_bias, Maybe<VectorOut> recurrent_bias, Maybe<Out> hidden_errors,
              Maybe<Out> cell_errors, int threads) {
  ready(layer, true);
  const Shape& shape = layer.shape();
  const int64_t tokens = values.shape(0), count = (int64_t)offsets.shape(0) - 1;
  const int64_t rows = (int64_t)gates_of(shape.cell) * shape.hidden;
  const auto sequences = checked(offsets, tokens, reverse);
  if (kept.tokens != tokens) refuse("kept", std::to_string(kept.tokens) + " tokens", std::to_string(tokens));
  if (kept.used)
    throw std::runtime_error("what the sweep kept was used up by its first gradient; sweep again for another");
  Sweep sweep{};
  sweep.step = reverse ? -1 : 1;
  sweep.values = table("values", values, tokens, shape.inputs);
  sweep.value_stride = tokens > 1 ? values.stride(0) : 0;
  sweep.outputs = const_cast<float*>(table("outputs", outputs, tokens, shape.hidden));
  sweep.output_stride = tokens > 1 ? outputs.stride(0) : 0;
  sweep.hidden = maybe("hidden", hidden, count, shape.hidden);
  sweep.cell = maybe("cell", cell, count, shape.hidden);
  sweep.output_errors = output_errors ? table("output errors", *output_errors, tokens, shape.hidden) : nullptr;
  sweep.output_error_stride = output_errors && tokens > 1 ? output_errors->stride(0) : 0;
  sweep.final_hidden_errors = maybe("final hidden errors", final_hidden_errors, count, shape.hidden);
  sweep.final_cell_errors = maybe("final cell errors", final_cell_errors, count, shape.hidden);
  sweep.value_errors = value_errors ? table("value errors", *value_errors, tokens, shape.inputs) : nullptr;
  sweep.value_error_stride = value_errors && tokens > 1 ? value_errors->stride(0) : 0;
  sweep.hidden_errors = maybe("hidden errors", hidden_errors, count, shape.hidden);
  sweep.cell_errors = maybe("cell errors", cell_errors, count, shape.hidden);
  sweep.gates = kept.gates.floats();
  sweep.cells = kept.cells.floats();
  Gradients gradients{};
  if (input) {
    if (!recurrent || !input_bias || !recurrent_bias) refuse("gradients", "some", "all four or none");
    gradients = {whole("input gradient", *input, rows, shape.inputs),
                 whole("recurrent gradient", *recurrent, rows, shape.hidden),
                 flat("input bias gradient", *input_bias, rows),
                 flat("recurrent bias gradient", *recurrent_bias, rows)};
  }
  kept.used = true;
  nb::gil_scoped_release free;
  sweep_backward(layer, sweep, sequences, input ? &gradients : nullptr, threads);
}

}  // namespace
}  // namespace recurra

NB_MODULE(_native, module) {
  using namespace recurra;
  using namespace nb::literals;
  // Arrays are taken as they are: a converted copy of an output would be written to and thrown away.
  const auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  const auto maybe = [](const char* name) { return nb::arg(name).noconvert() = nb::none(); };
  nb::class_<Kept>(module, "Kept").def_prop_ro("bytes", [](const Kept& kept) {
    return kept.gates.bytes() + kept.cells.bytes();
  });
  nb::class_<Layer>(module, "Layer")
      .def("pack", &pack, array("input"), array("recurrent"), array("input_bias"), array("recurrent_bias"),
           "backward"_a, "threads"_a)
      .def("forward", &forward, array("values"), array("offsets"), "reverse"_a, array("outputs"), maybe("hidden"),
           maybe("cell"), maybe("final_hidden"), maybe("final_cell"), "keep"_a, "threads"_a)
      .def("backward", &backward, "kept"_a, array("values"), array("offsets"), "reverse"_a, array("outputs"),
           maybe("output_errors"), maybe("final_hidden_errors"), maybe("final_cell_errors"), maybe("hidden"),
           maybe("cell"), maybe("value_errors"), maybe("input"), maybe("recurrent"), maybe("input_bias"),
           maybe("recurrent_bias"), maybe("hidden_errors"), maybe("cell_errors"), "threads"_a);
  module.def("layer", &made, "cell"_a, "activation"_a, "inputs"_a, "hidden"_a, nb::rv_policy::take_ownership);
  module.def("available", &available);
  module.def("engine", [] { return std::string(kernels().name); });
  module.def("choose", &choose_kernels, "name"_a);
  module.def("release_buffers", &release_buffers);
}
