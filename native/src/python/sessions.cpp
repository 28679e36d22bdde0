// Sessions for Python: nets laid out for steps, streams that read on, and draws; each argument checked first.
// Not here: steps (session/session.cpp). The interpreter's lock is released where a step is worth it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "python/checks.hpp"
#include "python/module.hpp"
#include "python/unlocked.hpp"
#include "session/draw.hpp"
#include "session/session.hpp"

namespace recurra {
namespace {

using Ids = Array<const int64_t, 2>;
using Numbers = Array<const int64_t, 1>;

// Multiplications from which on other threads of Python may run meanwhile: to leave the lock and to come back to it
// takes a part of a microsecond where nobody wants it, and milliseconds where somebody does.
constexpr double kWorthUnlocking = 5e5;

// A net, and the arrays and layers that it reads, for as long as it lives.
struct Held {
  Net net;
  std::vector<nb::object> alive{};
  bool begun = false;  // streams step it: it may not change

  void check_open() const {
    if (begun) throw std::runtime_error("a net whose streams step cannot be changed");
  }
};

// Values that are not numbers would stay in a state for ever.
void check_finite(const float* row, int64_t count, int64_t token) {
  for (int64_t at = 0; at < count; ++at)
    if (!std::isfinite(row[at]))
      refuse("values", std::to_string(row[at]) + " in row " + std::to_string(token) + ", column " + std::to_string(at),
             "finite numbers");
}

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

void set_finish(Held& held, const std::string& name, float sharpness) {
  held.check_open();
  held.net.finish = static_cast<Finish>(place_of("finish", name, {"none", "softmax", "sigmoid"}));
  held.net.sharpness = sharpness;
}

// Streams of a net. One thread reads at a time.
class Readers {
 public:
  Readers(Held& held, int64_t slots) : streams_(checked(held, slots), slots), drawer_(held.net.outputs()) {
    row_.resize(held.net.outputs());
    work_ = held.net.work();
    held.begun = true;
  }

  // Reads tokens and answers each, or the last of each row; returns an id without products, before anything is read.
  int64_t read(Maybe<Ids> ids, Maybe<In> values, Out answers, Maybe<Numbers> offsets, Maybe<Numbers> slots, bool every,
               bool raw) {
    check_apart({extent("ids", ids), extent("values", values), extent("answers", answers), extent("offsets", offsets),
                 extent("slots", slots)});
    Tokens tokens = taken(ids, values);
    check_rows(tokens, offsets, slots);
    tokens.every = every;
    const int64_t rows = every ? tokens.tokens : tokens.rows;
    return run(tokens, table("answers", answers, rows, net().outputs()), answers.stride(0), rows, raw);
  }

  // The same of one token of the first stream, its id or its features.
  int64_t push_id(int64_t id, VectorOut answer, bool raw) {
    answer.require("answer");
    float* const to = flat("answer", answer, net().outputs());
    if (net().source.each != 1) refuse("token", "an id", "features: this net reads no ids");
    if (id < 0 || id >= net().source.words)
      refuse("token", std::to_string(id), "0 to " + std::to_string(net().source.words - 1));
    return run({.ids = &id, .tokens = 1, .rows = 1}, to, net().outputs(), 1, raw);
  }

  void push_values(Vector values, VectorOut answer, bool raw) {
    values.require("observation");
    answer.require("answer");
    if (net().source.each) refuse("observation", "numbers", "ids of tokens");
    const float* from = flat("observation", values, net().source.inputs);
    float* const to = flat("answer", answer, net().outputs());
    check_finite(from, net().source.inputs, 0);
    if (from < to + net().outputs() && to < from + net().source.inputs)
      refuse("answer", "the observation's memory", "its own");
    run({.values = from, .stride = net().source.inputs, .tokens = 1, .rows = 1}, to, net().outputs(), 1, raw);
  }

  // A place drawn from scores. Raises where none is a number.
  int64_t draw(Vector scores, double uniform, float temperature, int64_t top_k, double top_p,
               const std::vector<int64_t>& never) {
    scores.require("scores");
    const float* from = flat("scores", scores, net().outputs());
    return drawn(from, uniform, {temperature, top_k, top_p}, never);
  }

