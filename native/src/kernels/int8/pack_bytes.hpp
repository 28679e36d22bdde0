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

RECURRA_NOINLINE inline void pack_bytes_forward(const Shape& shape, const float* from, int size, bool recurrent,
                                                int panel, float* to) {
  const int vectors = shape.vectors(), width = vectors * kLanes, depth = shape.depth(size);
  to += (size_t)panel * depth * width;
  clear(to, (size_t)depth * width);
  for (int vector = 0; vector < vectors; ++vector) {
    const int row = gate_row(shape, recurrent, panel, vector), lanes = unit_lanes(shape, panel, vector);
    for (int lane = 0; lane < lanes; ++lane) {
      float* channel = to + vector * kLanes + lane;
      const float* weights = from + (size_t)(row + lane) * size;
      const Scale found = scale_of(weights, size);
      channel[width] = found.step;
      if (found.scale == 0.0f) continue;
      int8_t* levels = reinterpret_cast<int8_t*>(channel + 2 * width);
      const int32_t start = -kMiddle * pack_channel(weights, size, found.scale, levels, width);
      __builtin_memcpy(channel, &start, sizeof start);
    }
  }
}

inline void pack_bytes(const Shape& shape, const Plain& plain, const Packed& packed, bool, int panel) {
  pack_bytes_forward(shape, plain.input, shape.inputs, false, panel, packed.input);
  pack_bias(shape, plain, panel, packed.bias);
  if (is_parallel(shape.cell)) return pack_vectors(shape, plain, panel, packed.recurrent);
  pack_bytes_forward(shape, plain.recurrent, shape.hidden, true, panel, packed.recurrent);
}

}  // namespace recurra::RECURRA_ISA
