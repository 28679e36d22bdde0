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

namespace recurra {
namespace {

constexpr int kLooks = 2000;  // some tens of microseconds: the next sweep of a step often comes at once

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// While this lives, results and operands below the normal range count as zero on this thread. Errors that vanish over
// hundreds of steps end there, and each operation on them would take a hundred times as long.
class NoDenormals {
 public:
#if defined(__x86_64__)
  NoDenormals() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | 0x8040); }
  ~NoDenormals() { __builtin_ia32_ldmxcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  NoDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | (1ul << 24)));
  }
  ~NoDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

 private:
  unsigned long before_;
#endif
};

// One call's work. Workers hold it by a shared pointer, so that a late one finds it done rather than gone.
struct Job {
  const std::function<void(int)>* task;
  int tasks;
  std::atomic<int> next{0}, left;
  Job(const std::function<void(int)>* work, int count) : task(work), tasks(count), left(count) {}
  void help() {
    const NoDenormals fast;
    for (int mine; (mine = next.fetch_add(1)) < tasks;) {
      (*task)(mine);
      left.fetch_sub(1, std::memory_order_acq_rel);
    }
  }
};

class Pool {
 public:
  bool run(int tasks, int threads, const std::function<void(int)>& task) {
    std::unique_lock<std::mutex> alone(busy_, std::try_to_lock);
    if (!alone.owns_lock()) return false;
    auto job = std::make_shared<Job>(&task, tasks);
    grow(threads - 1);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      wanted_ = threads - 1;
      number_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    job->help();
    while (job->left.load(std::memory_order_acquire) > 0) pause();
    std::lock_guard<std::mutex> lock(mutex_);
    job_.reset();
    return true;
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

}  // namespace

namespace {

Pool& ready() {
  static std::once_flag once;
  std::call_once(once, start);
  return *pool;
}

}  // namespace

bool run_together(int tasks, const std::function<void(int)>& task) { return ready().run(tasks, tasks, task); }

void run_tasks(int tasks, int threads, const std::function<void(int)>& task) {
  threads = threads < tasks ? threads : tasks;
  if (threads > 1 && ready().run(tasks, threads, task)) return;
  const NoDenormals fast;
  for (int mine = 0; mine < tasks; ++mine) task(mine);
}

}  // namespace recurra
