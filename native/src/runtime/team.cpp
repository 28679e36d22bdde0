// How the members of a team share out a phase of a sweep: each its own part, then the parts of those who are late.
// Not here: what a phase is (kernels/sweep/rows.hpp and the sweeps).
#include "kernels/shapes.hpp"

namespace recurra {
namespace {

constexpr int kGrace = 16;  // looks, a microsecond or two: who comes later than that is late

// Numbers of phases and parts may run over.
bool reached(const Share& share, unsigned all) { return (int)((unsigned)now(share.team->done) - all) >= 0; }

// Each part of a phase is begun once.
bool claim(const Share& share, int part) {
  unsigned* const begun = &share.team->parts[part].begun;
  unsigned before = share.phase - 1;
  return __atomic_load_n(begun, __ATOMIC_RELAXED) == before &&
         __atomic_compare_exchange_n(begun, &before, share.phase, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

int late_part(const Share& share) {
  const unsigned all = share.phase * (unsigned)share.members;
  for (int look = share.alone ? kGrace : 0; look < kGrace; ++look, pause())
    if (reached(share, all)) return -1;
  for (int other = 1; other < share.members; ++other) {
    const int part = (share.member + other) % share.members;
    if (!claim(share, part)) continue;
    share.alone = true;
    return part;
  }
  share.alone = false;
  for (int seen = now(share.team->done); !reached(share, all);) seen = wait_while(share.team->done, seen);
  return -1;
}

}  // namespace

int begin_phase(const Share& share) {
  ++share.phase;
  if (reached(share, share.phase * (unsigned)share.members)) return -1;  // long ago, by others
  return claim(share, share.member) ? share.member : late_part(share);
}

int next_part(const Share& share) {
  Awaited& done = share.team->done;
  if ((unsigned)add(done, 1) != share.phase * (unsigned)share.members) return late_part(share);
  wake(done);
  return -1;
}

}  // namespace recurra
