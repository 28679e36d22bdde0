// The pointwise part of a step backward: from the errors of a row's state to those of its gates.
// Not here: what a cell computes (kernels/cell/cells.hpp), and the products of these errors (backward.hpp).
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// Where the active rows of a step read and write.
template <class Element>
struct StepBack {
  const float** output;   // h of this step
  const float** before;   // h of the step before
  const float** error;    // of the output, from above
  const Element** gates;  // kept by the sweep forward
  const Element** cell_before;
  const Element** cell;
  float** carried;  // error of h from the step after; then of the step before
  float** carried_cell;
  Element* errors;       // of the first row's gates
  ptrdiff_t row, panel;  // from there to those of the next row, and of the next panel

  RECURRA_INLINE Element* errors_of(int at, int of) const { return errors + of * panel + at * row; }
};

template <Cell C, Activation A, class Math, class Element>
RECURRA_INLINE void errors_of_gates(const Sweep& sweep, const StepBack<Element>& step, int panel, int row) {
  const int hidden = sweep.shape.hidden;
  Element* errors = step.errors_of(row, panel);
  Vec part[4];
  if constexpr (C == Cell::rnn) {
    for (int v = 0; v < 4; ++v) {
      const int unit = panel * kWidth + v * kLanes, lanes = hidden - unit;
      if (lanes <= 0) {
        store(errors + v * kLanes, Vec{});
        continue;
      }
      const Vec error = load(step.error[row] + unit, lanes) + load(step.carried[row] + unit);
      store(errors + v * kLanes, Rnn<A, Math>::backward(load(step.output[row] + unit, lanes), error));
    }
    return;
  }
  for (int v = 0; v < 4; ++v) part[v] = load(step.gates[row] + panel * kWidth + v * kLanes);
  if constexpr (C == Cell::mingru) {
    for (int half = 0; half < 2; ++half) {
      const int unit = (panel * 2 + half) * kLanes, lanes = hidden - unit;
      if (lanes <= 0) {
        part[2] = part[3] = Vec{};
        continue;
      }
      const Vec error = load(step.error[row] + unit, lanes) + load(step.carried[row] + unit);
      store(step.carried[row] + unit,
            MinGru<Math>::backward(part + 2 * half, load(step.before[row] + unit, lanes), error));
    }
    for (int v = 0; v < 4; ++v) store(errors + v * kLanes, part[v]);
    return;
  }
  const int unit = panel * kLanes, lanes = hidden - unit;
  const Vec error = load(step.error[row] + unit, lanes) + load(step.carried[row] + unit);
  if constexpr (has_inner(C)) {
    Vec carried = load(step.carried_cell[row] + unit);
    const Vec cell = load(step.cell[row] + unit), before = load(step.cell_before[row] + unit);
    if constexpr (C == Cell::lstm) {
      Lstm<A, Math>::backward(part, cell, before, error, carried);
    } else {
      const float* vectors = sweep.weights.recurrent + panel * 2 * kLanes;
      Sru<Math>::backward(part, cell, before, error, carried, load(vectors), load(vectors + kLanes));
      store(step.carried[row] + unit, Vec{});  // no product brings the state's error back
    }
    store(step.carried_cell[row] + unit, carried);
  } else {
    store(step.carried[row] + unit, Gru<A, Math>::backward(part, load(step.before[row] + unit, lanes), error));
  }
  for (int v = 0; v < 4; ++v) store(errors + v * kLanes, part[v]);
}

}  // namespace recurra::RECURRA_ISA
