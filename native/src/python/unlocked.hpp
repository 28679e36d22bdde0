// The interpreter's lock, left while the engine works.
// Not here: who works (runtime/pool.cpp).
#pragma once

#include <nanobind/nanobind.h>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace recurra {

// While this lives, other threads of Python run. An interpreter that has ended meanwhile ends the thread of whoever
// wants its lock, in the middle of C++, which would abort the process: such a thread, a daemon, stays here for ever
// instead, as it does in later versions of Python.
class Unlocked {
 public:
  Unlocked() : thread_(PyEval_SaveThread()) {}
  ~Unlocked() {
    try {
      PyEval_RestoreThread(thread_);
    } catch (...) {
      for (;;) ::pause();
    }
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* thread_;
};

}  // namespace recurra
