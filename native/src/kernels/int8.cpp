// The sweeps in int8 of one instruction set, forward alone, and bounds on scores: compiled once for each, with
// RECURRA_ISA and RECURRA_BYTES set. Not here: float32 (float32.cpp), threads and the choice among instruction sets;
// and the GRU that resets before its product, which in int8 no kernel sweeps (python/module.cpp refuses it).
#include "kernels/int8/pack_bytes.hpp"
#include "kernels/int8/product_bytes.hpp"
#include "kernels/int8/screen.hpp"
#include "kernels/sweep/forward.hpp"

namespace recurra {
namespace RECURRA_ISA {

void forward_bytes(const Sweep& sweep, const Share& share) {
  for_cell(sweep.shape, [&]<Cell C, Activation A>() {
    if constexpr (C != Cell::gru_before) forward_share<C, A, ByteRows>(sweep, share);
  });
}

}  // namespace RECURRA_ISA

extern const Bytes RECURRA_BYTES = {
    {
        RECURRA_ISA::pack<RECURRA_ISA::ByteWeights>,
        RECURRA_ISA::forward_scratch<RECURRA_ISA::ByteRows>,
        RECURRA_ISA::forward_bytes,
        nullptr,
        nullptr,
        nullptr,
        nullptr,
        RECURRA_ISA::project_scratch<RECURRA_ISA::ByteRows>,
        RECURRA_ISA::project<RECURRA_ISA::ByteRows>,
        RECURRA_ISA::activate_all<RECURRA_ISA::Quick>,
    },
    {RECURRA_ISA::screen_floats, RECURRA_ISA::pack_screen, RECURRA_ISA::screen},
};

}  // namespace recurra
