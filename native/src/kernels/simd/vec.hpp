// Vectors of float32 for one instruction set: load, store, transpose.
// Not here: activations and matrices. Everything is in a namespace of its own for each instruction set (RECURRA_ISA),
// and no function of the standard library is called: the linker would merge a copy that was compiled for another
// processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define RECURRA_INLINE inline __attribute__((always_inline))
#define RECURRA_NOINLINE __attribute__((noinline))
#define RECURRA_UNROLL _Pragma("GCC unroll 32")

// Keeps a value in a register: otherwise the compiler loads it again for each use.
#if defined(__AVX512F__)
#define RECURRA_KEEP(value) asm("" : "+v"(value))
#elif defined(__x86_64__)
#define RECURRA_KEEP(value) asm("" : "+x"(value))
#elif defined(__aarch64__)
// In the order of the source too: gcc would load all values of a product first, and 3 of 24 sums would not have a
// register.
#define RECURRA_KEEP(value) asm volatile("" : "+w"(value))
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
typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));
typedef float Loose __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

RECURRA_INLINE Vec load(const float* from) { return *reinterpret_cast<const Loose*>(from); }
RECURRA_INLINE void store(float* to, Vec value) { *reinterpret_cast<Loose*>(to) = value; }
RECURRA_INLINE Vec splat(float value) { return value - Vec{}; }

// factor · other + more, rounded once, where an instruction does so (kJoins). By name, for sums that need it: gcc joins
// the two by itself (-ffp-contract=fast) from -O2 on alone.
#if defined(__AVX512F__)
constexpr bool kJoins = true;
RECURRA_INLINE Vec joined(Vec factor, Vec other, Vec more) {
  return (Vec)_mm512_fmadd_ps((__m512)factor, (__m512)other, (__m512)more);
}
#elif defined(__AVX2__) && defined(__FMA__)
constexpr bool kJoins = true;
RECURRA_INLINE Vec joined(Vec factor, Vec other, Vec more) {
  return (Vec)_mm256_fmadd_ps((__m256)factor, (__m256)other, (__m256)more);
}
#elif defined(__aarch64__)
constexpr bool kJoins = true;
RECURRA_INLINE Vec joined(Vec factor, Vec other, Vec more) {
  return (Vec)vfmaq_f32((float32x4_t)more, (float32x4_t)factor, (float32x4_t)other);
}
#else
constexpr bool kJoins = false;
RECURRA_INLINE Vec joined(Vec factor, Vec other, Vec more) { return factor * other + more; }
#endif

// Past the caches, to a whole vector's boundary: for what is too much to find there again. See settle().
RECURRA_INLINE void store_past(float* to, Vec value) {
#if defined(__AVX512F__)
  _mm512_stream_ps(to, (__m512)value);
#elif defined(__AVX2__)
  _mm256_stream_ps(to, (__m256)value);
#else
  store(to, value);
#endif
}

// What was stored past the caches is there for other threads.
RECURRA_INLINE void settle() {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

// The first `count` lanes, none where that is negative; the others are zero. With masks, where there are any: rows of
// tables end anywhere.
#if defined(__AVX512F__)
RECURRA_INLINE __mmask16 first_lanes(int count) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_cmpgt_epi32_mask(_mm512_set1_epi32(count), lanes);
}

RECURRA_INLINE Vec load(const float* from, int count) {
  return count >= kLanes ? load(from) : (Vec)_mm512_maskz_loadu_ps(first_lanes(count), from);
}

RECURRA_INLINE void store(float* to, Vec value, int count) {
  if (count >= kLanes) return store(to, value);
  _mm512_mask_storeu_ps(to, first_lanes(count), (__m512)value);
}
#elif defined(__AVX2__)
RECURRA_INLINE __m256i first_lanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

RECURRA_INLINE Vec load(const float* from, int count) {
  return count >= kLanes ? load(from) : (Vec)_mm256_maskload_ps(from, first_lanes(count));
}

RECURRA_INLINE void store(float* to, Vec value, int count) {
  if (count >= kLanes) return store(to, value);
  _mm256_maskstore_ps(to, first_lanes(count), (__m256)value);
}
#else
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
#endif

// Lanes of two vectors: lane i is number From::lane(i), counted through the first and then through the second. Each
// compiler has a word of its own for it; both want constants.
template <class From, class Lanes, int... i>
RECURRA_INLINE Lanes shuffled(Lanes first, Lanes second, std::integer_sequence<int, i...>) {
#if defined(__clang__)
  return __builtin_shufflevector(first, second, From::lane(i)...);
#else
  return __builtin_shuffle(first, second, Ints{From::lane(i)...});
#endif
}

template <class From, class Lanes>
RECURRA_INLINE Lanes shuffled(Lanes first, Lanes second) {
  return shuffled<From>(first, second, std::make_integer_sequence<int, kLanes>{});
}

template <int By>
struct TurnedBy {
  static constexpr int lane(int i) { return (i + By) % kLanes; }
};

// All lanes joined into one, halves upon halves.
template <int Half = kLanes / 2, class Lanes, class Join>
RECURRA_INLINE auto folded(Lanes value, Join join) {
  if constexpr (Half == 0)
    return value[0];
  else
    return folded<Half / 2>(join(value, shuffled<TurnedBy<Half>>(value, value)), join);
}

// The sum of all lanes.
RECURRA_INLINE float total(Vec value) {
  return folded(value, [](Vec a, Vec b) __attribute__((always_inline)) { return a + b; });
}

// From one lane of the first vector and one of the second in turn, beginning at `Begin`.
template <int Begin>
struct InTurn {
  static constexpr int lane(int i) { return Begin + i / 2 + i % 2 * kLanes; }
};

// Transposes a square of words: each of log2(kLanes) rounds shuffles the two halves of the rows like cards.
RECURRA_NOINLINE inline void transpose(Words (&rows)[kLanes]) {
  RECURRA_UNROLL for (int round = 1; round < kLanes; round *= 2) {
    Words next[kLanes];
    RECURRA_UNROLL for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = shuffled<InTurn<0>>(rows[i], rows[i + kLanes / 2]);
      next[2 * i + 1] = shuffled<InTurn<kLanes / 2>>(rows[i], rows[i + kLanes / 2]);
    }
    RECURRA_UNROLL for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
}

}  // namespace recurra::RECURRA_ISA
