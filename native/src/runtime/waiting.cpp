// Sleeping on a number by the system's own means.
// Not here: who counts.
#include "runtime/waiting.hpp"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#else
#include <atomic>
#endif

namespace recurra {
namespace {

constexpr int kLooks = 200;

// Sleeps while the number is `seen`; may return early.
void sleep_while(Awaited& one, int seen) {
#if defined(__linux__)
  syscall(SYS_futex, &one.value, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
#else
  std::atomic_ref<int>(one.value).wait(seen);
#endif
}

}  // namespace

void wake(Awaited& one) {
  if (!__atomic_load_n(&one.sleepers, __ATOMIC_SEQ_CST)) return;
#if defined(__linux__)
  syscall(SYS_futex, &one.value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#else
  std::atomic_ref<int>(one.value).notify_all();
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
