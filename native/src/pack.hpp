// Weights from torch's layout into panels, and where each vector of a panel comes from.
// Not here: products.
#pragma once

#include "shapes.hpp"
#include "vec.hpp"

namespace recurra::RECURRA_ISA {

// The row of torch's weights that the first lane of vector `vector` of panel `panel` stands for; for the GRU, vectors
// are those of the input's product (n, r, z) or of the state's (r, z, n), in torch's order r, z, n.
RECURRA_INLINE int gate_row(const Shape& shape, bool recurrent, int panel, int vector) {
  if (shape.cell == Cell::rnn) return (panel * 4 + vector) * kLanes;
  if (shape.cell == Cell::mingru) return vector % 2 * shape.hidden + (panel * 2 + vector / 2) * kLanes;
  if (shape.cell != Cell::gru) return vector * shape.hidden + panel * kLanes;
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

RECURRA_NOINLINE inline void pack_forward(const Shape& shape, const float* from, int size, bool recurrent, int panel,
                                          float* to) {
  const int vectors = shape.vectors(), width = vectors * kLanes;
  to += (size_t)panel * size * width;
  for (int vector = 0; vector < vectors; ++vector) {
    const int row = gate_row(shape, recurrent, panel, vector), lanes = unit_lanes(shape, panel, vector);
    for (int first = 0; first < size; first += kLanes) {
      Words square[kLanes];
      for (int lane = 0; lane < kLanes; ++lane)
        square[lane] = lane < lanes ? (Words)load(from + (size_t)(row + lane) * size + first, size - first) : Words{};
      transpose(square);
      for (int k = 0; k < kLanes && first + k < size; ++k)
        store(to + (size_t)(first + k) * width + vector * kLanes, (Vec)square[k]);
    }
  }
}

// The width of a block of plain columns: four vectors, fewer in the last one.
RECURRA_INLINE int block_vectors(int size, int block) {
  const int left = (size - block * kWidth + kLanes - 1) / kLanes;
  return left < 4 ? left : 4;
}

// The rows of `panel` for every block of columns.
RECURRA_NOINLINE inline void pack_backward(const Shape& shape, const float* from, int size, bool recurrent, int panel,
                                           float* to) {
  const int vectors = shape.vectors(), rows = shape.panels() * vectors * kLanes;
  for (int block = 0; block < shape.columns(size); ++block) {
    const int width = block_vectors(size, block) * kLanes;
    for (int vector = 0; vector < vectors; ++vector) {
      const int row = gate_row(shape, recurrent, panel, vector), lanes = unit_lanes(shape, panel, vector);
      float* target = to + (size_t)block * rows * kWidth + (size_t)(panel * vectors + vector) * kLanes * width;
      for (int lane = 0; lane < kLanes; ++lane)
        for (int column = 0; column < width; ++column) {
          const int k = block * kWidth + column;
          target[lane * width + column] = lane < lanes && k < size ? from[(size_t)(row + lane) * size + k] : 0.0f;
        }
    }
  }
}

RECURRA_NOINLINE inline void pack_bias(const Shape& shape, const Plain& plain, int panel, float* to) {
  to += panel * kWidth;
  for (int place = 0; place < kWidth; ++place) {
    const int vector = place / kLanes, lane = place % kLanes;
    const bool gru = shape.cell == Cell::gru;
    const bool there = lane < unit_lanes(shape, panel, vector);
    // The GRU's n keeps its two biases apart: the reset gate is between them.
    const bool input = !gru || vector < 3, recurrent = !is_parallel(shape.cell) && (!gru || vector > 0);
    float sum = 0.0f;
    if (there && input) sum += plain.input_bias[gate_row(shape, false, panel, vector) + lane];
    if (there && recurrent) sum += plain.recurrent_bias[gate_row(shape, true, panel, vector - gru) + lane];
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

inline void pack(const Shape& shape, const Plain& plain, const Packed& packed, bool backward, int panel) {
  pack_forward(shape, plain.input, shape.inputs, false, panel, packed.input);
  pack_bias(shape, plain, panel, packed.bias);
  if (backward) pack_backward(shape, plain.input, shape.inputs, false, panel, packed.input_back);
  if (is_parallel(shape.cell)) return pack_vectors(shape, plain, panel, packed.recurrent);
  pack_forward(shape, plain.recurrent, shape.hidden, true, panel, packed.recurrent);
  if (!backward) return;
  pack_backward(shape, plain.recurrent, shape.hidden, true, panel, packed.recurrent_back);
}

}  // namespace recurra::RECURRA_ISA
