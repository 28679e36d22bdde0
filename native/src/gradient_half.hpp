// The gradients of the weights in bfloat16: blocks of tokens are transposed, so that they are sums over tokens.
// Not here: the sweep. Threads share out panels, never tokens, so that each sum has one order whatever their number.
#pragma once

#include "forward_half.hpp"
#include "gradient.hpp"

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

size_t gradient_half_scratch(const Sweep& sweep, int panels) {
  const Shape& shape = sweep.shape;
  return panels * half_tile_floats(shape) +
         (features(shape.inputs) + features(shape.hidden)) * (size_t)kBlockPitch / 2 + kHalfBlock / 2 * kWidth +
         shape.hidden + 6 * kLanes + 5 * pointer_floats(kHalfBlock);
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

struct HalfTokens {
  const float **values, **before;
  const Half **errors, **inner_before;
  const float** inner_start;  // where a sequence begins and the caller gave the state
  int count;
  Half *turned_values, *turned_before;  // transposed
  Pair* pairs;                          // errors of a panel
};

template <int First, int V>
RECURRA_INLINE void add_half_products(float* tile, int size, const Half* turned, const Pair* pairs, int count) {
  for (int feature = 0; feature < (int)features(size); feature += kTileRows)
    multiply<true>(tile + feature * kWidth, kWidth, kTileRows, [&](auto add) __attribute__((always_inline)) {
      add.template operator()<First, V>(
          {turned + feature * kBlockPitch, kBlockPitch, pairs + First * kLanes, kWidth, count});
    });
}

template <Cell C>
RECURRA_INLINE void add_half_block(const Shape& shape, const HalfTokens& tokens, int panel, float* tile) {
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
      store_pairs(tokens.pairs + pair * kWidth + v * kLanes, paired(first, second));
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
  add_half_products<0, V>(tile, shape.inputs, tokens.turned_values, tokens.pairs, pairs);
  if constexpr (!is_parallel(C))
    add_half_products<4 - V, V>(recurrent, shape.hidden, tokens.turned_before, tokens.pairs, pairs);
}

template <Cell C>
void gradient_half_panels(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end,
                          const Gradients& to, float* scratch) {
  const Shape& shape = sweep.shape;
  const size_t each = half_tile_floats(shape);
  clear(scratch, gradient_half_scratch(sweep, end - begin));
  Cutter cut{scratch};
  float* tiles = cut.floats((end - begin) * each);
  float* zeros = cut.floats(shape.hidden);
  HalfTokens tokens{cut.pointers<const float*>(kHalfBlock),
                    cut.pointers<const float*>(kHalfBlock),
                    cut.pointers<const Half*>(kHalfBlock),
                    cut.pointers<const Half*>(kHalfBlock),
                    cut.pointers<const float*>(kHalfBlock),
                    0,
                    cut.halves(features(shape.inputs) * kBlockPitch),
                    cut.halves(features(shape.hidden) * kBlockPitch),
                    reinterpret_cast<Pair*>(cut.floats(kHalfBlock / 2 * kWidth))};
  const Tiles units(kTileRows);
  const auto flush = [&]() __attribute__((always_inline)) {
    transpose_rows(tokens.turned_values, tokens.values, tokens.count, shape.inputs);
    if constexpr (!is_parallel(C)) transpose_rows(tokens.turned_before, tokens.before, tokens.count, shape.hidden);
    for (int panel = begin; panel < end; ++panel)
      add_half_block<C>(shape, tokens, panel, tiles + (panel - begin) * each);
    tokens.count = 0;
  };
  for_tokens(sweep, sequences, count, [&](const Sequence& sequence, int64_t time) __attribute__((always_inline)) {
    const int64_t where = token(sweep, sequence, time);
    tokens.values[tokens.count] = sweep.values + where * sweep.value_stride;
    tokens.errors[tokens.count] = kept_gates<Half>(sweep, sequence, where);
    tokens.before[tokens.count] = state_before(sweep, sequence, time, zeros);
    if constexpr (C == Cell::sru) {
      tokens.inner_before[tokens.count] = inner_kept_before<Half>(sweep, sequence, time);
      tokens.inner_start[tokens.count] = time ? nullptr : state_row(sweep.cell, sequence.number, shape.hidden);
    }
    if (++tokens.count == kHalfBlock) flush();
  });
  flush();
  for (int panel = begin; panel < end; ++panel) {
    const float* tile = tiles + (panel - begin) * each;
    const float* recurrent = tile + features(shape.inputs) * kWidth;
    const float* bias = recurrent + half_recurrent_sums(shape) * kWidth;
    finish_panel<C>(shape, panel, {tile, recurrent + (4 - vectors_of(C)) * kLanes, bias, kWidth}, to);
  }
}

inline void gradient_half(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end,
                          const Gradients& to, float* scratch) {
  for_cell_alone(sweep.shape,
                 [&]<Cell C>() { gradient_half_panels<C>(sweep, sequences, count, begin, end, to, scratch); });
}

}  // namespace recurra::RECURRA_ISA
