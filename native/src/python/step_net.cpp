// Nets laid out for steps, for Python: what they read, their layers, and how scores become answers; all checked first.
// Not here: streams (sessions.cpp).
#include "python/step_net.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "python/checks.hpp"

namespace recurra {
namespace {

void set_features(Held& held, int inputs) {
  held.check_open();
  if (inputs < 1) refuse("inputs", std::to_string(inputs), "1 or more");
  held.net.source = {.inputs = inputs};
}

void set_words(Held& held, nb::object array, int each, float scale) {
  held.check_open();
  const In words = nb::cast<In>(array);
  words.require("table");
  if (each < 1) refuse("each", std::to_string(each), "1 or more");
  const int64_t rows = words.shape(0), columns = words.shape(1);
  held.net.source = {.inputs = (int)columns,
                     .each = each,
                     .words = rows,
                     .table = whole("table", words, rows, columns),
                     .scale = scale};
  held.alive.push_back(array);
}

void set_products(Held& held, nb::object places, nb::object rows) {
  held.check_open();
  Source& source = held.net.source;
  const Array<const int32_t, 1> at = nb::cast<Array<const int32_t, 1>>(places);
  const In made = nb::cast<In>(rows);
  at.require("places");
  made.require("products");
  if (source.each != 1 || held.net.stages.empty() || held.net.stages[0].kind != StageKind::recurrent)
    refuse("products", "no layer that reads words", "those of a recurrent layer behind a table");
  const int pitch = held.net.stages[0].layer->shape().gate_pitch();
  source.places = flat("places", at, source.words);
  source.products = whole("products", made, source.words, pitch);
  held.alive.push_back(places);
  held.alive.push_back(rows);
}

void add_recurrent(Held& held, nb::object object) {
  held.check_open();
  const Layer& layer = nb::cast<const Layer&>(object);
  if (!layer.ready(false)) throw std::runtime_error("pack the weights first");
  if (layer.reverse()) refuse("layer", "one in reverse", "one that reads forwards");
  if (layer.shape().inputs != held.net.outputs())
    refuse("layer", std::to_string(layer.shape().inputs) + " inputs", std::to_string(held.net.outputs()));
  held.net.add_recurrent(layer);
  held.alive.push_back(object);
}

void add_pool(Held& held, const std::vector<std::string>& names) {
  held.check_open();
  std::vector<PoolPart> parts;
  for (const std::string& name : names)
    parts.push_back(static_cast<PoolPart>(place_of("part", name, {"last", "mean", "max"})));
  if (parts.empty()) refuse("parts", "none", "one or more");
  held.net.add_pool(parts);
}

void add_dense(Held& held, In weight, Vector bias, const std::string& activation) {
  held.check_open();
  weight.require("weight");
  bias.require("bias");
  const int64_t rows = weight.shape(0);
  const float* values = whole("weight", weight, rows, held.net.outputs());
  const float* added = flat("bias", bias, rows);
  if (!rows) refuse("weight", "no rows", "one or more");
  const int how = place_of("activation", activation, {"tanh", "relu", "sigmoid", "linear"});
  held.net.add_dense(values, added, (int)rows);
  held.net.stages.back().activated = how < 3;
  if (how < 3) held.net.stages.back().activation = static_cast<Activation>(how);
}

void add_convolution(Held& held, In weight, Vector bias, int length, int channels, int stride, int left, int right,
                     bool reflect) {
  held.check_open();
  weight.require("weight");
  bias.require("bias");
  const int64_t rows = weight.shape(0), width = weight.shape(1);
  if (length < 1 || channels < 1 || stride < 1 || left < 0 || right < 0 || width < 1 || rows < 1)
    refuse("convolution", "sizes below 1", "sizes of 1 or more");
  if ((int64_t)length * channels != held.net.outputs())
    refuse("length", std::to_string(length) + " of " + std::to_string(channels), std::to_string(held.net.outputs()));
  const Slide slide{length, channels, left, right, stride, (int)width, reflect};
  if (width % channels || width > slide.lengthened())
    refuse("weight", std::to_string(width), "whole places of a chunk");
  if (reflect && (left >= length || right >= length)) refuse("left", "more than a mirror shows", "less than length");
  held.net.add_convolution(slide, whole("weight", weight, rows, width), flat("bias", bias, rows), (int)rows);
}

void add_function(Held& held, const std::string& name, int places) {
  held.check_open();
  const auto function = static_cast<Function>(place_of("function", name, {"tanh", "relu", "sigmoid", "magnitude"}));
  if (places < 1 || held.net.outputs() % (2 * places) * (function == Function::magnitude))
    refuse("places", std::to_string(places), "places of even numbers each");
  held.net.add_function(function, places);
}

void set_finish(Held& held, const std::string& name, float sharpness) {
  held.check_open();
  held.net.finish = static_cast<Finish>(place_of("finish", name, {"none", "softmax", "sigmoid"}));
  held.net.sharpness = sharpness;
}

}  // namespace

void bind_step_nets(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Held>(module, "StepNet", "A net that only reads forwards, as streams step it.")
      .def(nb::init<>())
      .def("reads_features", &set_features, "inputs"_a)
      .def("reads_words", &set_words, "table"_a, nb::kw_only(), "each"_a, "scale"_a,
           "Tokens of `each` ids: the sum of their rows of the table (words, inputs), times scale.")
      .def("knows_products", &set_products, nb::kw_only(), "places"_a, "rows"_a,
           "Products of words with the first layer: those of a word lie in row places[word], negative: not yet.")
      .def("recurrent", &add_recurrent, "layer"_a)
      .def("pool", &add_pool, "parts"_a)
      .def("dense", &add_dense, "weight"_a, "bias"_a, nb::kw_only(), "activation"_a)
      .def("convolution", &add_convolution, "weight"_a, "bias"_a, nb::kw_only(), "length"_a, "channels"_a, "stride"_a,
           "left"_a, "right"_a, "reflect"_a, "Filters that slide over a chunk of places, all channels side by side.")
      .def("function", &add_function, "name"_a, nb::kw_only(), "places"_a)
      .def("finish", &set_finish, "name"_a, nb::kw_only(), "sharpness"_a, "How scores become answers.");
}

}  // namespace recurra
