// The sweeps in bfloat16 of one instruction set: compiled once for each, with RECURRA_ISA and RECURRA_HALF set.
// Not here: float32 (float32.cpp), threads and the choice among instruction sets; and the GRU that resets before its
// product, which in bfloat16 no kernel sweeps (python/module.cpp refuses it).
#include "kernels/sweep/backward.hpp"
#include "kernels/sweep/forward.hpp"
#include "kernels/sweep/half_rows.hpp"
#include "kernels/sweep/pack_half.hpp"

namespace recurra {
namespace RECURRA_ISA {

void forward_half(const Sweep& sweep, const Share& share) {
  for_cell(sweep.shape, [&]<Cell C, Activation A>() {
    if constexpr (C != Cell::gru_before) forward_share<C, A, HalfRows>(sweep, share);
  });
}

void backward_half(const Sweep& sweep, const Share& share) {
  for_cell(sweep.shape, [&]<Cell C, Activation A>() {
    if constexpr (C != Cell::gru_before) backward_share<C, A, HalfRows>(sweep, share);
  });
}

}  // namespace RECURRA_ISA

extern const Sweeper RECURRA_HALF = {
    RECURRA_ISA::pack<RECURRA_ISA::HalfWeights>,
    RECURRA_ISA::forward_scratch<RECURRA_ISA::HalfRows>,
    RECURRA_ISA::forward_half,
    RECURRA_ISA::backward_scratch<RECURRA_ISA::HalfRows>,
    RECURRA_ISA::backward_half,
    RECURRA_ISA::sums_floats,
    RECURRA_ISA::finish_gradient,
    RECURRA_ISA::project_scratch<RECURRA_ISA::HalfRows>,
    RECURRA_ISA::project<RECURRA_ISA::HalfRows>,
    RECURRA_ISA::activate_all<RECURRA_ISA::Quick>,
};

}  // namespace recurra
