// Cuts a workspace into pieces.
// Not here: which pieces. Without memory it only counts, so that what cuts a workspace also tells its size.
#pragma once

#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

class Cutter {
 public:
  explicit RECURRA_INLINE Cutter(float* memory = nullptr) : memory_(memory) {}

  // Room for so many things, whole vectors of it; null while there is no memory.
  template <class Thing = float>
  RECURRA_INLINE Thing* take(size_t count) {
    float* const piece = memory_ ? memory_ + used_ : nullptr;
    const size_t floats = (count * sizeof(Thing) + sizeof(float) - 1) / sizeof(float);
    used_ += (floats + kLanes - 1) / kLanes * kLanes;
    return reinterpret_cast<Thing*>(piece);
  }
  // The next pieces come from another memory, at the place reached so far.
  RECURRA_INLINE void change(float* memory) { memory_ = memory; }
  // Floats cut so far.
  RECURRA_INLINE size_t used() const { return used_; }

 private:
  float* memory_;
  size_t used_ = 0;
};

}  // namespace recurra::RECURRA_ISA
