// The pointwise part of each cell on one vector of units: from sums to activated gates and the new state, and back.
// Not here: products and loops. Paper and equations of each cell: src/recurra/cells/, which these must equal.
#pragma once

#include "kernels/cell/activations.hpp"

namespace recurra::RECURRA_ISA {

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

// The GRU whose reset meets the state before the product, in two halves: r and z, and when all of r * h is there, n.
template <Activation A, class Math>
struct GruBefore {
  // Sums r, z in place; returns r * h.
  static RECURRA_INLINE Vec reset(Vec gates[2], Vec before) {
    gates[0] = Math::sigmoid(gates[0]);
    gates[1] = Math::sigmoid(gates[1]);
    return gates[0] * before;
  }
  // The sum n in place; returns h.
  static RECURRA_INLINE Vec forward(Vec& fresh, Vec update, Vec before) {
    fresh = activate<A, Math>(fresh);
    return fresh + update * (before - fresh);
  }
  // Gates n, r, z become the errors of n and z; returns the part of the error that goes straight to the state before.
  static RECURRA_INLINE Vec backward(Vec gates[3], Vec before, Vec error) {
    const Vec n = gates[0], z = gates[2];
    gates[0] = (error - error * z) * slope<A>(n);
    gates[2] = error * (before - n) * (z - z * z);
    return error * z;
  }
  // The error of r from that of r * h.
  static RECURRA_INLINE Vec reset_back(Vec r, Vec before, Vec error) { return error * before * (r - r * r); }
};

// Sums of the update gate and of what is new, in place. It has no activation.
template <class Math>
struct MinGru {
  static RECURRA_INLINE Vec forward(Vec gates[2], Vec before) {
    gates[0] = Math::sigmoid(gates[0]);
    return before + gates[0] * (gates[1] - before);
  }
  // Gates become errors; returns the part of the error that goes to the state before.
  static RECURRA_INLINE Vec backward(Vec gates[2], Vec before, Vec error) {
    const Vec z = gates[0], fresh = gates[1];
    gates[0] = error * (fresh - before) * (z - z * z);
    gates[1] = error * z;
    return error - gates[1];
  }
};

// Sums of what is new, forget, reset and highway, in place; the two vectors are those on the state.
template <class Math>
struct Sru {
  static RECURRA_INLINE Vec forward(Vec gates[4], Vec& cell, Vec forget, Vec reset) {
    gates[1] = Math::sigmoid(gates[1] + forget * cell);
    gates[2] = Math::sigmoid(gates[2] + reset * cell);
    cell = gates[0] + gates[1] * (cell - gates[0]);
    return gates[3] + gates[2] * (cell - gates[3]);
  }
  static RECURRA_INLINE void backward(Vec gates[4], Vec cell, Vec before, Vec error, Vec& carried, Vec forget,
                                      Vec reset) {
    const Vec fresh = gates[0], f = gates[1], r = gates[2], highway = gates[3];
    const Vec inner = carried + error * r;
    gates[0] = inner - inner * f;
    gates[1] = inner * (before - fresh) * (f - f * f);
    gates[2] = error * (cell - highway) * (r - r * r);
    gates[3] = error - error * r;
    carried = inner * f + gates[1] * forget + gates[2] * reset;
  }
};

// Calls work.operator()<cell, activation>() for what the shape says; there is no other pair (see knows()).
template <class Work>
void for_cell(const Shape& shape, Work work) {
  const Activation activation = shape.activation;
  switch (shape.cell) {
    case Cell::rnn:
      if (activation == Activation::tanh) return work.template operator()<Cell::rnn, Activation::tanh>();
      if (activation == Activation::relu) return work.template operator()<Cell::rnn, Activation::relu>();
      return work.template operator()<Cell::rnn, Activation::sigmoid>();
    case Cell::lstm:
      if (activation == Activation::relu) return work.template operator()<Cell::lstm, Activation::relu>();
      return work.template operator()<Cell::lstm, Activation::tanh>();
    case Cell::gru: return work.template operator()<Cell::gru, Activation::tanh>();
    case Cell::gru_before: return work.template operator()<Cell::gru_before, Activation::tanh>();
    case Cell::mingru: return work.template operator()<Cell::mingru, Activation::tanh>();
    default: return work.template operator()<Cell::sru, Activation::tanh>();
  }
}

}  // namespace recurra::RECURRA_ISA
