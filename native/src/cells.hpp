// The pointwise part of each cell on one vector of units: from sums to activated gates and the new state, and back.
// Not here: products and loops. Paper and equations of each cell: src/recurra/cells.py, which these must equal.
#pragma once

#include "shapes.hpp"
#include "smooth.hpp"

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

// h = a(sum)
template <Activation A, class Math>
struct Rnn {
  static RECURRA_INLINE Vec forward(Vec sum) { return activate<A, Math>(sum); }
  static RECURRA_INLINE Vec backward(Vec hidden, Vec error) { return error * slope<A>(hidden); }
};

// Gates i, f, g, o in place; returns h and moves c.
template <Activation A, class Math>
struct Lstm {
  static RECURRA_INLINE Vec forward(Vec gates[4], Vec& cell) {
    gates[0] = Math::sigmoid(gates[0]);
    gates[1] = Math::sigmoid(gates[1]);
    gates[2] = activate<A, Math>(gates[2]);
    gates[3] = Math::sigmoid(gates[3]);
    cell = gates[1] * cell + gates[0] * gates[2];
    return gates[3] * activate<A, Math>(cell);
  }
  // Gates become errors; `carried` is dc from the step after and becomes dc for the step before.
  static RECURRA_INLINE void backward(Vec gates[4], Vec cell, Vec before, Vec error, Vec& carried) {
    const Vec i = gates[0], f = gates[1], g = gates[2], o = gates[3];
    const Vec shown = activate<A, Math>(cell);
    const Vec inner = carried + error * o * slope<A>(shown);
    gates[0] = inner * g * (i - i * i);
    gates[1] = inner * before * (f - f * f);
    gates[2] = inner * i * slope<A>(g);
    gates[3] = error * shown * (o - o * o);
    carried = inner * f;
  }
};

// Sums n from the input, r, z, n from the state; kept as n, r, z, n from the state.
template <Activation A, class Math>
struct Gru {
  static RECURRA_INLINE Vec forward(Vec gates[4], Vec before) {
    gates[1] = Math::sigmoid(gates[1]);
    gates[2] = Math::sigmoid(gates[2]);
    gates[0] = activate<A, Math>(gates[0] + gates[1] * gates[3]);
    return gates[0] + gates[2] * (before - gates[0]);
  }
  // Gates become errors; returns the part of the error that goes straight to the state before.
  static RECURRA_INLINE Vec backward(Vec gates[4], Vec before, Vec error) {
    const Vec n = gates[0], r = gates[1], z = gates[2], from_state = gates[3];
    const Vec new_error = (error - error * z) * slope<A>(n);
    gates[0] = new_error;
    gates[1] = new_error * from_state * (r - r * r);
    gates[2] = error * (before - n) * (z - z * z);
    gates[3] = new_error * r;
    return error * z;
  }
};

// Calls work.operator()<cell, activation>() for what the shape says.
template <class Work>
void for_cell(const Shape& shape, Work work) {
  const auto with = [&]<Cell C>() {
    switch (shape.activation) {
      case Activation::tanh: work.template operator()<C, Activation::tanh>(); break;
      case Activation::relu: work.template operator()<C, Activation::relu>(); break;
      default: work.template operator()<C, Activation::sigmoid>();
    }
  };
  switch (shape.cell) {
    case Cell::rnn: with.template operator()<Cell::rnn>(); break;
    case Cell::gru: with.template operator()<Cell::gru>(); break;
    default: with.template operator()<Cell::lstm>();
  }
}

}  // namespace recurra::RECURRA_ISA
