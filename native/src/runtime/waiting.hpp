// A number that threads wait for: looked at for a while, then slept on.
// Not here: what it counts.
#pragma once

namespace recurra {

// Always inlined: a copy compiled for one processor must never be linked into another's code.
#define RECURRA_HERE inline __attribute__((always_inline))

// Has a line of the caches to itself: who writes one does not disturb who looks at another.
struct alignas(64) Awaited {
  int value = 0, sleepers = 0;
};

RECURRA_HERE int now(const Awaited& one) { return __atomic_load_n(&one.value, __ATOMIC_ACQUIRE); }

RECURRA_HERE void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Adds to it and returns the sum; nobody wakes.
RECURRA_HERE int add(Awaited& one, int more) { return __atomic_add_fetch(&one.value, more, __ATOMIC_SEQ_CST); }

// Wakes who sleeps on it, if anybody does.
void wake(Awaited& one);

// Waits until it is no longer `seen`, and returns what it is. A thread looks for some microseconds, as long as waking
// it would take, and never yields: beside other processes that would hand them the processor for milliseconds.
int wait_while(Awaited& one, int seen);

}  // namespace recurra
