// One of many scores drawn at random: temperature, the k best, the nucleus; by a race (kernels/race_shapes.hpp).
// Not here: random numbers, which the caller brings; the same rules in NumPy are in
// src/recurra/tasks/heads/next_token/drawing.py.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/race_shapes.hpp"
#include "session/shortlist.hpp"

namespace recurra {

struct Drawing {
  double temperature = 1.0;
  int64_t top_k = 0;             // 0: all
  double top_p = 1.0;            // 1: all
  std::vector<int64_t> never{};  // places without a share
  bool of_all() const { return !top_k && top_p >= 1.0; }
};

// Room for the shares of so many scores; a draw allocates nothing.
class Drawer {
 public:
  explicit Drawer(int64_t count);
  // The place drawn by a uniform number in [0, 1). -1 where no score is a number.
  int64_t draw(const float* scores, const Drawing& how, double uniform);
  // The same among all words by the row that scores them, without most scores. -1 where that would take as long.
  int64_t draw(const Shortlist& words, const float* row, const Drawing& how, double uniform);

 private:
  // The first to arrive, and what tells it from others: E, whose mean is 1, and its score.
  struct Arrival {
    int64_t place = -1;
    double log = 0.0, score = 0.0;
  };
  void begin(const Drawing& how, double uniform);
  void leave_out(const Drawing& how);
  double take(int64_t place, float score);
  double lateness() const { return first_.place < 0 ? kNever : temperature_ * first_.log - first_.score; }
  int64_t draw_of_best(const float* scores, const Drawing& how);
  template <class Score>
  bool find(int most, Score score);
  int64_t best(const Drawing& how, double total);

  static constexpr double kNever = 1e300;
  int64_t count_;
  int width_;  // of a panel
  Race race_{};
  double temperature_ = 1.0;
  Arrival first_;
  std::vector<float> shares_, earliest_, lowest_, panel_;
  std::vector<int32_t> order_;
  std::vector<int16_t> levels_;
};

}  // namespace recurra
