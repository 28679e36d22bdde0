// Attention over the tokens of a sequence: scores, their softmax, and the way back from the shares' errors.
// Not here: the weighted sum (pooling.hpp). Yang et al. 2016, equations 5 to 7, each head with its own query and its
// own share of the columns.
#pragma once

#include "kernels/pooling_shapes.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/simd/smooth.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kBlock = 64;  // tokens at a time: their values stay in the nearest cache, and no sum runs on too long

RECURRA_INLINE int panels_over(int columns) { return (columns + kWidth - 1) / kWidth; }
RECURRA_INLINE int vectors_over(int columns) {
  return columns >= kWidth ? 4 : columns > 0 ? (columns + kLanes - 1) / kLanes : 0;
}
// Calls work.operator()<V>() for so many vectors.
template <class Work>
RECURRA_INLINE void for_vectors(int columns, Work work) {
  switch (vectors_over(columns)) {
    case 1: return work.template operator()<1>();
    case 2: return work.template operator()<2>();
    case 3: return work.template operator()<3>();
    default: return work.template operator()<4>();
  }
}
// Terms of a sum over the scorer's units: errors of more than one panel lie panel by panel, padded.
RECURRA_INLINE int unit_depth(int units) { return units > kWidth ? panels_over(units) * kWidth : units; }

// Floats of a packed matrix: its panels' columns, padded to vectors, times its depth.
RECURRA_INLINE size_t packed_floats(int depth, int columns) {
  return (size_t)depth * ((columns + kLanes - 1) / kLanes * kLanes);
}

// A matrix whose element (k, c) is at from[k · down + c · across], in panels of at most four vectors of columns; rows
// from `rows` to `depth` are zero.
RECURRA_INLINE void pack_panels(const float* from, ptrdiff_t down, ptrdiff_t across, int rows, int depth, int columns,
                                float* into) {
  for (int first = 0; first < columns; first += kWidth) {
    const int width = vectors_over(columns - first) * kLanes;
    for (int k = 0; k < depth; ++k)
      for (int c = first; c < first + width; ++c)
        *into++ = k < rows && c < columns ? from[k * down + c * across] : 0.0f;
  }
}

// into[r] += rows[r] · packed, rows of `columns` values, `pitch` apart.
RECURRA_NOINLINE inline void add_product(const float* const* rows, int count, const Reading& read, const float* packed,
                                         int columns, float* into, ptrdiff_t pitch) {
  for (int first = 0; first < columns; first += kWidth) {
    const auto panel = [&]<int V>() __attribute__((always_inline)) {
      in_blocks<rows_at_once(V)>(count, [&](int row, int size) __attribute__((always_inline)) {
        Vec sums[kMostRows * 4];
        for (int r = 0; r < size; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) {
            const int at = first + v * kLanes;
            sums[r * 4 + v] = load(into + (row + r) * pitch + at, columns - at);
          }
        block_by_panel<V>(size, sums, rows + row, packed, read);
        for (int r = 0; r < size; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) {
            const int at = first + v * kLanes;
            store(into + (row + r) * pitch + at, sums[r * 4 + v], columns - at);
          }
      });
      packed += read.depth * read.parts * V * kLanes;
    };
    for_vectors(columns - first, panel);
  }
}

// into[c] += Σ_j rows[j][c] · panels[j], where into has a row of all panels for each column c of the rows.
RECURRA_NOINLINE inline void add_outer(const float* const* rows, int count, int columns, const float* panels, int units,
                                       float* into) {
  const ptrdiff_t pitch = (ptrdiff_t)panels_over(units) * kWidth;
  for (int first = 0; first < units; first += kWidth, panels += kBlock * kWidth) {
    const auto panel = [&]<int V>() __attribute__((always_inline)) {
      in_blocks<rows_at_once(V)>(columns, [&](int column, int size) __attribute__((always_inline)) {
        Vec sums[kMostRows * 4] = {};
        outer_block<V>(size, sums, rows, column, panels, count);
        for (int r = 0; r < size; ++r) RECURRA_UNROLL for (int v = 0; v < V; ++v) {
            float* to = into + (column + r) * pitch + first + v * kLanes;
            store(to, load(to) + sums[r * 4 + v]);
          }
      });
    };
    for_vectors(units - first, panel);
  }
}

RECURRA_INLINE float dot(const float* one, const float* other, int count) {
  Vec sum{};
  for (int at = 0; at < count; at += kLanes) sum += load(one + at, count - at) * load(other + at, count - at);
  return total(sum);
}

RECURRA_INLINE void point_at(const Rows& values, int64_t first, int count, const float** rows) {
  for (int j = 0; j < count; ++j) rows[j] = values.values + (first + j) * values.stride;
}

