// The gradients of the weights from the gates' errors: outer products summed over all tokens in their own order.
// Not here: the sweep. Threads share out panels, never tokens, so that each sum has one order whatever their number.
#pragma once

#include "pack.hpp"
#include "product.hpp"
#include "rows.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kBlockTokens = 128;  // a panel's errors of so many tokens stay in the first-level cache

// tile[k] += Σ_j rows[j][k] · errors[j] for all k < size.
template <int V>
RECURRA_INLINE void add_products(float* tile, int size, const float* const* rows, const float* errors, int tokens) {
  in_blocks<V>(size, [&]<int R>(int k) __attribute__((always_inline)) {
    Vec sums[R][4];
    float* place = tile + (size_t)k * V * kLanes;
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) sums[r][v] = load(place + (r * V + v) * kLanes);
    outer<R, V>(sums[0], rows, k, errors, tokens);
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) store(place + (r * V + v) * kLanes, sums[r][v]);
  });
}

// From a panel's tile, whose rows are `pitch` apart, into torch's layout.
RECURRA_INLINE void unpack(const Shape& shape, bool recurrent, int panel, const float* tile, ptrdiff_t pitch, int size,
                           float* to) {
  for (int vector = 0; vector < shape.vectors(); ++vector) {
    const int row = gate_row(shape, recurrent, panel, vector), lanes = unit_lanes(shape, panel, vector);
    for (int lane = 0; lane < lanes; ++lane)
      for (int k = 0; k < size; ++k) to[(size_t)(row + lane) * size + k] = tile[k * pitch + vector * kLanes + lane];
  }
}

RECURRA_INLINE size_t tile_floats(const Shape& shape) { return (size_t)(shape.inputs + shape.hidden + 1) * kWidth; }

inline size_t gradient_scratch(const Sweep& sweep, int panels) {
  return panels * tile_floats(sweep.shape) + kBlockTokens * kWidth + sweep.shape.hidden + kWidth +
         3 * pointer_floats(kBlockTokens);
}

// Rows of a block of tokens: inputs, the states before, the gates' errors.
struct Tokens {
  const float **values, **before, **errors;
  int count;
};

template <int V>
RECURRA_INLINE void add_block(const Sweep& sweep, const Tokens& tokens, int panel, float* tile, float* packed) {
  const Shape& shape = sweep.shape;
  float* recurrent = tile + (size_t)shape.inputs * kWidth;
  float* bias = recurrent + (size_t)shape.hidden * kWidth;
  Vec sums[4];
  for (int v = 0; v < 4; ++v) sums[v] = load(bias + v * kLanes);
  for (int j = 0; j < tokens.count; ++j)
    for (int v = 0; v < 4; ++v) {
      const Vec error = load(tokens.errors[j] + panel * kWidth + v * kLanes);
      store(packed + j * kWidth + v * kLanes, error);
      sums[v] += error;
    }
  for (int v = 0; v < 4; ++v) store(bias + v * kLanes, sums[v]);
  add_products<V>(tile, shape.inputs, tokens.values, packed, tokens.count);
  add_products<V>(recurrent, shape.hidden, tokens.before, packed + (4 - V) * kLanes, tokens.count);
}

// Sums of one panel.
struct PanelSums {
  const float *input, *recurrent, *bias;
  ptrdiff_t pitch;
};

template <int V>
RECURRA_INLINE void finish_panel(const Shape& shape, int panel, const PanelSums& sums, const Gradients& to) {
  unpack(shape, false, panel, sums.input, sums.pitch, shape.inputs, to.input);
  unpack(shape, true, panel, sums.recurrent, sums.pitch, shape.hidden, to.recurrent);
  unpack(shape, false, panel, sums.bias, kWidth, 1, to.input_bias);
  unpack(shape, true, panel, sums.bias + (4 - V) * kLanes, kWidth, 1, to.recurrent_bias);
}

RECURRA_INLINE const float* state_before(const Sweep& sweep, const Sequence& sequence, int64_t time,
                                         const float* zeros) {
  if (time) return sweep.outputs + (token(sweep, sequence, time) - sweep.step) * sweep.output_stride;
  const float* start = state_row(sweep.hidden, sequence.number, sweep.shape.hidden);
  return start ? start : zeros;
}

// Tokens as they lie in memory: sequence by sequence, or step by step in a grid of columns.
template <class Work>
RECURRA_INLINE void for_tokens(const Sweep& sweep, const Sequence* sequences, int count, Work work) {
  if (sweep.step == 1 || sweep.step == -1) {
    for (int row = 0; row < count; ++row)
      for (int64_t time = 0; time < sequences[row].length; ++time) work(sequences[row], time);
    return;
  }
  int64_t longest = 0;
  for (int row = 0; row < count; ++row)
    if (sequences[row].length > longest) longest = sequences[row].length;
  for (int64_t time = 0; time < longest; ++time)
    for (int row = 0; row < count; ++row)
      if (time < sequences[row].length) work(sequences[row], time);
}

template <int V>
void gradient_panels(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end, const Gradients& to,
                     float* scratch) {
  const Shape& shape = sweep.shape;
  Cutter cut{scratch};
  float* tiles = cut.floats((end - begin) * tile_floats(shape));
  float* packed = cut.floats(kBlockTokens * kWidth);
  float* zeros = cut.floats(shape.hidden);
  Tokens tokens{cut.pointers<const float*>(kBlockTokens), cut.pointers<const float*>(kBlockTokens),
                cut.pointers<const float*>(kBlockTokens), 0};
  clear(tiles, (end - begin) * tile_floats(shape));
  clear(zeros, shape.hidden);
  const auto flush = [&]() __attribute__((always_inline)) {
    for (int panel = begin; panel < end; ++panel)
      add_block<V>(sweep, tokens, panel, tiles + (panel - begin) * tile_floats(shape), packed);
    tokens.count = 0;
  };
  for_tokens(sweep, sequences, count, [&](const Sequence& sequence, int64_t time) __attribute__((always_inline)) {
    const int64_t where = token(sweep, sequence, time);
    tokens.values[tokens.count] = sweep.values + where * sweep.value_stride;
    tokens.errors[tokens.count] = kept_gates(sweep, sequence, where);
    tokens.before[tokens.count] = state_before(sweep, sequence, time, zeros);
    if (++tokens.count == kBlockTokens) flush();
  });
  flush();
  for (int panel = begin; panel < end; ++panel) {
    const float* tile = tiles + (panel - begin) * tile_floats(shape);
    const float* recurrent = tile + (size_t)shape.inputs * kWidth;
    finish_panel<V>(shape, panel, {tile, recurrent, recurrent + (size_t)shape.hidden * kWidth, V * kLanes}, to);
  }
}

inline void gradient(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end, const Gradients& to,
              float* scratch) {
  if (sweep.shape.vectors() == 3)
    gradient_panels<3>(sweep, sequences, count, begin, end, to, scratch);
  else
    gradient_panels<4>(sweep, sequences, count, begin, end, to, scratch);
}

}  // namespace recurra::RECURRA_ISA
