// One thread's share of a sweep, forward: inputs projected a chunk of steps at a time, then step by step.
// Not here: what a cell computes (cells.hpp).
#pragma once

#include "cells.hpp"
#include "product.hpp"
#include "rows.hpp"

namespace recurra::RECURRA_ISA {

// into[row] = bias + values[row] · input weights, panel by panel, so that a panel stays in the first-level cache.
template <int V>
RECURRA_INLINE void project_rows(const Shape& shape, const Packed& packed, const float* const* values,
                                 float* const* into, int rows) {
  for (int panel = 0; panel < shape.panels(); ++panel) {
    const float* weights = packed.input + (size_t)panel * shape.inputs * V * kLanes;
    const float* bias = packed.bias + panel * kWidth;
    in_blocks(rows, [&]<int R>(int row) __attribute__((always_inline)) {
      Vec sums[R][4];
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < 4; ++v) sums[r][v] = load(bias + v * kLanes);
      rows_by_panel<R, V>(sums[0], values + row, weights, {shape.inputs, 1, 0});
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < 4; ++v) store(into[row + r] + panel * kWidth + v * kLanes, sums[r][v]);
    });
  }
}

// Where the active rows of a step read and write.
struct Step {
  const float** source;  // projected inputs
  const float** before;  // the state before
  float** output;
  float** gates;  // null entries' array when nothing is kept
  const float** cell_before;
  float** cell;
  int active;
  bool first;  // the state before is zero: no product
};

template <Cell C, Activation A, int R>
RECURRA_INLINE void finish(const Sweep& sweep, const Step& step, int panel, int row, Vec (&sums)[R][4]) {
  const int hidden = sweep.shape.hidden;
  for (int r = 0; r < R; ++r) {
    if constexpr (C == Cell::rnn) {
      for (int v = 0; v < 4; ++v) {
        const int unit = panel * kWidth + v * kLanes;
        if (unit < hidden) store(step.output[row + r] + unit, Rnn<A>::forward(sums[r][v]), hidden - unit);
      }
    } else {
      const int unit = panel * kLanes;
      Vec result;
      if constexpr (C == Cell::lstm) {
        Vec cell = load(step.cell_before[row + r] + unit);
        result = Lstm<A>::forward(sums[r], cell);
        store(step.cell[row + r] + unit, cell);
      } else {
        result = Gru<A>::forward(sums[r], load(step.before[row + r] + unit, hidden - unit));
      }
      store(step.output[row + r] + unit, result, hidden - unit);
      if (sweep.gates)
        for (int v = 0; v < 4; ++v) store(step.gates[row + r] + panel * kWidth + v * kLanes, sums[r][v]);
    }
  }
}

template <Cell C, Activation A>
RECURRA_INLINE void take_step(const Sweep& sweep, const Step& step) {
  constexpr int V = C == Cell::gru ? 3 : 4;
  const Shape& shape = sweep.shape;
  for (int panel = 0; panel < shape.panels(); ++panel) {
    const float* weights = sweep.weights.recurrent + (size_t)panel * shape.hidden * V * kLanes;
    in_blocks(step.active, [&]<int R>(int row) __attribute__((always_inline)) {
      Vec sums[R][4];
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < 4; ++v) sums[r][v] = load(step.source[row + r] + panel * kWidth + v * kLanes);
      if (!step.first) rows_by_panel<R, V>(&sums[0][4 - V], step.before + row, weights, {shape.hidden, 1, 0});
      finish<C, A, R>(sweep, step, panel, row, sums);
    });
  }
}

size_t forward_scratch(const Sweep& sweep, int sequences) {
  const size_t count = sequences, chunk = count * chunk_steps(sequences);
  const size_t kept = sweep.gates ? 0 : chunk * sweep.shape.width();
  return kept + count * sweep.shape.padded() + sweep.shape.padded() + kWidth + 2 * pointer_floats(chunk) +
         6 * pointer_floats(count);
}

