// Threads lent by OpenMP, where another library of the process has started it.
// Not here: the engine's own threads, which do the work everywhere else (pool.cpp).
#pragma once

#include <functional>

namespace recurra {

// From now on tasks run on the threads of GNU OpenMP, if the process has loaded it; tells whether it has. torch's
// threads look for work for a while after each of its operations, and the engine's own would have to take the processor
// from them.
bool borrow_openmp();

// Whether it does so, here: not in a forked child.
bool openmp_lends();

// Runs the tasks on such threads. With `together` each has a thread of its own, all at work at once. False, and nothing
// done, while they are busy, or where there are too few.
bool run_on_openmp(int tasks, int threads, const std::function<void(int)>& task, bool together);

}  // namespace recurra
