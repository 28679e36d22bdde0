// One thread's share of a sweep in bfloat16, forward: inputs and states go into one product step by step.
// Not here: what a cell computes (kernels/cell/cells.hpp). Weights, inputs and states are rounded where they are
// multiplied; sums, activations and the states themselves are float32.
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/tiles.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// Rows of bfloat16 of that many values: whole tiles, and a line more so that rows lie in different sets of the cache.
RECURRA_INLINE size_t half_pitch(int size) { return (size + 31) / 32 * 32 + 32; }

RECURRA_INLINE size_t whole_tiles(int sequences) { return ((size_t)sequences + kTileRows - 1) / kTileRows * kTileRows; }

// Where one row of a step reads and writes.
struct HalfRow {
  float *hidden, *inner, *output;
  Half *after, *gates, *kept_inner;
};

struct HalfStates {
  Half* values;           // inputs of a step, rounded
  Half *before, *after;   // states before and after a step, rounded
  float *hidden, *inner;  // states in float32
  float* sums;            // of a block of rows
  HalfRow* rows;
  size_t shared;  // floats of the states, with which the memory begins
};

// The states are in the memory that all members share, the rest in each one's own.
RECURRA_INLINE HalfStates half_states(const Shape& shape, int sequences, Cutter& cut, float* own) {
  const size_t rows = whole_tiles(sequences), state = rows * half_pitch(shape.hidden);
  HalfStates work;
  work.before = cut.take<Half>(state);
  work.after = cut.take<Half>(state);
  work.hidden = cut.take(rows * shape.state_pitch());
  work.inner = cut.take(rows * shape.state_pitch());
  work.shared = cut.used();
  cut.change(own);
  work.values = cut.take<Half>(rows * half_pitch(shape.inputs));
  work.sums = cut.take(kTileRows * kWidth);
  work.rows = cut.take<HalfRow>(sequences);
  return work;
}

size_t forward_half_scratch(const Sweep& sweep, int sequences) {
  Cutter cut;
  half_states(sweep.shape, sequences, cut, nullptr);
  return cut.used();
}

RECURRA_INLINE HalfStates start_halves(const Sweep& sweep, const Share& share) {
  const int hidden = sweep.shape.hidden;
  const size_t pitch = sweep.shape.state_pitch();
  Cutter cut(share.common);
  const HalfStates work = half_states(sweep.shape, share.count, cut, share.scratch);
  clear(work.values, whole_tiles(share.count) * half_pitch(sweep.shape.inputs));
  in_phase(share, [&](const Share& part) {
    if (!part.first()) return;
    clear(share.common, work.shared);
    for (int row = 0; row < share.count; ++row) {
      const int64_t number = share.sequences[row].number;
      if (sweep.cell) copy(work.inner + row * pitch, state_row(sweep.cell, number, hidden), hidden);
      if (!sweep.hidden) continue;
      copy(work.hidden + row * pitch, state_row(sweep.hidden, number, hidden), hidden);
      round_row(work.before + row * half_pitch(hidden), state_row(sweep.hidden, number, hidden), hidden);
    }
  });
  return work;
}

template <Cell C, Activation A>
RECURRA_INLINE void finish_half(const Sweep& sweep, const HalfRow& row, int panel, const float* sums) {
  const Shape& shape = sweep.shape;
  const float* bias = sweep.weights.bias + panel * kWidth;
  Vec part[4];
  for (int v = 0; v < 4; ++v) part[v] = load(sums + v * kLanes) + load(bias + v * kLanes);
  if constexpr (C == Cell::rnn) {
    for (int v = 0; v < 4; ++v) {
      const int unit = panel * kWidth + v * kLanes, lanes = shape.hidden - unit;
      if (lanes <= 0) return;
      const Vec result = Rnn<A, Quick>::forward(part[v]);
      store_halves(row.after + unit, rounded(result));
      store(row.hidden + unit, result);
      store(row.output + unit, result, lanes);
    }
    return;
  }
  for (int each = 0; each < (C == Cell::mingru ? 2 : 1); ++each) {
    const int unit = C == Cell::mingru ? (panel * 2 + each) * kLanes : panel * kLanes;
    Vec result;
    if constexpr (has_inner(C)) {
      Vec inner = load(row.inner + unit);
      if constexpr (C == Cell::lstm) {
        result = Lstm<A, Quick>::forward(part, inner);
      } else {
        const float* vectors = sweep.weights.recurrent + panel * 2 * kLanes;
        result = Sru<Quick>::forward(part, inner, load(vectors), load(vectors + kLanes));
      }
      store(row.inner + unit, inner);
      if (row.kept_inner) store_halves(row.kept_inner + unit, rounded(inner));
    } else if constexpr (C == Cell::mingru) {
      result = MinGru<Quick>::forward(part + 2 * each, load(row.hidden + unit));
    } else {
      result = Gru<A, Quick>::forward(part, load(row.hidden + unit));
    }
    store(row.hidden + unit, result);
    if constexpr (!is_parallel(C)) store_halves(row.after + unit, rounded(result));
    if (unit < shape.hidden) store(row.output + unit, result, shape.hidden - unit);
  }
  if (row.gates)
    for (int v = 0; v < 4; ++v) store_halves(row.gates + panel * kWidth + v * kLanes, rounded(part[v]));
}

