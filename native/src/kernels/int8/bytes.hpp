// int8: a row of float32 as whole numbers from -127 to 127 and the step from one of them to the next.
// Not here: products (product_bytes.hpp) and packed weights (pack_bytes.hpp).
//
// A panel of packed weights has two rows before its quads: what each sum starts from, and each channel's step.
#pragma once

#include "kernels/shapes.hpp"
#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

// A level, and what stands for zero: dot products of bytes take unsigned ones, sums of products of 16 bits take these.
#if defined(__AVX512VNNI__)
using Level = uint8_t;
constexpr int kMiddle = 128;
#else
using Level = int16_t;
constexpr int kMiddle = 0;
#endif

constexpr int kHighest = 127;
constexpr float kLeast = 0x1p-100f;  // a row that stays below it counts as zeros: 127 / largest is finite above
constexpr int32_t kInfinite = 0x7f800000;

// What makes levels of a row: values times `scale`, and the step back. A row of zeros has the step 0, and a row in
// which anything is not finite has one that is not a number; the levels of both are 0.
struct Scale {
  float scale, step;
};

RECURRA_INLINE Ints larger(Ints a, Ints b) { return a > b ? a : b; }

RECURRA_INLINE Scale scale_of(const float* row, int size) {
  Ints most{};  // bits without the sign are in the order of the values, and none is above what is not finite
  for (int at = 0; at < size; at += kLanes) most = larger(most, (Ints)load(row + at, size - at) & 0x7fffffff);
  const int32_t bits = folded(most, larger);
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  if (bits >= kInfinite) return {0.0f, __builtin_nanf("")};
  if (value < kLeast) return {0.0f, 0.0f};
  return {(float)kHighest / value, value / (float)kHighest};
}

// The nearest whole numbers, ties to even, of values below 2^22.
RECURRA_INLINE Ints nearest(Vec value) {
#if defined(__AVX512F__)
  return (Ints)_mm512_cvtps_epi32((__m512)value);
#elif defined(__AVX2__)
  return (Ints)_mm256_cvtps_epi32((__m256)value);
#else
  return (Ints)(value + 12582912.0f) - 0x4b400000;  // 1.5 · 2^23: what is added to it loses its fraction
#endif
}

RECURRA_INLINE void store_levels(Level* to, Ints value) {
#if defined(__AVX512VNNI__)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8((__m512i)(value + kMiddle)));
#elif defined(__AVX512F__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16((__m512i)value));
#elif defined(__AVX2__)
  const __m128i low = _mm256_castsi256_si128((__m256i)value), high = _mm256_extracti128_si256((__m256i)value, 1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packs_epi32(low, high));
#else
  for (int lane = 0; lane < kLanes; ++lane) to[lane] = (Level)value[lane];
#endif
}

// A row's levels; returns its step. Writes whole vectors; lanes that are not there become zero.
RECURRA_INLINE float take_levels(Level* to, const float* row, int size) {
  const Scale found = scale_of(row, size);
  if (found.scale == 0.0f)
    for (int at = 0; at < size; at += kLanes) store_levels(to + at, Ints{});
  else
    for (int at = 0; at < size; at += kLanes) store_levels(to + at, nearest(load(row + at, size - at) * found.scale));
  return found.step;
}

}  // namespace recurra::RECURRA_ISA