// The scores of a block of tokens; u of each stays in `hidden`.
RECURRA_INLINE void score_block(const Pooling& pooling, int64_t first, int count, float* hidden) {
  const Scorer& scorer = pooling.scorer;
  const float* rows[kBlock];
  point_at(pooling.values, first, count, rows);
  for (int j = 0; j < count; ++j)
    for (int unit = 0; unit < scorer.units; unit += kLanes)
      store(hidden + (ptrdiff_t)j * scorer.units + unit, load(scorer.bias + unit, scorer.units - unit),
            scorer.units - unit);
  add_product(rows, count, {pooling.values.columns, 1, 0}, scorer.packed, scorer.units, hidden, scorer.units);
  for (ptrdiff_t at = 0; at < (ptrdiff_t)count * scorer.units; at += kLanes) {
    const ptrdiff_t left = (ptrdiff_t)count * scorer.units - at;
    const int lanes = left < kLanes ? (int)left : kLanes;
    store(hidden + at, Exact::hyperbolic(load(hidden + at, lanes)), lanes);
  }
  for (int j = 0; j < count; ++j)
    for (int head = 0; head < scorer.heads; ++head)
      pooling.shares[head * pooling.tokens + first + j] =
          dot(hidden + (ptrdiff_t)j * scorer.units, scorer.query + (ptrdiff_t)head * scorer.units, scorer.units);
}

// Scores become shares: e^(s - highest) / Σ, the sum in blocks.
RECURRA_INLINE void softmax(float* scores, int64_t length) {
  Vec best = splat(scores[0]);
  int64_t at = 0;
  for (; at + kLanes <= length; at += kLanes) {
    const Vec value = load(scores + at);
    best = value > best ? value : best;
  }
  float highest = best[0];
  for (int lane = 1; lane < kLanes; ++lane) highest = best[lane] > highest ? best[lane] : highest;
  for (; at < length; ++at) highest = scores[at] > highest ? scores[at] : highest;
  float sum = 0.0f;
  for (int64_t first = 0; first < length; first += kBlock) {
    const int count = (int)(length - first < kBlock ? length - first : kBlock);
    Vec part{};
    for (int i = 0; i < count; i += kLanes) {
      float* to = scores + first + i;
      store(to, ExactParts<>::decay(highest - load(to, count - i)), count - i);
      part += load(to, count - i);  // lanes behind the end are zero again
    }
    sum += total(part);
  }
  const float scale = 1.0f / sum;
  for (at = 0; at < length; at += kLanes) {
    const int lanes = length - at < kLanes ? (int)(length - at) : kLanes;
    store(scores + at, load(scores + at, lanes) * scale, lanes);
  }
}

// Scores and shares of one sequence; scratch holds a block's u where nobody keeps them.
RECURRA_INLINE void attend(const Pooling& pooling, const Sequence& sequence, float* scratch) {
  const int units = pooling.scorer.units;
  for (int64_t begin = 0; begin < sequence.length; begin += kBlock) {
    const int64_t left = sequence.length - begin, first = sequence.first + begin;
    score_block(pooling, first, (int)(left < kBlock ? left : kBlock),
                pooling.hidden ? pooling.hidden + first * units : scratch);
  }
  for (int head = 0; head < pooling.scorer.heads; ++head)
    softmax(pooling.shares + head * pooling.tokens + sequence.first, sequence.length);
}

// The errors of a block's scores: a_t (e · h_t - e · Σ a h), where `meant` is the second product of each head.
RECURRA_INLINE void blame_scores(const Pooling& pooling, const float* errors, const float* meant,
                                 const float* const* rows, int64_t first, int count, float* blamed) {
  const int span = pooling.span();
  for (int head = 0; head < pooling.scorer.heads; ++head)
    for (int j = 0; j < count; ++j)
      blamed[head * kBlock + j] = pooling.shares[head * pooling.tokens + first + j] *
                                  (dot(errors + head * span, rows[j] + head * span, span) - meant[head]);
}

// The errors of the scorer's units in panels of `errors`, (1 - u²) Σ_head blamed · q, and the gradients of its vectors.
RECURRA_INLINE void blame_units(const Pooling& pooling, const float* blamed, int64_t first, int count, float* errors,
                                float* vectors) {
  const Scorer& scorer = pooling.scorer;
  const int units = scorer.units, pitch = panels_over(units) * kWidth;
  for (int unit = 0; unit < pitch; unit += kLanes) {
    const int lanes = units - unit;
    float* to = errors + unit / kWidth * kBlock * kWidth + unit % kWidth;
    Vec bias{};
    for (int j = 0; j < count; ++j) {
      const Vec hidden = lanes > 0 ? load(pooling.hidden + (first + j) * units + unit, lanes) : Vec{};
      Vec pull{};
      for (int head = 0; lanes > 0 && head < scorer.heads; ++head) {
        pull += blamed[head * kBlock + j] * load(scorer.query + (ptrdiff_t)head * units + unit, lanes);
      }
      const Vec error = (1.0f - hidden * hidden) * pull;
      store(to + j * kWidth, error);
      bias += error;
    }
    for (int head = 0; lanes > 0 && head < scorer.heads; ++head) {
      Vec query{};
      for (int j = 0; j < count; ++j)
        query += blamed[head * kBlock + j] * load(pooling.hidden + (first + j) * units + unit, lanes);
      store(vectors + head * pitch + unit, load(vectors + head * pitch + unit) + query);
    }
    store(vectors + scorer.heads * pitch + unit, load(vectors + scorer.heads * pitch + unit) + bias);
  }
}

}  // namespace recurra::RECURRA_ISA
