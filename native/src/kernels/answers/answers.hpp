// What turns a session's states into answers: a dense layer's product on packed weights, and the powers of a softmax.
// Not here: which rows are answered, and drawing (session/).
#pragma once

#include "kernels/pooling/attention.hpp"

namespace recurra::RECURRA_ISA {

// into[r] += rows[r] · packed (see pack_panels), `pitch` apart. Each sum runs over its terms in their order, so that a
// row's bits do not depend on how many rows there are.
void dense_rows(const float* const* rows, int count, int depth, const float* packed, int columns, float* into,
                ptrdiff_t pitch) {
  add_product(rows, count, {depth, 1, 0}, packed, columns, into, pitch);
}

// into = e^((value - highest) · by), highest being the largest value; returns their sum.
double raise_all(const float* from, int64_t count, float by, float* into) {
  Vec most = splat(from[0]);
  int64_t at = 0;
  for (; at + kLanes <= count; at += kLanes) most = load(from + at) > most ? load(from + at) : most;
  float highest = folded(most, [](Vec a, Vec b) __attribute__((always_inline)) { return a > b ? a : b; });
  for (; at < count; ++at) highest = from[at] > highest ? from[at] : highest;
  double sum = 0.0;
  // Float sums of few terms, which lose nothing that counts.
  for (int64_t block = 0; block < count; block += kBlock * kLanes) {
    const int64_t end = count < block + kBlock * kLanes ? count : block + kBlock * kLanes;
    Vec terms{};
    for (at = block; at < end; at += kLanes) {
      const int lanes = end - at < kLanes ? (int)(end - at) : kLanes;
      const Vec power = ExactParts<>::decay((highest - load(from + at, lanes)) * by);
      store(into + at, power, lanes);
      terms += load(into + at, lanes);
    }
    sum += (double)total(terms);
  }
  return sum;
}

}  // namespace recurra::RECURRA_ISA
