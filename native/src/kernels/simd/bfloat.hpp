// bfloat16: rounding to it, widening from it, and rows of it interleaved or transposed into pairs.
// Not here: products.
#pragma once

#include "kernels/shapes.hpp"
#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

typedef uint16_t Halves __attribute__((vector_size(2 * kLanes)));
typedef uint16_t LooseHalves __attribute__((vector_size(2 * kLanes), aligned(2), may_alias));
typedef uint32_t LooseWords __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

// The nearest bfloat16 of each lane, ties to even.
RECURRA_INLINE Halves rounded(Vec value) {
#if defined(__AVX512BF16__)
  return (Halves)_mm512_cvtneps_pbh((__m512)value);
#else
  const Words bits = (Words)value;
  const Words up = bits + 0x7fff + ((bits >> 16) & 1);
  const Words safe = value != value ? Words{} + 0x7fc00000 : up;  // rounding up would make some of these a number
  return __builtin_convertvector(safe >> 16, Halves);
#endif
}

// Halves as words. By name: left to __builtin_convertvector, gcc cuts a vector in two and joins it again.
RECURRA_INLINE Words as_words(Halves value) {
#if defined(__AVX512F__)
  return (Words)_mm512_cvtepu16_epi32((__m256i)value);
#elif defined(__AVX2__)
  return (Words)_mm256_cvtepu16_epi32((__m128i)value);
#else
  return __builtin_convertvector(value, Words);
#endif
}

RECURRA_INLINE Vec widened(Halves value) { return (Vec)(as_words(value) << 16); }

RECURRA_INLINE void store_halves(Half* to, Halves value) { *reinterpret_cast<LooseHalves*>(to) = value; }
RECURRA_INLINE Halves load_halves(const Half* from) { return *reinterpret_cast<const LooseHalves*>(from); }
// Rounded values as float32, and float32 to round.
RECURRA_INLINE Vec load(const Half* from) { return widened(load_halves(from)); }
RECURRA_INLINE void store(Half* to, Vec value) { store_halves(to, rounded(value)); }
RECURRA_INLINE void store_pairs(Pair* to, Words value) { *reinterpret_cast<LooseWords*>(to) = value; }
RECURRA_INLINE Words load_pairs(const Pair* from) { return *reinterpret_cast<const LooseWords*>(from); }

// Two rows as one of pairs: the first's value is the lower half.
RECURRA_INLINE Words paired(Halves first, Halves second) { return as_words(first) | as_words(second) << 16; }

// A row of `size` float32 as bfloat16, and zeros behind it up to a whole tile of 32: their weights are zero too, but
// what lay there might be NaN.
RECURRA_INLINE void round_row(Half* to, const float* from, int size) {
  int at = 0;
  for (; at + kLanes <= size; at += kLanes) store_halves(to + at, rounded(load(from + at)));
  for (; at < (size + 31) / 32 * 32; at += kLanes) store_halves(to + at, rounded(load(from + at, size - at)));
}

}  // namespace recurra::RECURRA_ISA
