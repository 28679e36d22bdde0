// One thread's share of a sweep, backward: from the errors of the outputs to those of gates, states, inputs and
// weights. Not here: the products of the weights' gradients (gradient.hpp), and what a Factor makes of rows and errors
// (float_rows.hpp, half_rows.hpp). The errors of the gates live for a chunk of steps only: all that is made of them is
// made while they are in the second-level cache.
#pragma once

#include "kernels/sweep/ahead.hpp"
#include "kernels/sweep/errors.hpp"
#include "kernels/sweep/gradient.hpp"
#include "kernels/sweep/pack.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// What takes errors of gates back: into[row] (+)= gate errors[row] · weights, block by block of plain columns.
struct Back {
  const float* weights;
  int size;     // columns that are there
  bool add;     // onto what is in `into`
  bool padded;  // rows of `into` have room for whole blocks
};

template <int V, class Errors>
RECURRA_INLINE void back_block(const Back& back, int block, const Errors& errors, float* const* into, int rows) {
  const float* weights = back.weights + (size_t)block * errors.terms() * kWidth;
  constexpr int most = Errors::template kRows<V>;
  in_blocks<most>(rows, [&](int row, int count) __attribute__((always_inline)) {
    Vec sums[most][4];
    for (int r = 0; back.add && r < count; ++r)
      for (int v = 0; v < V; ++v) sums[r][v] = load(into[row + r] + block * kWidth + v * kLanes);
    errors.template multiply<V>(count, sums[0], row, weights, back.add);
    for (int r = 0; r < count; ++r)
      for (int v = 0; v < V; ++v) {
        const int column = block * kWidth + v * kLanes;
        store(into[row + r] + column, sums[r][v], back.padded ? kLanes : back.size - column);
      }
  });
}

template <class Errors>
RECURRA_INLINE void back_rows(const Shape& shape, const Share& share, const Back& back, const Errors& errors,
                              float* const* into, int rows) {
  const int blocks = shape.columns(back.size);
  for (int block = share.from(blocks); block < share.to(blocks); ++block) switch (block_vectors(back.size, block)) {
      case 1: back_block<1>(back, block, errors, into, rows); break;
      case 2: back_block<2>(back, block, errors, into, rows); break;
      case 3: back_block<3>(back, block, errors, into, rows); break;
      default: back_block<4>(back, block, errors, into, rows);
    }
}

RECURRA_INLINE size_t carried_width(const Shape& shape) {
  const size_t blocks = (size_t)shape.columns(shape.hidden) * kWidth;
  return (blocks > (size_t)shape.padded() ? blocks : shape.padded()) + kLanes;
}

// Steps of a chunk: longer ones in bfloat16, whose tokens are transposed in blocks, and in wide layers, because the
// sums of their gradients pass through the cache each time.
RECURRA_INLINE int back_steps(const Shape& shape, int sequences) {
  const int steps = chunk_steps(sequences);
  return shape.half() || shape.inputs + shape.hidden >= kWide ? 2 * steps : steps;
}

// Rows of r * h, which the gradient of a gru_before multiplies.
RECURRA_INLINE size_t reset_floats(const Shape& shape, size_t chunk) {
  return shape.cell == Cell::gru_before ? chunk * shape.state_pitch() : 0;
}

// What a share works in, and the tokens of the chunk so far.
template <class Factor>
struct WorkspaceBack {
  using Element = typename Factor::Element;

  float *carried, *carried_cell;
  Element *start_cell, *errors, *resets;
  float* zeros;
  float** chunk_values;  // errors of each token's inputs
  Element** chunk_kept;  // where its errors stay, if its input is one of distinct ones
  Ahead::Piece* pieces;
  Tokens<Element> tokens;
  StepBack<Element> step;
  typename Factor::Outer outer;
};

