// Backward over distinct inputs: the errors of all tokens that share an input are added up before they are multiplied.
// Not here: which tokens those are (engine/shared_inputs.cpp), and the sweep, which leaves each token's errors where
// its gates were kept.
#pragma once

#include "kernels/sweep/backward.hpp"
#include "kernels/sweep/float_rows.hpp"

namespace recurra::RECURRA_ISA {

// The errors of one distinct input: those of its tokens, in their order. Rows of a panel lie side by side.
void sum_errors(const Sweep& sweep, const int64_t* kept_rows, int64_t count, float* into, ptrdiff_t pitch) {
  const Shape& shape = sweep.shape;
  const float* kept = static_cast<const float*>(sweep.gates);
  for (int panel = 0; panel < shape.panels(); ++panel) {
    Vec sums[4] = {};
    for (int64_t i = 0; i < count; ++i)
      for (int v = 0; v < 4; ++v)
        sums[v] += load(kept + kept_rows[i] * shape.gate_pitch() + panel * kWidth + v * kLanes);
    for (int v = 0; v < 4; ++v) store(into + panel * pitch + v * kLanes, sums[v]);
  }
}

// Rows of errors, 96 at a time: from those of distinct inputs to those of their values.
void distinct_values(const Sweep& sweep, const float* errors, ptrdiff_t pitch, int64_t first, int count) {
  float* into[kDistinctRows];
  const Shape& shape = sweep.shape;
  for (int row = 0; row < count; ++row) into[row] = sweep.value_errors + (first + row) * sweep.value_error_stride;
  back_rows(shape, Share{nullptr, 0, nullptr, nullptr, 0, 1, nullptr, nullptr},
            {sweep.weights.input_back, shape.inputs, false, false}, FloatErrors(shape, errors + first * kWidth, pitch),
            into, count);
}

// Adds a panel's products of all distinct inputs and their errors to its sums.
void distinct_gradient(const Sweep& sweep, int panel, const float* errors, ptrdiff_t pitch, int64_t rows, float* sums) {
  const Shape& shape = sweep.shape;
  const float* values[kBlockTokens];
  float* tile = sums + panel * tile_floats(shape);
  for (int64_t first = 0; first < rows; first += kBlockTokens) {
    const int count = (int)(rows - first < kBlockTokens ? rows - first : kBlockTokens);
    for (int row = 0; row < count; ++row) values[row] = sweep.values + (first + row) * sweep.value_stride;
    const float* block = errors + panel * pitch + first * kWidth;
    if (shape.vectors() == 3)
      add_products<3>(tile, shape.inputs, values, block, count);
    else
      add_products<4>(tile, shape.inputs, values, block, count);
  }
}

}  // namespace recurra::RECURRA_ISA
