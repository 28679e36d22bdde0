// Which instruction set's kernels are used: the one place that asks the processor.
// Not here: the kernels.
#include <atomic>

#include "layer.hpp"

namespace recurra {
namespace {

bool runs(const Kernels& table) {
#if defined(__x86_64__)
  if (&table == &kAvx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (&table == &kAvx2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#endif
  return &table == &kPortable;
}

const Kernels* const kTables[] = {
#if defined(__x86_64__)
    &kAvx512,
    &kAvx2,
#endif
    &kPortable,
};

std::atomic<const Kernels*> chosen{nullptr};

}  // namespace

const Kernels& kernels() {
  if (!chosen.load())
    for (const Kernels* table : kTables)
      if (runs(*table)) {
        chosen.store(table);
        break;
      }
  return *chosen.load();
}

std::vector<std::string> available() {
  std::vector<std::string> names;
  for (const Kernels* table : kTables)
    if (runs(*table)) names.emplace_back(table->name);
  return names;
}

bool choose_kernels(const std::string& name) {
  for (const Kernels* table : kTables)
    if (name == table->name && runs(*table)) {
      chosen.store(table);
      return true;
    }
  return false;
}

}  // namespace recurra
