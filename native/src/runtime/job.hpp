// One call's tasks: whoever has time takes the next, the caller among them.
// Not here: whose threads they are (pool.cpp).
#pragma once

#include <atomic>
#include <exception>
#include <functional>

#include "runtime/denormals.hpp"
#include "runtime/waiting.hpp"

namespace recurra {

class Job {
 public:
  Job(const std::function<void(int)>& task, int tasks) : task_(&task), tasks_(tasks) { left_.value = tasks; }

  // Does tasks until all are taken; tells whether it did any. Once one has thrown, those that nobody has begun are left
  // out.
  bool take() {
    const NoDenormals fast;
    bool any = false;
    for (int mine; (mine = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_; any = true) {
      attempt(mine);
      if (add(left_, -1) == 0) wake(left_);
    }
    return any;
  }

  // Waits for the tasks that others have begun, and throws what the first that failed threw.
  void finish() {
    for (int left = now(left_); left > 0;) left = wait_while(left_, left);
    if (trouble_) std::rethrow_exception(trouble_);
  }

 private:
  void attempt(int mine) {
    if (failed_.load(std::memory_order_relaxed)) return;
    try {
      (*task_)(mine);
    } catch (...) {
      if (!failed_.exchange(true)) trouble_ = std::current_exception();
    }
  }

  const std::function<void(int)>* task_;
  const int tasks_;
  std::atomic<int> next_{0};
  Awaited left_;
  std::atomic<bool> failed_{false};
  std::exception_ptr trouble_;  // its task counts as done after it was written
};

}  // namespace recurra
