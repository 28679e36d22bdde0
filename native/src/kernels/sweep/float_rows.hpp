// The rows of a product in float32: a Factor of the sweeps, as HalfRows (half_rows.hpp) and ByteRows
// (kernels/int8/product_bytes.hpp) are. Not here: the product (kernels/simd/product.hpp).
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// The rows of a product in float32: as they lie. What every such Factor says: how activations are computed beside it,
// what gates are kept in, how many rows by V vectors are multiplied at once, a Unit, which lives as long as blocks of
// at most so many rows are multiplied, and whether a step's inputs and states are multiplied within one product.
struct FloatRows {
  template <Cell, Activation>
  using Math = Exact;
  using Element = float;
  template <int V>
  static constexpr int kRows = rows_at_once(V);
  using Unit = NoUnit;
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
