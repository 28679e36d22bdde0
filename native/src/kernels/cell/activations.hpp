// Activations by name: on a vector, their slopes, and over an array.
// Not here: how they are computed (kernels/simd/smooth.hpp).
#pragma once

#include "kernels/shapes.hpp"
#include "kernels/simd/smooth.hpp"

namespace recurra::RECURRA_ISA {

template <Activation A, class Math>
RECURRA_INLINE Vec activate(Vec value) {
  if constexpr (A == Activation::tanh) return Math::hyperbolic(value);
  if constexpr (A == Activation::relu) return rectified(value);
  return Math::sigmoid(value);
}

// The slope of an activation, told from its result.
template <Activation A>
RECURRA_INLINE Vec slope(Vec result) {
  if constexpr (A == Activation::tanh) return 1.0f - result * result;
  if constexpr (A == Activation::relu) return result > 0.0f ? splat(1.0f) : Vec{};
  return result - result * result;
}

template <Activation A, class Math>
void activate_each(const float* from, float* into, int64_t count) {
  for (int64_t at = 0; at < count; at += kLanes) {
    const int lanes = count - at < kLanes ? (int)(count - at) : kLanes;
    store(into + at, activate<A, Math>(load(from + at, lanes)), lanes);
  }
}

// An activation as the sweeps compute it, for whoever measures it.
template <class Math>
void activate_all(Activation activation, const float* from, float* into, int64_t count) {
  switch (activation) {
    case Activation::tanh: return activate_each<Activation::tanh, Math>(from, into, count);
    case Activation::relu: return activate_each<Activation::relu, Math>(from, into, count);
    default: return activate_each<Activation::sigmoid, Math>(from, into, count);
  }
}

}  // namespace recurra::RECURRA_ISA
