// One thread's share of a sweep, backward: from the errors of the outputs to those of gates, states and inputs.
// Not here: the gradients of the weights (gradient.hpp), which read the gates' errors that this leaves in `gates`.
#pragma once

#include "cells.hpp"
#include "pack.hpp"
#include "product.hpp"
#include "rows.hpp"

namespace recurra::RECURRA_ISA {

// into[row] (+)= gate errors[row] · weights, block by block of plain columns.
struct Back {
  const float* weights;
  int size;      // columns that are there
  Reading read;  // how a row of gate errors is read
  bool add;      // onto what is in `into`
  bool padded;   // rows of `into` have room for whole blocks
};

template <int V>
RECURRA_INLINE void back_block(const Back& back, int block, size_t gate_rows, const float* const* errors,
                               float* const* into, int rows) {
  const float* weights = back.weights + (size_t)block * gate_rows * kWidth;
  in_blocks<V>(rows, [&]<int R>(int row) __attribute__((always_inline)) {
    Vec sums[R][4];
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) sums[r][v] = back.add ? load(into[row + r] + block * kWidth + v * kLanes) : Vec{};
    rows_by_panel<R, V>(sums[0], errors + row, weights, back.read);
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) {
        const int column = block * kWidth + v * kLanes;
        store(into[row + r] + column, sums[r][v], back.padded ? kLanes : back.size - column);
      }
  });
}

RECURRA_INLINE void back_rows(const Shape& shape, const Share& share, const Back& back, const float* const* errors,
                              float* const* into, int rows) {
  const int blocks = shape.columns(back.size);
  const size_t gate_rows = (size_t)shape.panels() * shape.vectors() * kLanes;
  for (int block = share.from(blocks); block < share.to(blocks); ++block) switch (block_vectors(back.size, block)) {
      case 1: back_block<1>(back, block, gate_rows, errors, into, rows); break;
      case 2: back_block<2>(back, block, gate_rows, errors, into, rows); break;
      case 3: back_block<3>(back, block, gate_rows, errors, into, rows); break;
      default: back_block<4>(back, block, gate_rows, errors, into, rows);
    }
}

// Where the active rows of a step read and write.
struct StepBack {
  const float** output;  // h of this step
  const float** before;  // h of the step before
  const float** error;   // of the output, from above
  float** gates;
  const float** cell_before;
  const float** cell;
  float** carried;  // error of h from the step after; then of the step before
  float** carried_cell;
};

template <Cell C, Activation A>
RECURRA_INLINE void errors_of_gates(const Sweep& sweep, const StepBack& step, int panel, int row) {
  const int hidden = sweep.shape.hidden;
  float* gates = step.gates[row] + panel * kWidth;
  Vec part[4];
  if constexpr (C == Cell::rnn) {
    for (int v = 0; v < 4; ++v) {
      const int unit = panel * kWidth + v * kLanes, lanes = hidden - unit;
      if (lanes <= 0) {
        store(gates + v * kLanes, Vec{});
        continue;
      }
      const Vec error = load(step.error[row] + unit, lanes) + load(step.carried[row] + unit);
      store(gates + v * kLanes, Rnn<A, Exact>::backward(load(step.output[row] + unit, lanes), error));
    }
    return;
  }
  for (int v = 0; v < 4; ++v) part[v] = load(gates + v * kLanes);
  if constexpr (C == Cell::mingru) {
    for (int half = 0; half < 2; ++half) {
      const int unit = (panel * 2 + half) * kLanes, lanes = hidden - unit;
      if (lanes <= 0) {
        part[2] = part[3] = Vec{};
        continue;
      }
      const Vec error = load(step.error[row] + unit, lanes) + load(step.carried[row] + unit);
      store(step.carried[row] + unit,
            MinGru<Exact>::backward(part + 2 * half, load(step.before[row] + unit, lanes), error));
    }
    for (int v = 0; v < 4; ++v) store(gates + v * kLanes, part[v]);
    return;
  }
  const int unit = panel * kLanes, lanes = hidden - unit;
  const Vec error = load(step.error[row] + unit, lanes) + load(step.carried[row] + unit);
  if constexpr (has_inner(C)) {
    Vec carried = load(step.carried_cell[row] + unit);
    const Vec cell = load(step.cell[row] + unit), before = load(step.cell_before[row] + unit, lanes);
    if constexpr (C == Cell::lstm) {
      Lstm<A, Exact>::backward(part, cell, before, error, carried);
    } else {
      const float* vectors = sweep.weights.recurrent + panel * 2 * kLanes;
      Sru<Exact>::backward(part, cell, before, error, carried, load(vectors), load(vectors + kLanes));
      store(step.carried[row] + unit, Vec{});  // no product brings the state's error back
    }
    store(step.carried_cell[row] + unit, carried);
  } else {
    store(step.carried[row] + unit, Gru<A, Exact>::backward(part, load(step.before[row] + unit, lanes), error));
  }
  for (int v = 0; v < 4; ++v) store(gates + v * kLanes, part[v]);
}

