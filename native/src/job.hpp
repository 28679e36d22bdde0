// One call's tasks, and how the threads that do them begin: the caller leads, workers help.
// Not here: whose threads they are (pool.cpp, openmp.cpp).
#pragma once

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <functional>

#include "denormals.hpp"

namespace recurra {

constexpr int kYieldEvery = 100;  // looks before a waiting worker lets others have its processor

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// The processor this thread runs on; where nobody tells, each thread has one of its own.
inline int here() {
#if defined(__linux__)
  return sched_getcpu();
#else
  static std::atomic<int> threads{0};
  thread_local const int mine = threads++;
  return mine;
#endif
}

// Moves this thread off a processor, if it may run on others; it stays free to go where the system sends it later.
inline void leave(int processor) {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) || processor < 0 || !CPU_ISSET(processor, &allowed)) return;
  cpu_set_t others = allowed;
  CPU_CLR(processor, &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others)) return;
  sched_setaffinity(0, sizeof allowed, &allowed);
#else
  (void)processor;
#endif
}

struct Job {
  const std::function<void(int)>* task;
  int tasks;
  std::atomic<int> next{0}, left;
  // A team starts when all of it is there; if somebody sleeps on, nobody starts.
  enum Muster { waiting, go, off };
  std::atomic<int> present{0}, muster;
  const int home = here();
  std::atomic<bool> crowded{false};

  const std::chrono::microseconds patience;  // how long a team waits for its members to wake

  Job(const std::function<void(int)>* work, int count, bool together, std::chrono::microseconds patience)
      : task(work), tasks(count), left(count), muster(together ? waiting : go), patience(patience) {}

  // The caller's part. False, and nothing done, if a team did not come together. The system wakes a worker where its
  // caller runs: until the caller yields, it does not even get to step aside.
  bool lead() {
    if (present.load() < tasks - 1) sched_yield();
    if (muster.load() == waiting) call_together();
    if (muster.load() != go) return false;
    take();
    return true;
  }

  // A worker's part. On the caller's processor the two would take turns of milliseconds.
  void help() {
    if (here() == home) leave(home);
    if (here() == home) crowded = true;
    present.fetch_add(1);
    for (int look = 1; muster.load(std::memory_order_acquire) == waiting; ++look)
      if (look % kYieldEvery == 0)
        sched_yield();
      else
        pause();
    if (muster.load() == go) take();
  }

 private:
  void take() {
    const NoDenormals fast;
    for (int mine; (mine = next.fetch_add(1)) < tasks;) {
      (*task)(mine);
      left.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  void call_together() {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (int look = 1; present.load() < tasks - 1 && std::chrono::steady_clock::now() < end; ++look)
      if (look % kYieldEvery == 0)
        sched_yield();
      else
        pause();
    const bool all = present.load() == tasks - 1 && !crowded && here() == home;
    muster.store(all ? go : off, std::memory_order_release);
  }
};

}  // namespace recurra
