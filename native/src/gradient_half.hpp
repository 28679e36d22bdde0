// The gradients of the weights in bfloat16: blocks of tokens are transposed, so that they are sums over tokens.
// Not here: the sweep. Threads share out panels, never tokens, so that each sum has one order whatever their number.
#pragma once

#include "forward_half.hpp"
#include "gradient.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kHalfBlock = 256;                     // tokens whose errors of a panel stay in the first-level cache
constexpr ptrdiff_t kBlockPitch = kHalfBlock + 32;  // of a feature's tokens: not a power of two

RECURRA_INLINE size_t features(int size) { return (size_t)(size + 15) / 16 * 16; }

RECURRA_INLINE size_t half_tile_floats(const Shape& shape) {
  return (features(shape.inputs) + features(shape.hidden) + 1) * kWidth;
}

size_t gradient_half_scratch(const Sweep& sweep, int panels) {
  const Shape& shape = sweep.shape;
  return panels * half_tile_floats(shape) +
         (features(shape.inputs) + features(shape.hidden)) * (size_t)kBlockPitch / 2 + kHalfBlock / 2 * kWidth +
         shape.hidden + 6 * kLanes + 3 * pointer_floats(kHalfBlock);
}

// to[feature][token] = rows[token][feature], rounded; what is not there is zero.
RECURRA_INLINE void transpose_rows(Half* to, const float* const* rows, int tokens, int size) {
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
  const Half** errors;
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

template <int V>
RECURRA_INLINE void add_half_block(const Shape& shape, const HalfTokens& tokens, int panel, float* tile) {
  float* recurrent = tile + features(shape.inputs) * kWidth;
  float* bias = recurrent + features(shape.hidden) * kWidth;
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
  add_half_products<0, V>(tile, shape.inputs, tokens.turned_values, tokens.pairs, pairs);
  add_half_products<4 - V, V>(recurrent, shape.hidden, tokens.turned_before, tokens.pairs, pairs);
}

template <int V>
void gradient_half_panels(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end,
                          const Gradients& to, float* scratch) {
  const Shape& shape = sweep.shape;
  const size_t each = half_tile_floats(shape);
  clear(scratch, gradient_half_scratch(sweep, end - begin));
  Cutter cut{scratch};
  float* tiles = cut.floats((end - begin) * each);
  float* zeros = cut.floats(shape.hidden);
  HalfTokens tokens{cut.pointers<const float*>(kHalfBlock), cut.pointers<const float*>(kHalfBlock),
                    cut.pointers<const Half*>(kHalfBlock), 0, cut.halves(features(shape.inputs) * kBlockPitch),
                    cut.halves(features(shape.hidden) * kBlockPitch),
                    reinterpret_cast<Pair*>(cut.floats(kHalfBlock / 2 * kWidth))};
  const Tiles units(kTileRows);
  const auto flush = [&]() __attribute__((always_inline)) {
    transpose_rows(tokens.turned_values, tokens.values, tokens.count, shape.inputs);
    transpose_rows(tokens.turned_before, tokens.before, tokens.count, shape.hidden);
    for (int panel = begin; panel < end; ++panel)
      add_half_block<V>(shape, tokens, panel, tiles + (panel - begin) * each);
    tokens.count = 0;
  };
  for_tokens(sweep, sequences, count, [&](const Sequence& sequence, int64_t time) __attribute__((always_inline)) {
    const int64_t where = token(sweep, sequence, time);
    tokens.values[tokens.count] = sweep.values + where * sweep.value_stride;
    tokens.errors[tokens.count] = kept_gates<Half>(sweep, sequence, where);
    tokens.before[tokens.count] = state_before(sweep, sequence, time, zeros);
    if (++tokens.count == kHalfBlock) flush();
  });
  flush();
  for (int panel = begin; panel < end; ++panel) {
    const float* tile = tiles + (panel - begin) * each;
    const float* recurrent = tile + features(shape.inputs) * kWidth;
    const float* bias = recurrent + features(shape.hidden) * kWidth;
    finish_panel<V>(shape, panel, {tile, recurrent + (4 - V) * kLanes, bias, kWidth}, to);
  }
}

void gradient_half(const Sweep& sweep, const Sequence* sequences, int count, int begin, int end, const Gradients& to,
                   float* scratch) {
  if (sweep.shape.vectors() == 3)
    gradient_half_panels<3>(sweep, sequences, count, begin, end, to, scratch);
  else
    gradient_half_panels<4>(sweep, sequences, count, begin, end, to, scratch);
}

}  // namespace recurra::RECURRA_ISA
