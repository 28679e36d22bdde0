// Weights from torch's layout into panels, and where each vector of a panel comes from.
// Not here: products.
#pragma once

#include "kernels/shapes.hpp"
#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

// The row of torch's weights that the first lane of vector `vector` of panel `panel` stands for; for the GRUs, vectors
// are those of the input's product (n, r, z) or of the state's (r, z, n), in torch's order r, z, n.
RECURRA_INLINE int gate_row(const Shape& shape, bool recurrent, int panel, int vector) {
  if (shape.cell == Cell::rnn) return (panel * 4 + vector) * kLanes;
  if (shape.cell == Cell::mingru) return vector % 2 * shape.hidden + (panel * 2 + vector / 2) * kLanes;
  if (!is_gru(shape.cell)) return vector * shape.hidden + panel * kLanes;
  const int from_input[3] = {2, 0, 1}, from_state[3] = {0, 1, 2};
  return (recurrent ? from_state : from_input)[vector] * shape.hidden + panel * kLanes;
}

// How many lanes of that vector stand for a unit that is there.
RECURRA_INLINE int unit_lanes(const Shape& shape, int panel, int vector) {
  int first = panel * kLanes;
  if (shape.cell == Cell::rnn) first = (panel * 4 + vector) * kLanes;
  if (shape.cell == Cell::mingru) first = (panel * 2 + vector / 2) * kLanes;
  int left = shape.hidden - first;
  return left < 0 ? 0 : left > kLanes ? kLanes : left;
}

// Which weights of a layer, and which vectors of a panel: `count` from `first`.
struct Which {
  bool recurrent;
  int first, count;
};

RECURRA_INLINE Which all_vectors(const Shape& shape, bool recurrent) { return {recurrent, 0, shape.vectors()}; }
// Those that errors meet: in bfloat16 a row of errors is read in one go, with the vector that a product leaves out.
RECURRA_INLINE Which vectors_back(const Shape& shape, bool recurrent) {
  return shape.half() ? Which{recurrent, recurrent ? shape.vectors() - 4 : 0, 4} : all_vectors(shape, recurrent);
}
// What a gru_before multiplies by the state, and by r * h.
constexpr Which kGates{true, 0, 2}, kFresh{true, 2, 1};

// The width of a block of plain columns: four vectors, fewer in the last one.
RECURRA_INLINE int block_vectors(int size, int block) {
  const int left = (size - block * kWidth + kLanes - 1) / kLanes;
  return left < 4 ? left : 4;
}

// How float32 weights are written, as every such Weights says: forward `lanes` rows of `size` as a column of vectors,
// `width` floats apart, and where there is a gradient, what takes errors back: those rows from column `first` on.
struct FloatWeights {
  static constexpr int kTerms = 1;  // of a sum in one word
  static constexpr bool kBack = true;

  static RECURRA_INLINE void column(const float* rows, int lanes, int size, float* to, ptrdiff_t width) {
    for (int first = 0; first < size; first += kLanes) {
      Words square[kLanes];
      for (int lane = 0; lane < kLanes; ++lane)
        square[lane] = lane < lanes ? (Words)load(rows + (size_t)lane * size + first, size - first) : Words{};
      transpose(square);
      for (int k = 0; k < kLanes && first + k < size; ++k) store(to + (first + k) * width, (Vec)square[k]);
    }
  }
  static RECURRA_INLINE void back(const float* rows, int lanes, int size, int first, float* to, int width) {
    for (int lane = 0; lane < kLanes; ++lane)
      for (int column = 0; column < width; ++column) {
        const int k = first + column;
        to[lane * width + column] = lane < lanes && k < size ? rows[(size_t)lane * size + k] : 0.0f;
      }
  }
};

template <class Weights>
RECURRA_NOINLINE void pack_forward(const Shape& shape, const float* from, int size, const Which& which, int panel,
                                   float* to) {
  const int width = which.count * kLanes;
  to += (size_t)panel * shape.depth(size) * width;
  for (int place = 0; place < which.count; ++place) {
    const int vector = which.first + place, row = gate_row(shape, which.recurrent, panel, vector);
    Weights::column(from + (size_t)row * size, unit_lanes(shape, panel, vector), size, to + place * kLanes, width);
  }
}

