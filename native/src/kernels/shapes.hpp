// What the parts of the engine hand to each other: plain structs of sizes and pointers, alike for all instruction sets.
// Not here: arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/race_shapes.hpp"
#include "runtime/waiting.hpp"

namespace recurra {

// gru_before: the GRU that resets the state before its product.
enum class Cell : int { rnn, gru, lstm, mingru, sru, gru_before };
enum class Activation : int { tanh, relu, sigmoid };
// What products are made of: float32, bfloat16 whose sums are float32, or whole numbers of 8 bits whose sums are exact.
enum class Precision : int { single, half, bytes };

// Two neighbouring bfloat16 in one word: the unit that matrix units and dot products of bfloat16 read.
using Half = uint16_t;
using Pair = uint32_t;

RECURRA_HERE constexpr bool is_gru(Cell cell) { return cell == Cell::gru || cell == Cell::gru_before; }
RECURRA_HERE constexpr int gates_of(Cell cell) {
  return cell == Cell::rnn ? 1 : cell == Cell::mingru ? 2 : is_gru(cell) ? 3 : 4;
}
// Vectors of a panel that the input's product takes; the state's takes as many, at once or in parts.
RECURRA_HERE constexpr int vectors_of(Cell cell) { return is_gru(cell) ? 3 : 4; }
// No product waits for the state.
RECURRA_HERE constexpr bool is_parallel(Cell cell) { return cell == Cell::mingru || cell == Cell::sru; }
// Which activations a cell may have; the parallel cells have none.
RECURRA_HERE constexpr bool knows(Cell cell, Activation activation) {
  return activation == Activation::tanh || cell == Cell::rnn || (cell == Cell::lstm && activation == Activation::relu);
}
// The state has a part beside the output.
RECURRA_HERE constexpr bool has_inner(Cell cell) { return cell == Cell::lstm || cell == Cell::sru; }
// Rows of the recurrent weights: an SRU has two vectors, a minGRU nothing.
RECURRA_HERE constexpr int64_t recurrent_rows(Cell cell, int hidden) {
  return cell == Cell::sru ? 2 : cell == Cell::mingru ? 0 : (int64_t)gates_of(cell) * hidden;
}
RECURRA_HERE constexpr int64_t recurrent_biases(Cell cell, int hidden) {
  return is_parallel(cell) ? 0 : (int64_t)gates_of(cell) * hidden;
}

// A layer in one direction, and how its columns lie in panels of four vectors (W lanes each):
//   rnn   units      0 … W-1 | W … 2W-1 | … | 3W-1      4 W units a panel
//   lstm  gates      i | f | g | o                        W units a panel
//   gru   gates      n from the input | r | z | n from the state: the input's product takes the first three vectors,
//         the state's the last three, so that both stay whole panels.
//   gru_before  n | r | z | nothing: the state's products take r and z, then n of four panels.
//   mingru  z | n | z | n                               2 W units a panel
//   sru     n | f | r | highway                           W units a panel
struct Shape {
  Cell cell;
  Activation activation;
  Precision precision;
  int inputs, hidden, lanes;

