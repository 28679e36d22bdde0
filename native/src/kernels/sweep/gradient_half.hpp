// The gradients of the weights in bfloat16: blocks of tokens are transposed, so that they are sums over tokens.
// Not here: the sweep (backward_half.hpp), which hands over the errors of a chunk of steps.
#pragma once

#include "kernels/sweep/gradient.hpp"
#include "kernels/sweep/half_rows.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kHalfBlock = 256;                     // tokens whose errors of a panel stay in the first-level cache
constexpr ptrdiff_t kBlockPitch = kHalfBlock + 32;  // of a feature's tokens: not a power of two

RECURRA_INLINE size_t features(int size) { return (size_t)(size + 15) / 16 * 16; }

RECURRA_INLINE size_t half_recurrent_sums(const Shape& shape) {
  return is_parallel(shape.cell) ? recurrent_sums(shape) : features(shape.hidden);
}

RECURRA_INLINE size_t half_tile_floats(const Shape& shape) {
  return (features(shape.inputs) + half_recurrent_sums(shape) + 1) * kWidth;
}

inline size_t half_sums_floats(const Shape& shape) { return shape.panels() * half_tile_floats(shape); }

// What a block of tokens is turned into.
struct Turned {
  Half *values, *before;  // transposed
  Pair* pairs;            // errors of a panel, two tokens in one
};

RECURRA_INLINE Turned turned(const Shape& shape, Cutter& cut) {
  // An initialiser's clauses are evaluated in their order.
  return {cut.take<Half>(features(shape.inputs) * kBlockPitch), cut.take<Half>(features(shape.hidden) * kBlockPitch),
          cut.take<Pair>(kHalfBlock / 2 * kWidth)};
}

// to[feature][token] = rows[token][feature], rounded; what is not there is zero.
RECURRA_NOINLINE inline void transpose_rows(Half* to, const float* const* rows, int tokens, int size) {
  for (int feature = 0; feature < size; feature += kLanes)
    for (int token = 0; token < (tokens + 31) / 32 * 32; token += 2 * kLanes) {
      const auto row = [&](int at) __attribute__((always_inline)) {
        return at < tokens ? rounded(load(rows[at] + feature, size - feature)) : Halves{};
      };
      Words words[kLanes];
      RECURRA_UNROLL for (int i = 0; i < kLanes; ++i) words[i] = paired(row(token + 2 * i), row(token + 2 * i + 1));
      transpose(words);
      for (int i = 0; i < kLanes && feature + i < (int)features(size); ++i)
        store_pairs(reinterpret_cast<Pair*>(to + (feature + i) * kBlockPitch + token), words[i]);
    }
}

// Rows of a chunk's tokens.
struct HalfTokens {
  const float **values, **before;
  const Half **errors, **inner_before;
  const float** inner_start;  // where a sequence begins and the caller gave the state
  int count;

  RECURRA_INLINE HalfTokens from(int first, int most) const {
    const int left = count - first;
    return {values + first,       before + first,      errors + first,
            inner_before + first, inner_start + first, left < most ? left : most};
  }
};

template <int First, int V>
RECURRA_INLINE void add_half_products(float* tile, int size, const Half* turned, const Pair* pairs, int count) {
  for (int feature = 0; feature < (int)features(size); feature += kTileRows)
    multiply<4>({tile + feature * kWidth, kWidth}, tile + feature * kWidth, kWidth, kTileRows,
                [&](auto add) __attribute__((always_inline)) {
                  add.template operator()<First, V>(
                      {turned + feature * kBlockPitch, kBlockPitch, pairs + First * kLanes, kWidth, count});
                });
}

template <Cell C>
RECURRA_INLINE void add_half_block(const Shape& shape, const HalfTokens& tokens, const Turned& to, int panel,
                                   float* tile) {
  constexpr int V = vectors_of(C);
  float* recurrent = tile + features(shape.inputs) * kWidth;
  float* bias = recurrent + half_recurrent_sums(shape) * kWidth;
  const int pairs = (tokens.count + 31) / 32 * 16;
  const auto error = [&](int token, int v) __attribute__((always_inline)) {
    return token < tokens.count ? load_halves(tokens.errors[token] + panel * kWidth + v * kLanes) : Halves{};
  };
  Vec sums[4];
  for (int v = 0; v < 4; ++v) sums[v] = load(bias + v * kLanes);
  for (int pair = 0; pair < pairs; ++pair)
    for (int v = 0; v < 4; ++v) {
      const Halves first = error(2 * pair, v), second = error(2 * pair + 1, v);
      store_pairs(to.pairs + pair * kWidth + v * kLanes, paired(first, second));
      sums[v] += widened(first) + widened(second);
    }
  for (int v = 0; v < 4; ++v) store(bias + v * kLanes, sums[v]);
  if constexpr (C == Cell::sru) {
    const int unit = panel * kLanes;
    Vec vectors[2] = {load(recurrent), load(recurrent + kLanes)};
    for (int j = 0; j < tokens.count; ++j) {
      const Vec errors[4] = {{}, widened(error(j, 1)), widened(error(j, 2)), {}};
      if (tokens.inner_before[j]) add_vectors(vectors, errors, widened(load_halves(tokens.inner_before[j] + unit)));
      if (tokens.inner_start[j]) add_vectors(vectors, errors, load(tokens.inner_start[j] + unit, shape.hidden - unit));
    }
    for (int v = 0; v < 2; ++v) store(recurrent + v * kLanes, vectors[v]);
  }
  add_half_products<0, V>(tile, shape.inputs, to.values, to.pairs, pairs);
  if constexpr (!is_parallel(C)) add_half_products<4 - V, V>(recurrent, shape.hidden, to.before, to.pairs, pairs);
}

// Adds the products of all of a chunk's tokens to this member's panels.
template <Cell C>
RECURRA_INLINE void add_half_chunk(const Shape& shape, const Share& share, const HalfTokens& tokens, const Turned& to) {
  for (int first = 0; first < tokens.count; first += kHalfBlock) {
    const HalfTokens block = tokens.from(first, kHalfBlock);
    transpose_rows(to.values, block.values, block.count, shape.inputs);
    if constexpr (!is_parallel(C)) transpose_rows(to.before, block.before, block.count, shape.hidden);
    for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel)
      add_half_block<C>(shape, block, to, panel, share.sums + panel * half_tile_floats(shape));
  }
}

// Adds up the groups' sums of a panel, in their order, and writes them as torch has them.
inline void finish_half_gradient(const Shape& shape, int panel, float* const* groups, int count, const Gradients& to) {
  float* tile = add_groups(groups, count, panel * half_tile_floats(shape), half_tile_floats(shape));
  const float* recurrent = tile + features(shape.inputs) * kWidth;
  const float* bias = recurrent + half_recurrent_sums(shape) * kWidth;
  for_cell_alone(shape, [&]<Cell C>() {
    finish_panel<C>(shape, panel, {tile, recurrent + (4 - vectors_of(C)) * kLanes, bias, kWidth}, to);
  });
}

}  // namespace recurra::RECURRA_ISA
