// Weights from torch's layout into panels of int8 quads, each channel (a gate's row) with a step of its own.
// Not here: products, and the order of gates in a panel (kernels/sweep/pack.hpp).
#pragma once

#include "kernels/int8/bytes.hpp"
#include "kernels/sweep/pack.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// Where the four terms of a word lie: in order for dot products of bytes; else the first two where the even bytes are,
// so that two shifts widen a word into two pairs of 16 bits.
#if defined(__AVX512VNNI__)
constexpr int kPlaces[4] = {0, 1, 2, 3};
#else
constexpr int kPlaces[4] = {0, 2, 1, 3};
#endif

// One channel: its levels, a word in `width`, and returns their sum.
RECURRA_INLINE int32_t pack_channel(const float* row, int size, float scale, int8_t* to, ptrdiff_t width) {
  int32_t sum = 0;
  for (int first = 0; first < size; first += kLanes) {
    const Ints levels = nearest(load(row + first, size - first) * scale);
    for (int lane = 0; lane < kLanes && first + lane < size; ++lane) {
      const int k = first + lane;
      to[k / 4 * width * 4 + kPlaces[k % 4]] = (int8_t)levels[lane];
      sum += levels[lane];
    }
  }
  return sum;
}

struct ByteWeights {
  static constexpr bool kBack = false;

  static RECURRA_INLINE void column(const float* rows, int lanes, int size, float* to, ptrdiff_t width) {
    for (int row = 0; row < (size + 3) / 4 + 2; ++row) clear(to + row * width, kLanes);
    for (int lane = 0; lane < lanes; ++lane) {
      float* channel = to + lane;
      const float* weights = rows + (size_t)lane * size;
      const Scale found = scale_of(weights, size);
      channel[width] = found.step;
      if (found.scale == 0.0f) continue;
      int8_t* levels = reinterpret_cast<int8_t*>(channel + 2 * width);
      const int32_t start = -kMiddle * pack_channel(weights, size, found.scale, levels, width);
      __builtin_memcpy(channel, &start, sizeof start);
    }
  }
};

}  // namespace recurra::RECURRA_ISA
