// GNU OpenMP, called by name: the engine is neither built with it nor linked to it, and uses what is loaded already.
// Not here: what the tasks are.
#include "openmp.hpp"

#if defined(__linux__)
#include <dlfcn.h>
#include <pthread.h>
#endif

#include <atomic>
#include <mutex>

#include "job.hpp"

namespace recurra {
namespace {

// What compiled OpenMP code calls too: run a body on a team of threads, the caller the first of them.
using Parallel = void (*)(void (*body)(void*), void* given, unsigned threads, unsigned flags);
std::atomic<Parallel> parallel{nullptr};
std::mutex busy;
// Long: OpenMP waits for all of a team to come and go anyway.
constexpr std::chrono::milliseconds kMuster{10};

struct Lent {
  Job job;
  pthread_t caller = pthread_self();
  bool done = false;
};

void body(void* given) {
  Lent& lent = *static_cast<Lent*>(given);
  if (pthread_equal(pthread_self(), lent.caller))
    lent.done = lent.job.lead();
  else
    lent.job.help();
}

}  // namespace

bool borrow_openmp() {
#if defined(__linux__) && !defined(__SANITIZE_THREAD__)  // the sanitizer does not see how OpenMP's threads meet
  void* library = dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (!library) return false;
  void* run = dlsym(library, "GOMP_parallel");
  if (!run) return false;
  parallel = reinterpret_cast<Parallel>(run);
  // OpenMP does not know that a child has none of its threads, and would wait for them.
  static const int registered = pthread_atfork(nullptr, nullptr, [] { parallel = nullptr; });
  return registered == 0;
#else
  return false;
#endif
}

bool openmp_lends() { return parallel.load() != nullptr; }

bool run_on_openmp(int tasks, int threads, const std::function<void(int)>& task, bool together) {
  const std::unique_lock<std::mutex> alone(busy, std::try_to_lock);
  if (!alone.owns_lock()) return false;
  Lent lent{{&task, tasks, together, kMuster}};
  parallel.load()(body, &lent, (unsigned)threads, 0);
  return lent.done;
}

}  // namespace recurra