// The rows of `panel` for every block of columns; those of a vector that is not there are zero.
template <class Weights>
RECURRA_NOINLINE void pack_backward(const Shape& shape, const float* from, int size, const Which& which, int panel,
                                    float* to) {
  const int rows = which.count * kLanes / Weights::kTerms;  // of a panel
  for (int block = 0; block < shape.columns(size); ++block) {
    const int width = block_vectors(size, block) * kLanes;
    float* target = to + (size_t)block * shape.panels() * rows * kWidth + (size_t)panel * rows * width;
    for (int place = 0; place < which.count; ++place, target += kLanes / Weights::kTerms * width) {
      const int vector = which.first + place;
      const bool there = vector >= 0 && vector < shape.vectors();
      const int row = there ? gate_row(shape, which.recurrent, panel, vector) : 0;
      Weights::back(from + (size_t)row * size, there ? unit_lanes(shape, panel, vector) : 0, size, block * kWidth,
                    target, width);
    }
  }
}

RECURRA_NOINLINE inline void pack_bias(const Shape& shape, const Plain& plain, int panel, float* to) {
  to += panel * kWidth;
  for (int place = 0; place < kWidth; ++place) {
    const int vector = place / kLanes, lane = place % kLanes;
    const bool apart = shape.cell == Cell::gru;
    const bool there = lane < unit_lanes(shape, panel, vector);
    // The GRU's n keeps its two biases apart: the reset gate is between them. Where it is not, a vector is left over.
    const bool input = !is_gru(shape.cell) || vector < 3;
    const bool recurrent = !is_parallel(shape.cell) && (apart ? vector > 0 : input);
    float sum = 0.0f;
    if (there && input) sum += plain.input_bias[gate_row(shape, false, panel, vector) + lane];
    if (there && recurrent) sum += plain.recurrent_bias[gate_row(shape, apart, panel, vector - apart) + lane];
    to[place] = sum;
  }
}

// An SRU's two vectors on the state.
RECURRA_INLINE void pack_vectors(const Shape& shape, const Plain& plain, int panel, float* to) {
  if (shape.cell != Cell::sru) return;
  const int lanes = unit_lanes(shape, panel, 0);
  for (int vector = 0; vector < 2; ++vector)
    for (int lane = 0; lane < kLanes; ++lane)
      to[(panel * 2 + vector) * kLanes + lane] =
          lane < lanes ? plain.recurrent[(size_t)vector * shape.hidden + panel * kLanes + lane] : 0.0f;
}

// Where a gru_before's weights of n begin among the recurrent ones, forward and backward.
RECURRA_INLINE size_t fresh_weights(const Shape& shape) {
  return (size_t)shape.panels() * 2 * kLanes * shape.depth(shape.hidden);
}
RECURRA_INLINE size_t fresh_weights_back(const Shape& shape) {
  return (size_t)shape.columns(shape.hidden) * shape.panels() * 2 * kLanes * kWidth;
}

// The recurrent weights of a gru_before: r and z as panels of two vectors, n as blocks of plain columns.
template <class Weights>
RECURRA_INLINE void pack_before(const Shape& shape, const Plain& plain, const Packed& packed, bool backward,
                                int panel) {
  const int hidden = shape.hidden, block = panel / 4;
  float* const fresh = packed.recurrent + fresh_weights(shape) + (size_t)block * shape.depth(hidden) * kWidth;
  pack_forward<Weights>(shape, plain.recurrent, hidden, kGates, panel, packed.recurrent);
  Weights::column(plain.recurrent + (size_t)gate_row(shape, true, panel, 2) * hidden, unit_lanes(shape, panel, 2),
                  hidden, fresh + panel % 4 * kLanes, block_vectors(hidden, block) * kLanes);
  if constexpr (Weights::kBack) {
    if (!backward) return;
    pack_backward<Weights>(shape, plain.recurrent, hidden, kGates, panel, packed.recurrent_back);
    pack_backward<Weights>(shape, plain.recurrent, hidden, kFresh, panel,
                           packed.recurrent_back + fresh_weights_back(shape));
  }
}

template <class Weights>
void pack(const Shape& shape, const Plain& plain, const Packed& packed, bool backward, int panel) {
  const auto both = [&](const float* from, int size, bool recurrent, float* to, float* back) {
    pack_forward<Weights>(shape, from, size, all_vectors(shape, recurrent), panel, to);
    if constexpr (Weights::kBack)
      if (backward) pack_backward<Weights>(shape, from, size, vectors_back(shape, recurrent), panel, back);
  };
  both(plain.input, shape.inputs, false, packed.input, packed.input_back);
  pack_bias(shape, plain, panel, packed.bias);
  if (is_parallel(shape.cell)) return pack_vectors(shape, plain, panel, packed.recurrent);
  if (shape.cell == Cell::gru_before) return pack_before<Weights>(shape, plain, packed, backward, panel);
  both(plain.recurrent, shape.hidden, true, packed.recurrent, packed.recurrent_back);
}

}  // namespace recurra::RECURRA_ISA
