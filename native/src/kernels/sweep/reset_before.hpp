// A step forward of the GRU that resets the state before its product: r and z, then, when all of r * h is there, n.
// Not here: the gradient (reset_before_back.hpp), and the sweep around the step (forward.hpp).
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/sweep/pack.hpp"
#include "kernels/sweep/step.hpp"

namespace recurra::RECURRA_ISA {

// r and z of some rows of a panel. Until the step ends, a row of `cell` holds r * h, and one of `after` z.
template <Activation A, class Factor>
RECURRA_INLINE void reset_rows(const Sweep& sweep, const Step<float>& step, const Factor& before, int panel, int row,
                               int rows) {
  using Gates = GruBefore<A, typename Factor::template Math<Cell::gru_before, A>>;
  const Shape& shape = sweep.shape;
  const float* weights = sweep.weights.recurrent + (size_t)panel * shape.depth(shape.hidden) * 2 * kLanes;
  const int unit = panel * kLanes, place = panel * kWidth + kLanes;  // of r, behind n
  Vec sums[kMostRows][4];
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < 2; ++v) sums[r][v] = load(step.source[row + r] + place + v * kLanes);
  if (!step.first) before.template multiply<2>(rows, sums[0], row, weights, shape.hidden);
  for (int r = 0; r < rows; ++r) {
    const Vec reset = Gates::reset(sums[r], load(step.before[row + r] + unit));
    store(step.cell[row + r] + unit, reset);
    store(step.after[row + r] + unit, sums[r][1]);
    if (sweep.gates)
      for (int v = 0; v < 2; ++v) keep(sweep, step.gates[row + r] + place + v * kLanes, sums[r][v]);
  }
}

// n and the new state of a block of V panels; `reset` are the rows of r * h.
template <Activation A, int V, class Factor>
RECURRA_INLINE void fresh_rows(const Sweep& sweep, const Step<float>& step, const Factor& reset, int block, int row,
                               int rows) {
  using Gates = GruBefore<A, typename Factor::template Math<Cell::gru_before, A>>;
  const int hidden = sweep.shape.hidden, unit = block * kWidth;
  const float* weights =
      sweep.weights.recurrent + fresh_weights(sweep.shape) + (size_t)unit * sweep.shape.depth(hidden);
  Vec sums[kMostRows][4];
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < V; ++v) sums[r][v] = load(step.source[row + r] + (block * 4 + v) * kWidth);
  if (!step.first) reset.template multiply<V>(rows, sums[0], row, weights, hidden);
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < V; ++v) {
      const int at = unit + v * kLanes;
      float* after = step.after[row + r] + at;
      const Vec result = Gates::forward(sums[r][v], load(after), load(step.before[row + r] + at));
      store(after, result);
      store(step.output[row + r] + at, result, hidden - at);
      if (sweep.gates) keep(sweep, step.gates[row + r] + (block * 4 + v) * kWidth, sums[r][v]);
    }
}

template <Activation A, int V, class Factor>
RECURRA_INLINE void fresh_block(const Sweep& sweep, const Step<float>& step, const Factor& reset, int block) {
  in_blocks<Factor::template kRows<V>>(step.active, [&](int row, int rows) __attribute__((always_inline)) {
    fresh_rows<A, V>(sweep, step, reset, block, row, rows);
  });
}

// `factor` is what a member's products read: the states, then r * h.
template <Activation A, class Factor>
RECURRA_INLINE void take_step_before(const Sweep& sweep, const Share& share, const Step<float>& step, Factor& factor) {
  const int hidden = sweep.shape.hidden, blocks = sweep.shape.columns(hidden);
  in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
    const Own own = own_panels(sweep.shape, part);
    if (!step.first) factor.take(step.before, step.active, hidden);
    for (int panel = own.begin; panel < own.end; ++panel)
      in_blocks<Factor::template kRows<2>>(step.active, [&](int row, int rows) __attribute__((always_inline)) {
        reset_rows<A>(sweep, step, factor, panel, row, rows);
      });
  });
  in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
    if (!step.first) factor.take(step.cell, step.active, hidden);
    for (int block = part.from(blocks); block < part.to(blocks); ++block) switch (block_vectors(hidden, block)) {
        case 1: fresh_block<A, 1>(sweep, step, factor, block); break;
        case 2: fresh_block<A, 2>(sweep, step, factor, block); break;
        case 3: fresh_block<A, 3>(sweep, step, factor, block); break;
        default: fresh_block<A, 4>(sweep, step, factor, block);
      }
  });
}

}  // namespace recurra::RECURRA_ISA
