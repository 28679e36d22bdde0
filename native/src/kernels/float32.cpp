// The kernels of one instruction set in float32: this file is compiled once for each, with RECURRA_ISA and
// RECURRA_TABLE set. Not here: threads and the choice among instruction sets.
#include "kernels/answers/answers.hpp"
#include "kernels/answers/race.hpp"
#include "kernels/pooling/pooling.hpp"
#include "kernels/sweep/distinct.hpp"
#include "kernels/sweep/float_rows.hpp"
#include "kernels/sweep/forward.hpp"
#include "kernels/sweep/gradient.hpp"
#include "kernels/sweep/reset_before_back.hpp"
#include "kernels/training/norms.hpp"
#include "kernels/training/tables.hpp"

namespace recurra {
namespace RECURRA_ISA {

void forward(const Sweep& sweep, const Share& share) {
  for_cell(sweep.shape, [&]<Cell C, Activation A>() { forward_share<C, A, FloatRows>(sweep, share); });
}

void backward(const Sweep& sweep, const Share& share) {
  for_cell(sweep.shape, [&]<Cell C, Activation A>() {
    if constexpr (C == Cell::gru_before)
      backward_before<A>(sweep, share);
    else
      backward_share<C, A, FloatRows>(sweep, share);
  });
}

// The processor's peak: multiply-adds on sums that never leave their registers. Returns how many floats it worked on.
double multiply_add(int64_t rounds, float* into) {
  Vec sums[kSums], factor = splat(0.999999f), more = splat(1e-6f);
  RECURRA_UNROLL for (int i = 0; i < kSums; ++i) sums[i] = splat((float)i);
  for (int64_t round = 0; round < rounds; ++round) RECURRA_UNROLL for (int i = 0; i < kSums; ++i) {
      sums[i] = sums[i] * factor + more;
      RECURRA_KEEP(sums[i]);
    }
  Vec total{};
  RECURRA_UNROLL for (int i = 0; i < kSums; ++i) total += sums[i];
  store(into, total);
  return (double)rounds * kSums * kLanes;
}

}  // namespace RECURRA_ISA

extern const Kernels RECURRA_TABLE = {
    RECURRA_ISA::kLanes,
    {RECURRA_ISA::pack<RECURRA_ISA::FloatWeights>, RECURRA_ISA::forward_scratch<RECURRA_ISA::FloatRows>,
     RECURRA_ISA::forward, RECURRA_ISA::backward_scratch<RECURRA_ISA::FloatRows>, RECURRA_ISA::backward,
     RECURRA_ISA::sums_floats, RECURRA_ISA::finish_gradient, RECURRA_ISA::project_scratch<RECURRA_ISA::FloatRows>,
     RECURRA_ISA::project<RECURRA_ISA::FloatRows>, RECURRA_ISA::activate_all<RECURRA_ISA::Exact>},
    RECURRA_ISA::sum_errors,
    RECURRA_ISA::distinct_values,
    RECURRA_ISA::distinct_gradient,
    RECURRA_ISA::multiply_add,
    RECURRA_ISA::gather,
    RECURRA_ISA::gather_errors,
    RECURRA_ISA::adam_row,
    RECURRA_ISA::squares,
    RECURRA_ISA::scale,
    {RECURRA_ISA::packed_scorer, RECURRA_ISA::pack_scorer, RECURRA_ISA::pool_scratch, RECURRA_ISA::pool,
     RECURRA_ISA::pool_back_scratch, RECURRA_ISA::pool_back},
    {RECURRA_ISA::dense_rows, RECURRA_ISA::activate_all<RECURRA_ISA::Exact>},
    RECURRA_ISA::raise_all,
    RECURRA_ISA::bound_all,
};

}  // namespace recurra
