// Weights from torch's layout into panels of bfloat16 pairs.
// Not here: products, and the order of gates in a panel (pack.hpp).
#pragma once

#include "kernels/simd/bfloat.hpp"
#include "kernels/sweep/pack.hpp"

namespace recurra::RECURRA_ISA {

// A square of weights: `lanes` rows from `row`, pairs of their terms from 2 · `pair`; zero where nothing is.
RECURRA_NOINLINE inline void square(const float* from, int size, int row, int lanes, int pair, Words (&words)[kLanes]) {
  for (int lane = 0; lane < kLanes; ++lane) {
    Half halves[2 * kLanes];
    for (int part = 0; part < 2; ++part) {
      const int k = 2 * pair + part * kLanes;
      const bool there = lane < lanes && k < size;
      store_halves(halves + part * kLanes,
                   there ? rounded(load(from + (size_t)(row + lane) * size + k, size - k)) : Halves{});
    }
    words[lane] = load_pairs(reinterpret_cast<const Pair*>(halves));
  }
  transpose(words);
}

RECURRA_NOINLINE inline void pack_half_forward(const Shape& shape, const float* from, int size, bool recurrent,
                                               int panel, Pair* to) {
  const int vectors = shape.vectors(), width = vectors * kLanes, depth = shape.depth(size);
  to += (size_t)panel * depth * width;
  for (int vector = 0; vector < vectors; ++vector) {
    const int row = gate_row(shape, recurrent, panel, vector), lanes = unit_lanes(shape, panel, vector);
    for (int pair = 0; pair < depth; pair += kLanes) {
      Words words[kLanes];
      square(from, size, row, lanes, pair, words);
      for (int i = 0; i < kLanes; ++i) store_pairs(to + (size_t)(pair + i) * width + vector * kLanes, words[i]);
    }
  }
}

// The rows of `panel` for every block of columns; the vector that a GRU's product leaves out is zero.
RECURRA_NOINLINE inline void pack_half_backward(const Shape& shape, const float* from, int size, bool recurrent,
                                                int panel, Pair* to) {
  const int shift = recurrent ? 4 - shape.vectors() : 0;
  for (int block = 0; block < shape.columns(size); ++block) {
    const int width = block_vectors(size, block) * kLanes;
    Pair* target = to + (size_t)block * shape.gate_depth() * kWidth + (size_t)panel * kWidth / 2 * width;
    for (int place = 0; place < 4; ++place) {
      const int vector = place - shift;
      const bool there = vector >= 0 && vector < shape.vectors();
      const int row = there ? gate_row(shape, recurrent, panel, vector) : 0;
      const int lanes = there ? unit_lanes(shape, panel, vector) : 0;
      const auto part = [&](int lane, int k) __attribute__((always_inline)) {
        return lane < lanes && k < size ? rounded(load(from + (size_t)(row + lane) * size + k, size - k)) : Halves{};
      };
      for (int lane = 0; lane < kLanes; lane += 2, target += width)
        for (int column = 0; column < width; column += kLanes) {
          const int k = block * kWidth + column;
          store_pairs(target + column, paired(part(lane, k), part(lane + 1, k)));
        }
    }
  }
}

void pack_half(const Shape& shape, const Plain& plain, const Packed& packed, bool backward, int panel) {
  const auto pairs = [](float* floats) __attribute__((always_inline)) { return reinterpret_cast<Pair*>(floats); };
  pack_half_forward(shape, plain.input, shape.inputs, false, panel, pairs(packed.input));
  pack_bias(shape, plain, panel, packed.bias);
  if (backward) pack_half_backward(shape, plain.input, shape.inputs, false, panel, pairs(packed.input_back));
  if (is_parallel(shape.cell)) return pack_vectors(shape, plain, panel, packed.recurrent);
  pack_half_forward(shape, plain.recurrent, shape.hidden, true, panel, pairs(packed.recurrent));
  if (!backward) return;
  pack_half_backward(shape, plain.recurrent, shape.hidden, true, panel, pairs(packed.recurrent_back));
}

}  // namespace recurra::RECURRA_ISA
