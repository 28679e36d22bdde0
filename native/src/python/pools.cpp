// Pooling for Python: last, mean, maximum and attention in one call, and their gradients; each argument checked first.
// Not here: sweeps (module.cpp) and what surrounds them (steps.cpp).
#include "engine/pools.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "python/checks.hpp"
#include "python/module.hpp"
#include "python/unlocked.hpp"

namespace recurra {
namespace {

using Names = std::vector<std::string>;
using Tokens = Array<int32_t, 2>;
// Weight, bias and query of attention's scorer.
using Weights = std::tuple<In, Vector, In>;
using WeightsOut = std::tuple<Out, VectorOut, Out>;

// Where each part's columns begin.
void place_parts(Pooling& pooling, const Names& parts) {
  int* places[] = {&pooling.last, &pooling.mean, &pooling.maximum, &pooling.attention};
  for (int* place : places) *place = -1;
  for (const std::string& part : parts) {
    const int which = place_of("parts", part, {"last", "mean", "max", "attention"});
    if (*places[which] >= 0) refuse("parts", part + " twice", "each at most once");
    *places[which] = pooling.width;
    pooling.width += pooling.values.columns;
  }
  if (parts.empty()) refuse("parts", "none", "last, mean, max, attention");
}

// Everything but the scorer.
Pooling pooling_of(const Places& places, const In& values, const Names& parts, int directions) {
  constexpr int64_t kWidest = 1 << 24;
  const int64_t columns = values.shape(1);
  if (places.step != 1) refuse("places", "the columns of a grid", "sequences one after another");
  if (places.tokens > std::numeric_limits<int32_t>::max()) refuse("tokens", "too many", "at most 2^31 - 1");
  if (columns < 1 || columns > kWidest) refuse("columns", std::to_string(columns), "1 … " + std::to_string(kWidest));
  if (directions < 1 || directions > 2 || columns % directions)
    refuse("directions", std::to_string(directions) + " of " + std::to_string(columns) + " columns", "1, or 2 alike");
  Pooling pooling{};
  pooling.values = {table("values", values, places.tokens, columns), values.stride(0), (int)columns};
  pooling.tokens = places.tokens;
  pooling.directions = directions;
  place_parts(pooling, parts);
  return pooling;
}

void take_scorer(Pooling& pooling, const Maybe<Weights>& scorer, const Maybe<Out>& shares, const Maybe<Out>& hidden) {
  if ((pooling.attention >= 0) != scorer.has_value())
    refuse("scorer", scorer ? "one" : "none", "weight, bias and query with attention alone");
  if (!scorer) return;
  const auto& [weight, bias, query] = *scorer;
  const int64_t columns = pooling.values.columns, units = weight.shape(0), heads = query.shape(0);
  constexpr int64_t kMost = 1 << 20;
  if (units < 1 || units > kMost) refuse("units", std::to_string(units), "1 … " + std::to_string(kMost));
  if (heads < 1 || heads > columns || columns % heads)
    refuse("heads", std::to_string(heads), "a number that divides " + std::to_string(columns));
  if (!shares) refuse("shares", "none", shown(heads, pooling.tokens));
  pooling.scorer = {(int)units,
                    (int)heads,
                    whole("weight", weight, units, columns),
                    flat("bias", bias, units),
                    whole("query", query, heads, units),
                    nullptr,
                    nullptr};
  pooling.shares = whole("shares", *shares, heads, pooling.tokens);
  pooling.hidden = hidden ? whole("hidden", *hidden, pooling.tokens, units) : nullptr;
}

void take_results(Pooling& pooling, const Places& places, const Out& rows, const Maybe<Tokens>& where) {
  const int64_t count = (int64_t)places.sequences.size();
  pooling.into = whole("rows", rows, count, pooling.width);
  if (pooling.maximum < 0) return;
  if (!where) refuse("where", "none", shown(count, pooling.values.columns));
  pooling.where = whole("where", *where, count, pooling.values.columns);
}

std::vector<Extent> all_extents(const In& values, const Maybe<Weights>& scorer, const Out& rows,
                                const Maybe<Tokens>& where, const Maybe<Out>& shares, const Maybe<Out>& hidden) {
  std::vector<Extent> extents{extent("values", values), extent("rows", rows), extent("where", where),
                              extent("shares", shares), extent("hidden", hidden)};
  if (!scorer) return extents;
  const auto& [weight, bias, query] = *scorer;
  extents.insert(extents.end(), {extent("weight", weight), extent("bias", bias), extent("query", query)});
  return extents;
}

void pool(const Places& places, In values, const Names& parts, int directions, Maybe<Weights> scorer, Out rows,
          Maybe<Tokens> where, Maybe<Out> shares, Maybe<Out> hidden, int threads) {
  check_apart(all_extents(values, scorer, rows, where, shares, hidden));
  Pooling pooling = pooling_of(places, values, parts, directions);
  take_scorer(pooling, scorer, shares, hidden);
  take_results(pooling, places, rows, where);
  const Unlocked free;
  pool_forward(pooling, places, threads);
}

void pool_back(const Places& places, In values, const Names& parts, int directions, Maybe<Weights> scorer, Out rows,
               Maybe<Tokens> where, Maybe<Out> shares, Maybe<Out> hidden, In errors, Out value_errors,
               Maybe<WeightsOut> gradients, int threads) {
  std::vector<Extent> extents = all_extents(values, scorer, rows, where, shares, hidden);
  extents.insert(extents.end(), {extent("errors", errors), extent("value errors", value_errors)});
  if (gradients) {
    const auto& [weight, bias, query] = *gradients;
    extents.insert(extents.end(),
                   {extent("weight gradient", weight), extent("bias gradient", bias), extent("query gradient", query)});
  }
  check_apart(extents);
  Pooling pooling = pooling_of(places, values, parts, directions);
  take_scorer(pooling, scorer, shares, hidden);
  take_results(pooling, places, rows, where);
  const int64_t columns = pooling.values.columns, count = (int64_t)places.sequences.size();
  const float* from = whole("errors", errors, count, pooling.width);
  float* to = whole("value errors", value_errors, places.tokens, columns);
  ScorerGradients learnt{};
  if (scorer) {
    const Scorer& held = pooling.scorer;
    if (!gradients || !pooling.hidden) refuse("gradients", "none", "the scorer's, and what pool() kept in hidden");
    auto& [weight, bias, query] = *gradients;
    learnt = {whole("weight gradient", weight, held.units, columns), flat("bias gradient", bias, held.units),
              whole("query gradient", query, held.heads, held.units)};
  }
  const Unlocked free;
  pool_backward(pooling, places, from, to, learnt, threads);
}

}  // namespace

void bind_pools(nb::module_& module) {
  using namespace nb::literals;
  module.def("pool", &pool, "places"_a, nb::kw_only(), "values"_a, "parts"_a, "directions"_a, "scorer"_a = nb::none(),
             "rows"_a, "where"_a = nb::none(), "shares"_a = nb::none(), "hidden"_a = nb::none(), "threads"_a,
             "Pools ragged sequences: the parts side by side into rows, and what their gradient needs.");
  module.def("pool_back", &pool_back, "places"_a, nb::kw_only(), "values"_a, "parts"_a, "directions"_a,
             "scorer"_a = nb::none(), "rows"_a, "where"_a = nb::none(), "shares"_a = nb::none(),
             "hidden"_a = nb::none(), "errors"_a, "value_errors"_a, "gradients"_a = nb::none(), "threads"_a,
             "The gradient of what `pool` left: the errors of the values, and the scorer's gradients.");
}

}  // namespace recurra
