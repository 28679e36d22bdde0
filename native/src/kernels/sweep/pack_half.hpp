// Weights of float32 as pairs of bfloat16, in panels and for what takes errors back.
// Not here: products, and the order of gates in a panel (pack.hpp).
#pragma once

#include "kernels/simd/bfloat.hpp"
#include "kernels/sweep/pack.hpp"

namespace recurra::RECURRA_ISA {

struct HalfWeights {
  static constexpr int kTerms = 2;
  static constexpr bool kBack = true;

  // Pairs of neighbouring terms, up to a whole tile.
  static RECURRA_INLINE void column(const float* rows, int lanes, int size, float* to, ptrdiff_t width) {
    for (int pair = 0; pair < (size + 31) / 32 * 16; pair += kLanes) {
      Words square[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        Half halves[2 * kLanes];
        for (int k = 0; k < 2 * kLanes; k += kLanes)
          store_halves(halves + k, part(rows, lane, lanes, size, 2 * pair + k));
        square[lane] = load_pairs(reinterpret_cast<const Pair*>(halves));
      }
      transpose(square);
      for (int i = 0; i < kLanes; ++i) store_pairs(reinterpret_cast<Pair*>(to) + (pair + i) * width, square[i]);
    }
  }
  // Pairs of neighbouring rows.
  static RECURRA_INLINE void back(const float* rows, int lanes, int size, int first, float* to, int width) {
    for (int lane = 0; lane < kLanes; lane += 2, to += width)
      for (int column = 0; column < width; column += kLanes)
        store_pairs(reinterpret_cast<Pair*>(to) + column, paired(part(rows, lane, lanes, size, first + column),
                                                                 part(rows, lane + 1, lanes, size, first + column)));
  }

 private:
  // A row's weights from k on; zero where nothing is.
  static RECURRA_INLINE Halves part(const float* rows, int lane, int lanes, int size, int k) {
    return lane < lanes && k < size ? rounded(load(rows + (size_t)lane * size + k, size - k)) : Halves{};
  }
};

}  // namespace recurra::RECURRA_ISA
