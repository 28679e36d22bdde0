// Which instruction set's kernels are used: the one place that asks the processor.
// Not here: the kernels.
#include "runtime/dispatch.hpp"

#include <atomic>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace recurra {
namespace {

#if defined(__x86_64__)
// The processor's own words, asked for here: compilers differ in the names that they know, and clang-cl has no such
// library.
struct Registers {
  unsigned a, b, c, d;
};

Registers told(unsigned leaf, unsigned part = 0) {
  Registers found{};
  asm volatile("cpuid" : "=a"(found.a), "=b"(found.b), "=c"(found.c), "=d"(found.d) : "a"(leaf), "c"(part));
  return found;
}

bool bit(unsigned word, int place) { return word >> place & 1; }

// Which registers the system saves when it changes threads: those of AVX, of AVX-512.
constexpr unsigned kAvxState = 0x6, kAvx512State = 0xe6;
bool saves(unsigned state) {
  if (!bit(told(1).c, 27)) return false;
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & state) == state;
}

// Leaf 7, or nothing on processors that have no such leaf.
Registers features(unsigned part = 0) {
  const bool there = told(0).a >= 7 && (part == 0 || told(7).a >= part);
  return there ? told(7, part) : Registers{};
}

bool runs_avx2() {
  const unsigned words = features().b;
  return saves(kAvxState) && bit(told(1).c, 12) && bit(words, 5) && bit(words, 8);  // FMA, AVX2, BMI2
}

bool runs_avx512() {
  const unsigned words = features().b;
  for (const int place : {16, 17, 28, 30, 31})  // F, DQ, CD, BW, VL
    if (!bit(words, place)) return false;
  return runs_avx2() && saves(kAvx512State);
}

bool runs_avx512_vnni() { return runs_avx512() && bit(features().c, 11); }

bool runs_avx512_bf16() { return runs_avx512_vnni() && bit(features(1).a, 5); }

// The matrix units, and whether the system lets us use them.
bool has_amx() {
  if (!bit(features().d, 24) || !bit(features().d, 22)) return false;
#if defined(__linux__)
  constexpr int kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
#else
  return false;
#endif
}

bool runs_amx() {
  static const bool there = runs_avx512_bf16() && has_amx();
  return there;
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
