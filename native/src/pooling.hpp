// The largest value of each column over a sequence's tokens, and the token that has it.
// Not here: its gradient, which goes to that token alone.
#pragma once

#include "rows.hpp"
#include "vec.hpp"

namespace recurra::RECURRA_ISA {

// into and where are (count, columns). The first of equals wins; NaN wins over all; an empty sequence has 0 at token
// -1.
void maximum(const float* values, ptrdiff_t stride, int columns, int64_t step, const Sequence* sequences, int count,
             float* into, int32_t* where) {
  for (int row = 0; row < count; ++row)
    for (int column = 0; column < columns; column += kLanes) {
      const Sequence& sequence = sequences[row];
      const int lanes = columns - column;
      Vec best{};
      Ints place = Ints{} - 1;
      for (int64_t time = 0; time < sequence.length; ++time) {
        const int64_t token = sequence.first + step * time;
        const Vec value = load(values + token * stride + column, lanes);
        const Ints better = time ? (value > best) | (value != value) : Ints{} - 1;
        best = better ? value : best;
        place = better ? Ints{} + (int32_t)token : place;
      }
      for (int lane = 0; lane < kLanes && lane < lanes; ++lane) {
        into[(size_t)row * columns + column + lane] = best[lane];
        where[(size_t)row * columns + column + lane] = place[lane];
      }
    }
}

}  // namespace recurra::RECURRA_ISA
