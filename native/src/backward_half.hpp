// One thread's share of a sweep in bfloat16, backward: from the errors of the outputs to those of gates, states,
// inputs. Not here: the gradients of the weights (gradient_half.hpp). Errors of gates are rounded where they are kept,
// which is where they are multiplied; those of states and inputs are float32.
#pragma once

#include "cells.hpp"
#include "forward_half.hpp"
#include "pack.hpp"

namespace recurra::RECURRA_ISA {

// Where one row of a step reads and writes.
struct HalfRowBack {
  const float *output, *before, *error;
  Half *gates, *errors;
  const Half *inner, *inner_before;  // kept by the sweep …
  const float* inner_start;          // … but for the first step's state before, which the caller gave, if anybody did
  float *carried, *carried_inner;    // errors of the states, from the step after; then of the step before
  float* value_errors;
};

RECURRA_INLINE Vec inner_before(const HalfRowBack& row, int unit, int lanes) {
  if (row.inner_before) return widened(load_halves(row.inner_before + unit));
  return row.inner_start ? load(row.inner_start + unit, lanes) : Vec{};
}

template <Cell C, Activation A>
RECURRA_INLINE void errors_of_half_gates(const Sweep& sweep, const HalfRowBack& row, int panel) {
  const Shape& shape = sweep.shape;
  const auto known = [](const float* from, int unit, int lanes)
                         __attribute__((always_inline)) { return from ? load(from + unit, lanes) : Vec{}; };
  const size_t place = (size_t)panel * kWidth;
  Vec part[4];
  if constexpr (C == Cell::rnn) {
    for (int v = 0; v < 4; ++v) {
      const int unit = panel * kWidth + v * kLanes, lanes = shape.hidden - unit;
      part[v] = Vec{};
      if (lanes <= 0) continue;
      const Vec error = known(row.error, unit, lanes) + load(row.carried + unit);
      part[v] = Rnn<A, Quick>::backward(load(row.output + unit, lanes), error);
    }
  } else if constexpr (C == Cell::mingru) {
    for (int v = 0; v < 4; ++v) part[v] = widened(load_halves(row.gates + place + v * kLanes));
    for (int each = 0; each < 2; ++each) {
      const int unit = (panel * 2 + each) * kLanes, lanes = shape.hidden - unit;
      part[2 * each] = lanes > 0 ? part[2 * each] : Vec{};
      const Vec error = lanes > 0 ? known(row.error, unit, lanes) + load(row.carried + unit) : Vec{};
      const Vec before = lanes > 0 ? known(row.before, unit, lanes) : Vec{};
      store(row.carried + unit, MinGru<Quick>::backward(part + 2 * each, before, error));
    }
  } else {
    const int unit = panel * kLanes, lanes = shape.hidden - unit;
    for (int v = 0; v < 4; ++v) part[v] = widened(load_halves(row.gates + place + v * kLanes));
    const Vec error = known(row.error, unit, lanes) + load(row.carried + unit);
    if constexpr (has_inner(C)) {
      Vec carried = load(row.carried_inner + unit);
      const Vec inner = widened(load_halves(row.inner + unit)), before = inner_before(row, unit, lanes);
      if constexpr (C == Cell::lstm) {
        Lstm<A, Quick>::backward(part, inner, before, error, carried);
      } else {
        const float* vectors = sweep.weights.recurrent + panel * 2 * kLanes;
        Sru<Quick>::backward(part, inner, before, error, carried, load(vectors), load(vectors + kLanes));
        store(row.carried + unit, Vec{});  // no product brings the state's error back
      }
      store(row.carried_inner + unit, carried);
    } else {
      store(row.carried + unit, Gru<A, Quick>::backward(part, known(row.before, unit, lanes), error));
    }
  }
  for (int v = 0; v < 4; ++v) {
    const Halves error = rounded(part[v]);
    store_halves(row.gates + place + v * kLanes, error);
    store_halves(row.errors + place + v * kLanes, error);
  }
}

// What takes the errors of the gates back to a step's inputs, or to the states before it.
struct HalfBack {
  const Pair* weights;
  int size;  // columns that are there
  bool add;  // onto what is there
};

// into(row) is where a row of the result goes.
template <int V, class Into>
RECURRA_INLINE void half_back_block(const Shape& shape, const HalfBack& back, int block, const Half* errors,
                                    float* sums, int active, Into into) {
  const ptrdiff_t pitch = half_pitch(shape.width());
  const Pair* weights = back.weights + (size_t)block * shape.gate_depth() * kWidth;
  for (int first = 0; first < active; first += kTileRows) {
    const int count = active - first < kTileRows ? active - first : kTileRows;
    multiply<false, V>(sums, kWidth, count, [&](auto add) __attribute__((always_inline)) {
      add.template operator()<0, V>({errors + first * pitch, pitch, weights, V * kLanes, shape.gate_depth()});
    });
    for (int row = 0; row < count; ++row)
      for (int v = 0; v < V; ++v) {
        const int column = block * kWidth + v * kLanes, lanes = back.size - column;
        float* to = into(first + row) + column;
        const Vec sum = load(sums + row * kWidth + v * kLanes);
        store(to, back.add ? sum + load(to, lanes) : sum, lanes);
      }
  }
}

template <class Into>
RECURRA_INLINE void half_back(const Shape& shape, const Share& share, const HalfBack& back, const Half* errors,
                              float* sums, int active, Into into) {
  const int blocks = shape.columns(back.size);
  for (int block = share.from(blocks); block < share.to(blocks); ++block) switch (block_vectors(back.size, block)) {
      case 1: half_back_block<1>(shape, back, block, errors, sums, active, into); break;
      case 2: half_back_block<2>(shape, back, block, errors, sums, active, into); break;
      case 3: half_back_block<3>(shape, back, block, errors, sums, active, into); break;
      default: half_back_block<4>(shape, back, block, errors, sums, active, into);
    }
}

size_t backward_half_scratch(const Sweep& sweep, int sequences) {
  return whole_tiles(sequences) * (half_pitch(sweep.shape.width()) / 2 + 2 * sweep.shape.state_pitch()) +
         kTileRows * kWidth + 5 * kLanes + sequences * sizeof(HalfRowBack) / sizeof(float);
}

// Asks for what the errors of a row will read at `time`.
template <Cell C>
RECURRA_INLINE void fetch_row(const Sweep& sweep, const Sequence& sequence, int64_t time) {
  const Shape& shape = sweep.shape;
  const int64_t where = token(sweep, sequence, time);
  if (C != Cell::rnn) fetch(kept_gates<Half>(sweep, sequence, where), shape.width() * sizeof(Half));
  if (has_inner(C) && time > 0)
    fetch(kept_cells<Half>(sweep, sequence, where - sweep.step), shape.padded() * sizeof(Half));
  if (sweep.output_errors) fetch(sweep.output_errors + where * sweep.output_error_stride, shape.hidden * sizeof(float));
  if (!has_inner(C)) fetch(sweep.outputs + where * sweep.output_stride, shape.hidden * sizeof(float));
}

template <Cell C, Activation A>
void backward_half_share(const Sweep& sweep, const Share& share) {
  const Shape& shape = sweep.shape;
  const int count = share.count, hidden = shape.hidden;
  const size_t pitch = shape.state_pitch(), wide = half_pitch(shape.width());
  Cutter common{share.common};
  Half* errors = common.halves(whole_tiles(count) * wide);
  float* carried = common.floats(count * pitch);
  float* carried_inner = common.floats(count * pitch);
  Cutter cut{share.scratch + (common.at - share.common)};
  if (share.first()) clear(share.common, common.at - share.common);
  float* sums = cut.floats(kTileRows * kWidth);
  HalfRowBack* rows = cut.pointers<HalfRowBack>(count);
  for (int row = 0; share.first() && row < count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.final_hidden_errors) copy(carried + row * pitch, sweep.final_hidden_errors + number * hidden, hidden);
    if (sweep.final_cell_errors) copy(carried_inner + row * pitch, sweep.final_cell_errors + number * hidden, hidden);
  }
  meet(share);
  const HalfBack to_states{reinterpret_cast<const Pair*>(sweep.weights.recurrent_back), hidden, C == Cell::gru};
  const HalfBack to_values{reinterpret_cast<const Pair*>(sweep.weights.input_back), shape.inputs, false};
  const Tiles tiles(count);
  int active = 0;
  for (int64_t time = (count ? share.sequences[0].length : 0) - 1; time >= 0; --time) {
    active = active_rows(share, time, active);
    for (int row = 0; row < active; ++row) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
      constexpr bool inner = has_inner(C);
      rows[row] = {sweep.outputs + where * sweep.output_stride,
                   time ? sweep.outputs + last * sweep.output_stride : state_row(sweep.hidden, sequence.number, hidden),
                   sweep.output_errors ? sweep.output_errors + where * sweep.output_error_stride : nullptr,
                   kept_gates<Half>(sweep, sequence, where),
                   errors + row * wide,
                   inner ? kept_cells<Half>(sweep, sequence, where) : nullptr,
                   inner && time ? kept_cells<Half>(sweep, sequence, last) : nullptr,
                   state_row(sweep.cell, sequence.number, hidden),
                   carried + row * pitch,
                   carried_inner + row * pitch,
                   sweep.value_errors ? sweep.value_errors + where * sweep.value_error_stride : nullptr};
    }
    for (int row = 0; row < active; ++row) {
      for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel)
        errors_of_half_gates<C, A>(sweep, rows[row], panel);
      if (time > 0) fetch_row<C>(sweep, share.sequences[row], time - 1);
    }
    meet(share);
    if (!is_parallel(C) && (time > 0 || sweep.hidden_errors))
      half_back(shape, share, to_states, errors, sums, active, [&](int row) { return rows[row].carried; });
    if (sweep.value_errors)
      half_back(shape, share, to_values, errors, sums, active, [&](int row) { return rows[row].value_errors; });
    meet(share);
  }
  for (int row = 0; share.first() && row < count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.hidden_errors) copy(sweep.hidden_errors + number * hidden, carried + row * pitch, hidden);
    if (sweep.cell_errors) copy(sweep.cell_errors + number * hidden, carried_inner + row * pitch, hidden);
  }
}

}  // namespace recurra::RECURRA_ISA
