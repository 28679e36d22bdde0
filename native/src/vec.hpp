// Vectors of float32 for one instruction set: load, store, multiply-add, exp, sigmoid, tanh.
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
#define RECURRA_UNROLL _Pragma("GCC unroll 16")

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
constexpr int kLanes = 16;
constexpr int kRows = 6;  // 6 × 4 sums, 4 weights and 1 input in 32 registers
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kRows = 3;  // 3 × 4 sums in 16 registers
#elif defined(__aarch64__)
constexpr int kLanes = 4;
constexpr int kRows = 6;
#else
constexpr int kLanes = 4;
constexpr int kRows = 3;
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

// e^value by Cody and Waite's reduction and a polynomial of degree 6: 2^n · e^f with |f| ≤ ln 2 / 2. NaN stays NaN.
RECURRA_INLINE Vec exponential(Vec value) {
  const Vec lowest = splat(-87.0f), highest = splat(88.0f),
            shift = splat(12582912.0f);  // 1.5 · 2^23 rounds to an integer
  value = value < lowest ? lowest : value;
  value = value > highest ? highest : value;
  Vec rounded = value * 1.44269504f + shift;
  Vec power = (Vec)(((Ints)rounded << 23) + 0x3f800000);  // the integer is in the low bits; shifted, an exponent
  Vec whole = rounded - shift;
  Vec rest = value - whole * 0.693145752f;
  rest = rest - whole * 1.42860677e-6f;
  Vec sum = rest * 1.3888889e-3f + 8.3333333e-3f;
  sum = sum * rest + 4.1666667e-2f;
  sum = sum * rest + 1.6666667e-1f;
  sum = sum * rest + 0.5f;
  sum = sum * rest + 1.0f;
  sum = sum * rest + 1.0f;
  return sum * power;
}

RECURRA_INLINE Vec sigmoid(Vec value) { return reciprocal(1.0f + exponential(-value)); }
RECURRA_INLINE Vec hyperbolic(Vec value) { return 2.0f * sigmoid(value + value) - 1.0f; }
RECURRA_INLINE Vec rectified(Vec value) { return value < 0.0f ? Vec{} : value; }

}  // namespace recurra::RECURRA_ISA
