// One thread's share of a sweep, forward: inputs projected a chunk of steps at a time, then step by step.
// Not here: what a cell computes (cells.hpp).
#pragma once

#include "cells.hpp"
#include "product.hpp"
#include "reset_before.hpp"
#include "rows.hpp"
#include "step.hpp"

namespace recurra::RECURRA_ISA {

// into[row] = bias + values[row] · input weights, panel by panel, so that a panel stays in the first-level cache.
template <int V>
RECURRA_INLINE void project_rows(const Shape& shape, const Packed& packed, const float* const* values,
                                 float* const* into, int rows, int begin, int end) {
  for (int panel = begin; panel < end; ++panel) {
    const float* weights = packed.input + (size_t)panel * shape.inputs * V * kLanes;
    const float* bias = packed.bias + panel * kWidth;
    in_blocks<V>(rows, [&]<int R>(int row) __attribute__((always_inline)) {
      Vec sums[R][4];
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < 4; ++v) sums[r][v] = load(bias + v * kLanes);
      rows_by_panel<R, V>(sums[0], values + row, weights, {shape.inputs, 1, 0});
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < 4; ++v) store(into[row + r] + panel * kWidth + v * kLanes, sums[r][v]);
    });
  }
}

template <Cell C, Activation A, int R>
RECURRA_INLINE void finish(const Sweep& sweep, const Step& step, int panel, int row, Vec (&sums)[R][4]) {
  const int hidden = sweep.shape.hidden;
  for (int r = 0; r < R; ++r) {
    if constexpr (C == Cell::rnn) {
      for (int v = 0; v < 4; ++v) {
        const int unit = panel * kWidth + v * kLanes;
        const Vec result = Rnn<A, Exact>::forward(sums[r][v]);
        store(step.after[row + r] + unit, result);
        if (unit < hidden) store(step.output[row + r] + unit, result, hidden - unit);
      }
    } else if constexpr (C == Cell::mingru) {
      for (int half = 0; half < 2; ++half) {
        const int unit = (panel * 2 + half) * kLanes;
        const Vec result = MinGru<Exact>::forward(sums[r] + 2 * half, load(step.before[row + r] + unit));
        store(step.after[row + r] + unit, result);
        if (unit < hidden) store(step.output[row + r] + unit, result, hidden - unit);
      }
    } else {
      const int unit = panel * kLanes;
      Vec result;
      if constexpr (has_inner(C)) {
        Vec cell = load(step.cell[row + r] + unit);
        if constexpr (C == Cell::lstm) {
          result = Lstm<A, Exact>::forward(sums[r], cell);
        } else {
          const float* vectors = sweep.weights.recurrent + panel * 2 * kLanes;
          result = Sru<Exact>::forward(sums[r], cell, load(vectors), load(vectors + kLanes));
        }
        store(step.cell[row + r] + unit, cell);
        if (sweep.cells) keep(sweep, step.kept_cell[row + r] + unit, cell);
      } else {
        result = Gru<A, Exact>::forward(sums[r], load(step.before[row + r] + unit));
      }
      store(step.after[row + r] + unit, result);
      store(step.output[row + r] + unit, result, hidden - unit);
    }
    if constexpr (C != Cell::rnn)
      if (sweep.gates)
        for (int v = 0; v < 4; ++v) keep(sweep, step.gates[row + r] + panel * kWidth + v * kLanes, sums[r][v]);
  }
}

template <Cell C, Activation A>
RECURRA_INLINE void take_step(const Sweep& sweep, const Share& share, const Step& step) {
  constexpr int V = vectors_of(C);
  const Shape& shape = sweep.shape;
  for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel) {
    const float* weights = sweep.weights.recurrent + (size_t)panel * shape.hidden * V * kLanes;
    in_blocks<V>(step.active, [&]<int R>(int row) __attribute__((always_inline)) {
      Vec sums[R][4];
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < 4; ++v) sums[r][v] = load(step.source[row + r] + panel * kWidth + v * kLanes);
      if (!is_parallel(C) && !step.first)
        rows_by_panel<R, V>(&sums[0][4 - V], step.before + row, weights, {shape.hidden, 1, 0});
      finish<C, A, R>(sweep, step, panel, row, sums);
    });
  }
}

// What a share of a sweep works in.
struct Workspace {
  float* slots;                  // projected inputs of a chunk
  float *hidden, *other, *cell;  // states of all rows; two of the hidden one, taken in turn
  const float** values;          // of a chunk's tokens: inputs
  float** projected;             // … and their products
  Step step;
};

size_t forward_scratch(const Sweep& sweep, int sequences) {
  const size_t count = sequences, chunk = count * chunk_steps(sequences), state = count * sweep.shape.state_pitch();
  return chunk * sweep.shape.gate_pitch() + 3 * state + 4 * kLanes + 2 * pointer_floats(chunk) +
         7 * pointer_floats(count);
}

RECURRA_INLINE Workspace workspace(const Sweep& sweep, const Share& share) {
  const size_t count = share.count, chunk = count * chunk_steps(share.count), state = count * sweep.shape.state_pitch();
  Cutter common{share.common};
  Workspace work;
  work.hidden = common.floats(state);
  work.other = common.floats(state);
  work.cell = common.floats(state);
  Cutter cut{share.scratch + (common.at - share.common)};
  work.slots = cut.floats(chunk * sweep.shape.gate_pitch());
  work.values = cut.pointers<const float*>(chunk);
  work.projected = cut.pointers<float*>(chunk);
  work.step = {cut.pointers<const float*>(count),
               cut.pointers<const float*>(count),
               cut.pointers<float*>(count),
               cut.pointers<float*>(count),
               cut.pointers<float*>(count),
               cut.pointers<float*>(count),
               cut.pointers<float*>(count),
               share.count,
               false};
  return work;
}

