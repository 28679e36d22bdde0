// A step forward of the GRU that resets the state before its product: r and z, then, when all of r * h is there, n.
// Not here: the gradient (reset_before_back.hpp), and the sweep around the step (forward.hpp).
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/sweep/pack.hpp"
#include "kernels/sweep/step.hpp"

namespace recurra::RECURRA_ISA {

// r and z of some rows of a panel. Until the step ends, a row of `cell` holds r * h, and one of `after` z.
template <Activation A>
RECURRA_INLINE void reset_rows(const Sweep& sweep, const Step<float>& step, int panel, int row, int rows) {
  const Shape& shape = sweep.shape;
  const float* weights = sweep.weights.recurrent + (size_t)panel * shape.hidden * 2 * kLanes;
  const int unit = panel * kLanes, place = panel * kWidth + kLanes;  // of r, behind n
  Vec sums[kMostRows][4];
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < 2; ++v) sums[r][v] = load(step.source[row + r] + place + v * kLanes);
  if (!step.first) block_by_panel<2>(rows, sums[0], step.before + row, weights, {shape.hidden, 1, 0});
  for (int r = 0; r < rows; ++r) {
    const Vec reset = GruBefore<A, Exact>::reset(sums[r], load(step.before[row + r] + unit));
    store(step.cell[row + r] + unit, reset);
    store(step.after[row + r] + unit, sums[r][1]);
    if (sweep.gates)
      for (int v = 0; v < 2; ++v) keep(sweep, step.gates[row + r] + place + v * kLanes, sums[r][v]);
  }
}

// n and the new state of a block of V panels.
template <Activation A, int V>
RECURRA_INLINE void fresh_rows(const Sweep& sweep, const Step<float>& step, int block, int row, int rows) {
  const int hidden = sweep.shape.hidden, unit = block * kWidth;
  const float* weights = sweep.weights.recurrent + fresh_weights(sweep.shape) + (size_t)unit * hidden;
  Vec sums[kMostRows][4];
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < V; ++v) sums[r][v] = load(step.source[row + r] + (block * 4 + v) * kWidth);
  if (!step.first) block_by_panel<V>(rows, sums[0], step.cell + row, weights, {hidden, 1, 0});
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < V; ++v) {
      const int at = unit + v * kLanes;
      float* after = step.after[row + r] + at;
      const Vec result = GruBefore<A, Exact>::forward(sums[r][v], load(after), load(step.before[row + r] + at));
      store(after, result);
      store(step.output[row + r] + at, result, hidden - at);
      if (sweep.gates) keep(sweep, step.gates[row + r] + (block * 4 + v) * kWidth, sums[r][v]);
    }
}

template <Activation A, int V>
RECURRA_INLINE void fresh_block(const Sweep& sweep, const Step<float>& step, int block) {
  in_blocks<rows_at_once(V)>(step.active, [&](int row, int rows) __attribute__((always_inline)) {
    fresh_rows<A, V>(sweep, step, block, row, rows);
  });
}

template <Activation A>
RECURRA_INLINE void take_step_before(const Sweep& sweep, const Share& share, const Step<float>& step) {
  const int hidden = sweep.shape.hidden, blocks = sweep.shape.columns(hidden);
  in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
    const Own own = own_panels(sweep.shape, part);
    for (int panel = own.begin; panel < own.end; ++panel)
      in_blocks<rows_at_once(2)>(step.active, [&](int row, int rows) __attribute__((always_inline)) {
        reset_rows<A>(sweep, step, panel, row, rows);
      });
  });
  in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
    for (int block = part.from(blocks); block < part.to(blocks); ++block) switch (block_vectors(hidden, block)) {
        case 1: fresh_block<A, 1>(sweep, step, block); break;
        case 2: fresh_block<A, 2>(sweep, step, block); break;
        case 3: fresh_block<A, 3>(sweep, step, block); break;
        default: fresh_block<A, 4>(sweep, step, block);
      }
  });
}

}  // namespace recurra::RECURRA_ISA
