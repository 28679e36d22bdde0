// Which instruction set's kernels are used: the one place that asks the processor.
// Not here: the kernels.
#include "runtime/dispatch.hpp"

#include <atomic>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace recurra {
namespace {

#if defined(__x86_64__)
// What gcc 12 and clang 14 do not tell by name: the matrix units' bits, and whether the system lets us use them.
bool has_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 24 & 1) || !(d >> 22 & 1)) return false;
#if defined(__linux__)
  constexpr int kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
#else
  return false;
#endif
}

bool runs_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}

bool runs_avx512_vnni() { return runs_avx512() && __builtin_cpu_supports("avx512vnni"); }

bool runs_avx512_bf16() { return runs_avx512_vnni() && __builtin_cpu_supports("avx512bf16"); }

bool runs_amx() {
  static const bool there = runs_avx512_bf16() && has_amx();
  return there;
}

bool runs_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
#endif

bool runs_anywhere() { return true; }

struct Entry {
  InstructionSet set;
  bool (*runs)();
};

const Entry kEntries[] = {
#if defined(__x86_64__)
    {{"amx", &kAvx512, &kAmxHalf, &kAvx512VnniBytes}, runs_amx},
    {{"avx512_bf16", &kAvx512, &kAvx512Bf16Half, &kAvx512VnniBytes}, runs_avx512_bf16},
    {{"avx512_vnni", &kAvx512, &kAvx512Half, &kAvx512VnniBytes}, runs_avx512_vnni},
    {{"avx512", &kAvx512, &kAvx512Half, &kAvx512Bytes}, runs_avx512},
    {{"avx2", &kAvx2, &kAvx2Half, &kAvx2Bytes}, runs_avx2},
#endif
    {{"portable", &kPortable, &kPortableHalf, &kPortableBytes}, runs_anywhere},
};

std::atomic<const InstructionSet*> chosen{nullptr};

}  // namespace

const InstructionSet& instructions() {
  if (!chosen.load())
    for (const Entry& one : kEntries)
      if (one.runs()) {
        chosen.store(&one.set);
        break;
      }
  return *chosen.load();
}

std::vector<std::string> available() {
  std::vector<std::string> names;
  for (const Entry& one : kEntries)
    if (one.runs()) names.emplace_back(one.set.name);
  return names;
}

bool choose_instructions(const std::string& name) {
  for (const Entry& one : kEntries)
    if (name == one.set.name && one.runs()) {
      chosen.store(&one.set);
      return true;
    }
  return false;
}

}  // namespace recurra
