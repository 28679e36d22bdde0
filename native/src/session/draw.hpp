// One of many scores drawn at random: temperature, the k best, the nucleus.
// Not here: random numbers, which the caller brings; the same rules in NumPy are in
// src/recurra/tasks/heads/next_token/drawing.py.
#pragma once

#include <cstdint>
#include <vector>

namespace recurra {

struct Drawing {
  float temperature = 1.0f;
  int64_t top_k = 0;             // 0: all
  double top_p = 1.0;            // 1: all
  std::vector<int64_t> never{};  // places without a share
};

// Room for the shares of so many scores; a draw allocates nothing.
class Drawer {
 public:
  explicit Drawer(int64_t count) : shares_(count), order_(count), sums_(count / kBlock + 1) {}
  // The place drawn by a uniform number in [0, 1). -1 where no score is a number.
  int64_t draw(const float* scores, const Drawing& how, double uniform);

 private:
  static constexpr int64_t kBlock = 256;

  double sum_blocks();
  int64_t fall_on(double wanted) const;
  int64_t best(const Drawing& how, double total);
  int64_t fall_on_best(int64_t kept, double uniform);

  std::vector<float> shares_;
  std::vector<int32_t> order_;
  std::vector<double> sums_;  // of each block of shares
};

}  // namespace recurra
