// The smooth activations on a vector: σ and tanh from 2^x and 1 / x, exact to float32 or quick for bfloat16.
// Not here: cells.
#pragma once

#include "vec.hpp"

namespace recurra::RECURRA_ISA {

// Between the two; NaN stays NaN: these instructions return their second operand when either is none.
RECURRA_INLINE Vec clamp(Vec lowest, Vec value, Vec highest) {
#if defined(__AVX512F__)
  return (Vec)_mm512_min_ps((__m512)highest, _mm512_max_ps((__m512)lowest, (__m512)value));
#elif defined(__AVX2__)
  return (Vec)_mm256_min_ps((__m256)highest, _mm256_max_ps((__m256)lowest, (__m256)value));
#else
  value = value < lowest ? lowest : value;
  return value > highest ? highest : value;
#endif
}

RECURRA_INLINE Vec rectified(Vec value) { return value < 0.0f ? Vec{} : value; }

// The integer below a value between -126 and 126, or the next one for a whole number, and 2 to its power.
struct Whole {
  Vec rounded, value;
  explicit RECURRA_INLINE Whole(Vec from) {
    rounded = (from - 0.5f) + 12582912.0f;  // 1.5 · 2^23: what is added to it loses its fraction
    value = rounded - 12582912.0f;
  }
  // The integer's bits, moved into the exponent.
  RECURRA_INLINE Vec power() const { return (Vec)(((Ints)rounded << 23) + 0x3f800000); }
};

// 1 / value to 12 bits or more: an estimate takes 4 cycles where a division takes 16.
RECURRA_INLINE Vec estimated_reciprocal(Vec value) {
#if defined(__AVX512F__)
  return (Vec)_mm512_rcp14_ps((__m512)value);
#elif defined(__AVX2__)
  return (Vec)_mm256_rcp_ps((__m256)value);
#else
  return 1.0f / value;
#endif
}

// Exact to the last bit or two.
struct ExactParts {
  // 1 / value to the last bit or two: the estimate, and Newton's step where it is one.
  static RECURRA_INLINE Vec reciprocal(Vec value) {
    const Vec guess = estimated_reciprocal(value);
#if defined(__AVX512F__) || defined(__AVX2__)
    return guess * (2.0f - value * guess);
#else
    return guess;
#endif
  }

  // 2^value: the power of the integer below times 2^rest, 0 ≤ rest < 1, by a polynomial of degree 5 that is exact at
  // both ends and off by at most 6e-8 of the value (its coefficients by linear programming over 4,000 points).
  static RECURRA_INLINE Vec power_of_two(Vec value) {
    const Vec highest = splat(126.0f);  // an infinite power would make Newton's step 0 · ∞
#if defined(__AVX512F__)
    value = (Vec)_mm512_min_ps((__m512)highest, (__m512)value);  // not a number stays it: the second operand wins
    return (Vec)_mm512_scalef_ps((__m512)between((Vec)_mm512_reduce_ps((__m512)value, 1)), (__m512)value);
#else
    value = clamp(-highest, value, highest);
    const Whole whole(value);
    return between(value - whole.value) * whole.power();
#endif
  }
  static RECURRA_INLINE Vec between(Vec rest) {
    Vec sum = rest * 0.00187463436f + 0.00900347671f;
    sum = sum * rest + 0.0558058696f;
    sum = sum * rest + 0.240165334f;
    sum = sum * rest + 0.693150685f;
    return sum * rest + 1.0f;
  }
};

// Exact to 1e-4, a tenth of what bfloat16 resolves.
struct QuickParts {
  static RECURRA_INLINE Vec reciprocal(Vec value) { return estimated_reciprocal(value); }

  // 2^value: the power of the integer below times 2^rest, 0 ≤ rest < 1, by a polynomial that is exact at both ends.
  static RECURRA_INLINE Vec power_of_two(Vec value) {
#if defined(__AVX512F__)
    // Infinity has the rest 0 and the power 0 or infinity, whose reciprocal is right.
    return (Vec)_mm512_scalef_ps((__m512)between((Vec)_mm512_reduce_ps((__m512)value, 1)), (__m512)value);
#else
    value = clamp(splat(-126.0f), value, splat(126.0f));
    const Whole whole(value);
    return between(value - whole.value) * whole.power();
#endif
  }
  static RECURRA_INLINE Vec between(Vec rest) {
    return ((rest * 0.0782674558f + 0.226308376f) * rest + 0.695424168f) * rest + 1.0f;
  }
};

// σ(x) = 1 / (1 + 2^(-x / ln 2)); tanh(x) = 2 σ(2 x) - 1.
template <class Parts>
struct Smooth {
  static RECURRA_INLINE Vec sigmoid(Vec value) {
    return Parts::reciprocal(1.0f + Parts::power_of_two(value * -1.44269504f));
  }
  static RECURRA_INLINE Vec hyperbolic(Vec value) {
    return 2.0f * Parts::reciprocal(1.0f + Parts::power_of_two(value * -2.88539008f)) - 1.0f;
  }
};

using Exact = Smooth<ExactParts>;
using Quick = Smooth<QuickParts>;

}  // namespace recurra::RECURRA_ISA