  // Reads a token and draws the next one; -1 - id where that id has no products yet.
  int64_t next(int64_t id, double uniform, float temperature, int64_t top_k, double top_p,
               const std::vector<int64_t>& never) {
    if (net().source.each != 1 || id < 0 || id >= net().source.words)
      refuse("token", std::to_string(id), "0 to " + std::to_string(net().source.words - 1));
    const int64_t unmet = run({.ids = &id, .tokens = 1, .rows = 1}, row_.data(), net().outputs(), 1, true);
    return unmet >= 0 ? -1 - unmet : drawn(row_.data(), uniform, {temperature, top_k, top_p}, never);
  }

  void reset(Numbers slots) {
    const Use use(*this);
    slots.require("slots");
    const int64_t* at = checked_slots(slots, slots.shape(0));
    for (int64_t i = 0; i < slots.shape(0); ++i) streams_.reset(at[i]);
  }

  void copy(int64_t from, Readers& to, int64_t slot) {
    const Use use(*this);
    if (&to.streams_.net() != &net()) refuse("streams", "those of another net", "those of this net");
    if (from < 0 || from >= streams_.slots() || slot < 0 || slot >= to.streams_.slots())
      refuse("slot", std::to_string(from) + " to " + std::to_string(slot), "slots that are there");
    streams_.copy(from, to.streams_, slot);
  }

  // Each part of the states, (slots, columns), as memory of its own that steps write to.
  using PartArray = nb::ndarray<nb::numpy, float, nb::ndim<2>>;
  std::vector<PartArray> parts() {
    std::vector<PartArray> found;
    for (size_t number = 0; number < net().stages.size(); ++number) {
      const Stage& stage = net().stages[number];
      const int columns = stage.kind == StageKind::recurrent ? stage.outputs : stage.inputs;
      for (int part = 0; part * columns < stage.state(); ++part)
        found.push_back(
            PartArray(streams_.part(number, part), {(size_t)streams_.slots(), (size_t)columns}, nb::find(this)));
    }
    return found;
  }
  nb::ndarray<nb::numpy, int64_t, nb::ndim<1>> counts() {
    return nb::ndarray<nb::numpy, int64_t, nb::ndim<1>>(streams_.counts(), {(size_t)streams_.slots()}, nb::find(this));
  }

 private:
  // While it lives, no other thread steps these streams.
  struct Use {
    explicit Use(Readers& readers) : busy(readers.busy_) {
      if (busy) refuse("session", "one that another thread steps", "a session for each thread");
      busy = true;
    }
    ~Use() { busy = false; }
    bool& busy;
  };

  static const Net& checked(Held& held, int64_t slots) {
    if (slots < 1) refuse("slots", std::to_string(slots), "1 or more");
    if (held.net.source.inputs < 1) throw std::runtime_error("say first what the net reads");
    return held.net;
  }
  const Net& net() const { return streams_.net(); }

  Tokens taken(const Maybe<Ids>& ids, const Maybe<In>& values) const {
    const Source& source = net().source;
    if (!source.each) {
      if (!values) refuse("values", "none", "a row of features for each token");
      const int64_t rows = values->shape(0);
      const float* from = table("values", *values, rows, source.inputs);
      for (int64_t row = 0; row < rows; ++row) check_finite(from + row * values->stride(0), source.inputs, row);
      return {.values = from, .stride = rows > 1 ? values->stride(0) : source.inputs, .tokens = rows, .rows = rows};
    }
    if (!ids) refuse("ids", "none", "a row of ids for each token");
    const int64_t rows = ids->shape(0);
    const int64_t* at = whole("ids", *ids, rows, source.each);
    for (int64_t i = 0; i < rows * source.each; ++i)
      if (at[i] < 0 || at[i] >= source.words)
        refuse("ids", std::to_string(at[i]), "0 to " + std::to_string(source.words - 1));
    return {.ids = at, .tokens = rows, .rows = rows};
  }

