// What one instruction set offers in int8: sweeps, forward alone, what a session does behind them, and bounds on
// scores. Compiled once for each, with RECURRA_ISA and RECURRA_BYTES set, and without joining products with sums: all
// of it has the same bits on every processor. Not here: float32 (float32.cpp), threads and the choice among instruction
// sets.
#include "kernels/answers/answers.hpp"
#include "kernels/int8/pack_bytes.hpp"
#include "kernels/int8/product_bytes.hpp"
#include "kernels/int8/screen.hpp"
#include "kernels/sweep/forward.hpp"

namespace recurra {
namespace RECURRA_ISA {

void forward_bytes(const Sweep& sweep, const Share& share) {
  for_cell(sweep.shape, [&]<Cell C, Activation A>() { forward_share<C, A, ByteRows>(sweep, share); });
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
        RECURRA_ISA::activate_all<RECURRA_ISA::SameQuick>,
    },
    {RECURRA_ISA::dense_rows, RECURRA_ISA::activate_all<RECURRA_ISA::SameExact>},
    {RECURRA_ISA::screen_floats, RECURRA_ISA::pack_screen, RECURRA_ISA::screen},
};

}  // namespace recurra
