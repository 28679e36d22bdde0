// GNU OpenMP, called by name: the engine is neither built with it nor linked to it, and meets what is loaded already.
// Not here: the engine's threads (pool.cpp).
#include "runtime/openmp.hpp"

#if defined(__linux__)
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>
#endif

namespace recurra {

#if defined(__linux__)
namespace {

// What compiled OpenMP code calls: run a body on a team of threads, the caller the first of them.
using Parallel = void (*)(void (*body)(void*), void* given, unsigned threads, unsigned flags);
using Number = int (*)();

// Whether so many threads can be started: OpenMP ends the process where it cannot.
bool can_start(int threads) {
  std::vector<std::thread> started;
  std::atomic<bool> over{false};
  bool all = true;
  try {
    for (int i = 0; i < threads; ++i)
      started.emplace_back([&] {
        while (!over.load()) ::usleep(100);
      });
  } catch (const std::exception&) {
    all = false;
  }
  over.store(true);
  for (std::thread& one : started) one.join();
  return all;
}

// Starts a team whose threads have nothing to do and never end; it lives as long as the thread that called for it.
void start_idle_team(Parallel parallel, int threads) {
  std::thread([parallel, threads] {
    parallel([](void*) {}, nullptr, (unsigned)threads, 0);
    for (;;) ::pause();
  }).detach();
}

}  // namespace

bool calm_openmp() {
  void* library = dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (!library) return false;
  const auto parallel = reinterpret_cast<Parallel>(dlsym(library, "GOMP_parallel"));
  const auto processors = reinterpret_cast<Number>(dlsym(library, "omp_get_num_procs"));
  const auto threads = reinterpret_cast<Number>(dlsym(library, "omp_get_max_threads"));
  if (!parallel || !processors || !threads) return false;
  // Once it has more threads than there are processors, torch's among them, those that wait look for work a hundred
  // times instead of 300,000 times (libgomp's manual, GOMP_SPINCOUNT). There is no call for it.
  const int team = std::max(0, processors() - threads()) + 2;
  if (!can_start(team)) return false;
  start_idle_team(parallel, team);
  return true;
}
#else
bool calm_openmp() { return false; }
#endif

}  // namespace recurra
