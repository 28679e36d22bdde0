// A step backward of the GRU that resets the state before its product: the errors of n and z, then those of r * h and
// of r, then those of the state before. Not here: the step forward (reset_before.hpp), and the sweep around the step
// (backward.hpp).
#pragma once

#include "kernels/sweep/backward.hpp"
#include "kernels/sweep/float_rows.hpp"

namespace recurra::RECURRA_ISA {

// The errors of n and z of a row's panel, and r * h, which the gradient of n's weights multiplies.
template <Activation A>
RECURRA_INLINE void errors_of_fresh(const Sweep& sweep, const StepBack<float>& step, int panel, int row, float* reset) {
  const int unit = panel * kLanes, lanes = sweep.shape.hidden - unit;
  float* errors = step.errors_of(row, panel);
  Vec part[3];
  for (int v = 0; v < 3; ++v) part[v] = load(step.gates[row] + panel * kWidth + v * kLanes);
  const Vec before = load(step.before[row] + unit, lanes);
  const Vec error = load(step.error[row] + unit, lanes) + load(step.carried[row] + unit);
  store(reset + unit, part[1] * before);
  store(step.carried[row] + unit, GruBefore<A, Exact>::backward(part, before, error));
  store(errors, part[0]);
  store(errors + kLanes, Vec{});  // r's, if no error of r * h follows: there the state before is zero
  store(errors + 2 * kLanes, part[2]);
  store(errors + 3 * kLanes, Vec{});
}

// From the errors of n to those of r * h: of r, and of the state before, for some rows of a block of V panels.
template <Activation A, int V>
RECURRA_INLINE void reset_rows_back(const Sweep& sweep, const StepBack<float>& step, int block, int row, int rows,
                                    const FloatErrors& fresh) {
  const float* weights = sweep.weights.recurrent_back + fresh_weights_back(sweep.shape);
  Vec sums[kMostRows][4];
  fresh.multiply<V>(rows, sums[0], row, weights + block * fresh.terms() * kWidth, false);
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < V; ++v) {
      const int panel = block * 4 + v, unit = panel * kLanes;
      const Vec reset = load(step.gates[row + r] + panel * kWidth + kLanes);
      const Vec before = load(step.before[row + r] + unit, sweep.shape.hidden - unit);
      float* carried = step.carried[row + r] + unit;
      store(carried, load(carried) + sums[r][v] * reset);
      store(step.errors_of(row + r, panel) + kLanes, GruBefore<A, Exact>::reset_back(reset, before, sums[r][v]));
    }
}

template <Activation A, int V>
RECURRA_INLINE void reset_block_back(const Sweep& sweep, const StepBack<float>& step, int block, int active,
                                     const FloatErrors& fresh) {
  in_blocks<rows_at_once(V)>(active, [&](int row, int rows) __attribute__((always_inline)) {
    reset_rows_back<A, V>(sweep, step, block, row, rows, fresh);
  });
}

template <Activation A>
RECURRA_INLINE void errors_of_reset(const Sweep& sweep, const Share& share, const StepBack<float>& step, int active) {
  const Shape& shape = sweep.shape;
  const FloatErrors fresh(step.errors, {kLanes, shape.panels(), step.panel});
  const int blocks = shape.columns(shape.hidden);
  for (int block = share.from(blocks); block < share.to(blocks); ++block) switch (block_vectors(shape.hidden, block)) {
      case 1: reset_block_back<A, 1>(sweep, step, block, active, fresh); break;
      case 2: reset_block_back<A, 2>(sweep, step, block, active, fresh); break;
      case 3: reset_block_back<A, 3>(sweep, step, block, active, fresh); break;
      default: reset_block_back<A, 4>(sweep, step, block, active, fresh);
    }
}

template <Activation A>
void backward_before(const Sweep& sweep, const Share& share) {
  constexpr Cell C = Cell::gru_before;
  const Shape& shape = sweep.shape;
  Cutter cut(share.common);
  WorkspaceBack work = workspace_back<FloatRows>(shape, share.count, cut, share.scratch);
  StepBack<float>& step = work.step;
  Ahead ahead;
  steps_back<C>(sweep, share, work, [&](int64_t time, int active, int first) __attribute__((always_inline)) {
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      const Own own = own_panels(shape, part);
      for (int row = 0; row < active; ++row)
        for (int panel = own.begin; panel < own.end; ++panel)
          errors_of_fresh<A>(sweep, step, panel, row, work.resets + (first + row) * shape.state_pitch());
    });
    if (time == 0 && !sweep.hidden && !sweep.hidden_errors) return;
    in_phase(share,
             [&](const Share& part) __attribute__((always_inline)) { errors_of_reset<A>(sweep, part, step, active); });
    if (time == 0 && !sweep.hidden_errors) return;
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      FloatErrors gates(step.errors + kLanes, {2 * kLanes, shape.panels(), step.panel});
      look_ahead<C>(sweep, part, time, active, gates.terms(), ahead, work.pieces);
      gates.ahead = &ahead;
      back_rows(shape, part, {sweep.weights.recurrent_back, shape.hidden, true, true}, gates, step.carried, active);
    });
  });
}

}  // namespace recurra::RECURRA_ISA
