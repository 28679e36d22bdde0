// The gradients of the weights from the gates' errors: outer products summed over the tokens of a group of sequences.
// Not here: the sweep (backward.hpp), which hands over the errors of a chunk of steps while they are still in the
// cache. Which sequences make a group depends on the batch and the layer alone: each sum has one order, whatever the
// number of threads.
#pragma once

#include "kernels/simd/product.hpp"
#include "kernels/sweep/pack.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kBlockTokens = 128;  // a panel's errors of so many tokens stay in the first-level cache

// tile[k] += Σ_j rows[j][k] · errors[j] for all k < size.
template <int V>
RECURRA_INLINE void add_products(float* tile, int size, const float* const* rows, const float* errors, int tokens) {
  in_blocks<rows_at_once(V)>(size, [&](int k, int count) __attribute__((always_inline)) {
    Vec sums[kMostRows][4];
    float* place = tile + (size_t)k * V * kLanes;
    for (int r = 0; r < count; ++r)
      for (int v = 0; v < V; ++v) sums[r][v] = load(place + (r * V + v) * kLanes);
    outer_block<V>(count, sums[0], rows, k, errors, tokens);
    for (int r = 0; r < count; ++r)
      for (int v = 0; v < V; ++v) store(place + (r * V + v) * kLanes, sums[r][v]);
  });
}

// From a panel's tile, whose rows are `pitch` apart, into torch's layout.
RECURRA_NOINLINE inline void unpack(const Shape& shape, const Which& which, int panel, const float* tile,
                                    ptrdiff_t pitch, int size, float* to) {
  for (int place = 0; place < which.count; ++place) {
    const int vector = which.first + place, lanes = unit_lanes(shape, panel, vector);
    const int row = gate_row(shape, which.recurrent, panel, vector);
    for (int first = 0; first < size; first += kLanes) {
      Words square[kLanes];
      for (int k = 0; k < kLanes; ++k)
        square[k] = first + k < size ? (Words)load(tile + (first + k) * pitch + place * kLanes) : Words{};
      transpose(square);
      for (int lane = 0; lane < lanes; ++lane)
        store(to + (size_t)(row + lane) * size + first, (Vec)square[lane], size - first);
    }
  }
}

// Rows of a panel's sums that the recurrent weights take; a parallel cell has at most two vectors of them.
RECURRA_INLINE size_t recurrent_sums(const Shape& shape) { return is_parallel(shape.cell) ? 1 : shape.hidden; }

// Where those of a gru_before's n begin among them.
RECURRA_INLINE size_t fresh_sums(const Shape& shape) { return (size_t)shape.hidden * 2 * kLanes; }

// A panel's sums: of the input weights, the recurrent ones, the biases.
RECURRA_INLINE size_t tile_floats(const Shape& shape) {
  return (shape.inputs + recurrent_sums(shape) + 1) * (size_t)kWidth;
}

inline size_t sums_floats(const Shape& shape) { return shape.panels() * tile_floats(shape); }

// Rows of a chunk's tokens: inputs, the states before, the inner ones before (null where they are zero); of a
// gru_before these are r * h.
struct Tokens {
  const float **values, **before, **inner_before;
  int count;
};

// An SRU's two vectors: the errors of their gates times the inner state before.
RECURRA_INLINE void add_vectors(Vec (&sums)[2], const Vec errors[4], Vec inner) {
  sums[0] += errors[1] * inner;
  sums[1] += errors[2] * inner;
}

// Adds the products of a panel's errors, four vectors a token, side by side. Distinct inputs have their turn later.
template <Cell C>
RECURRA_INLINE void add_block(const Sweep& sweep, const Tokens& tokens, int panel, const float* errors, float* tile) {
  constexpr int V = vectors_of(C);
  const Shape& shape = sweep.shape;
  float* recurrent = tile + (size_t)shape.inputs * kWidth;
  float* bias = recurrent + recurrent_sums(shape) * kWidth;
  const int unit = panel * kLanes, lanes = shape.hidden - unit;
  Vec sums[4], vectors[2] = {load(recurrent), load(recurrent + kLanes)};
  for (int v = 0; v < 4; ++v) sums[v] = load(bias + v * kLanes);
  for (int j = 0; j < tokens.count; ++j) {
    Vec each[4];
    for (int v = 0; v < 4; ++v) {
      each[v] = load(errors + j * kWidth + v * kLanes);
      sums[v] += each[v];
    }
    if constexpr (C == Cell::sru)
      if (tokens.inner_before[j]) add_vectors(vectors, each, load(tokens.inner_before[j] + unit, lanes));
  }
  for (int v = 0; v < 4; ++v) store(bias + v * kLanes, sums[v]);
  if (!sweep.row) add_products<V>(tile, shape.inputs, tokens.values, errors, tokens.count);
  if constexpr (C == Cell::sru)
    for (int v = 0; v < 2; ++v) store(recurrent + v * kLanes, vectors[v]);
  if constexpr (C == Cell::gru_before) {
    add_products<2>(recurrent, shape.hidden, tokens.before, errors + kLanes, tokens.count);
    add_products<1>(recurrent + fresh_sums(shape), shape.hidden, tokens.inner_before, errors, tokens.count);
  } else if constexpr (!is_parallel(C)) {
    add_products<V>(recurrent, shape.hidden, tokens.before, errors + (4 - V) * kLanes, tokens.count);
  }
}

