// One thread's share of a sweep, forward: inputs projected a chunk of steps at a time, then step by step.
// Not here: what a cell computes (kernels/cell/cells.hpp), and the Factors, which say how rows are multiplied in
// float32 (float_rows.hpp), bfloat16 (half_rows.hpp) and int8 (kernels/int8/product_bytes.hpp).
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/sweep/reset_before.hpp"
#include "kernels/sweep/rows.hpp"
#include "kernels/sweep/step.hpp"

namespace recurra::RECURRA_ISA {

// into[row] = values[row] · input weights, and the bias unless it comes last, panel by panel, so that a panel stays in
// the first-level cache.
template <int V, class Factor>
RECURRA_INLINE void project_rows(const Shape& shape, const Packed& packed, const Factor& values, float* const* into,
                                 int rows, int begin, int end) {
  for (int panel = begin; panel < end; ++panel) {
    const float* weights = packed.input + (size_t)panel * shape.depth(shape.inputs) * V * kLanes;
    const float* bias = packed.bias + panel * kWidth;
    constexpr int most = Factor::template kRows<V>;
    in_blocks<most>(rows, [&](int row, int count) __attribute__((always_inline)) {
      Vec sums[most][4];
      for (int r = 0; r < count; ++r)
        for (int v = 0; v < 4; ++v) sums[r][v] = Factor::kWithin ? Vec{} : load(bias + v * kLanes);
      values.template multiply<V>(count, sums[0], row, weights, shape.inputs);
      for (int r = 0; r < count; ++r)
        for (int v = 0; v < 4; ++v) store(into[row + r] + panel * kWidth + v * kLanes, sums[r][v]);
    });
  }
}

// The new states of `rows` rows from `row`, whose sums are done but for a bias that comes last.
template <Cell C, Activation A, class Factor>
RECURRA_INLINE void finish(const Sweep& sweep, const Step<typename Factor::Element>& step, int panel, int row, int rows,
                           const Vec (*sums)[4]) {
  using Math = typename Factor::template Math<C, A>;
  const int hidden = sweep.shape.hidden;
  const float* bias = sweep.weights.bias + panel * kWidth;
  for (int r = 0; r < rows; ++r) {
    Vec gates[4];
    for (int v = 0; v < 4; ++v) gates[v] = Factor::kWithin ? sums[r][v] + load(bias + v * kLanes) : sums[r][v];
    if constexpr (C == Cell::rnn) {
      for (int v = 0; v < 4; ++v) {
        const int unit = panel * kWidth + v * kLanes;
        const Vec result = Rnn<A, Math>::forward(gates[v]);
        store(step.after[row + r] + unit, result);
        if (unit < hidden) store(step.output[row + r] + unit, result, hidden - unit);
      }
    } else if constexpr (C == Cell::mingru) {
      for (int half = 0; half < 2; ++half) {
        const int unit = (panel * 2 + half) * kLanes;
        const Vec result = MinGru<Math>::forward(gates + 2 * half, load(step.before[row + r] + unit));
        store(step.after[row + r] + unit, result);
        if (unit < hidden) store(step.output[row + r] + unit, result, hidden - unit);
      }
    } else {
      const int unit = panel * kLanes;
      Vec result;
      if constexpr (has_inner(C)) {
        Vec cell = load(step.cell[row + r] + unit);
        if constexpr (C == Cell::lstm) {
          result = Lstm<A, Math>::forward(gates, cell);
        } else {
          const float* vectors = sweep.weights.recurrent + panel * 2 * kLanes;
          result = Sru<Math>::forward(gates, cell, load(vectors), load(vectors + kLanes));
        }
        store(step.cell[row + r] + unit, cell);
        if (sweep.cells) keep(sweep, step.kept_cell[row + r] + unit, cell);
      } else {
        result = Gru<A, Math>::forward(gates, load(step.before[row + r] + unit));
      }
      if constexpr (C != Cell::sru) store(step.after[row + r] + unit, result);  // an SRU's steps read the inner one
      store(step.output[row + r] + unit, result, hidden - unit);
    }
    if constexpr (C != Cell::rnn)
      if (sweep.gates)
        for (int v = 0; v < 4; ++v) keep(sweep, step.gates[row + r] + panel * kWidth + v * kLanes, gates[v]);
  }
}

// What a share of a sweep works in.
template <class Factor>
struct Workspace {
  float* slots;                  // projected inputs of a chunk
  float *hidden, *other, *cell;  // states of all rows; two of the hidden one, taken in turn, where a product reads it
  const float** values;          // of a chunk's tokens: inputs
  float** projected;             // … and their products
  Step<typename Factor::Element> step;
  Factor inputs, before;  // of a chunk's tokens, and the states before a step, as they are multiplied
};

// States and products are in the memory that all members share, the rest in each one's own.
template <class Factor>
RECURRA_INLINE Workspace<Factor> workspace(const Shape& shape, int sequences, Cutter& cut, float* own) {
  using Element = typename Factor::Element;
  const size_t count = sequences, state = count * shape.state_pitch();
  const size_t chunk = Factor::kWithin ? count : count * chunk_steps(sequences);
  // An initialiser's clauses are evaluated in their order.
  float* const hidden = cut.take(state);
  float* const other = is_parallel(shape.cell) ? hidden : cut.take(state);
  float* const cell = cut.take(state);
  float* const slots = cut.take(chunk * shape.gate_pitch());
  cut.change(own);
  return {
      slots,
      hidden,
      other,
      cell,
      cut.take<const float*>(chunk),
      cut.take<float*>(chunk),
      {cut.take<const float*>(count), cut.take<const float*>(count), cut.take<float*>(count), cut.take<float*>(count),
       cut.take<Element*>(count), cut.take<float*>(count), cut.take<Element*>(count), sequences, false},
      {cut, chunk, shape.inputs},
      {cut, count, shape.hidden}};
}

template <Cell C, Activation A, class Factor>
RECURRA_INLINE void take_step(const Sweep& sweep, const Share& share, Workspace<Factor>& work) {
  constexpr int V = vectors_of(C), most = Factor::template kRows<V>;
  const Shape& shape = sweep.shape;
  const auto& step = work.step;
  const bool multiplied = !is_parallel(C) && !step.first, within = Factor::kWithin && !sweep.projected;
  if (within) work.inputs.take(work.values, step.active, shape.inputs);
  if (multiplied) work.before.take(step.before, step.active, shape.hidden);
  for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel) {
    const float* weights = sweep.weights.recurrent + (size_t)panel * shape.depth(shape.hidden) * V * kLanes;
    const float* input = sweep.weights.input + (size_t)panel * shape.depth(shape.inputs) * V * kLanes;
    in_blocks<most>(step.active, [&](int row, int rows) __attribute__((always_inline)) {
      Vec sums[most][4];
      if constexpr (Factor::kWithin)
        if (within)
          work.inputs.template with<V>(rows, sums[0], row, input, shape.inputs, multiplied ? &work.before : nullptr,
                                       weights, shape.hidden);
      if (!within) {
        for (int r = 0; r < rows; ++r)
          for (int v = 0; v < 4; ++v) sums[r][v] = load(step.source[row + r] + panel * kWidth + v * kLanes);
        if (multiplied) work.before.template multiply<V>(rows, &sums[0][4 - V], row, weights, shape.hidden);
      }
      finish<C, A, Factor>(sweep, step, panel, row, rows, sums);
    });
  }
}

