// One of many scores drawn at random: temperature, the k best, the nucleus.
// Not here: random numbers, which the caller brings; the same rules in NumPy are in
// src/recurra/tasks/heads/next_token/drawing.py.
#pragma once

#include <cstdint>
#include <vector>

namespace recurra {

struct Drawing {
  float temperature = 1.0f;
  int64_t top_k = 0;   // 0: all
  double top_p = 1.0;  // 1: all
};

// Room for the shares of so many scores, and their order; a draw allocates nothing.
class Drawer {
 public:
  explicit Drawer(int64_t count) : shares_(count), order_(count) {}
  // The place drawn by a uniform number in [0, 1); those in `never` have no share. -1 where no score is a number.
  int64_t draw(const float* scores, const Drawing& how, const std::vector<int64_t>& never, double uniform);

 private:
  void keep_best(const Drawing& how);

  std::vector<float> shares_;
  std::vector<int32_t> order_;
};

}  // namespace recurra
