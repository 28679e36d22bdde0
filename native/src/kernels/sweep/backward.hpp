// One thread's share of a sweep, backward: from the errors of the outputs to those of gates, states, inputs and
// weights. Not here: the products of the weights' gradients (gradient.hpp). The errors of the gates live for a chunk of
// steps only, panel by panel: all that is made of them is made while they are in the second-level cache.
#pragma once

#include "kernels/simd/product.hpp"
#include "kernels/sweep/errors.hpp"
#include "kernels/sweep/gradient.hpp"
#include "kernels/sweep/pack.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// into[row] (+)= gate errors[row] · weights, block by block of plain columns.
struct Back {
  const float* weights;
  int size;      // columns that are there
  Reading read;  // how a row of gate errors is read
  bool add;      // onto what is in `into`
  bool padded;   // rows of `into` have room for whole blocks
  Ahead* ahead;  // what to ask for meanwhile, or null
};

template <int V>
RECURRA_INLINE void back_block(const Back& back, int block, size_t gate_rows, const float* const* errors,
                               float* const* into, int rows) {
  const float* weights = back.weights + (size_t)block * gate_rows * kWidth;
  in_blocks<rows_at_once(V)>(rows, [&](int row, int count) __attribute__((always_inline)) {
    Vec sums[kMostRows][4];
    for (int r = 0; r < count; ++r)
      for (int v = 0; v < V; ++v) sums[r][v] = back.add ? load(into[row + r] + block * kWidth + v * kLanes) : Vec{};
    block_by_panel<V>(count, sums[0], errors + row, weights, back.read, back.ahead);
    for (int r = 0; r < count; ++r)
      for (int v = 0; v < V; ++v) {
        const int column = block * kWidth + v * kLanes;
        store(into[row + r] + column, sums[r][v], back.padded ? kLanes : back.size - column);
      }
  });
}

RECURRA_INLINE void back_rows(const Shape& shape, const Share& share, const Back& back, const float* const* errors,
                              float* const* into, int rows) {
  const int blocks = shape.columns(back.size);
  const size_t gate_rows = (size_t)back.read.parts * back.read.depth;
  for (int block = share.from(blocks); block < share.to(blocks); ++block) switch (block_vectors(back.size, block)) {
      case 1: back_block<1>(back, block, gate_rows, errors, into, rows); break;
      case 2: back_block<2>(back, block, gate_rows, errors, into, rows); break;
      case 3: back_block<3>(back, block, gate_rows, errors, into, rows); break;
      default: back_block<4>(back, block, gate_rows, errors, into, rows);
    }
}

RECURRA_INLINE size_t carried_width(const Shape& shape) {
  const size_t blocks = (size_t)shape.columns(shape.hidden) * kWidth;
  return (blocks > (size_t)shape.padded() ? blocks : shape.padded()) + kLanes;
}

constexpr int kPieces = 5;  // of memory that a row reads in a step, at most

// What the errors of a row, and the products made of them, will read at `time`: at most kPieces.
template <Cell C>
RECURRA_INLINE Ahead::Piece* add_pieces(const Sweep& sweep, const Sequence& sequence, int64_t time, Ahead::Piece* to) {
  const Shape& shape = sweep.shape;
  const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
  const auto add = [&](const float* from, int floats) __attribute__((always_inline)) {
    const char* begin = reinterpret_cast<const char*>(from);
    *to++ = {begin, begin + floats * sizeof(float)};
  };
  if constexpr (C != Cell::rnn) add(kept_gates(sweep, sequence, where), shape.width());
  if constexpr (has_inner(C))
    if (time > 0) add(kept_cells(sweep, sequence, last), shape.padded());
  if (sweep.output_errors) add(sweep.output_errors + where * sweep.output_error_stride, shape.hidden);
  if (time > 0) add(sweep.outputs + last * sweep.output_stride, shape.hidden);
  if (!sweep.row) add(sweep.values + where * sweep.value_stride, shape.inputs);
  return to;
}

// What the step before `time` will read, spread over the product of `active` rows, of `terms` terms, that comes first.
template <Cell C>
RECURRA_INLINE void look_ahead(const Sweep& sweep, const Share& share, int64_t time, int active, int terms,
                               Ahead& ahead, Ahead::Piece* pieces) {
  const Shape& shape = sweep.shape;
  const int later = time > 0 ? active_rows(share, time - 1, active) : 0;
  Ahead::Piece* end = pieces;
  for (int row = 0; row < later; ++row) end = add_pieces<C>(sweep, share.sequences[row], time - 1, end);
  *end = {nullptr, nullptr};
  const int lines = later * (shape.width() + 3 * shape.padded() + shape.inputs) / kLanes;
  const int most = rows_at_once(4);
  const int asks = (active + most - 1) / most * shape.columns(shape.hidden) * terms / kAskEvery;
  ahead = {pieces, end, pieces->begin, asks > 0 ? lines / asks + 1 : 0};
}

