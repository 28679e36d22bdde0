// The gradients of the weights from the gates' errors: outer products summed over the tokens of a group of sequences.
// Not here: those products (float_rows.hpp, half_rows.hpp), and the sweep (backward.hpp), which hands over the errors
// of a chunk of steps while they are still in the cache. Which sequences make a group depends on the batch and the
// layer alone: each sum has one order, whatever the number of threads.
#pragma once

#include "kernels/sweep/errors.hpp"
#include "kernels/sweep/pack.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// From a panel's tile, whose rows are `pitch` apart, into torch's layout.
RECURRA_NOINLINE inline void unpack(const Shape& shape, const Which& which, int panel, const float* tile,
                                    ptrdiff_t pitch, int size, float* to) {
  for (int place = 0; place < which.count; ++place) {
    const int vector = which.first + place, lanes = unit_lanes(shape, panel, vector);
    const int row = gate_row(shape, which.recurrent, panel, vector);
    for (int first = 0; first < size; first += kLanes) {
      Words square[kLanes];
      for (int k = 0; k < kLanes; ++k)
        square[k] = first + k < size ? (Words)load(tile + (first + k) * pitch + place * kLanes) : Words{};
      transpose(square);
      for (int lane = 0; lane < lanes; ++lane)
        store(to + (size_t)(row + lane) * size + first, (Vec)square[lane], size - first);
    }
  }
}

// Rows of a panel's sums that so many features take: whole tiles in bfloat16.
RECURRA_INLINE size_t feature_rows(const Shape& shape, int size) { return shape.half() ? (size + 15) / 16 * 16 : size; }

// … and the recurrent weights; a parallel cell has at most two vectors of them.
RECURRA_INLINE size_t recurrent_sums(const Shape& shape) {
  return is_parallel(shape.cell) ? 1 : feature_rows(shape, shape.hidden);
}

// Where those of a gru_before's n begin among them.
RECURRA_INLINE size_t fresh_sums(const Shape& shape) { return (size_t)shape.hidden * 2 * kLanes; }

// A panel's sums: of the input weights, the recurrent ones, the biases.
RECURRA_INLINE size_t tile_floats(const Shape& shape) {
  return (feature_rows(shape, shape.inputs) + recurrent_sums(shape) + 1) * (size_t)kWidth;
}

inline size_t sums_floats(const Shape& shape) { return shape.panels() * tile_floats(shape); }

// An SRU's two vectors: the errors of their gates times the inner state before.
template <class Element>
RECURRA_INLINE void add_vectors(float* to, const Tokens<Element>& tokens, int unit, const Element* errors,
                                ptrdiff_t pitch) {
  Vec sums[2] = {load(to), load(to + kLanes)};
  for (int j = 0; j < tokens.count; ++j)
    for (int v = 0; v < 2; ++v)
      sums[v] += load(errors + j * pitch + (1 + v) * kLanes) * load(tokens.inner_before[j] + unit);
  for (int v = 0; v < 2; ++v) store(to + v * kLanes, sums[v]);
}

// Adds the products of a panel's errors, four vectors a token, which are `pitch` apart. Distinct inputs have their turn
// later.
template <Cell C, class Outer, class Element>
RECURRA_INLINE void add_block(const Sweep& sweep, const Tokens<Element>& tokens, int panel, const Element* errors,
                              ptrdiff_t pitch, Outer& outer, float* tile) {
  constexpr int V = vectors_of(C);
  const Shape& shape = sweep.shape;
  float* recurrent = tile + feature_rows(shape, shape.inputs) * kWidth;
  outer.take_errors(errors, pitch, tokens.count, recurrent + recurrent_sums(shape) * kWidth);
  if (!sweep.row) outer.template add<0, V>(tile, shape.inputs, outer.values);
  if constexpr (C == Cell::sru) add_vectors(recurrent, tokens, panel * kLanes, errors, pitch);
  if constexpr (C == Cell::gru_before) {
    outer.template add<1, 2>(recurrent, shape.hidden, outer.before);
    outer.template add<0, 1>(recurrent + fresh_sums(shape), shape.hidden, tokens.inner_before);
  } else if constexpr (!is_parallel(C)) {
    outer.template add<4 - V, V>(recurrent, shape.hidden, outer.before);
  }
}

