// A recurrent layer in one direction as the engine holds it: packed weights and the sweeps over them, on all threads.
// Not here: kernels (kernels/float32.cpp) and Python (python/module.cpp), which checks everything before it calls.
#pragma once

#include <vector>

#include "kernels/shapes.hpp"
#include "runtime/buffers.hpp"
#include "runtime/dispatch.hpp"

namespace recurra {

class Layer {
 public:
  Layer(Cell cell, Activation activation, Precision precision, int inputs, int hidden, bool reverse);
  void pack(const Plain& plain, bool backward, int threads);
  const Shape& shape() const { return shape_; }
  const Packed& packed() const { return packed_; }
  const Kernels& kernels() const { return *instructions_->kernels; }
  const Sweeper& sweeper() const { return instructions_->sweeper(shape_.precision); }
  bool reverse() const { return reverse_; }
  bool ready(bool backward) const { return backward ? packed_back_ : packing_ > 0; }
  // The number of its last packing, which no other packing of any layer has; 0 before the first.
  int64_t packing() const { return packing_; }
  const InstructionSet& instruction_set() const { return *instructions_; }

  mutable int uses = 0;  // sweeps that read it; -1 while it is packed (python/in_use.hpp)

 private:
  const InstructionSet* instructions_;
  Shape shape_;
  bool reverse_;
  Buffer memory_, memory_back_;
  Packed packed_{};
  int64_t packing_ = 0;
  bool packed_back_ = false;
};

// Where the sequences of a batch lie among its tokens: one after another, or as the columns of a (steps, sequences)
// grid.
struct Places {
  std::vector<Sequence> sequences;
  int64_t step;
  int64_t tokens;
  int64_t steps;  // of a grid, pads included; 0 where sequences follow one another
  // Whether every token belongs to a sequence.
  bool full() const {
    int64_t sum = 0;
    for (const Sequence& one : sequences) sum += one.length;
    return sum == tokens;
  }
  bool operator==(const Places& other) const;
};

// What the sweep of one direction keeps for its gradient.
struct Kept {
  Buffer gates, cells;
};

// One direction of a layer over a batch. `sweep` has the caller's pointers; the rest is filled in here.
struct Direction {
  const Layer* layer;
  Sweep sweep;
  Kept* kept;  // null where nothing is kept
  Gradients gradients;
  bool learns;               // whether gradients are wanted
  Buffer projected;          // products of distinct inputs
  std::vector<Buffer> sums;  // gradients of the weights, of each group of sequences
};

// Sweep all directions of a layer side by side. With `distinct` > 0 the values are that many different inputs, and each
// sweep's row tells which of them a token has: every one is multiplied once, however often it comes, unless the sweeps
// have their products already or fill tiles of bfloat16. Outputs of pads are zero.
void sweep_forward(std::vector<Direction>& directions, const Places& places, int64_t distinct, int threads);
// The same backward. The first direction's errors of the inputs are where its sweep says; the others' are added there;
// those of pads are zero.
// With `distinct` > 0 (float32 only) so are the errors of the inputs: of that many different ones, each the sum over
// its tokens; what was kept is used up then.
void sweep_backward(std::vector<Direction>& directions, const Places& places, int64_t distinct, int threads);

// Floating-point operations done by a loop of multiply-adds on registers: what the processor can do at best.
double peak_work(int64_t rounds, int threads);

}  // namespace recurra
