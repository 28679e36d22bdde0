// The engine itself for Python: instruction sets, whose threads work, buffers, the processor's peak, and activations
// over arrays, for whoever measures them. Not here: sweeps (module.cpp).
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>

#include "python/checks.hpp"
#include "python/module.hpp"
#include "python/unlocked.hpp"
#include "runtime/buffers.hpp"
#include "runtime/denormals.hpp"
#include "runtime/openmp.hpp"
#include "runtime/pool.hpp"

namespace recurra {
namespace {

// Each value's activation as the sweeps of a precision compute it.
void activate(const std::string& activation, const std::string& precision, Vector values, VectorOut into) {
  check_apart({extent("values", values), extent("into", into)});
  const Activation which = activation_of(activation);
  const Sweeper& sweeper = instructions().sweeper(precision_of(precision));
  const int64_t count = values.shape(0);
  const float* from = flat("values", values, count);
  float* to = flat("into", into, count);
  const Unlocked free;
  const NoDenormals fast;
  sweeper.activate(which, from, to, count);
}

double peak(int64_t rounds, int threads) {
  constexpr int kMost = 4096;
  if (rounds < 0) refuse("rounds", std::to_string(rounds), "0 or more");
  if (threads < 1 || threads > kMost) refuse("threads", std::to_string(threads), "1 … " + std::to_string(kMost));
  const Unlocked free;
  return peak_work(rounds, threads);
}

}  // namespace

void bind_engine(nb::module_& module) {
  using namespace nb::literals;
  module.def("available", &available, "Names of the instruction sets this processor runs, best first.");
  module.def("engine", [] { return std::string(instructions().name); }, "The instruction set in use.");
  module.def("choose", &choose_instructions, "name"_a,
             "Forces an instruction set; false where this processor cannot run it.");
  module.def("release_buffers", &release_buffers, "Gives unused buffers back to the system.");
  module.def(
      "buffer_bytes",
      [] {
        const BufferBytes told = buffer_bytes();
        return std::make_tuple(told.used, told.unused, told.fresh);
      },
      "Bytes of buffers handed out, lying ready, and asked of the system since the process began.");
  module.def("calm_openmp", &calm_openmp,
             "Lets the threads of GNU OpenMP sleep as soon as the engine's own; false where there are none.");
  module.def("threads_at_work", &threads_at_work, "How many threads have done tasks since this was last asked.");
  module.def("peak_work", &peak, "rounds"_a, "threads"_a,
             "Floating-point operations done by a loop of multiply-adds on registers.");
  module.def("activate", &activate, "activation"_a, nb::kw_only(), "precision"_a, "values"_a, "into"_a,
             "Each value's activation as the sweeps of a precision compute it.");
}

}  // namespace recurra