RECURRA_INLINE size_t carried_width(const Shape& shape) {
  const size_t blocks = (size_t)shape.columns(shape.hidden) * kWidth;
  return (blocks > (size_t)shape.padded() ? blocks : shape.padded()) + kLanes;
}

size_t backward_scratch(const Sweep& sweep, int sequences) {
  const size_t count = sequences, chunk = count * chunk_steps(sequences);
  return count * (carried_width(sweep.shape) + sweep.shape.padded()) + sweep.shape.padded() + 2 * kWidth +
         2 * pointer_floats(chunk) + 9 * pointer_floats(count);
}

template <Cell C, Activation A>
void backward_share(const Sweep& sweep, const Share& share) {
  const Shape& shape = sweep.shape;
  const int count = share.count, steps = chunk_steps(count), hidden = shape.hidden, width = shape.width();
  const size_t wide = carried_width(shape);
  const int vectors = shape.vectors() * kLanes;
  const Reading whole{width, 1, 0}, apart{vectors, shape.panels(), kWidth};
  const Reading read = C == Cell::gru ? apart : whole;
  Cutter common{share.common};
  float* carried = common.floats((size_t)count * wide);
  float* carried_cell = common.floats((size_t)count * shape.padded());
  Cutter cut{share.scratch + (common.at - share.common)};
  float* zeros = cut.floats(shape.padded());
  const float** chunk_errors = cut.pointers<const float*>((size_t)count * steps);
  float** chunk_values = cut.pointers<float*>((size_t)count * steps);
  StepBack step{cut.pointers<const float*>(count), cut.pointers<const float*>(count), cut.pointers<const float*>(count),
                cut.pointers<float*>(count),       cut.pointers<const float*>(count), cut.pointers<const float*>(count),
                cut.pointers<float*>(count),       cut.pointers<float*>(count)};
  const float** state_errors = cut.pointers<const float*>(count);
  clear(zeros, shape.padded());
  if (share.first()) clear(carried, (size_t)count * wide);
  if (share.first()) clear(carried_cell, (size_t)count * shape.padded());
  for (int row = 0; row < count; ++row) {
    const int64_t number = share.sequences[row].number;
    step.carried[row] = carried + (size_t)row * wide;
    step.carried_cell[row] = carried_cell + (size_t)row * shape.padded();
    if (!share.first()) continue;
    if (sweep.final_hidden_errors) copy(step.carried[row], sweep.final_hidden_errors + number * hidden, hidden);
    if (sweep.final_cell_errors) copy(step.carried_cell[row], sweep.final_cell_errors + number * hidden, hidden);
  }
  meet(share);

  int tokens = 0, active = 0;
  for (int64_t time = (count ? share.sequences[0].length : 0) - 1; time >= 0; --time) {
    active = active_rows(share, time, active);
    for (int row = 0; row < active; ++row) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
      const float* start = state_row(sweep.hidden, sequence.number, hidden);
      const float* start_cell = state_row(sweep.cell, sequence.number, hidden);
      step.output[row] = sweep.outputs + where * sweep.output_stride;
      step.before[row] = time ? sweep.outputs + last * sweep.output_stride : start ? start : zeros;
      step.error[row] = sweep.output_errors ? sweep.output_errors + where * sweep.output_error_stride : zeros;
      step.gates[row] = kept_gates(sweep, sequence, where);
      if constexpr (has_inner(C)) {
        step.cell[row] = kept_cells(sweep, sequence, where);
        step.cell_before[row] = time ? kept_cells(sweep, sequence, last) : start_cell ? start_cell : zeros;
      }
      state_errors[row] = step.gates[row] + (C == Cell::gru ? kLanes : 0);
      if (sweep.value_errors) {
        chunk_errors[tokens] = step.gates[row];
        chunk_values[tokens++] = sweep.value_errors + where * sweep.value_error_stride;
      }
    }
    for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel)
      for (int row = 0; row < active; ++row) errors_of_gates<C, A>(sweep, step, panel, row);
    meet(share);
    if (!is_parallel(C) && (time > 0 || sweep.hidden_errors))
      back_rows(shape, share, {sweep.weights.recurrent_back, hidden, read, C == Cell::gru, true}, state_errors,
                step.carried, active);
    if (tokens > 0 && time % steps == 0) {
      back_rows(shape, share, {sweep.weights.input_back, shape.inputs, read, false, false}, chunk_errors, chunk_values,
                tokens);
      tokens = 0;
    }
    if constexpr (!is_parallel(C)) meet(share);
  }
  for (int row = 0; share.first() && row < count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.hidden_errors) copy(sweep.hidden_errors + number * hidden, step.carried[row], hidden);
    if (sweep.cell_errors) copy(sweep.cell_errors + number * hidden, step.carried_cell[row], hidden);
  }
}

}  // namespace recurra::RECURRA_ISA
