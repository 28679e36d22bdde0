// The rest of a training step for Python: gather, masks, their gradients, clipping, Adam; each argument checked first.
// Not here: sweeps (binding.cpp).
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "binding.hpp"
#include "checks.hpp"
#include "steps.hpp"
#include "unlocked.hpp"

namespace recurra {
namespace {

using Ids = Array<const int64_t, 1>;

const int64_t* checked_ids(const char* name, const Ids& ids, int64_t count, int64_t rows) {
  const int64_t* at = flat(name, ids, count);
  for (int64_t i = 0; i < count; ++i)
    if (at[i] < 0 || at[i] >= rows) refuse(name, std::to_string(at[i]), "0 to " + std::to_string(rows - 1));
  return at;
}

const float* checked_masks(const Maybe<In>& masks, const Places& places, int64_t columns) {
  return masks ? whole("masks", *masks, (int64_t)places.sequences.size(), columns) : nullptr;
}

void gather(const Places& places, In from, Maybe<Ids> ids, Maybe<In> masks, float scale, Out into, int threads) {
  const int64_t rows = from.shape(0), columns = from.shape(1);
  const Rows source{table("from", from, ids ? rows : places.tokens, columns), from.stride(0), (int)columns};
  const int64_t* chosen = ids ? checked_ids("ids", *ids, places.tokens, rows) : nullptr;
  const float* mask = checked_masks(masks, places, columns);
  float* to = whole("into", into, places.tokens, columns);
  const Unlocked free;
  gather_rows(places, source, chosen, mask, scale, to, threads);
}

// A gradient's words, and their rows once they are asked for.
struct Gradient {
  Words words;
  std::vector<int32_t> owners;
};

std::unique_ptr<Gradient> words(const Places& places, Ids ids) {
  auto found = std::make_unique<Gradient>();
  const int64_t* at = checked_ids("ids", ids, places.tokens, std::numeric_limits<int64_t>::max());
  const Unlocked free;
  found->words = words_of(places, at, found->owners);
  return found;
}

// The distinct ids in rising order, and which of them each token has.
void distinct(const Gradient& held, Array<int64_t, 1> ids, Array<int32_t, 1> rows) {
  const Words& words = held.words;
  int64_t* told = flat("ids", ids, (int64_t)words.ids.size());
  int32_t* row = flat("rows", rows, (int64_t)held.owners.size());
  const Unlocked free;
  std::copy(words.ids.begin(), words.ids.end(), told);
  std::fill_n(row, held.owners.size(), 0);
  for (size_t word = 0; word < words.ids.size(); ++word)
    for (int64_t at = words.starts[word]; at < words.starts[word + 1]; ++at) row[words.tokens[at]] = (int32_t)word;
}

void gradient(const Gradient& held, const Places& places, In errors, Maybe<In> masks, float scale,
              Array<int64_t, 1> ids, Out rows, int threads) {
  const int64_t columns = errors.shape(1), count = (int64_t)held.words.ids.size();
  if ((int64_t)held.owners.size() != places.tokens)
    refuse("words", std::to_string(held.owners.size()) + " tokens", std::to_string(places.tokens));
  const Rows from{table("errors", errors, places.tokens, columns), errors.stride(0), (int)columns};
  const float* mask = checked_masks(masks, places, columns);
  int64_t* told = flat("ids", ids, count);
  float* into = whole("rows", rows, count, columns);
  const Unlocked free;
  std::copy(held.words.ids.begin(), held.words.ids.end(), told);
  gather_gradient(held.words, from, held.owners, mask, scale, into, threads);
}

// In float64 until here: 1 - β of a β that was rounded to float32 is off by 1e-5.
Adam step_of(double size, double beta1, double beta2, double epsilon, double pull = 0.0, double kept = 1.0) {
  return {(float)size, (float)(1.0 - beta1), (float)(1.0 - beta2), (float)epsilon, (float)pull, (float)kept};
}

void adam(Out weight, Out first, Out second, Ids ids, In gradient, double size, double beta1, double beta2,
          double epsilon, int threads) {
  const int64_t rows = weight.shape(0), columns = weight.shape(1), count = ids.shape(0);
  float* to = whole("weight", weight, rows, columns);
  float* mean = whole("first moment", first, rows, columns);
  float* square = whole("second moment", second, rows, columns);
  const int64_t* chosen = checked_ids("ids", ids, count, rows);
  // Two threads must never move one row.
  for (int64_t i = 1; i < count; ++i)
    if (chosen[i] <= chosen[i - 1]) refuse("ids", "a fall or a double at " + std::to_string(i), "a climb");
  const float* slope = whole("gradient", gradient, count, columns);
  const Unlocked free;
  adam_rows(to, mean, square, chosen, count, slope, (int)columns, step_of(size, beta1, beta2, epsilon), threads);
}

// An array of any shape in one piece.
using Whole = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

// What is written to must not overlap: two threads would work on one value.
void check_apart(const char* name, std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.values < b.values; });
  for (size_t i = 1; i < spans.size(); ++i)
    if (spans[i].values < spans[i - 1].values + spans[i - 1].size) refuse(name, "overlapping arrays", "each by itself");
}

