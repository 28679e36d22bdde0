// Numbers below the normal range count as zero while the engine works.
// Not here: threads (pool.cpp, openmp.cpp), each of which has this setting of its own.
#pragma once

#include <cstdint>

namespace recurra {

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
    asm volatile("msr fpcr, %0" : : "r"(before_ | (uint64_t{1} << 24)));
  }
  ~NoDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

 private:
  uint64_t before_;
#endif
};

}  // namespace recurra
