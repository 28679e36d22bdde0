// The smooth activations on a vector, σ from e^-x and 1 / x, tanh by a rational function: exact to float32, or quick
// for bfloat16 and int8; each as quick as the instruction set allows, or of the same bits on all. Not here: cells.
#pragma once

#include "kernels/simd/vec.hpp"

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

RECURRA_INLINE Vec smaller(Vec one, Vec other) {
#if defined(__AVX512F__)
  return (Vec)_mm512_min_ps((__m512)one, (__m512)other);
#elif defined(__AVX2__)
  return (Vec)_mm256_min_ps((__m256)one, (__m256)other);
#else
  return one < other ? one : other;
#endif
}

RECURRA_INLINE Vec rectified(Vec value) { return value < 0.0f ? Vec{} : value; }

// The integer next to a value between -2^22 and 2^22, and 2 to its power where that is a normal number or 0.
struct Whole {
  Vec rounded, value;
  explicit RECURRA_INLINE Whole(Vec from) {
    rounded = from + 12582912.0f;  // 1.5 · 2^23: what is added to it loses its fraction
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

// How it is computed. Same: by operations that round alike on all processors; where it is used, products are not joined
// with sums (-ffp-contract=off), and exports/c/parts.c writes it down in C. Own: by what this instruction set is quick
// at.
enum class Bits { own, same };

// A rational function's two sides.
struct Ratio {
  Vec over, under;
};

// Coefficients below: benchmarks/minimax.py, which tells how far each function is off before it is rounded.

// Exact to a few of the last bits, in proportion to the result: 1e-6 at most.
template <Bits B = Bits::own>
struct ExactParts {
  // 1 / value to the last bit or two: the estimate, and Newton's step where it is one.
  static RECURRA_INLINE Vec reciprocal(Vec value) {
    if constexpr (B == Bits::same) return 1.0f / value;
    const Vec guess = estimated_reciprocal(value);
#if defined(__AVX512F__) || defined(__AVX2__)
    return guess * (2.0f - value * guess);
#else
    return guess;
#endif
  }

  // value + whole · ln 2, nearly exact. Where products are rounded before they are added, ln 2 is taken in two parts:
  // the first has so few bits that its products are exact.
  static RECURRA_INLINE Vec remainder(Vec value, Vec whole) {
    if constexpr (kJoins && B == Bits::own) return joined(whole, splat(0.693147182f), value);
    return (whole * 0.693359375f + value) - whole * 2.12194440e-4f;
  }

  // e^-value: a power of two, and a polynomial of degree 5 over the remainder, within ± ln 2 / 2 (off by 9e-8).
  static RECURRA_INLINE Vec decay(Vec value) {
    // Beyond 88 the result counts as zero. Before -88 it would be infinite, and Newton's step 0 · ∞.
    value = clamp(splat(-88.0f), value, splat(88.0f));
    const Whole whole(value * -1.44269504f);
    const Vec rest = remainder(value, whole.value);
    Vec sum = rest * -0.00829029735f + 0.0418980233f;
    sum = sum * rest - 0.166676372f;
    sum = sum * rest + 0.499991477f;
    sum = sum * rest - 0.999999702f;
    sum = sum * rest + 1.0f;
#if defined(__AVX512F__)
    if constexpr (B == Bits::own) return (Vec)_mm512_scalef_ps((__m512)sum, (__m512)whole.value);
#endif
    return sum * whole.power();
  }

  // tanh(x) / x from x², which beyond kSquare is that of kSquare: 7.75², from where 1 is as near. Off by 1.2e-7.
  static constexpr float kSquare = 60.0625f;
  static RECURRA_INLINE Ratio ratio(Vec square) {
    Vec over = square * 1.17330646e-5f + 0.00297909928f;
    over = over * square + 0.129518196f;
    Vec under = square * 2.55703895e-7f + 2.42642185e-4f;
    under = under * square + 0.023930423f;
    under = under * square + 0.462850928f;
    return {over * square + 1.0f, under * square + 1.0f};
  }
};

// Exact to 5e-4, in proportion to the result: a quarter of what bfloat16 resolves.
template <Bits B = Bits::own>
struct QuickParts {
  static RECURRA_INLINE Vec reciprocal(Vec value) {
    return B == Bits::same ? 1.0f / value : estimated_reciprocal(value);
  }

  // e^-value: the power of two below times 2^rest, 0 ≤ rest < 1, by a polynomial that is exact at both ends (1e-4).
  static RECURRA_INLINE Vec decay(Vec value) {
    value = value * -1.44269504f;
#if defined(__AVX512F__)
    // Infinity has the rest 0 and the power 0 or infinity, whose reciprocal is right.
    if constexpr (B == Bits::own)
      return (Vec)_mm512_scalef_ps((__m512)between((Vec)_mm512_reduce_ps((__m512)value, 1)), (__m512)value);
#endif
    value = clamp(splat(-126.0f), value, splat(126.0f));
    const Whole below(value - 0.5f);
    return between(value - below.value) * below.power();
  }
  static RECURRA_INLINE Vec between(Vec rest) {
    return ((rest * 0.0782674558f + 0.226308376f) * rest + 0.695424168f) * rest + 1.0f;
  }

  // The same up to 5². Off by 5.7e-5, and beyond it by 9.1e-5.
  static constexpr float kSquare = 25.0f;
  static RECURRA_INLINE Ratio ratio(Vec square) {
    return {(square * 6.7790068e-4f + 0.102735825f) * square + 1.0f,
            (square * 0.0129038468f + 0.435847849f) * square + 1.0f};
  }
};

// σ(x) = 1 / (1 + e^-x); tanh(x) = x · P(x²) / Q(x²): a difference of two numbers near 1 would keep little of a small
// x.
template <class Parts>
struct Smooth {
  static RECURRA_INLINE Vec sigmoid(Vec value) { return Parts::reciprocal(1.0f + Parts::decay(value)); }
  static RECURRA_INLINE Vec hyperbolic(Vec value) {
    const Ratio ratio = Parts::ratio(smaller(value * value, splat(Parts::kSquare)));
    // Never beyond 1, where a slope of 1 - y² would have the wrong sign.
    return clamp(splat(-1.0f), value * (ratio.over * Parts::reciprocal(ratio.under)), splat(1.0f));
  }
};

using Exact = Smooth<ExactParts<>>;
using Quick = Smooth<QuickParts<>>;
using SameExact = Smooth<ExactParts<Bits::same>>;
using SameQuick = Smooth<QuickParts<Bits::same>>;

}  // namespace recurra::RECURRA_ISA
