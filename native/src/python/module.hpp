// The parts of the Python module, each bound in a file of its own.
#pragma once

#include <nanobind/nanobind.h>

namespace recurra {

void bind_engine(nanobind::module_& module);
void bind_sweeps(nanobind::module_& module);
void bind_steps(nanobind::module_& module);
void bind_pools(nanobind::module_& module);
void bind_sessions(nanobind::module_& module);

}  // namespace recurra
