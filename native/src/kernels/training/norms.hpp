// The length of a gradient, and its scaling.
// Not here: which arrays there are, and in which order their sums are added (engine/steps.cpp).
#pragma once

#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

typedef double Doubles __attribute__((vector_size(8 * kLanes)));

// Σ values², in float64: no sum runs on too long, and none overflows.
double squares(const float* values, int64_t count) {
  Doubles sums[4] = {};
  for (int64_t at = 0; at < count; at += 4 * kLanes) RECURRA_UNROLL for (int v = 0; v < 4; ++v) {
      const int64_t left = count - at - v * kLanes;
      const Doubles value =
          __builtin_convertvector(load(values + at + v * kLanes, left < kLanes ? (int)left : kLanes), Doubles);
      sums[v] += value * value;
    }
  const Doubles sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double whole = 0.0;
  for (int lane = 0; lane < kLanes; ++lane) whole += sum[lane];
  return whole;
}

void scale(float* values, int64_t count, float by) {
  for (int64_t at = 0; at < count; at += kLanes) {
    const int lanes = count - at < kLanes ? (int)(count - at) : kLanes;
    store(values + at, load(values + at, lanes) * by, lanes);
  }
}

}  // namespace recurra::RECURRA_ISA
