// Inputs that several tokens have, as words come again and again: each is multiplied once, forward and backward.
// Not here: the sweeps (layer.cpp).
#pragma once

#include "engine/layer.hpp"

namespace recurra {

// Products of `rows` inputs with the input weights of a layer; `into` has a row of the gates' pitch for each.
struct Projection {
  const Layer* layer;
  const float* values;
  ptrdiff_t stride;
  float* into;
};
void project(const std::vector<Projection>& projections, int64_t rows, int threads);

// The products of distinct inputs, for all directions.
void project_distinct(std::vector<Direction>& directions, int64_t distinct, int threads);

// The errors of the inputs, and what they add to the gradients of the input weights, from what the sweeps left.
void back_distinct(std::vector<Direction>& directions, const Places& places, int64_t distinct, int threads);

}  // namespace recurra
