// What pooling's parts hand to each other: sizes and pointers, alike for all instruction sets.
// Not here: arithmetic (kernels/pooling/pooling.hpp, kernels/pooling/attention.hpp).
#pragma once

#include "kernels/shapes.hpp"

namespace recurra {

// What scores a token for attention, u = tanh(W h + b) and q · u for each head: weights in torch's layout, and W packed
// in panels of columns, to be multiplied by a token's values and by its errors. No heads: no attention.
struct Scorer {
  int units, heads;
  const float *weight, *bias, *query;  // (units, inputs), (units), (heads, units)
  float *packed, *packed_back;
};

// A pooling of ragged sequences. The parts that are wanted lie side by side in a row of the result, each where its
// columns begin; -1 where it is not wanted.
struct Pooling {
  Rows values;
  int64_t tokens;
  int directions;
  int last, mean, maximum, attention;
  int width;  // of a row of the result
  Scorer scorer;
  float* into;     // (sequences, width)
  int32_t* where;  // (sequences, columns): the token that has the maximum, -1 for none
  float* shares;   // (heads, tokens): the softmax of the scores
  float* hidden;   // (tokens, units): u, kept for the gradient; null where nobody learns
  // How many neighbouring columns one head, or nobody, looks at.
  RECURRA_HERE int span() const { return scorer.heads ? values.columns / scorer.heads : values.columns; }
  RECURRA_HERE int spans() const { return scorer.heads ? scorer.heads : 1; }
};

// The errors of a result, and where those of the values go; the scorer's gradients are summed over a group of
// sequences.
struct PoolErrors {
  const float* errors;  // (sequences, width)
  float* values;        // (tokens, columns)
  float* weight;        // (inputs, units padded to whole panels): transposed, as the products come
  float* vectors;       // (heads + 1, units padded): of the queries, then of the bias
};

}  // namespace recurra