template <class Factor>
size_t forward_scratch(const Sweep& sweep, int sequences) {
  Cutter cut;
  workspace<Factor>(sweep.shape, sequences, cut, nullptr);
  return cut.used();
}

// The states that a sweep starts from, in the engine's own rows; units that are not there are zero.
template <class Factor>
RECURRA_INLINE void start(const Sweep& sweep, const Share& share, const Workspace<Factor>& work) {
  const size_t pitch = sweep.shape.state_pitch();
  for (int row = 0; row < share.count; ++row) work.step.cell[row] = work.cell + row * pitch;
  in_phase(share, [&](const Share& part) {
    if (!part.first()) return;
    clear(work.hidden, work.cell + share.count * pitch - work.hidden);
    for (int row = 0; row < share.count; ++row) {
      const int64_t number = share.sequences[row].number;
      if (sweep.hidden)
        copy(work.hidden + row * pitch, state_row(sweep.hidden, number, sweep.shape.hidden), sweep.shape.hidden);
      if (sweep.cell)
        copy(work.cell + row * pitch, state_row(sweep.cell, number, sweep.shape.hidden), sweep.shape.hidden);
    }
  });
}

// A token's input, which may be one of distinct ones.
RECURRA_INLINE const float* value_row(const Sweep& sweep, int64_t token) {
  return sweep.values + (sweep.row ? sweep.row[token] : token) * sweep.value_stride;
}

// The products of a token's input, which is one of distinct ones.
RECURRA_INLINE const float* distinct_row(const Sweep& sweep, int64_t token) {
  return sweep.projected + (ptrdiff_t)sweep.row[token] * sweep.shape.gate_pitch();
}

// Projects the inputs of a chunk of steps; starts[i] is where those of step i begin.
template <Cell C, class Factor>
RECURRA_INLINE void project_chunk(const Sweep& sweep, const Share& share, Workspace<Factor>& work, int64_t time,
                                  int active, int* starts) {
  int tokens = 0;
  for (int ahead = 0; ahead < chunk_steps(share.count); ++ahead) {
    active = active_rows(share, time + ahead, active);
    starts[ahead] = tokens;
    for (int row = 0; row < active; ++row, ++tokens) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time + ahead);
      work.values[tokens] = value_row(sweep, where);
      work.projected[tokens] = work.slots + (size_t)tokens * sweep.shape.gate_pitch();
    }
  }
  in_step<C>(share, [&](const Share& part) __attribute__((always_inline)) {
    const Own own = own_panels(sweep.shape, part);
    work.inputs.take(work.values, tokens, sweep.shape.inputs);
    project_rows<vectors_of(C)>(sweep.shape, sweep.weights, work.inputs, work.projected, tokens, own.begin, own.end);
  });
}

