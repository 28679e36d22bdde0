// GNU OpenMP's threads, on which torch works, beside the engine's own.
// Not here: the engine's threads (pool.cpp).
#pragma once

namespace recurra {

// Has the waiting threads of the GNU OpenMP that the process has loaded sleep after some microseconds; tells whether
// they will. Left alone, torch's look for work for milliseconds after each of its operations, on the processors that
// the engine's threads and other processes want.
bool calm_openmp();

}  // namespace recurra
