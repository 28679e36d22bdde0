// Sleeping on a number: by a futex on Linux, elsewhere by a lock and a bell that several numbers share.
// Not here: who counts.
#include "runtime/waiting.hpp"

// A build with RECURRA_BELLS has bells on Linux too: so they are tested where the tests run.
#if defined(__linux__) && !defined(RECURRA_BELLS)
#define RECURRA_FUTEX
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#else
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "runtime/forks.hpp"
#endif

namespace recurra {
namespace {

constexpr int kLooks = 200;

#if !defined(RECURRA_FUTEX)
struct Bell {
  std::mutex mutex;
  std::condition_variable rings;
};
constexpr uintptr_t kBells = 16;

// Never destroyed: workers sleep on them when the process ends. A child may have copied a lock that is held: it gets
// bells of its own.
Bell* bells = [] {
  at_fork(nullptr, nullptr, [] { bells = new Bell[kBells]; });
  return new Bell[kBells];
}();

Bell& bell_of(const Awaited& one) { return bells[reinterpret_cast<uintptr_t>(&one) / sizeof(Awaited) % kBells]; }
#endif

// Sleeps while the number is `seen`; may return early.
void sleep_while(Awaited& one, int seen) {
#if defined(RECURRA_FUTEX)
  syscall(SYS_futex, &one.value, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
#else
  Bell& bell = bell_of(one);
  std::unique_lock<std::mutex> lock(bell.mutex);
  if (now(one) == seen) bell.rings.wait(lock);
#endif
}

}  // namespace

void wake(Awaited& one) {
  if (!__atomic_load_n(&one.sleepers, __ATOMIC_SEQ_CST)) return;
#if defined(RECURRA_FUTEX)
  syscall(SYS_futex, &one.value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#else
  Bell& bell = bell_of(one);
  // Whoever looked at the number before it changed is asleep once the lock is free.
  const std::lock_guard<std::mutex> lock(bell.mutex);
  bell.rings.notify_all();
#endif
}

int wait_while(Awaited& one, int seen) {
  for (int look = 0; look < kLooks; ++look, pause())
    if (now(one) != seen) return now(one);
  __atomic_add_fetch(&one.sleepers, 1, __ATOMIC_SEQ_CST);
  while (now(one) == seen) sleep_while(one, seen);
  __atomic_sub_fetch(&one.sleepers, 1, __ATOMIC_SEQ_CST);
  return now(one);
}

}  // namespace recurra