  RECURRA_HERE int units() const { return cell == Cell::rnn ? 4 * lanes : cell == Cell::mingru ? 2 * lanes : lanes; }
  RECURRA_HERE int panels() const { return (hidden + units() - 1) / units(); }
  RECURRA_HERE int padded() const { return panels() * units(); }   // units, padded to whole panels
  RECURRA_HERE int width() const { return panels() * 4 * lanes; }  // floats of a token's gates
  // Rows of the engine's own tables are this long: a power of two would put all of them into the same sets of the
  // cache.
  RECURRA_HERE int gate_pitch() const { return width() + lanes; }
  RECURRA_HERE int state_pitch() const { return padded() + lanes; }
  RECURRA_HERE bool half() const { return precision == Precision::half; }
  RECURRA_HERE bool bytes() const { return precision == Precision::bytes; }
  // Terms of a sum over `size` values: single values; pairs, padded to whole tiles of 16; or quads, and two rows before
  // them (see kernels/int8/bytes.hpp).
  RECURRA_HERE int depth(int size) const {
    return half() ? (size + 31) / 32 * 16 : bytes() ? (size + 3) / 4 + 2 : size;
  }
  // … over the errors of all gates. Pairs run over all four vectors, so that a row of errors is read in one go.
  RECURRA_HERE int gate_depth() const { return half() ? width() / 2 : panels() * vectors() * lanes; }
  RECURRA_HERE size_t recurrent_floats() const {
    if (is_parallel(cell)) return (size_t)panels() * 2 * lanes;
    return (size_t)panels() * vectors() * lanes * depth(hidden);
  }
  RECURRA_HERE int vectors() const { return vectors_of(cell); }
  RECURRA_HERE int columns(int size) const {
    return (size + 4 * lanes - 1) / (4 * lanes);
  }  // panels over plain columns
};

// Weights in torch's layout: rows are gates × hidden.
struct Plain {
  const float *input, *recurrent, *input_bias, *recurrent_bias;
};

struct Gradients {
  float *input, *recurrent, *input_bias, *recurrent_bias;
};

// The same, packed; each pointer is to whole panels. In bfloat16 each float stands for a Pair of neighbouring terms, in
// int8 for four of them.
struct Packed {
  float* input;           // [panel][depth of inputs][vectors · lanes]
  float* recurrent;       // [panel][depth of hidden][vectors · lanes]; of an SRU [panel][2 · lanes], always float;
                          // of a gru_before r and z so, then n as blocks of plain columns
  float* bias;            // [panel][4 · lanes]
  float* input_back;      // [columns of inputs][gate depth][4 · lanes]: what takes gate errors to the inputs
  float* recurrent_back;  // [columns of hidden][gate depth][4 · lanes]: … and to the state before; of a gru_before
                          // those of r and z, then those of n
};

// One sequence of a sweep: its tokens are first, first + step, … in the flat values.
struct Sequence {
  int64_t first;
  int64_t length;
  int64_t number;  // its row in the states
  int64_t shift;   // how many rows later than its tokens it lies among what is kept
};

// A sweep over ragged sequences. Strides are in floats. Null where a thing is not there.
struct Sweep {
  Shape shape;
  Packed weights;
  int64_t step;  // 1 forward, -1 in reverse
  const float* values;
  ptrdiff_t value_stride;
  float* outputs;
  ptrdiff_t output_stride;
  const float *hidden, *cell;        // (sequences, hidden) to start from
  float *final_hidden, *final_cell;  // (sequences, hidden)
  const int32_t* row;                // token -> its row among the values, where those are distinct inputs; backward
                                     // leaves the errors of such tokens where their gates were kept
  const float* projected;            // (rows, gate pitch): products of the distinct inputs, made already
  void* gates;                       // kept for the gradient, activated (see kept_gates); an RNN's outputs tell all
  void* cells;                       // likewise, the inner states; both float or Half
  bool much;                         // more is kept than caches hold
  // Backward only.
  const float* output_errors;
  ptrdiff_t output_error_stride;
  const float *final_hidden_errors, *final_cell_errors;  // (sequences, hidden)
  float* value_errors;
  ptrdiff_t value_error_stride;
  float *hidden_errors, *cell_errors;  // (sequences, hidden)
};

// Rows of distinct inputs that one task takes.
constexpr int kDistinctRows = 96;

// Threads that sweep the same sequences, phase by phase; each has its part of the panels, and those who are there take
// over the part of one who is late (runtime/team.cpp).
struct Part {
  alignas(64) unsigned begun = 0;  // in so many phases
};
struct Team {
  Part* parts;     // one for each member
  Awaited done{};  // parts of all phases so far
};

// The share of a sweep that one thread has: sequences from long to short, and if there are more threads than sequences
// its part of the panels. Every sum has the order it would have alone.
struct Share {
  const Sequence* sequences;
  int count;
  float* scratch;  // its own
  float* common;   // the first member's, where states are
  int member, members;
  Team* team;
  float* sums;  // backward: where the gradients of the weights are summed over its sequences; null if nobody learns

  // The part of `things` that is this member's: from … to, the last not included.
  RECURRA_HERE int from(int things) const { return things * member / members; }
  RECURRA_HERE int to(int things) const { return things * (member + 1) / members; }
  RECURRA_HERE bool first() const { return member == 0; }