  const int64_t* checked_slots(const Numbers& slots, int64_t rows) const {
    const int64_t* at = flat("slots", slots, rows);
    for (int64_t i = 0; i < rows; ++i)
      if (at[i] < 0 || at[i] >= streams_.slots())
        refuse("slots", std::to_string(at[i]), "0 to " + std::to_string(streams_.slots() - 1));
    return at;
  }

  void check_rows(Tokens& tokens, const Maybe<Numbers>& offsets, const Maybe<Numbers>& slots) const {
    if (offsets) {
      tokens.rows = offsets->shape(0) - 1;
      if (tokens.rows < 0) refuse("offsets", "none", "one more than rows");
      tokens.offsets = flat("offsets", *offsets, tokens.rows + 1);
      for (int64_t row = 0; row < tokens.rows; ++row)
        if (tokens.offsets[row] >= tokens.offsets[row + 1])
          refuse("offsets", "no token in row " + std::to_string(row), "one or more in each");
      if (tokens.offsets[0] != 0 || tokens.offsets[tokens.rows] != tokens.tokens)
        refuse("offsets", "other tokens than there are", "0 to " + std::to_string(tokens.tokens));
    }
    if (slots)
      tokens.slots = checked_slots(*slots, tokens.rows);
    else if (tokens.rows > streams_.slots())
      refuse("rows", std::to_string(tokens.rows), "at most a row for each of " + std::to_string(streams_.slots()));
  }

  int64_t run(const Tokens& tokens, float* answers, ptrdiff_t pitch, int64_t rows, bool raw) {
    const Use use(*this);
    const int64_t unmet = streams_.unmet(tokens);
    if (unmet >= 0) return unmet;
    std::optional<Unlocked> free;
    if (work_ * (double)tokens.tokens >= kWorthUnlocking) free.emplace();
    streams_.read(tokens, answers, pitch);
    if (!raw) streams_.finish(answers, rows, pitch);
    return -1;
  }

  int64_t drawn(const float* scores, double uniform, const Drawing& how, const std::vector<int64_t>& never) {
    const int64_t place = drawer_.draw(scores, how, never, uniform);
    if (place < 0) throw std::invalid_argument("scores: found none that is a number, allowed one that may be drawn");
    return place;
  }

  Streams streams_;
  Drawer drawer_;
  std::vector<float> row_;
  double work_ = 0;
  bool busy_ = false;
};

}  // namespace

void bind_sessions(nb::module_& module) {
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
      .def("finish", &set_finish, "name"_a, nb::kw_only(), "sharpness"_a, "How scores become answers.");
  nb::class_<Readers>(module, "Streams", "Streams that a net reads on, one state each; steps allocate nothing.")
      .def(nb::init<Held&, int64_t>(), "net"_a, "slots"_a, nb::keep_alive<1, 2>())
      .def("read", &Readers::read, nb::kw_only(), "ids"_a = nb::none(), "values"_a = nb::none(), "answers"_a,
           "offsets"_a = nb::none(), "slots"_a = nb::none(), "every"_a, "raw"_a,
           "Reads tokens, and answers each or the last of each row; returns an id without products, or -1.")
      .def("push_id", &Readers::push_id, "id"_a, "answer"_a, "raw"_a)
      .def("push_values", &Readers::push_values, "values"_a, "answer"_a, "raw"_a)
      .def("draw", &Readers::draw, "scores"_a, "uniform"_a, "temperature"_a, "top_k"_a, "top_p"_a, "never"_a)
      .def("next", &Readers::next, "id"_a, "uniform"_a, "temperature"_a, "top_k"_a, "top_p"_a, "never"_a,
           "Reads a token and draws the next one; -1 - id where that id has no products yet.")
      .def("reset", &Readers::reset, "slots"_a)
      .def("copy", &Readers::copy, "slot"_a, "to"_a, "into"_a)
      .def("parts", &Readers::parts, "Each part of the states, (slots, columns): memory that steps write to.")
      .def("counts", &Readers::counts, "Tokens that each stream has read.");
}

}  // namespace recurra
