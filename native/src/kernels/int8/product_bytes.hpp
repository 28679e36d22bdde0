// The one product of int8: rows of levels by a panel of quads, summed exactly and turned into float32 by both steps.
// Not here: what is multiplied. A sum is exact, so that its bits depend on neither instruction set nor order; and what
// follows it rounds alike on all processors (Bits::same).
#pragma once

#include "kernels/int8/bytes.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/simd/smooth.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

typedef int32_t LooseInts __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

RECURRA_INLINE Ints load_ints(const float* from) { return *reinterpret_cast<const LooseInts*>(from); }

// The same 32 bits in every lane.
template <class From>
RECURRA_INLINE Ints spread(const From* from) {
  int32_t one;
  __builtin_memcpy(&one, from, sizeof one);
  return Ints{} + one;
}

#if defined(__AVX512VNNI__)

// sums[r] += Σ rows[r] · panel
template <int R, int V>
RECURRA_INLINE void add_quads(Ints (&sums)[R][V], const Level* rows, ptrdiff_t pitch, const float* panel, int quads) {
  for (int quad = 0; quad < quads; ++quad, panel += V * kLanes, rows += 4) {
    Ints weights[V];
    RECURRA_UNROLL for (int v = 0; v < V; ++v) {
      weights[v] = load_ints(panel + v * kLanes);
      RECURRA_KEEP(weights[v]);
    }
    RECURRA_UNROLL for (int r = 0; r < R; ++r) {
      Ints value = spread(rows + r * pitch);
      RECURRA_KEEP(value);
      RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] =
          (Ints)_mm512_dpbusd_epi32((__m512i)sums[r][v], (__m512i)value, (__m512i)weights[v]);
    }
  }
}

#else

typedef int16_t Shorts __attribute__((vector_size(4 * kLanes)));

// In each lane the sum of four products, of two pairs of 16 bits by two others.
RECURRA_INLINE Ints quad_sums(Ints a, Ints b, Shorts first, Shorts second) {
#if defined(__AVX512F__)
  return (Ints)_mm512_madd_epi16((__m512i)a, (__m512i)first) + (Ints)_mm512_madd_epi16((__m512i)b, (__m512i)second);
#elif defined(__AVX2__)
  return (Ints)_mm256_madd_epi16((__m256i)a, (__m256i)first) + (Ints)_mm256_madd_epi16((__m256i)b, (__m256i)second);
#else
  // Two products of 127 · 127 fit in 16 bits.
  const Ints halves = (Ints)((Shorts)a * first + (Shorts)b * second);
  return ((Ints)((Words)halves << 16) >> 16) + (halves >> 16);
#endif
}

template <int R, int V>
RECURRA_INLINE void add_quads(Ints (&sums)[R][V], const Level* rows, ptrdiff_t pitch, const float* panel, int quads) {
  for (int quad = 0; quad < quads; ++quad, panel += V * kLanes, rows += 4) RECURRA_UNROLL for (int v = 0; v < V; ++v) {
      const Shorts weights = (Shorts)load_ints(panel + v * kLanes);
      const Shorts first = (weights << 8) >> 8, second = weights >> 8;
      RECURRA_UNROLL for (int r = 0; r < R; ++r) sums[r][v] +=
          quad_sums(spread(rows + r * pitch), spread(rows + r * pitch + 2), first, second);
    }
}

#endif

// into[r] += (Σ rows[r] · panel) · steps of the channels · step of the row
template <int R, int V>
RECURRA_NOINLINE void levels_by_panel(Vec* into, const Level* rows, ptrdiff_t pitch, const float* steps,
                                      const float* panel, int size) {
  constexpr int width = V * kLanes;
  Ints sums[R][V];
  RECURRA_UNROLL for (int r = 0; r < R; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] =
      load_ints(panel + v * kLanes);
  add_quads<R, V>(sums, rows, pitch, panel + 2 * width, (size + 3) / 4);
  RECURRA_UNROLL for (int v = 0; v < V; ++v) {
    const Vec channel = load(panel + width + v * kLanes);
    // The channel's step first: a sum of large values times a row's step alone might be infinite.
    RECURRA_UNROLL for (int r = 0; r < R; ++r) into[r * 4 + v] +=
        __builtin_convertvector(sums[r][v], Vec) * channel * steps[r];
  }
}

// Where sums of cells may grow without bounds, an error relative to them would too.
template <bool Grows>
struct MathOf {
  using Type = SameQuick;
};
template <>
struct MathOf<true> {
  using Type = SameExact;
};

// The rows of a product in int8: their levels, row by row, and their steps.
class ByteRows {
 public:
  template <Cell, Activation A>
  using Math = typename MathOf<A == Activation::relu>::Type;
  using Element = float;
  template <int V>
  static constexpr int kRows = rows_at_once(V);
  using Unit = NoUnit;
  static constexpr bool kWithin = false;

  RECURRA_INLINE ByteRows(Cutter& cut, size_t count, int size)
      : levels_(cut.take<Level>(count * pitch_of(size))), steps_(cut.take(count)), pitch_(pitch_of(size)) {}
  RECURRA_INLINE void take(const float* const* rows, int count, int size) {
    for (int row = 0; row < count; ++row) steps_[row] = take_levels(levels_ + row * pitch_, rows[row], size);
  }
  template <int V>
  RECURRA_INLINE void multiply(int rows, Vec* into, int first, const float* panel, int size) const {
    for_rows<V>(rows, [&]<int R>() __attribute__((always_inline)) {
      levels_by_panel<R, V>(into, levels_ + first * pitch_, pitch_, steps_ + first, panel, size);
    });
  }

 private:
  // Whole lines, and one more, so that rows lie in different sets of the cache.
  static RECURRA_INLINE ptrdiff_t pitch_of(int size) {
    constexpr int line = 64 / sizeof(Level);
    return (size + line - 1) / line * line + line;
  }

  Level* levels_;
  float* steps_;
  ptrdiff_t pitch_;
};

}  // namespace recurra::RECURRA_ISA
