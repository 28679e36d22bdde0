// The pool: workers sleep, each on its own number, and look for a while before they do.
// Not here: what the tasks are.
#include "runtime/pool.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/forks.hpp"
#include "runtime/job.hpp"

namespace recurra {
namespace {

std::atomic<int> at_work{0};
std::atomic<unsigned> asked{0};

// Counts this thread among those at work, once for each time that is asked.
void count_me() {
  thread_local unsigned counted = ~0u;
  const unsigned now = asked.load(std::memory_order_relaxed);
  if (counted == now) return;
  counted = now;
  at_work.fetch_add(1, std::memory_order_relaxed);
}

class Pool {
 public:
  // False, and nothing done, while it is busy.
  bool run(int tasks, int threads, const std::function<void(int)>& task) {
    std::unique_lock<std::mutex> alone(busy_, std::try_to_lock);
    if (!alone.owns_lock()) return false;
    // Shared, so that a worker who comes late finds it done rather than gone.
    const auto job = std::make_shared<Job>(task, tasks);
    grow(threads - 1);
    const int helpers = std::min(threads - 1, (int)seats_.size());
    offer(job, helpers);
    for (int helper = 0; helper < helpers; ++helper) {
      add(*seats_[helper], 1);
      wake(*seats_[helper]);
    }
    if (job->take()) count_me();
    offer(nullptr, 0);
    job->finish();
    return true;
  }

 private:
  // Where the system gives no more threads, those that are there do the work.
  void grow(int workers) {
    try {
      while ((int)seats_.size() < workers) {
        auto seat = std::make_unique<Awaited>();
        seats_.reserve(seats_.size() + 1);
        std::thread(&Pool::work, this, (int)seats_.size(), seat.get()).detach();
        seats_.push_back(std::move(seat));
      }
    } catch (const std::exception&) {
    }
  }

  void offer(std::shared_ptr<Job> job, int helpers) {
    const std::lock_guard<std::mutex> lock(mutex_);
    job_.swap(job);
    helpers_ = helpers;
  }

  std::shared_ptr<Job> offered(int mine) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return mine < helpers_ ? job_ : nullptr;
  }

  void work(int mine, Awaited* seat) {
    for (int seen = 0;;) {
      seen = wait_while(*seat, seen);
      const std::shared_ptr<Job> job = offered(mine);
      if (job && job->take()) count_me();
    }
  }

  std::mutex busy_, mutex_;
  std::shared_ptr<Job> job_;
  int helpers_ = 0;
  std::vector<std::unique_ptr<Awaited>> seats_;
};

// Never destroyed: its workers are asleep in it when the process ends. A child has none of its parent's threads and may
// have copied a lock that is held: it gets a pool of its own.
Pool* pool = [] {
  at_fork(nullptr, nullptr, [] { pool = new Pool; });
  return new Pool;
}();

}  // namespace

void run_tasks(int tasks, int threads, const std::function<void(int)>& task) {
  threads = std::min(threads, tasks);
  if (threads > 1 && pool->run(tasks, threads, task)) return;
  const NoDenormals fast;
  if (tasks > 0) count_me();
  for (int mine = 0; mine < tasks; ++mine) task(mine);
}

int threads_at_work() {
  asked.fetch_add(1, std::memory_order_relaxed);
  return at_work.exchange(0, std::memory_order_relaxed);
}

}  // namespace recurra
