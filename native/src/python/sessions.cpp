// Sessions for Python: streams that read on, and draws; each argument checked first.
// Not here: steps (session/session.cpp), and how nets are laid out for them (step_net.cpp). The interpreter's lock is
// released where a step is worth it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "python/checks.hpp"
#include "python/module.hpp"
#include "python/step_net.hpp"
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

// Values that are not numbers would stay in a state for ever.
void check_finite(const float* row, int64_t count, int64_t token) {
  for (int64_t at = 0; at < count; ++at)
    if (!std::isfinite(row[at]))
      refuse("values", std::to_string(row[at]) + " in row " + std::to_string(token) + ", column " + std::to_string(at),
             "finite numbers");
}

// What answers are written to must not be what is read: a stream would read values that it has just written.
void check_answers(const Extent& answers, std::initializer_list<Extent> read) {
  for (const Extent& one : read)
    if (one.begin && answers.begin && one.begin < answers.end && answers.begin < one.end)
      refuse("answers", "memory overlapping that of " + one.name, "memory of its own");
}

void make_drawing(Drawing* made, double temperature, int64_t top_k, double top_p, std::vector<int64_t> never) {
  if (!(temperature > 0) || top_k < 0 || !(top_p > 0)) refuse("drawing", "no choice", "numbers above 0; top_k 0 too");
  for (int64_t place : never)
    if (place < 0) refuse("never", std::to_string(place), "places");
  new (made) Drawing{temperature, top_k, top_p, std::move(never)};
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
    check_answers(extent("answers", answers),
                  {extent("ids", ids), extent("values", values), extent("offsets", offsets), extent("slots", slots)});
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
  int64_t draw(Vector scores, double uniform, const Drawing& how) {
    scores.require("scores");
    const float* from = flat("scores", scores, net().outputs());
    return drawn(from, uniform, how);
  }

  // Reads a token and draws the next one; -1 - id where that id has no products yet.
  int64_t next(int64_t id, double uniform, const Drawing& how) {
    if (net().source.each != 1 || id < 0 || id >= net().source.words)
      refuse("token", std::to_string(id), "0 to " + std::to_string(net().source.words - 1));
    const Tokens token{.ids = &id, .tokens = 1, .rows = 1};
    // Where all words may be drawn, few scores tell which.
    const Shortlist* const words = how.of_all() ? net().shortlist() : nullptr;
    const Use use(*this);
    const int64_t unmet = streams_.unmet(token);
    if (unmet >= 0) return -1 - unmet;
    std::optional<Unlocked> free;
    if (work_ >= kWorthUnlocking) free.emplace();
    streams_.read(token, words ? nullptr : row_.data(), net().outputs());
    const int64_t place = words ? drawer_.draw(*words, streams_.newest(), how, uniform) : -1;
    if (place >= 0) return place;
    if (words) streams_.answer(row_.data());
    return drawn(row_.data(), uniform, how);
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

  int64_t drawn(const float* scores, double uniform, const Drawing& how) {
    const int64_t place = drawer_.draw(scores, how, uniform);
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
  bind_step_nets(module);
  nb::class_<Drawing>(module, "Drawing", "How one of many scores is drawn.")
      .def("__init__", &make_drawing, nb::kw_only(), "temperature"_a, "top_k"_a, "top_p"_a, "never"_a,
           "`never` are places that are not drawn.");
  nb::class_<Readers>(module, "Streams", "Streams that a net reads on, one state each; steps allocate nothing.")
      .def(nb::init<Held&, int64_t>(), "net"_a, "slots"_a, nb::keep_alive<1, 2>())
      .def("read", &Readers::read, nb::kw_only(), "ids"_a = nb::none(), "values"_a = nb::none(), "answers"_a,
           "offsets"_a = nb::none(), "slots"_a = nb::none(), "every"_a, "raw"_a,
           "Reads tokens, and answers each or the last of each row; returns an id without products, or -1.")
      .def("push_id", &Readers::push_id, "id"_a, "answer"_a, "raw"_a)
      .def("push_values", &Readers::push_values, "values"_a, "answer"_a, "raw"_a)
      .def("draw", &Readers::draw, "scores"_a, "uniform"_a, "how"_a)
      .def("next", &Readers::next, "id"_a, "uniform"_a, "how"_a,
           "Reads a token and draws the next one; -1 - id where that id has no products yet.")
      .def("reset", &Readers::reset, "slots"_a)
      .def("copy", &Readers::copy, "slot"_a, "to"_a, "into"_a)
      .def("parts", &Readers::parts, "Each part of the states, (slots, columns): memory that steps write to.")
      .def("counts", &Readers::counts, "Tokens that each stream has read.");
}

}  // namespace recurra