// Steps of a chunk; wide layers take longer ones, because the sums of their gradients pass through the cache each time.
RECURRA_INLINE int back_steps(const Shape& shape, int sequences) {
  const int steps = chunk_steps(sequences);
  return shape.inputs + shape.hidden >= kWide ? 2 * steps : steps;
}

// Rows of r * h, which the gradient of a gru_before multiplies.
RECURRA_INLINE size_t reset_floats(const Shape& shape, size_t chunk) {
  return shape.cell == Cell::gru_before ? chunk * shape.state_pitch() : 0;
}

// What a share works in, and the tokens of the chunk so far.
struct WorkspaceBack {
  float *carried, *carried_cell, *errors, *resets, *zeros;
  const float** chunk_errors;  // where each token's errors begin, the first panel's
  float** chunk_values;        // errors of its inputs
  float** chunk_kept;          // where its errors stay, if its input is one of distinct ones
  Ahead::Piece* pieces;
  Tokens tokens;
  StepBack step;
};

// Errors and resets are in the memory that all members share, the rest in each one's own.
RECURRA_INLINE WorkspaceBack workspace_back(const Shape& shape, int sequences, Cutter& cut, float* own) {
  const size_t count = sequences, chunk = count * back_steps(shape, sequences);
  WorkspaceBack work;
  work.carried = cut.take(count * carried_width(shape));
  work.carried_cell = cut.take(count * shape.padded());
  work.errors = cut.take(chunk * shape.width());
  work.resets = cut.take(reset_floats(shape, chunk));
  cut.change(own);
  work.zeros = cut.take(shape.padded());
  work.chunk_errors = cut.take<const float*>(chunk);
  work.chunk_values = cut.take<float*>(chunk);
  work.chunk_kept = cut.take<float*>(chunk);
  work.pieces = cut.take<Ahead::Piece>(count * kPieces + 1);
  work.tokens = {cut.take<const float*>(chunk), cut.take<const float*>(chunk), cut.take<const float*>(chunk), 0};
  work.step = {cut.take<const float*>(count), cut.take<const float*>(count),
               cut.take<const float*>(count), cut.take<const float*>(count),
               cut.take<const float*>(count), cut.take<const float*>(count),
               cut.take<float*>(count),       cut.take<float*>(count),
               cut.take<const float*>(count), work.errors,
               (ptrdiff_t)chunk * kWidth};
  return work;
}

size_t backward_scratch(const Sweep& sweep, int sequences) {
  Cutter cut;
  workspace_back(sweep.shape, sequences, cut, nullptr);
  return cut.used();
}

// The errors of the final states, and sums that are zero.
RECURRA_INLINE void start_back(const Sweep& sweep, const Share& share, const WorkspaceBack& work) {
  const Shape& shape = sweep.shape;
  const size_t wide = carried_width(shape), padded = shape.padded(), tile = tile_floats(shape);
  clear(work.zeros, padded);
  for (int row = 0; row < share.count; ++row) {
    work.step.carried[row] = work.carried + row * wide;
    work.step.carried_cell[row] = work.carried_cell + row * padded;
  }
  in_phase(share, [&](const Share& part) {
    const int begin = part.from(shape.panels()), end = part.to(shape.panels());
    if (share.sums) clear(share.sums + begin * tile, (end - begin) * tile);
    if (!part.first()) return;
    clear(work.carried, share.count * wide);
    clear(work.carried_cell, share.count * padded);
    for (int row = 0; row < share.count; ++row) {
      const int64_t place = share.sequences[row].number * shape.hidden;
      if (sweep.final_hidden_errors) copy(work.step.carried[row], sweep.final_hidden_errors + place, shape.hidden);
      if (sweep.final_cell_errors) copy(work.step.carried_cell[row], sweep.final_cell_errors + place, shape.hidden);
    }
  });
}

// Where a row's data of a step are; its token joins the chunk.
template <Cell C>
RECURRA_INLINE void place_row(const Sweep& sweep, const Sequence& sequence, int64_t time, int row,
                              WorkspaceBack& work) {
  StepBack& step = work.step;
  const int hidden = sweep.shape.hidden;
  const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
  const float* start = state_row(sweep.hidden, sequence.number, hidden);
  const float* start_cell = state_row(sweep.cell, sequence.number, hidden);
  const int at = work.tokens.count++;
  step.output[row] = sweep.outputs + where * sweep.output_stride;
  step.before[row] = time ? sweep.outputs + last * sweep.output_stride : start ? start : work.zeros;
  step.error[row] = sweep.output_errors ? sweep.output_errors + where * sweep.output_error_stride : work.zeros;
  if constexpr (C != Cell::rnn) step.gates[row] = kept_gates(sweep, sequence, where);
  if constexpr (has_inner(C)) {
    step.cell[row] = kept_cells(sweep, sequence, where);
    step.cell_before[row] = time ? kept_cells(sweep, sequence, last) : start_cell ? start_cell : work.zeros;
    work.tokens.inner_before[at] = time || start_cell ? step.cell_before[row] : nullptr;
  }
  if constexpr (C == Cell::gru_before) work.tokens.inner_before[at] = work.resets + at * sweep.shape.state_pitch();
  if (sweep.row)
    work.chunk_kept[at] = kept_gates(sweep, sequence, where);
  else
    work.tokens.values[at] = sweep.values + where * sweep.value_stride;
  work.tokens.before[at] = step.before[row];
  work.chunk_errors[at] = work.errors + (ptrdiff_t)at * kWidth;
  if (sweep.value_errors && !sweep.row) work.chunk_values[at] = sweep.value_errors + where * sweep.value_error_stride;
}

