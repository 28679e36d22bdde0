// A step of a sweep forward: where its active rows read and write.
// Not here: what is done with them (forward.hpp, reset_before.hpp).
#pragma once

#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// Where the active rows of a step read and write; gates and inner states are kept as such elements.
template <class Element>
struct Step {
  const float** source;  // projected inputs
  const float** before;  // the state before, and the state after, both the engine's own
  float** after;
  float** output;
  Element** gates;  // kept, if anything is
  float** cell;     // the inner state, changed in place
  Element** kept_cell;
  int active;
  bool first;  // the state before is zero: no product
};

}  // namespace recurra::RECURRA_ISA
