// The one product of bfloat16: a block of at most 16 rows by a panel of pairs, summed in float32. On matrix units
// (AMX), by dot products of bfloat16, or by float32 multiply-adds on what widens.
// Not here: what is multiplied. Each sum runs over its pairs in order, whatever the number of rows.
#pragma once

#include "kernels/simd/bfloat.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kTileRows = 16;

// Terms of a product: rows of bfloat16 side by side in memory, and the panel whose pairs they meet.
struct Terms {
  const Half* rows;
  ptrdiff_t pitch;  // from row to row, in halves
  const Pair* panel;
  ptrdiff_t stride;  // from pair to pair of the panel, in words
  int pairs;         // whole tiles of 16
};

#if defined(__AMX_BF16__)

// Tiles of 16 × 16 floats or pairs, as long as this lives.
class Tiles {
 public:
  explicit RECURRA_INLINE Tiles(int rows) { take(rows); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
  RECURRA_INLINE ~Tiles() { _tile_release(); }
  RECURRA_INLINE void take_whole() { take(kTileRows); }
  // From now on blocks have so many rows, at most 16.
  RECURRA_INLINE void take(int rows) {
    struct {
      uint8_t palette = 1, start = 0, unused[14] = {};
      uint16_t bytes[16] = {};
      uint8_t rows[16] = {};
    } config;
    // 0 … 3 are sums, 4 is the rows', 5 … 7 are the panel's.
    for (int tile = 0; tile < 8; ++tile) {
      config.bytes[tile] = 64;
      config.rows[tile] = (uint8_t)(tile < 5 && rows < kTileRows ? (rows < 1 ? 1 : rows) : kTileRows);
    }
    // gcc's own header says that 8 of these bytes are read, so that the others might not be written.
    asm volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
  }
};

#define RECURRA_TILE(sum, weights, vector)                             \
  {                                                                    \
    _tile_loadd(weights, panel + (vector) * kLanes, terms.stride * 4); \
    _tile_dpbf16ps(sum, 4, weights);                                   \
  }

// V vectors of sums, the first of which is `First`.
template <int First, int V>
RECURRA_INLINE void add_terms(const Terms& terms) {
  for (int pair = 0; pair < terms.pairs; pair += kTileRows) {
    const Pair* panel = terms.panel + pair * terms.stride;
    _tile_loadd(4, terms.rows + 2 * pair, terms.pitch * 2);
    if constexpr (First == 0) RECURRA_TILE(0, 5, 0)
    if constexpr (First <= 1 && First + V > 1) RECURRA_TILE(1, 6, 1 - First)
    if constexpr (First + V > 2) RECURRA_TILE(2, 7, 2 - First)
    if constexpr (First + V > 3) RECURRA_TILE(3, 5, 3 - First)
  }
}

// What sums start from: rows `pitch` apart, one for all of them where that is 0, or zeros.
struct Start {
  const float* rows;
  ptrdiff_t pitch;
};

// sums (rows of `pitch` floats) = start + Σ terms. `work` is called with `add`, which takes terms.
template <int V = 4, class Work>
RECURRA_INLINE void multiply(const Start& start, float* sums, ptrdiff_t pitch, int, Work work) {
  if (start.rows) {
    _tile_loadd(0, start.rows, start.pitch * 4);
    if constexpr (V > 1) _tile_loadd(1, start.rows + 16, start.pitch * 4);
    if constexpr (V > 2) _tile_loadd(2, start.rows + 32, start.pitch * 4);
    if constexpr (V > 3) _tile_loadd(3, start.rows + 48, start.pitch * 4);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  work([]<int First, int Count>(const Terms& terms) __attribute__((always_inline)) { add_terms<First, Count>(terms); });
  _tile_stored(0, sums, pitch * 4);
  if constexpr (V > 1) _tile_stored(1, sums + 16, pitch * 4);
  if constexpr (V > 2) _tile_stored(2, sums + 32, pitch * 4);
  if constexpr (V > 3) _tile_stored(3, sums + 48, pitch * 4);
}

#undef RECURRA_TILE

#else

struct Tiles {
  explicit RECURRA_INLINE Tiles(int) {}
  RECURRA_INLINE void take(int) {}
  RECURRA_INLINE void take_whole() {}
};

// R rows by V vectors in registers.
template <int R, int V>
RECURRA_NOINLINE void add_rows(float* into, ptrdiff_t pitch, const Terms& terms) {
  Vec sums[R][V];
  RECURRA_UNROLL for (int r = 0; r < R; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] =
      load(into + r * pitch + v * kLanes);
  const Pair* panel = terms.panel;
  for (int pair = 0; pair < terms.pairs; ++pair, panel += terms.stride) {
    Words values[R];
    RECURRA_UNROLL for (int r = 0; r < R; ++r) {
      Pair one;
      __builtin_memcpy(&one, terms.rows + r * terms.pitch + 2 * pair, sizeof one);
      values[r] = Words{} + one;
    }
    RECURRA_UNROLL for (int v = 0; v < V; ++v) {
      const Words weights = load_pairs(panel + v * kLanes);
#if defined(__AVX512BF16__)
      RECURRA_UNROLL for (int r = 0; r < R; ++r) sums[r][v] =
          (Vec)_mm512_dpbf16_ps((__m512)sums[r][v], (__m512bh)values[r], (__m512bh)weights);
#else
      const Vec first = (Vec)(weights << 16), second = (Vec)(weights & 0xffff0000);
      RECURRA_UNROLL for (int r = 0; r < R; ++r) {
        sums[r][v] += (Vec)(values[r] << 16) * first;
        sums[r][v] += (Vec)(values[r] & 0xffff0000) * second;
      }
#endif
    }
  }
  RECURRA_UNROLL for (int r = 0; r < R; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v)
      store(into + r * pitch + v * kLanes, sums[r][v]);
}

struct Start {
  const float* rows;
  ptrdiff_t pitch;
};

template <int V = 4, class Work>
RECURRA_INLINE void multiply(const Start& start, float* sums, ptrdiff_t pitch, int rows, Work work) {
  constexpr int kAtOnce = kSums == 24 ? 4 : 2;
  if (start.rows != sums)
    for (int row = 0; row < rows; ++row)
      for (int at = 0; at < V * kLanes; at += kLanes)
        store(sums + row * pitch + at, start.rows ? load(start.rows + row * start.pitch + at) : Vec{});
  work([&]<int First, int Count>(Terms terms) __attribute__((always_inline)) {
    float* into = sums + First * kLanes;
    int row = 0;
    for (; row + kAtOnce <= rows; row += kAtOnce, into += kAtOnce * pitch, terms.rows += kAtOnce * terms.pitch)
      add_rows<kAtOnce, Count>(into, pitch, terms);
    for (; row < rows; ++row, into += pitch, terms.rows += terms.pitch) add_rows<1, Count>(into, pitch, terms);
  });
}

#endif

}  // namespace recurra::RECURRA_ISA