template <Cell C, Activation A>
RECURRA_INLINE void take_half_step(const Sweep& sweep, const Share& share, const HalfStates& work, int active) {
  constexpr int V = vectors_of(C);
  const Shape& shape = sweep.shape;
  const ptrdiff_t value_pitch = half_pitch(shape.inputs), state_pitch = half_pitch(shape.hidden);
  const int inputs = shape.depth(shape.inputs), states = shape.depth(shape.hidden);
  const auto pairs = [](const float* floats)
                         __attribute__((always_inline)) { return reinterpret_cast<const Pair*>(floats); };
  for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel) {
    const Pair* from_values = pairs(sweep.weights.input) + (size_t)panel * inputs * V * kLanes;
    const Pair* from_states = pairs(sweep.weights.recurrent) + (size_t)panel * states * V * kLanes;
    for (int first = 0; first < active; first += kTileRows) {
      const int count = active - first < kTileRows ? active - first : kTileRows;
      multiply<false>(work.sums, kWidth, count, [&](auto add) __attribute__((always_inline)) {
        add.template operator()<0, V>(
            {work.values + first * value_pitch, value_pitch, from_values, V * kLanes, inputs});
        if constexpr (!is_parallel(C))
          add.template operator()<4 - V, V>(
              {work.before + first * state_pitch, state_pitch, from_states, V * kLanes, states});
      });
      for (int row = 0; row < count; ++row)
        finish_half<C, A>(sweep, work.rows[first + row], panel, work.sums + row * kWidth);
    }
  }
}

template <Cell C, Activation A>
RECURRA_INLINE void take_half_steps(const Sweep& sweep, const Share& share, HalfStates work) {
  const Shape& shape = sweep.shape;
  const size_t value_pitch = half_pitch(shape.inputs), half = half_pitch(shape.hidden), pitch = shape.state_pitch();
  int active = share.count;
  for (int64_t time = 0; (active = active_rows(share, time, active)) > 0; ++time) {
    for (int row = 0; row < active; ++row) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time);
      work.rows[row] = {work.hidden + row * pitch,
                        work.inner + row * pitch,
                        sweep.outputs + where * sweep.output_stride,
                        work.after + row * half,
                        sweep.gates && C != Cell::rnn ? kept_gates<Half>(sweep, sequence, where) : nullptr,
                        sweep.cells ? kept_cells<Half>(sweep, sequence, where) : nullptr};
      if (work.rows[row].gates)
        fetch<true>(work.rows[row].gates + sweep.step * shape.gate_pitch(), shape.width() * sizeof(Half));
    }
    in_step<C>(share, [&](const Share& part) __attribute__((always_inline)) {
      for (int row = 0; row < active; ++row) {
        const int64_t where = token(sweep, share.sequences[row], time), from = sweep.row ? sweep.row[where] : where;
        round_row(work.values + row * value_pitch, sweep.values + from * sweep.value_stride, shape.inputs);
      }
      take_half_step<C, A>(sweep, part, work, active);
    });
    Half* const next = work.before;
    work.before = work.after;
    work.after = next;
  }
}

template <Cell C, Activation A>
void forward_half_share(const Sweep& sweep, const Share& share) {
  const int hidden = sweep.shape.hidden;
  const size_t pitch = sweep.shape.state_pitch();
  const HalfStates work = start_halves(sweep, share);
  const Tiles tiles(share.count);
  const auto take = [&](const Share& part) __attribute__((always_inline)) { take_half_steps<C, A>(sweep, part, work); };
  if constexpr (is_parallel(C))
    in_phase(share, take);
  else
    take(share);
  for (int row = 0; share.first() && row < share.count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.final_hidden) copy(sweep.final_hidden + number * hidden, work.hidden + row * pitch, hidden);
    if (sweep.final_cell) copy(sweep.final_cell + number * hidden, work.inner + row * pitch, hidden);
  }
}

}  // namespace recurra::RECURRA_ISA