// The same for all of a chunk's tokens and this member's panels; `errors` of a panel begin `pitch` after those of the
// one before.
template <Cell C>
RECURRA_INLINE void add_chunk(const Sweep& sweep, const Share& share, const Tokens& tokens, const float* errors,
                              ptrdiff_t pitch) {
  const Shape& shape = sweep.shape;
  for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel)
    for (int first = 0; first < tokens.count; first += kBlockTokens) {
      const int left = tokens.count - first;
      const Tokens block{tokens.values + first, tokens.before + first, tokens.inner_before + first,
                         left < kBlockTokens ? left : kBlockTokens};
      add_block<C>(sweep, block, panel, errors + panel * pitch + (ptrdiff_t)first * kWidth,
                   share.sums + panel * tile_floats(shape));
    }
}

// Sums of one panel.
struct PanelSums {
  const float *input, *recurrent, *bias;
  ptrdiff_t pitch;
};

template <Cell C>
RECURRA_INLINE void finish_panel(const Shape& shape, int panel, const PanelSums& sums, const Gradients& to) {
  const Which input = all_vectors(shape, false), recurrent = all_vectors(shape, true);
  unpack(shape, input, panel, sums.input, sums.pitch, shape.inputs, to.input);
  unpack(shape, input, panel, sums.bias, kWidth, 1, to.input_bias);
  if constexpr (C == Cell::sru)
    for (int v = 0; v < 2; ++v)
      for (int lane = 0; lane < unit_lanes(shape, panel, 0); ++lane)
        to.recurrent[(size_t)v * shape.hidden + panel * kLanes + lane] = sums.recurrent[v * kLanes + lane];
  if constexpr (is_parallel(C)) return;
  if constexpr (C == Cell::gru_before) {
    unpack(shape, kGates, panel, sums.recurrent, 2 * kLanes, shape.hidden, to.recurrent);
    unpack(shape, kFresh, panel, sums.recurrent + fresh_sums(shape), kLanes, shape.hidden, to.recurrent);
    unpack(shape, input, panel, sums.bias, kWidth, 1, to.recurrent_bias);
  } else {
    unpack(shape, recurrent, panel, sums.recurrent, sums.pitch, shape.hidden, to.recurrent);
    unpack(shape, recurrent, panel, sums.bias + (4 - vectors_of(C)) * kLanes, kWidth, 1, to.recurrent_bias);
  }
}

// Calls work.operator()<cell>() for what the shape says.
template <class Work>
void for_cell_alone(const Shape& shape, Work work) {
  switch (shape.cell) {
    case Cell::rnn: work.template operator()<Cell::rnn>(); break;
    case Cell::gru: work.template operator()<Cell::gru>(); break;
    case Cell::gru_before: work.template operator()<Cell::gru_before>(); break;
    case Cell::lstm: work.template operator()<Cell::lstm>(); break;
    case Cell::mingru: work.template operator()<Cell::mingru>(); break;
    default: work.template operator()<Cell::sru>();
  }
}

// Adds up the groups' sums of a panel, in their order, on the first group's.
RECURRA_INLINE float* add_groups(float* const* groups, int count, size_t first, size_t floats) {
  float* tile = groups[0] + first;
  for (int group = 1; group < count; ++group)
    for (size_t at = 0; at < floats; at += kLanes) store(tile + at, load(tile + at) + load(groups[group] + first + at));
  return tile;
}

// Adds up a panel's sums and writes them as torch has them.
inline void finish_gradient(const Shape& shape, int panel, float* const* groups, int count, const Gradients& to) {
  float* tile = add_groups(groups, count, panel * tile_floats(shape), tile_floats(shape));
  const float* recurrent = tile + (size_t)shape.inputs * kWidth;
  const float* bias = recurrent + recurrent_sums(shape) * kWidth;
  for_cell_alone(shape,
                 [&]<Cell C>() { finish_panel<C>(shape, panel, {tile, recurrent, bias, vectors_of(C) * kLanes}, to); });
}

}  // namespace recurra::RECURRA_ISA
