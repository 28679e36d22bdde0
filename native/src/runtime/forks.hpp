// What a fork of the process calls, where processes fork.
// Not here: what there is to do.
#pragma once

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace recurra {

using AtFork = void (*)();

inline void at_fork([[maybe_unused]] AtFork before, [[maybe_unused]] AtFork parent, [[maybe_unused]] AtFork child) {
#if !defined(_WIN32)
  pthread_atfork(before, parent, child);
#endif
}

}  // namespace recurra
