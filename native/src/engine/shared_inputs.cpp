// Distinct inputs shared out among threads, and the tokens that each of them has.
// Not here: arithmetic (kernels/sweep/distinct.hpp).
#include "engine/shared_inputs.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/pool.hpp"

namespace recurra {
namespace {

constexpr int64_t kPart = kDistinctRows;

// For each distinct input the rows that its tokens have among what is kept: those from starts[i] on.
struct Index {
  std::vector<int64_t> starts, kept;
};

Index index_of(const Places& places, const int32_t* row, int64_t distinct) {
  Index found{std::vector<int64_t>(distinct + 1, 0), {}};
  const auto for_tokens = [&](auto work) {
    for (const Sequence& one : places.sequences)
      for (int64_t time = 0; time < one.length; ++time) work(one.first + places.step * time, one.shift);
  };
  for_tokens([&](int64_t token, int64_t) { ++found.starts[row[token] + 1]; });
  std::partial_sum(found.starts.begin(), found.starts.end(), found.starts.begin());
  found.kept.resize(found.starts.back());
  std::vector<int64_t> next(found.starts.begin(), found.starts.end() - 1);
  for_tokens([&](int64_t token, int64_t shift) { found.kept[next[row[token]]++] = token + shift; });
  return found;
}

}  // namespace

void project(const std::vector<Projection>& projections, int64_t rows, int threads) {
  const int64_t parts = (rows + kPart - 1) / kPart;
  run_tasks((int)(parts * projections.size()), threads, [&](int mine) {
    const auto& [layer, values, stride, into] = projections[mine / parts];
    const Shape& shape = layer->shape();
    const int64_t first = mine % parts * kPart;
    const Buffer scratch(layer->sweeper().project_scratch(shape));
    layer->sweeper().project(shape, layer->packed(), values + first * stride, stride,
                             (int)std::min(kPart, rows - first), into + first * shape.gate_pitch(), scratch.floats());
  });
}

void project_distinct(std::vector<Direction>& directions, int64_t distinct, int threads) {
  std::vector<Projection> projections;
  for (Direction& one : directions) {
    one.projected = Buffer((size_t)distinct * one.sweep.shape.gate_pitch());
    one.sweep.projected = one.projected.floats();
    projections.push_back({one.layer, one.sweep.values, one.sweep.value_stride, one.projected.floats()});
  }
  project(projections, distinct, threads);
}

void back_distinct(std::vector<Direction>& directions, const Places& places, int64_t distinct, int threads) {
  const Index index = index_of(places, directions[0].sweep.row, distinct);
  const int64_t parts = (distinct + kPart - 1) / kPart;
  const int panels = directions[0].sweep.shape.panels(), sides = (int)directions.size();
  const ptrdiff_t pitch = distinct * 4 * directions[0].sweep.shape.lanes;
  std::vector<Buffer> errors;
  for (int side = 0; side < sides; ++side) errors.emplace_back(panels * pitch);
  run_tasks((int)parts * sides, threads, [&](int mine) {
    const Direction& one = directions[mine / parts];
    const Kernels& kernels = one.layer->kernels();
    float* into = errors[mine / parts].floats();
    const int64_t first = mine % parts * kPart, count = std::min(kPart, distinct - first);
    for (int64_t at = first; at < first + count; ++at)
      kernels.sum_errors(one.sweep, index.kept.data() + index.starts[at], index.starts[at + 1] - index.starts[at],
                         into + at * 4 * one.sweep.shape.lanes, pitch);
    if (one.sweep.value_errors) kernels.distinct_values(one.sweep, into, pitch, first, (int)count);
  });
  run_tasks(panels * sides, threads, [&](int mine) {
    const Direction& one = directions[mine / panels];
    if (one.learns)
      one.layer->kernels().distinct_gradient(one.sweep, mine % panels, errors[mine / panels].floats(), pitch, distinct,
                                             one.sums[0].floats());
  });
}

}  // namespace recurra