// States, errors and resets are in the memory that all members share, the rest in each one's own.
template <class Factor>
RECURRA_INLINE WorkspaceBack<Factor> workspace_back(const Shape& shape, int sequences, Cutter& cut, float* own) {
  using Element = typename Factor::Element;
  const size_t count = sequences, chunk = count * back_steps(shape, sequences);
  // An initialiser's clauses are evaluated in their order.
  float *const carried = cut.take(count * carried_width(shape)), *const inner = cut.take(count * shape.padded());
  Element* const start = cut.take<Element>(count * shape.padded());
  Element* const errors = cut.take<Element>(Factor::Errors::room(shape, chunk));
  Element* const resets = cut.take<Element>(reset_floats(shape, chunk));
  cut.change(own);
  return {carried,
          inner,
          start,
          errors,
          resets,
          cut.take(shape.padded()),
          cut.take<float*>(chunk),
          cut.take<Element*>(chunk),
          cut.take<Ahead::Piece>(count * kPieces + 1),
          {cut.take<const float*>(chunk), cut.take<const float*>(chunk), cut.take<const Element*>(chunk), 0},
          {cut.take<const float*>(count), cut.take<const float*>(count), cut.take<const float*>(count),
           cut.take<const Element*>(count), cut.take<const Element*>(count), cut.take<const Element*>(count),
           cut.take<float*>(count), cut.take<float*>(count), errors, Factor::Errors::pitch(shape),
           Factor::Errors::panel_pitch(chunk)},
          {shape, cut}};
}

template <class Factor>
size_t backward_scratch(const Sweep& sweep, int sequences) {
  Cutter cut;
  workspace_back<Factor>(sweep.shape, sequences, cut, nullptr);
  return cut.used();
}

// The inner states that a sweep started from, as those of later steps were kept.
template <class Element>
RECURRA_INLINE void copy_start(const Sweep& sweep, const Sequence& sequence, Element* to) {
  const float* const from = state_row(sweep.cell, sequence.number, sweep.shape.hidden);
  for (int unit = 0; unit < sweep.shape.padded(); unit += kLanes)
    store(to + unit, from ? load(from + unit, sweep.shape.hidden - unit) : Vec{});
}

// The errors of the final states, and sums that are zero.
template <class Factor>
RECURRA_INLINE void start_back(const Sweep& sweep, const Share& share, const WorkspaceBack<Factor>& work) {
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
      if (has_inner(shape.cell)) copy_start(sweep, share.sequences[row], work.start_cell + row * padded);
    }
  });
}

// Where a row's data of a step are; its token joins the chunk.
template <Cell C, class Factor>
RECURRA_INLINE void place_row(const Sweep& sweep, const Sequence& sequence, int64_t time, int row,
                              WorkspaceBack<Factor>& work) {
  using Element = typename Factor::Element;
  auto& step = work.step;
  const int hidden = sweep.shape.hidden;
  const int64_t where = token(sweep, sequence, time), last = where - sweep.step;
  const float* start = state_row(sweep.hidden, sequence.number, hidden);
  const int at = work.tokens.count++;
  step.output[row] = sweep.outputs + where * sweep.output_stride;
  step.before[row] = time ? sweep.outputs + last * sweep.output_stride : start ? start : work.zeros;
  step.error[row] = sweep.output_errors ? sweep.output_errors + where * sweep.output_error_stride : work.zeros;
  if constexpr (C != Cell::rnn) step.gates[row] = kept_gates<Element>(sweep, sequence, where);
  if constexpr (has_inner(C)) {
    step.cell[row] = kept_cells<Element>(sweep, sequence, where);
    step.cell_before[row] =
        time ? kept_cells<Element>(sweep, sequence, last) : work.start_cell + row * (size_t)sweep.shape.padded();
    work.tokens.inner_before[at] = step.cell_before[row];
  }
  if constexpr (C == Cell::gru_before) work.tokens.inner_before[at] = work.resets + at * sweep.shape.state_pitch();
  if (sweep.row)
    work.chunk_kept[at] = kept_gates<Element>(sweep, sequence, where);
  else
    work.tokens.values[at] = sweep.values + where * sweep.value_stride;
  work.tokens.before[at] = step.before[row];
  if (sweep.value_errors && !sweep.row) work.chunk_values[at] = sweep.value_errors + where * sweep.value_error_stride;
}

