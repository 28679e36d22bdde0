// The rest of a training step for Python: gather, masks, their gradients, clipping, Adam; each argument checked first.
// Not here: sweeps (module.cpp).
#include "engine/steps.hpp"

#include <nanobind/nanobind.h>
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

#include "python/checks.hpp"
#include "python/module.hpp"
#include "python/unlocked.hpp"

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
  check_apart({extent("table", from), extent("ids", ids), extent("masks", masks), extent("into", into)});
  const int64_t rows = from.shape(0), columns = from.shape(1);
  const Rows source{table("table", from, ids ? rows : places.tokens, columns), from.stride(0), (int)columns};
  const int64_t* chosen = ids ? checked_ids("ids", *ids, places.tokens, rows) : nullptr;
  const float* mask = checked_masks(masks, places, columns);
  float* to = whole("into", into, places.tokens, columns);
  const Unlocked free;
  gather_rows(places, source, chosen, mask, scale, to, threads);
}

// The words of a batch, for the gradient of their rows.
struct Gradient {
  Places places;
  Words words;
  std::vector<int32_t> owners;
};

std::unique_ptr<Gradient> words(const Places& places, Ids ids) {
  ids.require("ids");
  auto found = std::make_unique<Gradient>();
  found->places = places;
  const int64_t* at = checked_ids("ids", ids, places.tokens, std::numeric_limits<int64_t>::max());
  const Unlocked free;
  found->words = words_of(places, at, found->owners);
  return found;
}

// The distinct ids in rising order, and which of them each token has.
void distinct(const Gradient& held, Array<int64_t, 1> ids, Array<int32_t, 1> rows) {
  check_apart({extent("ids", ids), extent("rows", rows)});
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
  check_apart({extent("errors", errors), extent("masks", masks), extent("ids", ids), extent("rows", rows)});
  const int64_t columns = errors.shape(1), count = (int64_t)held.words.ids.size();
  if (!(held.places == places)) refuse("words", "those of other places", "the words of these places");
  const Rows from{table("errors", errors, places.tokens, columns), errors.stride(0), (int)columns};
  const float* mask = checked_masks(masks, places, columns);
  int64_t* told = flat("ids", ids, count);
  float* into = whole("rows", rows, count, columns);
  const Unlocked free;
  std::copy(held.words.ids.begin(), held.words.ids.end(), told);
  gather_gradient(held.words, from, held.owners, mask, scale, into, threads);
}

// In float64 until here: 1 - β of a β that was rounded to float32 is off by 1e-5.
void make_step(Adam* made, double size, double beta1, double beta2, double epsilon, double pull, double kept) {
  new (made) Adam{(float)size, (float)(1.0 - beta1), (float)(1.0 - beta2), (float)epsilon, (float)pull, (float)kept};
}

void adam(Out weight, Out first, Out second, Ids ids, In gradient, const Adam& step, int threads) {
  check_apart({extent("weight", weight), extent("first moment", first), extent("second moment", second),
               extent("ids", ids), extent("gradient", gradient)});
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
  adam_rows(to, mean, square, chosen, count, slope, (int)columns, step, threads);
}

double clip(const std::vector<Whole<float>>& gradients, double largest, int threads) {
  std::vector<Span> spans;
  std::vector<Extent> extents;
  for (const Whole<float>& one : gradients) {
    extents.push_back(extent("a gradient", one));
    if (one.size()) spans.push_back({one.data(), (int64_t)one.size()});
  }
  check_apart(extents);
  const Unlocked free;
  return clip_gradients(spans, largest, threads);
}

// Weight, first and second moment, gradient, and its step.
using Moving = std::tuple<Whole<float>, Whole<float>, Whole<float>, Whole<const float>, Adam>;

void adam_all(const std::vector<Moving>& weights, int threads) {
  std::vector<Moved> moved;
  std::vector<Extent> extents;
  for (const auto& [weight, first, second, gradient, step] : weights) {
    extents.insert(extents.end(), {extent("a weight", weight), extent("a first moment", first),
                                   extent("a second moment", second), extent("a gradient", gradient)});
    const int64_t count = (int64_t)weight.size();
    for (const size_t size : {first.size(), second.size(), gradient.size()})
      if ((int64_t)size != count)
        refuse("moments and gradient", std::to_string(size) + " values", std::to_string(count));
    if (!count) continue;
    moved.push_back({weight.data(), first.data(), second.data(), gradient.data(), count, step});
  }
  check_apart(extents);
  const Unlocked free;
  adam_whole(moved, threads);
}

}  // namespace

void bind_steps(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Gradient>(module, "Words").def_prop_ro("count", [](const Gradient& held) {
    return held.words.ids.size();
  });
  nb::class_<Adam>(module, "Adam", "One step of Adam (Kingma & Ba 2015), as plain numbers.")
      .def("__init__", &make_step, nb::kw_only(), "size"_a, "beta1"_a, "beta2"_a, "epsilon"_a, "pull"_a = 0.0,
           "kept"_a = 1.0,
           "`size` is the learning rate with both moments' bias taken out; `pull` is weight decay that joins the "
           "gradient, `kept` what decay leaves of the weight itself.");
  module.def("gather", &gather, "places"_a, nb::kw_only(), "table"_a, "ids"_a = nb::none(), "masks"_a = nb::none(),
             "scale"_a, "into"_a, "threads"_a,
             "Each token's row of `table`, by `ids` or as they come, times scale and its sequence's mask.");
  module.def("words", &words, "places"_a, "ids"_a, "The distinct ids of a batch, and the tokens of each.");
  module.def("distinct", &distinct, "words"_a, nb::kw_only(), "ids"_a, "rows"_a,
             "Writes the distinct ids in rising order, and which of them each token has.");
  module.def("gather_gradient", &gradient, "words"_a, "places"_a, nb::kw_only(), "errors"_a, "masks"_a = nb::none(),
             "scale"_a, "ids"_a, "rows"_a, "threads"_a,
             "Writes the distinct ids in rising order, and the gradient of the row of each.");
  module.def("adam", &adam, "weight"_a, "first"_a, "second"_a, nb::kw_only(), "ids"_a, "gradient"_a, "step"_a,
             "threads"_a, "Moves the rows `ids` of a weight and of its two moments.");
  module.def("adam_whole", &adam_all, "weights"_a, nb::kw_only(), "threads"_a,
             "Moves whole weights: each with its two moments, its gradient and its step.");
  module.def("clip", &clip, "gradients"_a, nb::kw_only(), "largest"_a, "threads"_a,
             "Scales all to a joint length of at most `largest`, 0 for any, and returns the length they had.");
}

}  // namespace recurra
