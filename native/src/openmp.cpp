// GNU OpenMP, called by name: the engine is neither built with it nor linked to it, and uses what is loaded already.
// Not here: what the tasks are.
#include "openmp.hpp"

#if defined(__linux__)
#include <dlfcn.h>
#include <pthread.h>
#endif

#include <atomic>
#include <mutex>

#include "denormals.hpp"

namespace recurra {
namespace {

// The two functions that compiled OpenMP code calls too: run a body on a team, and ask how large this team is.
using Parallel = void (*)(void (*body)(void*), void* given, unsigned threads, unsigned flags);
using TeamSize = int (*)();
std::atomic<Parallel> parallel{nullptr};
std::atomic<TeamSize> team_size{nullptr};
std::mutex busy;

struct Lent {
  const std::function<void(int)>& task;
  int tasks;
  bool together;
  std::atomic<int> next{0};
  std::atomic<bool> done{true};
};

void body(void* given) {
  Lent& job = *static_cast<Lent*>(given);
  // All of a team see the same number: either everybody starts or nobody does.
  if (job.together && team_size.load()() < job.tasks) {
    job.done = false;
    return;
  }
  const NoDenormals fast;
  for (int mine; (mine = job.next.fetch_add(1)) < job.tasks;) job.task(mine);
}

}  // namespace

bool borrow_openmp() {
#if defined(__linux__) && !defined(__SANITIZE_THREAD__)  // the sanitizer does not see how OpenMP's threads meet
  void* library = dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (!library) return false;
  void *run = dlsym(library, "GOMP_parallel"), *size = dlsym(library, "omp_get_num_threads");
  if (!run || !size) return false;
  team_size = reinterpret_cast<TeamSize>(size);
  parallel = reinterpret_cast<Parallel>(run);
  // OpenMP does not know that a child has none of its threads, and would wait for them.
  static const int registered = pthread_atfork(nullptr, nullptr, [] { parallel = nullptr; });
  return registered == 0;
#else
  return false;
#endif
}

bool run_on_openmp(int tasks, int threads, const std::function<void(int)>& task, bool together) {
  const Parallel run = parallel.load();
  if (!run) return false;
  const std::unique_lock<std::mutex> alone(busy, std::try_to_lock);
  if (!alone.owns_lock()) return false;
  Lent job{task, tasks, together};
  run(body, &job, (unsigned)threads, 0);
  return job.done.load();
}

}  // namespace recurra