// The same for all of a chunk's tokens and this member's panels; where their errors lie, a step tells.
template <Cell C, class Outer, class Element>
RECURRA_INLINE void add_chunk(const Sweep& sweep, const Share& share, const Tokens<Element>& tokens,
                              const Element* errors, const StepBack<Element>& step, Outer& outer) {
  const Shape& shape = sweep.shape;
  for (int first = 0; first < tokens.count; first += Outer::kTokens) {
    const Tokens<Element> block = tokens.from(first, Outer::kTokens);
    outer.take(sweep, block);
    for (int panel = share.from(shape.panels()); panel < share.to(shape.panels()); ++panel)
      add_block<C>(sweep, block, panel, errors + panel * step.panel + first * step.row, step.row, outer,
                   share.sums + panel * tile_floats(shape));
  }
}

// Sums of one panel.
struct PanelSums {
  const float *input, *recurrent, *bias;
  ptrdiff_t pitch;
};

template <Cell C>
RECURRA_INLINE void finish_panel(const Shape& shape, int panel, const PanelSums& sums, const Gradients& to) {
  const Which input = all_vectors(shape, false), recurrent = all_vectors(shape, true);
  unpack(shape, input, panel, sums.input, sums.pitch, shape.inputs, to.input);
  unpack(shape, input, panel, sums.bias, kWidth, 1, to.input_bias);
  if constexpr (C == Cell::sru)
    for (int v = 0; v < 2; ++v)
      for (int lane = 0; lane < unit_lanes(shape, panel, 0); ++lane)
        to.recurrent[(size_t)v * shape.hidden + panel * kLanes + lane] = sums.recurrent[v * kLanes + lane];
  if constexpr (is_parallel(C)) return;
  if constexpr (C == Cell::gru_before) {
    unpack(shape, kGates, panel, sums.recurrent, 2 * kLanes, shape.hidden, to.recurrent);
    unpack(shape, kFresh, panel, sums.recurrent + fresh_sums(shape), kLanes, shape.hidden, to.recurrent);
    unpack(shape, input, panel, sums.bias, kWidth, 1, to.recurrent_bias);
  } else {
    unpack(shape, recurrent, panel, sums.recurrent, sums.pitch, shape.hidden, to.recurrent);
    unpack(shape, recurrent, panel, sums.bias + (4 - vectors_of(C)) * kLanes, kWidth, 1, to.recurrent_bias);
  }
}

// Calls work.operator()<cell>() for what the shape says.
template <class Work>
void for_cell_alone(const Shape& shape, Work work) {
  switch (shape.cell) {
    case Cell::rnn: work.template operator()<Cell::rnn>(); break;
    case Cell::gru: work.template operator()<Cell::gru>(); break;
    case Cell::gru_before: work.template operator()<Cell::gru_before>(); break;
    case Cell::lstm: work.template operator()<Cell::lstm>(); break;
    case Cell::mingru: work.template operator()<Cell::mingru>(); break;
    default: work.template operator()<Cell::sru>();
  }
}

// Adds up the groups' sums of a panel, in their order, on the first group's.
RECURRA_INLINE float* add_groups(float* const* groups, int count, size_t first, size_t floats) {
  float* tile = groups[0] + first;
  for (int group = 1; group < count; ++group)
    for (size_t at = 0; at < floats; at += kLanes) store(tile + at, load(tile + at) + load(groups[group] + first + at));
  return tile;
}

// Adds up a panel's sums and writes them as torch has them. In bfloat16 a row of them has all four vectors.
inline void finish_gradient(const Shape& shape, int panel, float* const* groups, int count, const Gradients& to) {
  float* tile = add_groups(groups, count, panel * tile_floats(shape), tile_floats(shape));
  const float* recurrent = tile + feature_rows(shape, shape.inputs) * kWidth;
  const float* bias = recurrent + recurrent_sums(shape) * kWidth;
  for_cell_alone(shape, [&]<Cell C>() {
    constexpr int V = vectors_of(C);
    const float* first = recurrent + (shape.half() ? (4 - V) * kLanes : 0);
    finish_panel<C>(shape, panel, {tile, first, bias, shape.half() ? kWidth : V * kLanes}, to);
  });
}

}  // namespace recurra::RECURRA_ISA
