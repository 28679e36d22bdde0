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
  module.def("available", &available);
  module.def("engine", [] { return std::string(instructions().name); });
  module.def("choose", &choose_instructions, "name"_a);
  module.def("release_buffers", &release_buffers);
  module.def("buffer_bytes", [] {
    const BufferBytes told = buffer_bytes();
    return std::make_tuple(told.used, told.unused, told.fresh);
  });
  module.def("calm_openmp", &calm_openmp);
  module.def("threads_at_work", &threads_at_work);
  module.def("peak_work", &peak, "rounds"_a, "threads"_a);
  module.def("activate", &activate, "activation"_a, "precision"_a, "values"_a, "into"_a);
}

}  // namespace recurra
