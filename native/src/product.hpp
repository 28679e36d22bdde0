// The two products everything is made of, on packed panels of four vectors.
// Not here: what is multiplied. Each sum runs over its terms in order, one at a time, whatever the number of rows, so
// that a row's bits do not depend on its neighbours.
#pragma once

#include "vec.hpp"

namespace recurra::RECURRA_ISA {

// Sums of R rows, four vectors each, live in the caller's memory between calls: inlined into the caller's loop, they
// would be spilled in the innermost one.

// How a row is read: `parts` stretches of `depth` values, each `stride` values after the one before.
struct Reading {
  int depth, parts;
  ptrdiff_t stride;
};

// sums[r] += Σ_k rows[r][k] · panel[k], V vectors wide.
template <int R, int V>
RECURRA_NOINLINE void rows_by_panel(Vec* into, const float* const* rows, const float* panel, Reading read) {
  Vec sums[R][V];
  const float* at[R];
  RECURRA_UNROLL for (int r = 0; r < R; ++r) {
    at[r] = rows[r];
    RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] = into[r * 4 + v];
  }
  for (int part = 0; part < read.parts; ++part) {
    for (ptrdiff_t k = 0; k < read.depth; ++k) {
      Vec weights[V];
      RECURRA_UNROLL for (int v = 0; v < V; ++v) {
        weights[v] = load(panel + v * kLanes);
        if constexpr (kRows == 6) RECURRA_KEEP(weights[v]);
      }
      RECURRA_UNROLL for (int r = 0; r < R; ++r) {
        Vec value = splat(at[r][k]);
        RECURRA_KEEP(value);
        RECURRA_UNROLL for (int v = 0; v < V; ++v) sums[r][v] += value * weights[v];
      }
      panel += V * kLanes;
    }
    RECURRA_UNROLL for (int r = 0; r < R; ++r) at[r] += read.stride;
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
      if constexpr (kRows == 6) RECURRA_KEEP(errors[v]);
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

// Calls work.operator()<R>(first) for blocks of at most kRows rows, as even as they can be.
template <class Work>
RECURRA_INLINE void in_blocks(int rows, Work work) {
  int blocks = (rows + kRows - 1) / kRows;
  for (int first = 0; blocks > 0; --blocks) {
    int size = (rows - first + blocks - 1) / blocks;
    switch (size) {
      case 1: work.template operator()<1>(first); break;
      case 2: work.template operator()<2>(first); break;
      case 3: work.template operator()<3>(first); break;
      case 4:
        if constexpr (kRows >= 4) work.template operator()<4>(first);
        break;
      case 5:
        if constexpr (kRows >= 5) work.template operator()<5>(first);
        break;
      default:
        if constexpr (kRows >= 6) work.template operator()<6>(first);
        break;
    }
    first += size;
  }
}

}  // namespace recurra::RECURRA_ISA
