// The pool: workers sleep on a condition variable, and look for a while before they do.
// Not here: what the tasks are.
#include "pool.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "job.hpp"
#include "openmp.hpp"

namespace recurra {
namespace {

constexpr std::chrono::microseconds kMuster{100};
constexpr int kLooks = 2000;  // some tens of microseconds: the next sweep of a step often comes at once

class Pool {
 public:
  bool run(int tasks, int threads, const std::function<void(int)>& task, bool together) {
    std::unique_lock<std::mutex> alone(busy_, std::try_to_lock);
    if (!alone.owns_lock()) return false;
    // Shared, so that a worker who comes late finds it done rather than gone.
    auto job = std::make_shared<Job>(&task, tasks, together, kMuster);
    grow(threads - 1);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      wanted_ = threads - 1;
      number_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    const bool done = job->lead();
    while (done && job->left.load(std::memory_order_acquire) > 0) pause();
    std::lock_guard<std::mutex> lock(mutex_);
    job_.reset();
    return done;
  }

 private:
  void grow(int workers) {
    while ((int)workers_ < workers) {
      std::thread(&Pool::work, this, (int)workers_).detach();
      ++workers_;
    }
  }

  void work(int mine) {
    unsigned long seen = 0;
    for (;;) {
      for (int look = 0; look < kLooks && number_.load(std::memory_order_acquire) == seen; ++look) pause();
      std::shared_ptr<Job> job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return number_.load(std::memory_order_relaxed) != seen; });
        seen = number_.load(std::memory_order_relaxed);
        if (mine < wanted_) job = job_;
      }
      if (job) job->help();
    }
  }

  std::mutex busy_, mutex_;
  std::condition_variable wake_;
  std::shared_ptr<Job> job_;
  std::atomic<unsigned long> number_{0};
  int wanted_ = 0, workers_ = 0;
};

// Never destroyed: its workers are asleep in it when the process ends.
Pool* pool = nullptr;

void start() {
  pool = new Pool;
  // A child has none of its parent's threads and may have copied a lock that is held: it gets a pool of its own.
  static const int registered = pthread_atfork(nullptr, nullptr, [] { pool = new Pool; });
  (void)registered;
}

Pool& ready() {
  static std::once_flag once;
  std::call_once(once, start);
  return *pool;
}

// Lent threads, once woken, look for work on the processors that a second pool would want: it is either or.
bool run_on(int tasks, int threads, const std::function<void(int)>& task, bool together) {
  return openmp_lends() ? run_on_openmp(tasks, threads, task, together) : ready().run(tasks, threads, task, together);
}

}  // namespace

bool run_together(int tasks, const std::function<void(int)>& task) { return run_on(tasks, tasks, task, true); }

void run_tasks(int tasks, int threads, const std::function<void(int)>& task) {
  threads = threads < tasks ? threads : tasks;
  if (threads > 1 && run_on(tasks, threads, task, false)) return;
  const NoDenormals fast;
  for (int mine = 0; mine < tasks; ++mine) task(mine);
}

}  // namespace recurra
