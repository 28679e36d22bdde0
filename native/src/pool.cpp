// The pool: workers sleep on a condition variable, and look for a while before they do.
// Not here: what the tasks are.
#include "pool.hpp"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "denormals.hpp"
#include "openmp.hpp"

namespace recurra {
namespace {

constexpr std::chrono::microseconds kMuster{100};  // how long a team waits for its members to wake
constexpr int kPatience = 100;                     // looks before a waiting worker lets others have its processor
constexpr int kLooks = 2000;  // some tens of microseconds: the next sweep of a step often comes at once

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// The processor this thread runs on; where nobody tells, each thread has one of its own.
int here() {
#if defined(__linux__)
  return sched_getcpu();
#else
  static std::atomic<int> threads{0};
  thread_local const int mine = threads++;
  return mine;
#endif
}

// One call's work. Workers hold it by a shared pointer, so that a late one finds it done rather than gone.
struct Job {
  const std::function<void(int)>* task;
  int tasks;
  std::atomic<int> next{0}, left;
  // A team starts when all of it is there; if somebody sleeps on, nobody starts.
  enum Muster { waiting, go, off };
  std::atomic<int> present{0}, muster;
  // The system may wake a worker on the caller's own processor, where one of the two would always wait for the other.
  int home = here();
  std::atomic<bool> crowded{false};
  Job(const std::function<void(int)>* work, int count, bool together)
      : task(work), tasks(count), left(count), muster(together ? waiting : go) {}
  void help() {
    const NoDenormals fast;
    for (int mine; (mine = next.fetch_add(1)) < tasks;) {
      if (!mustered()) return;
      (*task)(mine);
      left.fetch_sub(1, std::memory_order_acq_rel);
    }
  }
  bool mustered() {
    if (muster.load(std::memory_order_acquire) == waiting && here() == home) crowded = true;
    present.fetch_add(1);
    for (int look = 1; muster.load(std::memory_order_acquire) == waiting; ++look)
      if (look % kPatience == 0)
        sched_yield();
      else
        pause();
    return muster.load() == go;
  }
  // The caller decides for all, itself counted.
  void call_together() {
    const auto end = std::chrono::steady_clock::now() + kMuster;
    while (present.load() < tasks - 1 && std::chrono::steady_clock::now() < end) pause();
    const bool all = present.load() == tasks - 1 && !crowded && here() == home;
    muster.store(all ? go : off, std::memory_order_release);
  }
};

class Pool {
 public:
  bool run(int tasks, int threads, const std::function<void(int)>& task, bool together) {
    std::unique_lock<std::mutex> alone(busy_, std::try_to_lock);
    if (!alone.owns_lock()) return false;
    auto job = std::make_shared<Job>(&task, tasks, together);
    grow(threads - 1);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      wanted_ = threads - 1;
      number_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    if (together) job->call_together();
    const bool done = job->muster.load() == Job::go;
    if (done) {
      job->help();
      while (job->left.load(std::memory_order_acquire) > 0) pause();
    }
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

}  // namespace

bool run_together(int tasks, const std::function<void(int)>& task) {
  return run_on_openmp(tasks, tasks, task, true) || ready().run(tasks, tasks, task, true);
}

void run_tasks(int tasks, int threads, const std::function<void(int)>& task) {
  threads = threads < tasks ? threads : tasks;
  if (threads > 1 && (run_on_openmp(tasks, threads, task, false) || ready().run(tasks, threads, task, false))) return;
  const NoDenormals fast;
  for (int mine = 0; mine < tasks; ++mine) task(mine);
}

}  // namespace recurra