double clip(const std::vector<Whole>& gradients, double largest, int threads) {
  std::vector<Span> spans;
  for (const Whole& one : gradients)
    if (one.size()) spans.push_back({one.data(), (int64_t)one.size()});
  check_apart("gradients", spans);
  const Unlocked free;
  return clip_gradients(spans, largest, threads);
}

// Weight, first and second moment, gradient, and the sizes of Adam's step.
using Moving = std::tuple<Whole, Whole, Whole, Whole, double, double, double, double, double, double>;

void adam_all(const std::vector<Moving>& weights, int threads) {
  std::vector<Moved> moved;
  std::vector<Span> spans;
  for (const auto& [weight, first, second, gradient, size, beta1, beta2, epsilon, pull, kept] : weights) {
    const int64_t count = (int64_t)weight.size();
    for (const Whole* other : {&first, &second, &gradient})
      if ((int64_t)other->size() != count)
        refuse("moments and gradient", std::to_string(other->size()) + " values", std::to_string(count));
    if (!count) continue;
    moved.push_back({weight.data(), first.data(), second.data(), gradient.data(), count,
                     step_of(size, beta1, beta2, epsilon, pull, kept)});
    for (float* values : {weight.data(), first.data(), second.data()}) spans.push_back({values, count});
  }
  check_apart("weights and moments", spans);
  const Unlocked free;
  adam_whole(moved, threads);
}

}  // namespace

void bind_steps(nb::module_& module) {
  using namespace nb::literals;
  const auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  const auto maybe = [](const char* name) { return nb::arg(name).noconvert() = nb::none(); };
  nb::class_<Gradient>(module, "Words").def_prop_ro("count", [](const Gradient& held) {
    return held.words.ids.size();
  });
  module.def("gather", &gather, "places"_a, array("from"), maybe("ids"), maybe("masks"), "scale"_a, array("into"),
             "threads"_a);
  module.def("words", &words, "places"_a, array("ids"));
  module.def("distinct", &distinct, "words"_a, array("ids"), array("rows"));
  module.def("gather_gradient", &gradient, "words"_a, "places"_a, array("errors"), maybe("masks"), "scale"_a,
             array("ids"), array("rows"), "threads"_a);
  module.def("adam", &adam, array("weight"), array("first"), array("second"), array("ids"), array("gradient"), "size"_a,
             "beta1"_a, "beta2"_a, "epsilon"_a, "threads"_a);
  module.def("clip", &clip, array("gradients"), "largest"_a, "threads"_a);
  module.def("adam_whole", &adam_all, array("weights"), "threads"_a);
}

}  // namespace recurra