template <Cell C, Activation A>
void forward_share(const Sweep& sweep, const Share& share) {
  constexpr int V = C == Cell::gru ? 3 : 4;
  const Shape& shape = sweep.shape;
  const int count = share.count, steps = chunk_steps(count), hidden = shape.hidden, width = shape.width();
  Cutter cut{share.scratch};
  float* kept = sweep.gates ? nullptr : cut.floats((size_t)count * steps * width);
  float* carried = cut.floats((size_t)count * shape.padded());
  float* zeros = cut.floats(shape.padded());
  const float** values = cut.pointers<const float*>((size_t)count * steps);
  float** projected = cut.pointers<float*>((size_t)count * steps);
  Step step{cut.pointers<const float*>(count),
            cut.pointers<const float*>(count),
            cut.pointers<float*>(count),
            cut.pointers<float*>(count),
            cut.pointers<const float*>(count),
            cut.pointers<float*>(count),
            count,
            false};
  clear(zeros, shape.padded());
  clear(carried, (size_t)count * shape.padded());
  if (C == Cell::lstm && sweep.cell)
    for (int row = 0; row < count; ++row)
      copy(carried + (size_t)row * shape.padded(), state_row(sweep.cell, share.sequences[row].number, hidden), hidden);

  int starts[kChunkSteps];
  int active = count;
  for (int64_t time = 0; (active = active_rows(share, time, active)) > 0; ++time) {
    const int place = (int)(time % steps);
    if (!sweep.projected && place == 0) {
      int tokens = 0;
      for (int ahead = 0, running = active; ahead < steps; ++ahead) {
        running = active_rows(share, time + ahead, running);
        starts[ahead] = tokens;
        for (int row = 0; row < running; ++row, ++tokens) {
          const int64_t where = token(sweep, share.sequences[row], time + ahead);
          values[tokens] = sweep.values + where * sweep.value_stride;
          projected[tokens] = sweep.gates ? sweep.gates + where * width : kept + (size_t)tokens * width;
        }
      }
      project_rows<V>(shape, sweep.weights, values, projected, tokens);
    }
    for (int row = 0; row < active; ++row) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
      const float* start = state_row(sweep.hidden, sequence.number, hidden);
      float* own = carried + (size_t)row * shape.padded();
      step.source[row] = sweep.projected ? sweep.projected + (ptrdiff_t)sweep.projected_row[where] * width
                                         : projected[starts[place] + row];
      step.before[row] = time ? sweep.outputs + last * sweep.output_stride : start ? start : zeros;
      step.output[row] = sweep.outputs + where * sweep.output_stride;
      step.gates[row] = sweep.gates ? sweep.gates + where * width : nullptr;
      step.cell_before[row] = sweep.cells && time ? sweep.cells + last * shape.padded() : own;
      step.cell[row] = sweep.cells ? sweep.cells + where * shape.padded() : own;
    }
    step.active = active;
    step.first = time == 0 && !sweep.hidden;
    take_step<C, A>(sweep, step);
  }

  for (int row = 0; row < count; ++row) {
    const Sequence& sequence = share.sequences[row];
    const int64_t end = token(sweep, sequence, sequence.length - 1);
    const bool swept = sequence.length > 0;
    if (sweep.final_hidden)
      copy(sweep.final_hidden + sequence.number * hidden,
           swept ? sweep.outputs + end * sweep.output_stride : state_row(sweep.hidden, sequence.number, hidden),
           hidden);
    if (sweep.final_cell)
      copy(sweep.final_cell + sequence.number * hidden,
           swept && sweep.cells ? sweep.cells + end * shape.padded() : carried + (size_t)row * shape.padded(), hidden);
  }
}

void project(const Shape& shape, const Packed& packed, const float* values, ptrdiff_t stride, int64_t rows,
             float* projected) {
  constexpr int kAtOnce = 96;
  const float* from[kAtOnce];
  float* into[kAtOnce];
  for (int64_t first = 0; first < rows; first += kAtOnce) {
    const int count = (int)(rows - first < kAtOnce ? rows - first : kAtOnce);
    for (int row = 0; row < count; ++row) {
      from[row] = values + (first + row) * stride;
      into[row] = projected + (first + row) * shape.width();
    }
    if (shape.vectors() == 3)
      project_rows<3>(shape, packed, from, into, count);
    else
      project_rows<4>(shape, packed, from, into, count);
  }
}

}  // namespace recurra::RECURRA_ISA