// The errors of a chunk's tokens, where their gates were kept.
RECURRA_INLINE void keep_errors(const Sweep& sweep, const Share& share, const WorkspaceBack& work) {
  for (int panel = share.from(sweep.shape.panels()); panel < share.to(sweep.shape.panels()); ++panel)
    for (int at = 0; at < work.tokens.count; ++at)
      for (int v = 0; v < 4; ++v) {
        const float* from = work.errors + panel * work.step.pitch + at * kWidth + v * kLanes;
        keep(sweep, work.chunk_kept[at] + panel * kWidth + v * kLanes, load(from));
      }
}

// Makes the errors of the inputs and the gradients of the weights of a chunk.
template <Cell C>
RECURRA_INLINE void finish_chunk(const Sweep& sweep, const Share& share, const Reading& read,
                                 const WorkspaceBack& work) {
  const Shape& shape = sweep.shape;
  if (sweep.row)
    keep_errors(sweep, share, work);
  else if (sweep.value_errors)
    back_rows(shape, share, {sweep.weights.input_back, shape.inputs, read, false, false, nullptr}, work.chunk_errors,
              work.chunk_values, work.tokens.count);
  if (share.sums) add_chunk<C>(sweep, share, work.tokens, work.errors, work.step.pitch);
}

// The steps of a sweep from the last to the first; work(time, active, first) takes one, whose tokens are the chunk's
// from `first`.
template <Cell C, class Work>
RECURRA_INLINE void steps_back(const Sweep& sweep, const Share& share, WorkspaceBack& work, Work take) {
  const Shape& shape = sweep.shape;
  const int steps = back_steps(shape, share.count);
  StepBack& step = work.step;
  const Reading read{vectors_of(C) * kLanes, shape.panels(), step.pitch};
  start_back(sweep, share, work);
  int active = 0;
  for (int64_t time = (share.count ? share.sequences[0].length : 0) - 1; time >= 0; --time) {
    active = active_rows(share, time, active);
    const int first = work.tokens.count;
    step.errors = work.errors + (ptrdiff_t)first * kWidth;
    for (int row = 0; row < active; ++row) place_row<C>(sweep, share.sequences[row], time, row, work);
    take(time, active, first);
    if (time % steps) continue;
    in_phase(share,
             [&](const Share& part) __attribute__((always_inline)) { finish_chunk<C>(sweep, part, read, work); });
    work.tokens.count = 0;
  }
  if (sweep.row && sweep.much) settle();  // errors that other threads add up next
  for (int row = 0; share.first() && row < share.count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.hidden_errors) copy(sweep.hidden_errors + number * shape.hidden, step.carried[row], shape.hidden);
    if (sweep.cell_errors) copy(sweep.cell_errors + number * shape.hidden, step.carried_cell[row], shape.hidden);
  }
}

template <Cell C, Activation A>
void backward_share(const Sweep& sweep, const Share& share) {
  const Shape& shape = sweep.shape;
  Cutter cut(share.common);
  WorkspaceBack work = workspace_back(shape, share.count, cut, share.scratch);
  StepBack& step = work.step;
  const Reading read{vectors_of(C) * kLanes, shape.panels(), step.pitch};
  Ahead ahead;
  steps_back<C>(sweep, share, work, [&](int64_t time, int active, int first) __attribute__((always_inline)) {
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      for (int row = 0; row < active; ++row)
        for (int panel = part.from(shape.panels()); panel < part.to(shape.panels()); ++panel)
          errors_of_gates<C, A>(sweep, step, panel, row);
    });
    if (is_parallel(C) || (time == 0 && !sweep.hidden_errors)) return;
    for (int row = 0; row < active; ++row)
      step.from_state[row] = work.chunk_errors[first + row] + (4 - vectors_of(C)) * kLanes;
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      look_ahead<C>(sweep, part, time, active, read.depth * read.parts, ahead, work.pieces);
      back_rows(shape, part, {sweep.weights.recurrent_back, shape.hidden, read, C == Cell::gru, true, &ahead},
                step.from_state, step.carried, active);
    });
  });
}

}  // namespace recurra::RECURRA_ISA
