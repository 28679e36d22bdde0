// What is shared out among threads when sequences are pooled.
// Not here: arithmetic.
#include "engine/pools.hpp"

#include <algorithm>
#include <vector>

#include "runtime/pool.hpp"

namespace recurra {
namespace {

constexpr int kGroups = 16;                // the scorer's gradients are summed over so many groups of sequences
constexpr int64_t kGroupFloats = 1 << 22;  // … or fewer, where their sums would take more room than this
constexpr double kWorthAThread = 1 << 16;  // values read

// Attention multiplies each value by as many units as it has.
int worth(const Pooling& pooling, int threads) {
  const double values = (double)pooling.tokens * pooling.values.columns;
  return threads_worth(values * (1 + pooling.scorer.units / 32), kWorthAThread, threads);
}

// Packs the scorer into a buffer.
Buffer packed(Pooling& pooling, bool backward) {
  Scorer& scorer = pooling.scorer;
  if (!scorer.heads) return {};
  const Pooler& pooler = instructions().kernels->pooler;
  Buffer memory(pooler.packed(scorer.units, pooling.values.columns, false) +
                (backward ? pooler.packed(scorer.units, pooling.values.columns, true) : 0));
  scorer.packed = memory.floats();
  scorer.packed_back = memory.floats() + pooler.packed(scorer.units, pooling.values.columns, false);
  pooler.pack(scorer, pooling.values.columns, backward);
  return memory;
}

// Sequences in their order, cut into runs of about as many tokens. The cut knows nothing of threads.
std::vector<size_t> runs(const Places& places, int64_t count) {
  std::vector<size_t> starts{0};
  int64_t tokens = 0;
  for (size_t at = 0; at < places.sequences.size(); ++at) {
    if (tokens * count >= places.tokens * (int64_t)starts.size() && at > starts.back()) starts.push_back(at);
    tokens += places.sequences[at].length;
  }
  starts.push_back(places.sequences.size());
  return starts;
}

// The groups' sums, one after another, in torch's layout.
void add_up(const std::vector<Buffer>& groups, int units, int inputs, int heads, int pitch,
            const ScorerGradients& gradients, int threads) {
  const auto sum = [&](size_t at) {
    float total = 0.0f;
    for (const Buffer& group : groups) total += group.floats()[at];
    return total;
  };
  run_tasks(units, threads, [&](int unit) {
    for (int input = 0; input < inputs; ++input)
      gradients.weight[(size_t)unit * inputs + input] = sum((size_t)input * pitch + unit);
  });
  const size_t vectors = (size_t)inputs * pitch;
  for (int unit = 0; unit < units; ++unit) {
    for (int head = 0; head < heads; ++head)
      gradients.query[(size_t)head * units + unit] = sum(vectors + (size_t)head * pitch + unit);
    gradients.bias[unit] = sum(vectors + (size_t)heads * pitch + unit);
  }
}

}  // namespace

void pool_forward(Pooling pooling, const Places& places, int threads) {
  const Pooler& pooler = instructions().kernels->pooler;
  const Buffer weights = packed(pooling, false);
  const int count = (int)places.sequences.size(), part = 4;
  run_tasks((count + part - 1) / part, worth(pooling, threads), [&](int mine) {
    const Buffer scratch(pooler.scratch(pooling));
    pooler.forward(pooling, &places.sequences[mine * part], std::min(part, count - mine * part), scratch.floats());
  });
}

void pool_backward(Pooling pooling, const Places& places, const float* errors, float* values,
                   const ScorerGradients& gradients, int threads) {
  const Kernels& kernels = *instructions().kernels;
  const Buffer weights = packed(pooling, true);
  const Scorer& scorer = pooling.scorer;
  const int inputs = pooling.values.columns, wide = 4 * kernels.lanes, pitch = (scorer.units + wide - 1) / wide * wide;
  const size_t floats = scorer.heads ? (size_t)(inputs + scorer.heads + 1) * pitch : 0;
  const int64_t most = floats ? std::clamp<int64_t>(kGroupFloats / (int64_t)floats, 1, kGroups) : 64;
  const std::vector<size_t> starts = runs(places, most);
  std::vector<Buffer> groups;
  for (size_t group = 0; group + 1 < starts.size(); ++group) groups.emplace_back(floats);
  threads = worth(pooling, threads);
  run_tasks((int)groups.size(), threads, [&](int mine) {
    float* sums = groups[mine].floats();
    std::fill_n(sums, floats, 0.0f);
    const Buffer scratch(kernels.pooler.backward_scratch(pooling));
    const PoolErrors back{errors, values, sums, sums + (size_t)inputs * pitch};
    kernels.pooler.backward(pooling, back, places.sequences.data() + starts[mine],
                            (int)(starts[mine + 1] - starts[mine]), scratch.floats());
  });
  if (scorer.heads) add_up(groups, scorer.units, inputs, scorer.heads, pitch, gradients, threads);
}

}  // namespace recurra
