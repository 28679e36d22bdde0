// Pooling on all threads: whole sequences to a thread; the scorer's gradients over a fixed partition of the sequences.
// Not here: arithmetic (kernels/pooling/pooling.hpp, kernels/pooling/attention.hpp) and Python (python/pools.cpp),
// which checks everything before it calls.
#pragma once

#include "engine/layer.hpp"
#include "kernels/pooling_shapes.hpp"

namespace recurra {

// Sequences must lie one after another (a step of 1).
void pool_forward(Pooling pooling, const Places& places, int threads);

// The scorer's gradients in torch's layout; null without attention.
struct ScorerGradients {
  float *weight, *bias, *query;
};

// `pooling` has what pool_forward() left; the errors of the values go to `values` (tokens, columns), which holds zeros
// for tokens of no sequence.
void pool_backward(Pooling pooling, const Places& places, const float* errors, float* values,
                   const ScorerGradients& gradients, int threads);

}  // namespace recurra
