// Vectors of float32 for one instruction set: load, store, multiply-add, sigmoid, tanh.
// Not here: matrices. Everything is in a namespace of its own for each instruction set (RECURRA_ISA), and no function
// of the standard library is called: the linker would merge a copy that was compiled for another processor.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define RECURRA_INLINE inline __attribute__((always_inline))
#define RECURRA_NOINLINE __attribute__((noinline))
#define RECURRA_UNROLL _Pragma("GCC unroll 32")

// Keeps a value in a register: otherwise the compiler loads it again for each use.
#if defined(__AVX512F__)
#define RECURRA_KEEP(value) asm("" : "+v"(value))
#elif defined(__x86_64__)
#define RECURRA_KEEP(value) asm("" : "+x"(value))
#else
#define RECURRA_KEEP(value)
#endif

namespace recurra::RECURRA_ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16, kSums = 24;  // sums that fit in 32 registers beside 4 weights and an input
#elif defined(__AVX2__)
constexpr int kLanes = 8, kSums = 12;  // … in 16 registers
#elif defined(__aarch64__)
constexpr int kLanes = 4, kSums = 24;
#else
constexpr int kLanes = 4, kSums = 12;
#endif
constexpr int kWidth = 4 * kLanes;  // columns of a panel: four vectors

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef int32_t Ints __attribute__((vector_size(4 * kLanes)));
typedef float Loose __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

RECURRA_INLINE Vec load(const float* from) { return *reinterpret_cast<const Loose*>(from); }
RECURRA_INLINE void store(float* to, Vec value) { *reinterpret_cast<Loose*>(to) = value; }
RECURRA_INLINE Vec splat(float value) { return value - Vec{}; }

// The first `count` lanes; the others are zero.
RECURRA_INLINE Vec load(const float* from, int count) {
  if (count >= kLanes) return load(from);
  Vec value{};
  for (int lane = 0; lane < count; ++lane) value[lane] = from[lane];
  return value;
}

RECURRA_INLINE void store(float* to, Vec value, int count) {
  if (count >= kLanes) return store(to, value);
  for (int lane = 0; lane < count; ++lane) to[lane] = value[lane];
}

// 1 / value to the last bit or two. A division takes 16 cycles where an estimate and Newton's step take 4.
RECURRA_INLINE Vec reciprocal(Vec value) {
#if defined(__AVX512F__)
  Vec guess = (Vec)_mm512_rcp14_ps((__m512)value);
  return guess * (2.0f - value * guess);
#elif defined(__AVX2__)
  Vec guess = (Vec)_mm256_rcp_ps((__m256)value);
  return guess * (2.0f - value * guess);
#else
  return 1.0f / value;
#endif
}

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

// 2^value: the nearest integer's power times 2^rest, |rest| ≤ 1/2, by a polynomial of degree 5 that is exact at 0 and
// off by at most 1.2e-7 of the value (its coefficients by linear programming over 4,001 points).
RECURRA_INLINE Vec power_of_two(Vec value) {
  value = clamp(splat(-126.0f), value, splat(126.0f));
#if defined(__AVX512F__)
  const Vec whole = (Vec)_mm512_roundscale_ps((__m512)value, 8);
#else
  const Vec shift = splat(12582912.0f);  // 1.5 · 2^23: what is added to it loses its fraction
  const Vec rounded = value + shift;
  const Vec whole = rounded - shift;
#endif
  const Vec rest = value - whole;
  Vec sum = rest * 0.00132115283f + 0.0096712915f;
  sum = sum * rest + 0.0555090024f;
  sum = sum * rest + 0.240222528f;
  sum = sum * rest + 0.693146903f;
  sum = sum * rest + 1.0f;
#if defined(__AVX512F__)
  return (Vec)_mm512_scalef_ps((__m512)sum, (__m512)whole);
#else
  return sum * (Vec)(((Ints)rounded << 23) + 0x3f800000);  // the integer's bits, moved into the exponent
#endif
}

// σ(x) = 1 / (1 + 2^(-x / ln 2)); tanh(x) = 2 σ(2 x) - 1.
RECURRA_INLINE Vec sigmoid(Vec value) { return reciprocal(1.0f + power_of_two(value * -1.44269504f)); }
RECURRA_INLINE Vec hyperbolic(Vec value) { return 2.0f * reciprocal(1.0f + power_of_two(value * -2.88539008f)) - 1.0f; }
RECURRA_INLINE Vec rectified(Vec value) { return value < 0.0f ? Vec{} : value; }

}  // namespace recurra::RECURRA_ISA
