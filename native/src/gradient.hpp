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
RECURRA_NOINLINE inline void unpack(const Shape& shape, bool recurrent, int panel, const float* tile, ptrdiff_t pitch,
                                    int size, float* to) {
  for (int vector = 0; vector < shape.vectors(); ++vector) {
    const int row = gate_row(shape, recurrent, panel, vector), lanes = unit_lanes(shape, panel, vector);
    for (int lane = 0; lane < lanes; ++lane)
      for (int k = 0; k < size; ++k) to[(size_t)(row + lane) * size + k] = tile[k * pitch + vector * kLanes + lane];
  }
}

// Rows of a panel's sums that the recurrent weights take; a parallel cell has at most two vectors of them.
RECURRA_INLINE size_t recurrent_sums(const Shape& shape) { return is_parallel(shape.cell) ? 1 : shape.hidden; }

RECURRA_INLINE size_t tile_floats(const Shape& shape) {
  return (shape.inputs + recurrent_sums(shape) + 1) * (size_t)kWidth;
}

inline size_t gradient_scratch(const Sweep& sweep, int panels) {
  return panels * tile_floats(sweep.shape) + kBlockTokens * kWidth + sweep.shape.hidden + kWidth +
         4 * pointer_floats(kBlockTokens);
}

// Rows of a block of tokens: inputs, the states before, the gates' errors.
struct Tokens {
  const float **values, **before, **errors, **inner_before;
  int count;
};

// An SRU's two vectors: the errors of their gates times the inner state before.
RECURRA_INLINE void add_vectors(Vec (&sums)[2], const Vec errors[4], Vec inner) {
  sums[0] += errors[1] * inner;
  sums[1] += errors[2] * inner;
}

template <Cell C>
RECURRA_INLINE void add_block(const Sweep& sweep, const Tokens& tokens, int panel, float* tile, float* packed) {
  constexpr int V = vectors_of(C);
  const Shape& shape = sweep.shape;
  float* recurrent = tile + (size_t)shape.inputs * kWidth;
  float* bias = recurrent + recurrent_sums(shape) * kWidth;
  const int unit = panel * kLanes, lanes = shape.hidden - unit;
  Vec sums[4], vectors[2] = {load(recurrent), load(recurrent + kLanes)};
  for (int v = 0; v < 4; ++v) sums[v] = load(bias + v * kLanes);
  for (int j = 0; j < tokens.count; ++j) {
    Vec errors[4];
    for (int v = 0; v < 4; ++v) {
      errors[v] = load(tokens.errors[j] + panel * kWidth + v * kLanes);
      store(packed + j * kWidth + v * kLanes, errors[v]);
      sums[v] += errors[v];
    }
    if constexpr (C == Cell::sru)
      if (tokens.inner_before[j]) add_vectors(vectors, errors, load(tokens.inner_before[j] + unit, lanes));
  }
  for (int v = 0; v < 4; ++v) store(bias + v * kLanes, sums[v]);
  add_products<V>(tile, shape.inputs, tokens.values, packed, tokens.count);
  if constexpr (C == Cell::sru)
    for (int v = 0; v < 2; ++v) store(recurrent + v * kLanes, vectors[v]);
  if constexpr (!is_parallel(C))
    add_products<V>(recurrent, shape.hidden, tokens.before, packed + (4 - V) * kLanes, tokens.count);
}

// Sums of one panel.
struct PanelSums {
  const float *input, *recurrent, *bias;
  ptrdiff_t pitch;
};

template <Cell C>
RECURRA_INLINE void finish_panel(const Shape& shape, int panel, const PanelSums& sums, const Gradients& to) {
  unpack(shape, false, panel, sums.input, sums.pitch, shape.inputs, to.input);
  unpack(shape, false, panel, sums.bias, kWidth, 1, to.input_bias);
  if constexpr (C == Cell::sru)
    for (int v = 0; v < 2; ++v)
      for (int lane = 0; lane < unit_lanes(shape, panel, 0); ++lane)
        to.recurrent[(size_t)v * shape.hidden + panel * kLanes + lane] = sums.recurrent[v * kLanes + lane];
  if constexpr (is_parallel(C)) return;
  unpack(shape, true, panel, sums.recurrent, sums.pitch, shape.hidden, to.recurrent);
  unpack(shape, true, panel, sums.bias + (4 - vectors_of(C)) * kLanes, kWidth, 1, to.recurrent_bias);
}

// Calls work.operator()<cell>() for what the shape says.
template <class Work>
void for_cell_alone(const Shape& shape, Work work) {
  switch (shape.cell) {
    case Cell::rnn: work.template operator()<Cell::rnn>(); break;
    case Cell::gru: work.template operator()<Cell::gru>(); break;
    case Cell::lstm: work.template operator()<Cell::lstm>(); break;
    case Cell::mingru: work.template operator()<Cell::mingru>(); break;
    default: work.template operator()<Cell::sru>();
  }
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

// The inner state before, kept by the sweep or given by the caller; null where it is zero.
template <class Element>
RECURRA_INLINE const Element* inner_kept_before(const Sweep& sweep, const Sequence& sequence, int64_t time) {
  return time ? kept_cells<Element>(sweep, sequence, token(sweep, sequence, time) - sweep.step) : nullptr;
}

template <Cell C>
void gradient_panels(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end, const Gradients& to,
                     float* scratch) {
  const Shape& shape = sweep.shape;
  Cutter cut{scratch};
  float* tiles = cut.floats((end - begin) * tile_floats(shape));
  float* packed = cut.floats(kBlockTokens * kWidth);
  float* zeros = cut.floats(shape.hidden);
  Tokens tokens{cut.pointers<const float*>(kBlockTokens), cut.pointers<const float*>(kBlockTokens),
                cut.pointers<const float*>(kBlockTokens), cut.pointers<const float*>(kBlockTokens), 0};
  clear(tiles, (end - begin) * tile_floats(shape));
  clear(zeros, shape.hidden);
  const auto flush = [&]() __attribute__((always_inline)) {
    for (int panel = begin; panel < end; ++panel)
      add_block<C>(sweep, tokens, panel, tiles + (panel - begin) * tile_floats(shape), packed);
    tokens.count = 0;
  };
  for_tokens(sweep, sequences, count, [&](const Sequence& sequence, int64_t time) __attribute__((always_inline)) {
    const int64_t where = token(sweep, sequence, time);
    tokens.values[tokens.count] = sweep.values + where * sweep.value_stride;
    tokens.errors[tokens.count] = kept_gates(sweep, sequence, where);
    tokens.before[tokens.count] = state_before(sweep, sequence, time, zeros);
    if constexpr (C == Cell::sru) {
      const float* kept = inner_kept_before<float>(sweep, sequence, time);
      tokens.inner_before[tokens.count] = kept ? kept : state_row(sweep.cell, sequence.number, shape.hidden);
    }
    if (++tokens.count == kBlockTokens) flush();
  });
  flush();
  for (int panel = begin; panel < end; ++panel) {
    const float* tile = tiles + (panel - begin) * tile_floats(shape);
    const float* recurrent = tile + (size_t)shape.inputs * kWidth;
    finish_panel<C>(shape, panel, {tile, recurrent, recurrent + recurrent_sums(shape) * kWidth, vectors_of(C) * kLanes},
                    to);
  }
}

inline void gradient(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end, const Gradients& to,
                     float* scratch) {
  for_cell_alone(sweep.shape, [&]<Cell C>() { gradient_panels<C>(sweep, sequences, count, begin, end, to, scratch); });
}

}  // namespace recurra::RECURRA_ISA
