// Memory that the next step backward will read, asked for during this one: rows of one step lie far apart.
// Not here: how a product asks for it line by line (Ahead in kernels/simd/product.hpp).
#pragma once

#include "kernels/simd/product.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

constexpr int kPieces = 5;  // of memory that a row reads in a step, at most

// What the errors of a row, and the products made of them, will read at `time`: at most kPieces.
template <Cell C, class Element>
RECURRA_INLINE Ahead::Piece* add_pieces(const Sweep& sweep, const Sequence& sequence, int64_t time, Ahead::Piece* to) {
  const Shape& shape = sweep.shape;
  const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
  const auto add = [&](const auto* from, int count) __attribute__((always_inline)) {
    *to++ = {reinterpret_cast<const char*>(from), reinterpret_cast<const char*>(from + count)};
  };
  if constexpr (C != Cell::rnn) add(kept_gates<Element>(sweep, sequence, where), shape.width());
  if constexpr (has_inner(C))
    if (time > 0) add(kept_cells<Element>(sweep, sequence, last), shape.padded());
  if (sweep.output_errors) add(sweep.output_errors + where * sweep.output_error_stride, shape.hidden);
  if (time > 0) add(sweep.outputs + last * sweep.output_stride, shape.hidden);
  if (!sweep.row) add(sweep.values + where * sweep.value_stride, shape.inputs);
  return to;
}

// Asks at once for what a row reads at `time`.
template <Cell C, class Element>
RECURRA_INLINE void fetch_pieces(const Sweep& sweep, const Sequence& sequence, int64_t time) {
  Ahead::Piece pieces[kPieces];
  const Ahead::Piece* const end = add_pieces<C, Element>(sweep, sequence, time, pieces);
  for (const Ahead::Piece* one = pieces; one != end; ++one) fetch(one->begin, one->end - one->begin);
}

// What the step before `time` will read, spread over the product of `active` rows, of `terms` terms, that comes first.
template <Cell C>
RECURRA_INLINE void look_ahead(const Sweep& sweep, const Share& share, int64_t time, int active, int terms,
                               Ahead& ahead, Ahead::Piece* pieces) {
  const Shape& shape = sweep.shape;
  const int later = time > 0 ? active_rows(share, time - 1, active) : 0;
  Ahead::Piece* end = pieces;
  for (int row = 0; row < later; ++row) end = add_pieces<C, float>(sweep, share.sequences[row], time - 1, end);
  *end = {nullptr, nullptr};
  const int lines = later * (shape.width() + 3 * shape.padded() + shape.inputs) / kLanes;
  const int most = rows_at_once(4);
  const int asks = (active + most - 1) / most * shape.columns(shape.hidden) * terms / kAskEvery;
  ahead = {pieces, end, pieces->begin, asks > 0 ? lines / asks + 1 : 0};
}

}  // namespace recurra::RECURRA_ISA
