// The engine's threads: tasks 0 … n-1 of a job are taken by whoever is free, the caller among them.
// Not here: what the tasks are. No order of tasks may matter to a result.
#pragma once

#include <functional>

namespace recurra {

// Runs task(0) … task(tasks - 1) on at most `threads` threads and returns when all are done. May be called from several
// threads at once: whoever comes while the pool is busy runs its tasks alone. Usable after fork(): the child starts
// anew.
void run_tasks(int tasks, int threads, const std::function<void(int)>& task);

// The same with a thread for every task, all at work at once, so that they may wait for each other; false, and nothing
// done, while the pool is busy or a thread is slow to wake.
bool run_together(int tasks, const std::function<void(int)>& task);

}  // namespace recurra