// The states that a sweep starts from, in the engine's own rows; units that are not there are zero.
RECURRA_INLINE void start(const Sweep& sweep, const Share& share, const Workspace& work) {
  const size_t pitch = sweep.shape.state_pitch();
  for (int row = 0; row < share.count; ++row) work.step.cell[row] = work.cell + row * pitch;
  if (share.first()) clear(work.hidden, 3 * share.count * pitch);
  for (int row = 0; share.first() && row < share.count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.hidden)
      copy(work.hidden + row * pitch, state_row(sweep.hidden, number, sweep.shape.hidden), sweep.shape.hidden);
    if (sweep.cell)
      copy(work.cell + row * pitch, state_row(sweep.cell, number, sweep.shape.hidden), sweep.shape.hidden);
  }
  meet(share);
}

// Projects the inputs of a chunk of steps; starts[i] is where those of step i begin.
template <int V>
RECURRA_INLINE void project_chunk(const Sweep& sweep, const Share& share, const Workspace& work, int64_t time,
                                  int active, int* starts) {
  int tokens = 0;
  for (int ahead = 0; ahead < chunk_steps(share.count); ++ahead) {
    active = active_rows(share, time + ahead, active);
    starts[ahead] = tokens;
    for (int row = 0; row < active; ++row, ++tokens) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time + ahead);
      work.values[tokens] = sweep.values + where * sweep.value_stride;
      work.projected[tokens] = work.slots + (size_t)tokens * sweep.shape.gate_pitch();
    }
  }
  const Own own = own_panels(sweep.shape, share);
  project_rows<V>(sweep.shape, sweep.weights, work.values, work.projected, tokens, own.begin, own.end);
}

template <Cell C>
RECURRA_INLINE void finals(const Sweep& sweep, const Share& share, const Workspace& work) {
  const int hidden = sweep.shape.hidden;
  if constexpr (is_parallel(C)) meet(share);
  for (int row = 0; share.first() && row < share.count; ++row) {
    const Sequence& sequence = share.sequences[row];
    const size_t place = row * (size_t)sweep.shape.state_pitch();
    // A row's state is where its own number of steps left it.
    const float* state = (sequence.length % 2 ? work.other : work.hidden) + place;
    if (sweep.final_hidden) copy(sweep.final_hidden + sequence.number * hidden, state, hidden);
    if (sweep.final_cell) copy(sweep.final_cell + sequence.number * hidden, work.cell + place, hidden);
  }
}

template <Cell C, Activation A>
void forward_share(const Sweep& sweep, const Share& share) {
  const int steps = chunk_steps(share.count);
  const size_t pitch = sweep.shape.state_pitch();
  Workspace work = workspace(sweep, share);
  start(sweep, share, work);
  Step& step = work.step;
  int starts[kChunkSteps];
  int active = share.count;
  for (int64_t time = 0; (active = active_rows(share, time, active)) > 0; ++time) {
    const int place = (int)(time % steps);
    if (!sweep.projected && place == 0) project_chunk<vectors_of(C)>(sweep, share, work, time, active, starts);
    for (int row = 0; row < active; ++row) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time);
      step.source[row] = sweep.projected ? sweep.projected + (ptrdiff_t)sweep.row[where] * sweep.shape.gate_pitch()
                                         : work.projected[starts[place] + row];
      step.before[row] = (time % 2 ? work.other : work.hidden) + row * pitch;
      step.after[row] = (time % 2 ? work.hidden : work.other) + row * pitch;
      step.output[row] = sweep.outputs + where * sweep.output_stride;
      if (sweep.gates) step.gates[row] = kept_gates(sweep, sequence, where);
      if (sweep.cells) step.kept_cell[row] = kept_cells(sweep, sequence, where);
      if (!sweep.projected && time + steps < sequence.length)  // the next chunk's inputs, a step of them at a time
        fetch(sweep.values + (where + steps * sweep.step) * sweep.value_stride, sweep.shape.inputs * sizeof(float));
    }
    step.active = active;
    step.first = time == 0 && !sweep.hidden;
    if constexpr (C == Cell::gru_before)
      take_step_before<A>(sweep, share, step);
    else
      take_step<C, A>(sweep, share, step);
    if constexpr (!is_parallel(C)) meet(share);
  }
  if (sweep.much) settle();
  finals<C>(sweep, share, work);
}

void project(const Shape& shape, const Packed& packed, const float* values, ptrdiff_t stride, int64_t rows,
             float* projected) {
  const float* from[kDistinctRows];
  float* into[kDistinctRows];
  for (int64_t first = 0; first < rows; first += kDistinctRows) {
    const int count = (int)(rows - first < kDistinctRows ? rows - first : kDistinctRows);
    for (int row = 0; row < count; ++row) {
      from[row] = values + (first + row) * stride;
      into[row] = projected + (first + row) * shape.gate_pitch();
    }
    if (shape.vectors() == 3)
      project_rows<3>(shape, packed, from, into, count, 0, shape.panels());
    else
      project_rows<4>(shape, packed, from, into, count, 0, shape.panels());
  }
}

}  // namespace recurra::RECURRA_ISA
