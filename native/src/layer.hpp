// A recurrent layer in one direction as the engine holds it: packed weights and the sweeps over them, on all threads.
// Not here: kernels (kernels.cpp) and Python (binding.cpp), which checks everything before it calls.
#pragma once

#include <string>
#include <vector>

#include "buffers.hpp"
#include "shapes.hpp"

namespace recurra {

// The kernels in use: the best this processor runs, or what choose_kernels() was told.
const Kernels& kernels();
// Names of the instruction sets this processor runs, best first.
std::vector<std::string> available();
// Forces one of them; false if this processor cannot run it.
bool choose_kernels(const std::string& name);

class Layer {
 public:
  Layer(Cell cell, Activation activation, int inputs, int hidden);
  void pack(const Plain& plain, bool backward, int threads);
  const Shape& shape() const { return shape_; }
  const Packed& packed() const { return packed_; }
  const Kernels& kernels() const { return *kernels_; }
  bool ready(bool backward) const { return backward ? packed_back_ : packed_once_; }

 private:
  const Kernels* kernels_;
  Shape shape_;
  Buffer memory_, memory_back_;
  Packed packed_{};
  bool packed_once_ = false, packed_back_ = false;
};

// What a sweep keeps for its gradient.
struct Kept {
  Buffer gates, cells;
  int64_t tokens = 0;
  bool used = false;  // the gates have become errors
};

// Sequences of the flat values in the sweep's direction.
std::vector<Sequence> sequences_of(const int64_t* offsets, int64_t count, bool reverse);

void sweep_forward(const Layer& layer, Sweep& sweep, const std::vector<Sequence>& sequences, Kept* keep, int threads);
void sweep_backward(const Layer& layer, Sweep& sweep, const std::vector<Sequence>& sequences,
                    const Gradients* gradients, int threads);
void project(const Layer& layer, const float* values, ptrdiff_t stride, int64_t rows, float* projected, int threads);

}  // namespace recurra
