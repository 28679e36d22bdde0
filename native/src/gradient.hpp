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

// From a panel's tile into torch's layout.
RECURRA_INLINE void unpack(const Shape& shape, bool recurrent, int panel, const float* tile, int size, float* to) {
  const int vectors = shape.vectors(), width = vectors * kLanes;
  for (int vector = 0; vector < vectors; ++vector) {
    const int row = gate_row(shape, recurrent, panel, vector), lanes = unit_lanes(shape, panel, vector);
    for (int lane = 0; lane < lanes; ++lane)
      for (int k = 0; k < size; ++k)
        to[(size_t)(row + lane) * size + k] = tile[(size_t)k * width + vector * kLanes + lane];
  }
}

RECURRA_INLINE size_t tile_floats(const Shape& shape) { return (size_t)(shape.inputs + shape.hidden + 1) * kWidth; }

size_t gradient_scratch(const Sweep& sweep, int panels) {
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

template <int V>
RECURRA_INLINE void finish_panel(const Shape& shape, int panel, const float* tile, const Gradients& to) {
  const float* recurrent = tile + (size_t)shape.inputs * kWidth;
  const float* bias = recurrent + (size_t)shape.hidden * kWidth;
  unpack(shape, false, panel, tile, shape.inputs, to.input);
  unpack(shape, true, panel, recurrent, shape.hidden, to.recurrent);
  unpack(shape, false, panel, bias, 1, to.input_bias);
  unpack(shape, true, panel, bias + (4 - V) * kLanes, 1, to.recurrent_bias);
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
  const auto add = [&](const Sequence& sequence, int64_t time) __attribute__((always_inline)) {
    const int64_t where = token(sweep, sequence, time);
    const float* start = state_row(sweep.hidden, sequence.number, shape.hidden);
    tokens.values[tokens.count] = sweep.values + where * sweep.value_stride;
    tokens.errors[tokens.count] = kept_gates(sweep, sequence, where);
    tokens.before[tokens.count] = time    ? sweep.outputs + (where - sweep.step) * sweep.output_stride
                                  : start ? start
                                          : zeros;
    if (++tokens.count == kBlockTokens) flush();
  };
  // Tokens are taken as they lie in memory: sequence by sequence, or step by step in a grid of columns.
  if (sweep.step == 1 || sweep.step == -1) {
    for (int row = 0; row < count; ++row)
      for (int64_t time = 0; time < sequences[row].length; ++time) add(sequences[row], time);
  } else {
    int64_t longest = 0;
    for (int row = 0; row < count; ++row)
      if (sequences[row].length > longest) longest = sequences[row].length;
    for (int64_t time = 0; time < longest; ++time)
      for (int row = 0; row < count; ++row)
        if (time < sequences[row].length) add(sequences[row], time);
  }
  flush();
  for (int panel = begin; panel < end; ++panel)
    finish_panel<V>(shape, panel, tiles + (panel - begin) * tile_floats(shape), to);
}

void gradient(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end, const Gradients& to,
              float* scratch) {
  if (sweep.shape.vectors() == 3)
    gradient_panels<3>(sweep, sequences, count, begin, end, to, scratch);
  else
    gradient_panels<4>(sweep, sequences, count, begin, end, to, scratch);
}

}  // namespace recurra::RECURRA_ISA
