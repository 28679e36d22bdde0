// A net laid out for steps, as Python holds it.
// Not here: how it is laid out (step_net.cpp) and stepped (sessions.cpp).
#pragma once

#include <nanobind/nanobind.h>

#include <stdexcept>
#include <vector>

#include "session/net.hpp"

namespace recurra {

namespace nb = nanobind;

// A net, and the arrays and layers that it reads, for as long as it lives.
struct Held {
  Net net;
  std::vector<nb::object> alive{};
  bool begun = false;  // streams step it: it may not change

  void check_open() const {
    if (begun) throw std::runtime_error("a net whose streams step cannot be changed");
  }
};

void bind_step_nets(nb::module_& module);

}  // namespace recurra
