// The two products everything is made of, on packed panels of four vectors.
// Not here: what is multiplied. Each sum runs over its terms in order, one at a time, whatever the number of rows, so
// that a row's bits do not depend on its neighbours.
#pragma once

#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

// Sums of R rows, four vectors each, live in the caller's memory between calls: inlined into the caller's loop, they
// would be spilled in the innermost one.

// Memory that will be read soon, asked for line by line while a product runs: a processor core waits for a dozen lines
// at once, and whoever asks for more stands still.
struct Ahead {
  struct Piece {
    const char *begin, *end;
  };
  const Piece *piece, *last;
  const char* at;
  int each;  // lines to ask for at a time

  RECURRA_INLINE void ask() {
    for (int line = 0; line < each && piece != last; ++line) {
      __builtin_prefetch(at, 0, 2);
      at += 64;
      if (at >= piece->end) at = (++piece)->begin;
    }
  }
};

constexpr int kAskEvery = 16;  // terms of a product from one call of ask() to the next

// How a row is read: `parts` stretches of `depth` values, each `stride` values after the one before. Numbers of one
// size: two that share a register would be written apart and read together, which the processor waits for.
struct Reading {
  ptrdiff_t depth, parts, stride;
};

// sums[r] += Σ_k rows[r][k] · panel[k], V vectors wide.
template <int R, int V>
RECURRA_NOINLINE void rows_by_panel(Vec* into, const float* const* rows, const float* panel, const Reading& read,
                                    Ahead* ahead = nullptr) {
  const auto [depth, parts, stride] = read;
  Vec sums[R][V];
  const float* at[R];
  RECURRA_UNROLL for (int r = 0; r < R; ++r) {
    at[r] = rows[r];
    RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] = into[r * 4 + v];
  }
  for (ptrdiff_t part = 0; part < parts; ++part) {
    for (ptrdiff_t k = 0; k < depth;) {
      if (ahead) ahead->ask();
      const ptrdiff_t next = k + kAskEvery < depth ? k + kAskEvery : depth;
      for (; k < next; ++k) {
        Vec weights[V];
        RECURRA_UNROLL for (int v = 0; v < V; ++v) {
          weights[v] = load(panel + v * kLanes);
          if constexpr (kSums == 24) RECURRA_KEEP(weights[v]);
        }
        RECURRA_UNROLL for (int r = 0; r < R; ++r) {
          Vec value = splat(at[r][k]);
          RECURRA_KEEP(value);
          RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] += value * weights[v];
        }
        panel += V * kLanes;
      }
    }
    RECURRA_UNROLL for (int r = 0; r < R; ++r) at[r] += stride;
  }
  RECURRA_UNROLL for (int r = 0; r < R; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) into[r * 4 + v] = sums[r][v];
}

// sums[r] += Σ_j rows[j][column + r] · panel[j]: the outer products of a gradient, V of a panel's vectors wide.
template <int R, int V>
RECURRA_NOINLINE void outer(Vec* into, const float* const* rows, ptrdiff_t column, const float* panel, int depth) {
  Vec sums[R][V];
  RECURRA_UNROLL for (int r = 0; r < R; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] = into[r * 4 + v];
  for (int j = 0; j < depth; ++j) {
    const float* row = rows[j] + column;
    Vec errors[V];
    RECURRA_UNROLL for (int v = 0; v < V; ++v) {
      errors[v] = load(panel + v * kLanes);
      if constexpr (kSums == 24) RECURRA_KEEP(errors[v]);
    }
    RECURRA_UNROLL for (int r = 0; r < R; ++r) {
      Vec value = splat(row[r]);
      RECURRA_KEEP(value);
      RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] += value * errors[v];
    }
    panel += kWidth;
  }
  RECURRA_UNROLL for (int r = 0; r < R; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) into[r * 4 + v] = sums[r][v];
}

// Rows that are multiplied at once by V vectors; three allow more than four do.
constexpr int rows_at_once(int vectors) { return vectors >= 4 ? kSums / 4 : kSums / 3; }

// Calls work(first, rows) for blocks of at most so many rows, as even as they can be.
template <int Most, class Work>
RECURRA_INLINE void in_blocks(int rows, Work work) {
  int blocks = (rows + Most - 1) / Most;
  for (int first = 0; blocks > 0; --blocks) {
    const int size = blocks == 1 ? rows - first : (rows - first + blocks - 1) / blocks;  // divisions take long
    work(first, size);
    first += size;
  }
}

// Calls work.operator()<R>() for a block of so many rows. Only products need to know it when they are compiled; a copy
// of everything around them for each R would take half of the build.
template <int V, class Work>
RECURRA_INLINE void for_rows(int rows, Work work) {
  const auto run = [&]<int R>() __attribute__((always_inline)) {
    if constexpr (R <= rows_at_once(V)) work.template operator()<R>();
  };
  switch (rows) {
    case 1: return run.template operator()<1>();
    case 2: return run.template operator()<2>();
    case 3: return run.template operator()<3>();
    case 4: return run.template operator()<4>();
    case 5: return run.template operator()<5>();
    case 6: return run.template operator()<6>();
    case 7: return run.template operator()<7>();
    default: return run.template operator()<8>();
  }
}

constexpr int kMostRows = 8;  // of a block

// Where products need no unit of the processor made ready.
struct NoUnit {
  explicit RECURRA_INLINE NoUnit(int) {}
  RECURRA_INLINE void take(int) {}
  RECURRA_INLINE void take_whole() {}
};

template <int V>
RECURRA_INLINE void block_by_panel(int rows, Vec* into, const float* const* from, const float* panel,
                                   const Reading& read, Ahead* ahead = nullptr) {
  for_rows<V>(rows,
              [&]<int R>() __attribute__((always_inline)) { rows_by_panel<R, V>(into, from, panel, read, ahead); });
}

template <int V>
RECURRA_INLINE void outer_block(int columns, Vec* into, const float* const* rows, ptrdiff_t column, const float* panel,
                                int depth) {
  for_rows<V>(columns, [&]<int R>() __attribute__((always_inline)) { outer<R, V>(into, rows, column, panel, depth); });
}

}  // namespace recurra::RECURRA_ISA
