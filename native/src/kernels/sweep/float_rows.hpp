// What the products of a sweep are made of in float32: rows forward, and backward the errors of gates, and the outer
// products of both for the gradients of the weights. Not here: the products themselves (kernels/simd/product.hpp), and
// the same in bfloat16 (half_rows.hpp) and int8 (kernels/int8/product_bytes.hpp).
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kBlockTokens = 128;  // a panel's errors of so many tokens stay in the first-level cache

// Rows of gate errors, panel by panel: a panel's lie side by side, those of the next one behind them.
struct FloatErrors {
  template <int V>
  static constexpr int kRows = rows_at_once(V);
  static constexpr bool kAsks = true;  // a product is long enough to ask for the next step's memory meanwhile
  static RECURRA_INLINE ptrdiff_t pitch(const Shape&) { return kWidth; }
  static RECURRA_INLINE ptrdiff_t panel_pitch(size_t rows) { return (ptrdiff_t)rows * kWidth; }
  static RECURRA_INLINE size_t room(const Shape& shape, size_t rows) { return rows * shape.width(); }

  const float* rows;
  Reading read;
  Ahead* ahead = nullptr;

  RECURRA_INLINE FloatErrors(const float* rows, const Reading& read) : rows(rows), read(read) {}
  // The errors of all gates that a product takes, from vector `first` of a panel.
  RECURRA_INLINE FloatErrors(const Shape& shape, const float* rows, ptrdiff_t panel, int first = 0)
      : FloatErrors(rows + first * kLanes, {shape.vectors() * kLanes, shape.panels(), panel}) {}
  RECURRA_INLINE size_t terms() const { return (size_t)read.parts * read.depth; }
  // into[r] (+)= row[first + r] · weights, a block of rows by V vectors.
  template <int V>
  RECURRA_INLINE void multiply(int count, Vec* into, int first, const float* weights, bool add) const {
    const float* from[rows_at_once(V)];
    for (int r = 0; r < count; ++r) {
      from[r] = rows + (first + r) * kWidth;
      for (int v = 0; !add && v < V; ++v) into[r * 4 + v] = Vec{};
    }
    block_by_panel<V>(count, into, from, weights, read, ahead);
  }
};

// tile[k] += Σ_j rows[j][k] · errors[j] for all k < size.
template <int V>
RECURRA_INLINE void add_products(float* tile, int size, const float* const* rows, const float* errors, int tokens) {
  in_blocks<rows_at_once(V)>(size, [&](int k, int count) __attribute__((always_inline)) {
    Vec sums[kMostRows][4];
    float* place = tile + (size_t)k * V * kLanes;
    for (int r = 0; r < count; ++r)
      for (int v = 0; v < V; ++v) sums[r][v] = load(place + (r * V + v) * kLanes);
    outer_block<V>(count, sums[0], rows, k, errors, tokens);
    for (int r = 0; r < count; ++r)
      for (int v = 0; v < V; ++v) store(place + (r * V + v) * kLanes, sums[r][v]);
  });
}

// Outer products of a chunk's rows, as they lie, and a panel's errors.
struct FloatOuter {
  static constexpr int kTokens = 1 << 30;  // of all that are there, so that a panel's sums are read once

  const float *const *values = nullptr, *const *before = nullptr;

  RECURRA_INLINE FloatOuter(const Shape&, Cutter&) {}
  RECURRA_INLINE void take(const Sweep&, const Tokens<float>& tokens) {
    values = tokens.values;
    before = tokens.before;
  }
  // A panel's errors, which are also added to the sums of its biases.
  RECURRA_INLINE void take_errors(const float* errors, ptrdiff_t pitch, int count, float* bias) {
    errors_ = errors;
    count_ = count;
    Vec sums[4];
    for (int v = 0; v < 4; ++v) sums[v] = load(bias + v * kLanes);
    for (int j = 0; j < count; ++j)
      for (int v = 0; v < 4; ++v) sums[v] += load(errors + j * pitch + v * kLanes);
    for (int v = 0; v < 4; ++v) store(bias + v * kLanes, sums[v]);
  }
  // tile += Σ rows · errors, V vectors of these from the first one.
  template <int First, int V>
  RECURRA_INLINE void add(float* tile, int size, const float* const* rows) const {
    for (int at = 0; at < count_; at += kBlockTokens)
      add_products<V>(tile, size, rows + at, errors_ + First * kLanes + at * kWidth,
                      count_ - at < kBlockTokens ? count_ - at : kBlockTokens);
  }

 private:
  const float* errors_ = nullptr;
  int count_ = 0;
};

// The rows of a product: as they lie. What every such Factor says: how activations are computed beside it, what gates
// are kept in, how many rows by V vectors are multiplied at once, a Unit, which lives as long as blocks of at most so
// many rows are multiplied, whether a step's inputs and states are multiplied within one product, and where there is a
// gradient, what its Errors and Outer products are.
struct FloatRows {
  template <Cell, Activation>
  using Math = Exact;
  using Element = float;
  template <int V>
  static constexpr int kRows = rows_at_once(V);
  using Unit = NoUnit;
  using Errors = FloatErrors;
  using Outer = FloatOuter;
  static constexpr bool kWithin = false;

  RECURRA_INLINE FloatRows(Cutter&, size_t, int) {}
  RECURRA_INLINE void take(const float* const* rows, int, int) { rows_ = rows; }
  // into[r] += row[first + r] · panel, a block of rows by V vectors.
  template <int V>
  RECURRA_INLINE void multiply(int rows, Vec* into, int first, const float* panel, int size) const {
    block_by_panel<V>(rows, into, rows_ + first, panel, {size, 1, 0});
  }

 private:
  const float* const* rows_ = nullptr;
};

}  // namespace recurra::RECURRA_ISA