// The errors of a chunk's tokens, where their gates were kept.
template <class Factor>
RECURRA_INLINE void keep_errors(const Sweep& sweep, const Share& share, const WorkspaceBack<Factor>& work) {
  for (int panel = share.from(sweep.shape.panels()); panel < share.to(sweep.shape.panels()); ++panel)
    for (int at = 0; at < work.tokens.count; ++at)
      for (int v = 0; v < 4; ++v) {
        const auto* from = work.errors + panel * work.step.panel + at * work.step.row + v * kLanes;
        keep(sweep, work.chunk_kept[at] + panel * kWidth + v * kLanes, load(from));
      }
}

// Makes the errors of the inputs and the gradients of the weights of a chunk.
template <Cell C, class Factor>
RECURRA_INLINE void finish_chunk(const Sweep& sweep, const Share& share, WorkspaceBack<Factor>& work) {
  const Shape& shape = sweep.shape;
  if (sweep.row)
    keep_errors(sweep, share, work);
  else if (sweep.value_errors)
    back_rows(shape, share, {sweep.weights.input_back, shape.inputs, false, false},
              typename Factor::Errors(shape, work.errors, work.step.panel), work.chunk_values, work.tokens.count);
  if (share.sums) add_chunk<C>(sweep, share, work.tokens, work.errors, work.step, work.outer);
}

// The steps of a sweep from the last to the first; work(time, active, first) takes one, whose tokens are the chunk's
// from `first`.
template <Cell C, class Factor, class Work>
RECURRA_INLINE void steps_back(const Sweep& sweep, const Share& share, WorkspaceBack<Factor>& work, Work take) {
  const Shape& shape = sweep.shape;
  const int steps = back_steps(shape, share.count);
  auto& step = work.step;
  typename Factor::Unit unit(share.count);
  start_back(sweep, share, work);
  int active = 0;
  for (int64_t time = (share.count ? share.sequences[0].length : 0) - 1; time >= 0; --time) {
    active = active_rows(share, time, active);
    const int first = work.tokens.count;
    step.errors = work.errors + first * step.row;
    for (int row = 0; row < active; ++row) place_row<C>(sweep, share.sequences[row], time, row, work);
    take(time, active, first);
    if (time % steps) continue;
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      unit.take_whole();
      finish_chunk<C>(sweep, part, work);
      unit.take(share.count);
    });
    work.tokens.count = 0;
  }
  if (sweep.row && sweep.much) settle();  // errors that other threads add up next
  for (int row = 0; share.first() && row < share.count; ++row) {
    const int64_t number = share.sequences[row].number;
    if (sweep.hidden_errors) copy(sweep.hidden_errors + number * shape.hidden, step.carried[row], shape.hidden);
    if (sweep.cell_errors) copy(sweep.cell_errors + number * shape.hidden, step.carried_cell[row], shape.hidden);
  }
}

template <Cell C, Activation A, class Factor>
void backward_share(const Sweep& sweep, const Share& share) {
  using Element = typename Factor::Element;
  using Errors = typename Factor::Errors;
  const Shape& shape = sweep.shape;
  Cutter cut(share.common);
  WorkspaceBack work = workspace_back<Factor>(shape, share.count, cut, share.scratch);
  auto& step = work.step;
  Ahead ahead;
  steps_back<C>(sweep, share, work, [&](int64_t time, int active, int) __attribute__((always_inline)) {
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      for (int row = 0; row < active; ++row) {
        for (int panel = part.from(shape.panels()); panel < part.to(shape.panels()); ++panel)
          errors_of_gates<C, A, typename Factor::template Math<C, A>>(sweep, step, panel, row);
        if (!Errors::kAsks && time > 0) fetch_pieces<C, Element>(sweep, share.sequences[row], time - 1);
      }
    });
    if (is_parallel(C) || (time == 0 && !sweep.hidden_errors)) return;
    in_phase(share, [&](const Share& part) __attribute__((always_inline)) {
      Errors errors(shape, step.errors, step.panel, 4 - vectors_of(C));
      if constexpr (Errors::kAsks) {
        look_ahead<C>(sweep, part, time, active, errors.terms(), ahead, work.pieces);
        errors.ahead = &ahead;
      }
      back_rows(shape, part, {sweep.weights.recurrent_back, shape.hidden, C == Cell::gru, true}, errors, step.carried,
                active);
    });
  });
}

}  // namespace recurra::RECURRA_ISA
