// What a sweep of all directions keeps for its gradient, and whose it is: a gradient from another sweep's would be
// wrong, or outside of its memory. Not here: what is kept (layer.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/layer.hpp"

namespace recurra {

using Layers = std::vector<const Layer*>;

// A few of a table's values, spread over all of it: they tell another table, but not every change of one.
using Sample = std::array<float, 16>;

template <class At>
Sample sample_of(int64_t count, At at) {
  Sample sample{};
  const int64_t last = count - 1, steps = (int64_t)sample.size() - 1;
  for (int64_t i = 0; last >= 0 && i <= steps; ++i) sample[i] = (float)at(last / steps * i + last % steps * i / steps);
  return sample;
}

inline Sample sample_of(const Rows& table, int64_t rows) {
  return sample_of(table.values ? rows * table.columns : 0,
                   [&](int64_t at) { return table.values[at / table.columns * table.stride + at % table.columns]; });
}

// Samples of all that a sweep read and wrote; zeros of what was not there.
struct Witness {
  Sample values, outputs, hidden, cell, rows;
};

class AllKept {
 public:
  AllKept(const Layers& layers, const Places& places);
  AllKept(const AllKept&) = delete;
  AllKept& operator=(const AllKept&) = delete;

  Kept& side(size_t number) { return each_[number]; }
  size_t bytes() const;
  void witness(const Witness& seen) { seen_ = seen; }
  // Throws where another sweep kept it, or where it was used up.
  void check(const Layers& layers, const Places& places, const Witness& seen) const;
  // The first gradient over distinct inputs leaves errors where the gates were.
  void use_up() { used_ = true; }

 private:
  std::vector<Kept> each_;
  std::vector<int64_t> packings_;
  Places places_;
  Witness seen_{};
  bool used_ = false;
};

}  // namespace recurra
