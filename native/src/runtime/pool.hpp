// The engine's threads: tasks 0 … n-1 of a job are taken by whoever is free, the caller among them.
// Not here: what the tasks are. No order of tasks may matter to a result.
#pragma once

#include <algorithm>
#include <functional>

namespace recurra {

// Runs task(0) … task(tasks - 1) on at most `threads` threads and returns when all are done. It waits for nobody but
// for tasks that others have begun: where no thread can be started or none gets a processor, the caller does all of
// them. Throws what a task threw, after which some may not have been done. May be called from several threads at once:
// whoever comes while the pool is busy runs its tasks alone. Usable after fork(): the child starts anew.
void run_tasks(int tasks, int threads, const std::function<void(int)>& task);

// Threads that so much work is worth, `each` for one of them: at least one, at most `threads`. Waking a thread takes
// tens of microseconds, so that it must bring more.
inline int threads_worth(double work, double each, int threads) {
  return std::max(1, (int)std::min((double)threads, work / each));
}

// How many threads have done tasks, callers among them, since this was last asked.
int threads_at_work();

}  // namespace recurra