// The states that sequences end in: their last outputs, or what they started from where they have none.
RECURRA_INLINE void finals(const Sweep& sweep, const Share& share, const float* cells) {
  const int hidden = sweep.shape.hidden;
  for (int row = 0; share.first() && row < share.count; ++row) {
    const Sequence& sequence = share.sequences[row];
    const float* state = sequence.length > 0
                             ? sweep.outputs + token(sweep, sequence, sequence.length - 1) * sweep.output_stride
                             : state_row(sweep.hidden, sequence.number, hidden);
    if (sweep.final_hidden) copy(sweep.final_hidden + sequence.number * hidden, state, hidden);
    if (sweep.final_cell)
      copy(sweep.final_cell + sequence.number * hidden, cells + row * sweep.shape.state_pitch(), hidden);
  }
}

template <Cell C, Activation A, class Factor>
RECURRA_INLINE void take_steps(const Sweep& sweep, const Share& share, Workspace<Factor>& work) {
  using Element = typename Factor::Element;
  const int steps = chunk_steps(share.count);
  const size_t pitch = sweep.shape.state_pitch(), kept = sweep.shape.width() * sizeof(Element);
  Step<Element>& step = work.step;
  int starts[kChunkSteps];
  int active = share.count;
  for (int64_t time = 0; (active = active_rows(share, time, active)) > 0; ++time) {
    const int place = (int)(time % steps);
    if (!sweep.projected && !Factor::kWithin && place == 0) project_chunk<C>(sweep, share, work, time, active, starts);
    for (int row = 0; row < active; ++row) {
      const Sequence& sequence = share.sequences[row];
      const int64_t where = token(sweep, sequence, time);
      if (sweep.projected)
        step.source[row] = distinct_row(sweep, where);
      else if (Factor::kWithin)
        work.values[row] = value_row(sweep, where);
      else
        step.source[row] = work.projected[starts[place] + row];
      step.before[row] = (time % 2 ? work.other : work.hidden) + row * pitch;
      step.after[row] = (time % 2 ? work.hidden : work.other) + row * pitch;
      step.output[row] = sweep.outputs + where * sweep.output_stride;
      if (sweep.gates) step.gates[row] = kept_gates<Element>(sweep, sequence, where);
      if (sweep.cells) step.kept_cell[row] = kept_cells<Element>(sweep, sequence, where);
      if constexpr (Factor::kWithin) {  // what the next step writes: rows of one step lie far apart
        if (sweep.gates) fetch<true>(step.gates[row] + sweep.step * sweep.shape.gate_pitch(), kept);
      } else if (!sweep.projected && time + steps < sequence.length) {
        // The next chunk's inputs, a step of them at a time.
        fetch(sweep.values + (where + steps * sweep.step) * sweep.value_stride, sweep.shape.inputs * sizeof(float));
      }
    }
    step.active = active;
    step.first = time == 0 && !sweep.hidden;
    if constexpr (C == Cell::gru_before)
      take_step_before<A>(sweep, share, step, work.before);
    else
      in_step<C>(share, [&](const Share& part) __attribute__((always_inline)) { take_step<C, A>(sweep, part, work); });
  }
}

template <Cell C, Activation A, class Factor>
void forward_share(const Sweep& sweep, const Share& share) {
  Cutter cut(share.common);
  Workspace work = workspace<Factor>(sweep.shape, share.count, cut, share.scratch);
  start(sweep, share, work);
  const typename Factor::Unit unit(share.count);
  const auto take = [&](const Share& part) __attribute__((always_inline)) { take_steps<C, A>(sweep, part, work); };
  if constexpr (is_parallel(C))
    in_phase(share, take);
  else
    take(share);
  if (sweep.much) settle();
  finals(sweep, share, work.cell);
}

template <class Factor>
size_t project_scratch(const Shape& shape) {
  Cutter cut;
  Factor(cut, kDistinctRows, shape.inputs);
  return cut.used();
}

template <class Factor>
void project(const Shape& shape, const Packed& packed, const float* values, ptrdiff_t stride, int rows,
             float* projected, float* scratch) {
  const float* from[kDistinctRows];
  float* into[kDistinctRows];
  for (int row = 0; row < rows; ++row) {
    from[row] = values + row * stride;
    into[row] = projected + (ptrdiff_t)row * shape.gate_pitch();
  }
  Cutter cut(scratch);
  Factor factor(cut, kDistinctRows, shape.inputs);
  factor.take(from, rows, shape.inputs);
  const typename Factor::Unit unit(rows);
  if (shape.vectors() == 3)
    project_rows<3>(shape, packed, factor, into, rows, 0, shape.panels());
  else
    project_rows<4>(shape, packed, factor, into, rows, 0, shape.panels());
}

}  // namespace recurra::RECURRA_ISA
