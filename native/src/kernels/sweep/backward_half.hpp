// One thread's share of a sweep in bfloat16, backward: from the errors of the outputs to those of gates, states, inputs
// and weights. Not here: the products of the weights' gradients (gradient_half.hpp). Errors of gates live for a chunk
// of steps, rounded, since they are multiplied only; those of states and inputs are float32.
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/sweep/gradient_half.hpp"
#include "kernels/sweep/half_rows.hpp"
#include "kernels/sweep/pack.hpp"

namespace recurra::RECURRA_ISA {

// Where one row of a step reads and writes.
struct HalfRowBack {
  const float *output, *before, *error;
  const Half* gates;
  Half* errors;
  const Half *inner, *inner_before;  // kept by the sweep …
  const float* inner_start;          // … but for the first step's state before, which the caller gave, if anybody did
  float *carried, *carried_inner;    // errors of the states, from the step after; then of the step before
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
  for (int v = 0; v < 4; ++v) store_halves(row.errors + place + v * kLanes, rounded(part[v]));
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
    multiply<V>({nullptr, 0}, sums, kWidth, count, [&](auto add) __attribute__((always_inline)) {
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

// Tokens of a chunk are as many as are transposed at once.
RECURRA_INLINE int half_steps(int sequences) { return kHalfBlock / kChunkTokens * chunk_steps(sequences); }

// Asks for what the errors of a row will read at `time`.
template <Cell C>
RECURRA_INLINE void fetch_row(const Sweep& sweep, const Sequence& sequence, int64_t time) {
  const Shape& shape = sweep.shape;
  const int64_t where = token(sweep, sequence, time);
  if (C != Cell::rnn) fetch(kept_gates<Half>(sweep, sequence, where), shape.width() * sizeof(Half));
  if (has_inner(C) && time > 0)
    fetch(kept_cells<Half>(sweep, sequence, where - sweep.step), shape.padded() * sizeof(Half));
  fetch(sweep.values + where * sweep.value_stride, shape.inputs * sizeof(float));
  if (sweep.output_errors) fetch(sweep.output_errors + where * sweep.output_error_stride, shape.hidden * sizeof(float));
  fetch(sweep.outputs + where * sweep.output_stride, shape.hidden * sizeof(float));
}

// What a share works in, and the tokens of the chunk so far.
struct HalfWorkBack {
  Half* errors;  // rows of a chunk, and room for a whole tile behind them
  float *carried, *carried_inner, *sums, *zeros;
  HalfRowBack* rows;
  float** chunk_values;  // errors of the inputs of each token
  HalfTokens tokens;
  Turned turned;
  size_t shared;  // floats of errors and carried, with which the memory begins
};

// Errors of gates and states are in the memory that all members share, the rest in each one's own.
RECURRA_INLINE HalfWorkBack half_work_back(const Shape& shape, int sequences, Cutter& cut, float* own) {
  const size_t count = sequences, chunk = count * half_steps(sequences);
  HalfWorkBack work;
  work.errors = cut.take<Half>((chunk + kTileRows) * half_pitch(shape.width()));
  work.carried = cut.take(count * shape.state_pitch());
  work.carried_inner = cut.take(count * shape.state_pitch());
  work.shared = cut.used();
  cut.change(own);
  work.sums = cut.take(kTileRows * kWidth);
  work.zeros = cut.take(shape.padded());
  work.rows = cut.take<HalfRowBack>(count);
  work.chunk_values = cut.take<float*>(chunk);
  work.tokens = {cut.take<const float*>(chunk), cut.take<const float*>(chunk), cut.take<const Half*>(chunk),
                 cut.take<const Half*>(chunk),  cut.take<const float*>(chunk), 0};
  work.turned = turned(shape, cut);
  return work;
}

size_t backward_half_scratch(const Sweep& sweep, int sequences) {
  Cutter cut;
  half_work_back(sweep.shape, sequences, cut, nullptr);
  return cut.used();
}

RECURRA_INLINE HalfWorkBack start_half_back(const Sweep& sweep, const Share& share) {
  const Shape& shape = sweep.shape;
  const int count = share.count, hidden = shape.hidden;
  const size_t pitch = shape.state_pitch();
  Cutter cut(share.common);
  const HalfWorkBack work = half_work_back(shape, count, cut, share.scratch);
  clear(work.zeros, shape.padded());
  in_phase(share, [&](const Share& part) {
    const int begin = part.from(shape.panels()), end = part.to(shape.panels());
    if (share.sums) clear(share.sums + begin * half_tile_floats(shape), (end - begin) * half_tile_floats(shape));
    if (!part.first()) return;
    clear(share.common, work.shared);
    for (int row = 0; row < count; ++row) {
      const int64_t place = share.sequences[row].number * hidden;
      if (sweep.final_hidden_errors) copy(work.carried + row * pitch, sweep.final_hidden_errors + place, hidden);
      if (sweep.final_cell_errors) copy(work.carried_inner + row * pitch, sweep.final_cell_errors + place, hidden);
    }
  });
  return work;
}

// Where a row's data of a step are; its token joins the chunk.
template <Cell C>
RECURRA_INLINE void place_half_row(const Sweep& sweep, const Sequence& sequence, int64_t time, int row,
                                   HalfWorkBack& work) {
  constexpr bool inner = has_inner(C);
  const Shape& shape = sweep.shape;
  const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
  const size_t pitch = shape.state_pitch();
  const int at = work.tokens.count++;
  HalfRowBack& one = work.rows[row];
  one = {sweep.outputs + where * sweep.output_stride,
         time ? sweep.outputs + last * sweep.output_stride : state_row(sweep.hidden, sequence.number, shape.hidden),
         sweep.output_errors ? sweep.output_errors + where * sweep.output_error_stride : nullptr,
         C != Cell::rnn ? kept_gates<Half>(sweep, sequence, where) : nullptr,
         work.errors + at * half_pitch(shape.width()),
         inner ? kept_cells<Half>(sweep, sequence, where) : nullptr,
         inner && time ? kept_cells<Half>(sweep, sequence, last) : nullptr,
         inner && !time ? state_row(sweep.cell, sequence.number, shape.hidden) : nullptr,
         work.carried + row * pitch,
         work.carried_inner + row * pitch};
  work.tokens.values[at] = sweep.values + where * sweep.value_stride;
  work.tokens.before[at] = one.before ? one.before : work.zeros;
  work.tokens.errors[at] = one.errors;
  work.tokens.inner_before[at] = one.inner_before;
  work.tokens.inner_start[at] = one.inner_start;
  if (sweep.value_errors) work.chunk_values[at] = sweep.value_errors + where * sweep.value_error_stride;
}

// Makes the errors of the inputs and the gradients of the weights of a chunk.
template <Cell C>
RECURRA_INLINE void finish_half_chunk(const Sweep& sweep, const Share& share, const HalfWorkBack& work) {
  const HalfBack to_values{reinterpret_cast<const Pair*>(sweep.weights.input_back), sweep.shape.inputs, false};
  if (sweep.value_errors)
    half_back(sweep.shape, share, to_values, work.errors, work.sums, work.tokens.count,
              [&](int at) { return work.chunk_values[at]; });
  if (share.sums) add_half_chunk<C>(sweep.shape, share, work.tokens, work.turned);
}

template <Cell C, Activation A>
void backward_half_share(const Sweep& sweep, const Share& share) {
  const Shape& shape = sweep.shape;
  const int steps = half_steps(share.count), hidden = shape.hidden;
  const size_t pitch = shape.state_pitch();
  HalfWorkBack work = start_half_back(sweep, share);
  const HalfBack to_states{reinterpret_cast<const Pair*>(sweep.weights.recurrent_back), hidden, C == Cell::gru};
  Tiles tiles(share.count);
  int active = 0;
  for (int64_t time = (share.count ? share.sequences[0].length : 0) - 1; time >= 0; --time) {
    active = active_rows(share, time, active);
    const Half* errors = work.errors + work.tokens.count * half_pitch(shape.width());
    for (int row = 0; row < active; ++row) place_half_row<C>(sweep, share.sequences[row], time, row, work);
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      for (int row = 0; row < active; ++row) {
        for (int panel = part.from(shape.panels()); panel < part.to(shape.panels()); ++panel)
          errors_of_half_gates<C, A>(sweep, work.rows[row], panel);
        if (time > 0) fetch_row<C>(sweep, share.sequences[row], time - 1);
      }
    });
    if (!is_parallel(C) && (time > 0 || sweep.hidden_errors))
      in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
        half_back(shape, part, to_states, errors, work.sums, active, [&](int row) { return work.rows[row].carried; });
      });
    if (time % steps) continue;
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      tiles.take(kTileRows);
      finish_half_chunk<C>(sweep, part, work);
      tiles.take(share.count);
    });
    work.tokens.count = 0;
  }
  for (int row = 0; share.first() && row < share.count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.hidden_errors) copy(sweep.hidden_errors + number * hidden, work.carried + row * pitch, hidden);
    if (sweep.cell_errors) copy(sweep.cell_errors + number * hidden, work.carried_inner + row * pitch, hidden);
  }
}

}  // namespace recurra::RECURRA_ISA
