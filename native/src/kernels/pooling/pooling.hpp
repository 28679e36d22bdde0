// A sequence's values become one row: last, mean, maximum and attention's weighted sum from one reading, and back.
// Not here: attention's shares (attention.hpp), and threads.
#pragma once

#include "kernels/pooling/attention.hpp"
#include "kernels/simd/cutter.hpp"

namespace recurra::RECURRA_ISA {

// Calls work.operator()<mean, maximum, attention>() for the parts that are wanted beside the last state.
template <class Work>
RECURRA_INLINE void for_parts(const Pooling& pooling, Work work) {
  const auto with = [&]<bool Mean, bool Maximum>() __attribute__((always_inline)) {
    if (pooling.attention >= 0) return work.template operator()<Mean, Maximum, true>();
    if constexpr (Mean || Maximum) work.template operator()<Mean, Maximum, false>();
  };
  if (pooling.mean >= 0 && pooling.maximum >= 0) return with.template operator()<true, true>();
  if (pooling.mean >= 0) return with.template operator()<true, false>();
  if (pooling.maximum >= 0) return with.template operator()<false, true>();
  with.template operator()<false, false>();
}

// V vectors of columns over a block of tokens; sums are added to the row, so that none of them runs on too long. The
// first of equals is the maximum; NaN wins over all.
template <int V, bool Mean, bool Maximum, bool Attention>
RECURRA_INLINE void pool_columns(const Pooling& pooling, int64_t first, int count, bool begins, int column, int lanes,
                                 const float* shares, float* row, int32_t* where) {
  Vec sums[V], best[V], weighted[V];
  Ints places[V];
  float* const tops = row + pooling.maximum + column;
  float* const tokens = reinterpret_cast<float*>(where + column);
  RECURRA_UNROLL for (int v = 0; v < V; ++v) {
    sums[v] = weighted[v] = Vec{};
    if constexpr (Maximum) best[v] = load(tops + v * kLanes, lanes - v * kLanes);
    if constexpr (Maximum) places[v] = (Ints)load(tokens + v * kLanes, lanes - v * kLanes);
  }
  for (int j = 0; j < count; ++j) {
    const float* values = pooling.values.values + (first + j) * pooling.values.stride + column;
    RECURRA_UNROLL for (int v = 0; v < V; ++v) {
      const Vec value = load(values + v * kLanes, lanes - v * kLanes);
      if constexpr (Mean) sums[v] += value;
      if constexpr (Attention) weighted[v] += shares[j] * value;
      if constexpr (Maximum) {
        const Ints better = begins && !j ? Ints{} - 1 : (value > best[v]) | (value != value);
        best[v] = better ? value : best[v];
        places[v] = better ? Ints{} + (int32_t)(first + j) : places[v];
      }
    }
  }
  RECURRA_UNROLL for (int v = 0; v < V; ++v) {
    const int at = column + v * kLanes, left = lanes - v * kLanes;
    if constexpr (Mean) store(row + pooling.mean + at, load(row + pooling.mean + at, left) + sums[v], left);
    if constexpr (Attention)
      store(row + pooling.attention + at, load(row + pooling.attention + at, left) + weighted[v], left);
    if constexpr (Maximum) store(tops + v * kLanes, best[v], left);
    if constexpr (Maximum) store(tokens + v * kLanes, (Vec)places[v], left);
  }
}

// All columns of a block of tokens: each head's own, as many vectors at once as there are registers for.
template <bool Mean, bool Maximum, bool Attention>
RECURRA_INLINE void pool_block(const Pooling& pooling, int64_t first, int count, bool begins, float* row,
                               int32_t* where) {
  constexpr int kSeveral = kSums / 6;
  const int span = pooling.span();
  for (int head = 0; head < pooling.spans(); ++head) {
    const float* shares = Attention ? pooling.shares + head * pooling.tokens + first : nullptr;
    int column = head * span;
    const int end = column + span;
    for (; column + kSeveral * kLanes <= end; column += kSeveral * kLanes)
      pool_columns<kSeveral, Mean, Maximum, Attention>(pooling, first, count, begins, column, end - column, shares, row,
                                                       where);
    for (; column < end; column += kLanes)
      pool_columns<1, Mean, Maximum, Attention>(pooling, first, count, begins, column, end - column, shares, row,
                                                where);
  }
}

// Where a direction's sweep ended: the last token, and for the second direction the first one.
RECURRA_INLINE int64_t end_of(const Sequence& sequence, int side) {
  return side ? sequence.first : sequence.first + sequence.length - 1;
}

RECURRA_INLINE void add(float* into, const float* from, int count) {
  for (int at = 0; at < count; at += kLanes)
    store(into + at, load(into + at, count - at) + load(from + at, count - at), count - at);
}

size_t pool_scratch(const Pooling& pooling) { return (size_t)kBlock * pooling.scorer.units; }

// Each sequence becomes its row; an empty one zeros.
void pool(const Pooling& pooling, const Sequence* sequences, int count, float* scratch) {
  const int columns = pooling.values.columns, side = columns / pooling.directions;
  for (const Sequence* one = sequences; one < sequences + count; ++one) {
    float* row = pooling.into + one->number * pooling.width;
    int32_t* where = pooling.maximum >= 0 ? pooling.where + one->number * columns : nullptr;
    for (int at = 0; at < pooling.width; ++at) row[at] = 0.0f;
    for (int at = 0; where && at < columns; ++at) where[at] = -1;
    if (!one->length) continue;
    if (pooling.attention >= 0) attend(pooling, *one, scratch);
    for_parts(pooling, [&]<bool Mean, bool Maximum, bool Attention>() {
      for (int64_t begin = 0; begin < one->length; begin += kBlock) {
        const int64_t left = one->length - begin;
        pool_block<Mean, Maximum, Attention>(pooling, one->first + begin, (int)(left < kBlock ? left : kBlock), !begin,
                                             row, where);
      }
    });
    for (int at = 0; pooling.mean >= 0 && at < columns; ++at) row[pooling.mean + at] /= (float)one->length;
    for (int number = 0; pooling.last >= 0 && number < pooling.directions; ++number)
      add(row + pooling.last + number * side,
          pooling.values.values + end_of(*one, number) * pooling.values.stride + number * side, side);
  }
}

// The errors of a block's values, but for what comes through the scores. `even` is the mean's error for each token.
template <bool Mean, bool Maximum, bool Attention>
RECURRA_INLINE void spread(const Pooling& pooling, const float* errors, const float* even, const int32_t* where,
                           int64_t first, int count, float* into) {
  const int span = pooling.span();
  for (int j = 0; j < count; ++j, into += pooling.values.columns)
    for (int head = 0; head < pooling.spans(); ++head) {
      const Vec share = Attention ? splat(pooling.shares[head * pooling.tokens + first + j]) : Vec{};
      for (int column = head * span; column < (head + 1) * span; column += kLanes) {
        const int lanes = (head + 1) * span - column;
        Vec error{};
        if constexpr (Mean) error = load(even + column, lanes);
        if constexpr (Maximum) {
          const Ints there = (Ints)load(reinterpret_cast<const float*>(where + column), lanes) == (int32_t)(first + j);
          error += there ? load(errors + pooling.maximum + column, lanes) : Vec{};
        }
        if constexpr (Attention) error += share * load(errors + pooling.attention + column, lanes);
        store(into + column, error, lanes);
      }
    }
}

// What the way back works in: the mean's error for each token; for each head the mean of its shares' errors; the errors
// of a block's scores, and of its units in panels.
struct PoolWorkBack {
  float *even, *meant, *blamed, *units;
};

RECURRA_INLINE PoolWorkBack pool_work_back(const Pooling& pooling, Cutter& cut) {
  const Scorer& scorer = pooling.scorer;
  // An initialiser's clauses are evaluated in their order.
  return {cut.take(pooling.values.columns), cut.take(scorer.heads), cut.take((size_t)scorer.heads * kBlock),
          cut.take((size_t)panels_over(scorer.units) * kBlock * kWidth)};
}

size_t pool_back_scratch(const Pooling& pooling) {
  Cutter cut;
  pool_work_back(pooling, cut);
  return cut.used();
}

// What attention's scores add to the errors of a block's values, and to the gradients of the scorer.
RECURRA_INLINE void through_scores(const Pooling& pooling, const PoolErrors& back, const float* errors, int64_t first,
                                   int count, const PoolWorkBack& work) {
  const int columns = pooling.values.columns, units = pooling.scorer.units, panels = panels_over(units);
  const float *rows[kBlock], *blame[kBlock];
  point_at(pooling.values, first, count, rows);
  blame_scores(pooling, errors, work.meant, rows, first, count, work.blamed);
  blame_units(pooling, work.blamed, first, count, work.units, back.vectors);
  for (int j = 0; j < count; ++j) blame[j] = work.units + j * kWidth;
  add_product(blame, count, {panels > 1 ? kWidth : units, panels, kBlock * kWidth}, pooling.scorer.packed_back, columns,
              back.values + first * columns, columns);
  add_outer(rows, count, columns, work.units, units, back.weight);
}

// The errors of the values of each sequence; the scorer's gradients are added up.
void pool_back(const Pooling& pooling, const PoolErrors& back, const Sequence* sequences, int count, float* scratch) {
  const int columns = pooling.values.columns, side = columns / pooling.directions, span = pooling.span();
  Cutter cut(scratch);
  const PoolWorkBack work = pool_work_back(pooling, cut);
  for (const Sequence* one = sequences; one < sequences + count; ++one) {
    const float* errors = back.errors + one->number * pooling.width;
    const int32_t* where = pooling.maximum >= 0 ? pooling.where + one->number * columns : nullptr;
    for (int at = 0; pooling.mean >= 0 && at < columns; ++at)
      work.even[at] = errors[pooling.mean + at] / (float)one->length;
    // e · Σ a h: the mean of the shares' errors is known before the first of them is.
    for (int head = 0; head < pooling.scorer.heads; ++head) {
      const int at = pooling.attention + head * span;
      work.meant[head] = dot(errors + at, pooling.into + one->number * pooling.width + at, span);
    }
    for (int64_t begin = 0; begin < one->length; begin += kBlock) {
      const int64_t first = one->first + begin, left = one->length - begin;
      const int block = (int)(left < kBlock ? left : kBlock);
      float* into = back.values + first * columns;
      if (pooling.mean < 0 && pooling.maximum < 0 && pooling.attention < 0)
        for (ptrdiff_t at = 0; at < (ptrdiff_t)block * columns; ++at) into[at] = 0.0f;
      for_parts(pooling, [&]<bool Mean, bool Maximum, bool Attention>() {
        spread<Mean, Maximum, Attention>(pooling, errors, work.even, where, first, block, into);
        if constexpr (Attention) through_scores(pooling, back, errors + pooling.attention, first, block, work);
      });
    }
    for (int number = 0; one->length && pooling.last >= 0 && number < pooling.directions; ++number)
      add(back.values + end_of(*one, number) * columns + number * side, errors + pooling.last + number * side, side);
  }
}

// Packs the scorer's weights for pool() and, where `backward`, for pool_back().
void pack_scorer(const Scorer& scorer, int inputs, bool backward) {
  pack_panels(scorer.weight, 1, inputs, inputs, inputs, scorer.units, scorer.packed);
  if (backward)
    pack_panels(scorer.weight, inputs, 1, scorer.units, unit_depth(scorer.units), inputs, scorer.packed_back);
}

size_t packed_scorer(int units, int inputs, bool backward) {
  return backward ? packed_floats(unit_depth(units), inputs) : packed_floats(inputs, units);
}

}  // namespace recurra::RECURRA_ISA
