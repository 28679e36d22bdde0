// Rows of an embedding table: gathered, masked, their gradients summed, and moved by Adam.
// Not here: sweeps, and which rows (engine/steps.cpp). Each function does one sequence, one word or one row; threads
// are above.
#pragma once

#include "kernels/shapes.hpp"
#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

RECURRA_INLINE Vec factor(const float* mask, int column, int lanes, float scale) {
  return mask ? load(mask + column, lanes) * scale : splat(scale);
}

#if defined(__AVX512F__)
RECURRA_INLINE Vec root(Vec value) { return (Vec)_mm512_sqrt_ps((__m512)value); }
#elif defined(__AVX2__)
RECURRA_INLINE Vec root(Vec value) { return (Vec)_mm256_sqrt_ps((__m256)value); }
#else
RECURRA_INLINE Vec root(Vec value) {
  Vec result;
  for (int lane = 0; lane < kLanes; ++lane) result[lane] = __builtin_sqrtf(value[lane]);
  return result;
}
#endif

// into[i] = from[ids[i]] · mask · scale; without ids the rows as they come, `step` apart.
void gather(const Rows& from, const int64_t* ids, int64_t first, int64_t step, int64_t count, const float* mask,
            float scale, float* into) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t token = first + i * step;
    const float* row = from.values + (ids ? ids[token] : token) * from.stride;
    float* to = into + token * from.columns;
    for (int column = 0; column < from.columns; column += kLanes) {
      const int lanes = from.columns - column;
      store(to + column, load(row + column, lanes) * factor(mask, column, lanes, scale), lanes);
    }
  }
}

// into = scale · Σ errors[token] · mask of its sequence, over the tokens of one word in their order.
void gather_errors(const Rows& errors, const int64_t* tokens, int64_t count, const float* masks, const int32_t* owners,
                   float scale, float* into) {
  for (int column = 0; column < errors.columns; column += kLanes) {
    const int lanes = errors.columns - column;
    Vec sum{};
    for (int64_t i = 0; i < count; ++i) {
      const Vec error = load(errors.values + tokens[i] * errors.stride + column, lanes);
      const float* mask = masks ? masks + (ptrdiff_t)owners[tokens[i]] * errors.columns : nullptr;
      sum += mask ? error * load(mask + column, lanes) : error;
    }
    store(into + column, sum * scale, lanes);
  }
}

// One row of Adam (Kingma & Ba 2015; kept apart from the gradient, decay is Loshchilov & Hutter's 2019), both moments
// and the row itself in one pass.
void adam_row(float* weight, float* first, float* second, const float* gradient, int columns, const Adam& adam) {
  for (int column = 0; column < columns; column += kLanes) {
    const int lanes = columns - column;
    const Vec before = load(weight + column, lanes);
    const Vec slope = load(gradient + column, lanes) + adam.pull * before;
    const Vec mean = load(first + column, lanes), square = load(second + column, lanes);
    const Vec moved = mean + (slope - mean) * adam.first_share;
    const Vec spread = square + (slope * slope - square) * adam.second_share;
    store(first + column, moved, lanes);
    store(second + column, spread, lanes);
    store(weight + column, before * adam.kept - adam.size * moved / (root(spread) + adam.epsilon), lanes);
  }
}

}  // namespace recurra::RECURRA_ISA