  mutable unsigned phase = 0;  // phases that this thread has come to
  mutable bool alone = false;  // whether it had to take over a part in the last one
};

// The part of its team's next phase that a thread begins with, and the one after it; -1 when all of the phase is done.
int begin_phase(const Share&);
int next_part(const Share&);

// A table of rows, `stride` floats apart.
struct Rows {
  const float* values;
  ptrdiff_t stride;
  int columns;
};

// One step of Adam: the learning rate with both moments' bias taken out, and what each gradient counts for in a moment,
// 1 - β. Weight decay either joins the gradient (`pull`) or shrinks the weight itself (`kept` is what stays of it).
struct Adam {
  float size, first_share, second_share, epsilon, pull = 0.0f, kept = 1.0f;
};

// Sweeps of one precision on one instruction set. Sizes are in floats. What int8 has no use for is null: all that is
// backward.
struct Sweeper {
  void (*pack)(const Shape&, const Plain&, const Packed&, bool backward, int panel);
  size_t (*forward_scratch)(const Sweep&, int sequences);
  void (*forward)(const Sweep&, const Share&);
  size_t (*backward_scratch)(const Sweep&, int sequences);
  void (*backward)(const Sweep&, const Share&);
  size_t (*sums)(const Shape&);  // of the gradients of the weights over a group of sequences
  void (*finish)(const Shape&, int panel, float* const* groups, int count, const Gradients&);
  // The products of distinct inputs, at most kDistinctRows of them.
  size_t (*project_scratch)(const Shape&);
  void (*project)(const Shape&, const Packed&, const float* values, ptrdiff_t stride, int rows, float* projected,
                  float* scratch);
  void (*activate)(Activation, const float* from, float* into, int64_t count);
};

// Poolings: pooling_shapes.hpp. Sizes are in floats.
struct Pooling;
struct PoolErrors;
struct Scorer;
struct Pooler {
  size_t (*packed)(int units, int inputs, bool backward);
  void (*pack)(const Scorer&, int inputs, bool backward);
  size_t (*scratch)(const Pooling&);
  void (*forward)(const Pooling&, const Sequence*, int count, float* scratch);
  size_t (*backward_scratch)(const Pooling&);
  void (*backward)(const Pooling&, const PoolErrors&, const Sequence*, int count, float* scratch);
};

// Stages of a session that keep no state: kernels/answers/answers.hpp.
struct Answering {
  void (*dense)(const float* const* rows, int count, int depth, const float* packed, int columns, float* into,
                ptrdiff_t pitch);
  void (*activate)(Activation, const float* from, float* into, int64_t count);
};

// What an instruction set offers beside the sweeps in bfloat16 and int8.
struct Kernels {
  int lanes;
  Sweeper single;
  // Backward over distinct inputs; `pitch` is from panel to panel of their errors (see kernels/sweep/distinct.hpp).
  void (*sum_errors)(const Sweep&, const int64_t* kept_rows, int64_t count, float* into, ptrdiff_t pitch);
  void (*distinct_values)(const Sweep&, const float* errors, ptrdiff_t pitch, int64_t first, int count);
  void (*distinct_gradient)(const Sweep&, int panel, const float* errors, ptrdiff_t pitch, int64_t rows, float* sums);
  double (*multiply_add)(int64_t rounds, float* into);
  void (*gather)(const Rows& from, const int64_t* ids, int64_t first, int64_t step, int64_t count, const float* mask,
                 float scale, float* into);
  void (*gather_errors)(const Rows& errors, const int64_t* tokens, int64_t count, const float* masks,
                        const int32_t* owners, float scale, float* into);
  void (*adam_row)(float* weight, float* first, float* second, const float* gradient, int columns, const Adam&);
  double (*squares)(const float* values, int64_t count);
  void (*scale)(float* values, int64_t count, float by);
  Pooler pooler;
  Answering answering;
  double (*raise)(const float* from, int64_t count, float by, float* into);
  // … and draws: kernels/answers/race.hpp.
  float (*bound)(const float* scores, int64_t count, const Race&, const Bounds& into);
};

// What an instruction set offers in int8: sweeps, stages that round as these do, alike on all processors, and bounds on
// scores.
struct Bytes {
  Sweeper sweeps;
  Answering answering;
  Screener screener;
};

extern const Kernels kPortable;
extern const Sweeper kPortableHalf;
extern const Bytes kPortableBytes;
#if defined(__x86_64__)
extern const Kernels kAvx2, kAvx512;
extern const Sweeper kAvx2Half, kAvx512Half, kAvx512Bf16Half, kAmxHalf;
extern const Bytes kAvx2Bytes, kAvx512Bytes, kAvx512VnniBytes;
#endif

}  // namespace recurra
