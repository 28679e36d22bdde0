// Shares of scores, and the place that a uniform number falls on.
// Not here: what is done with it.
#include "session/draw.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/denormals.hpp"
#include "runtime/dispatch.hpp"

namespace recurra {

int64_t Drawer::draw(const float* scores, const Drawing& how, const std::vector<int64_t>& never, double uniform) {
  const int64_t count = (int64_t)shares_.size();
  const NoDenormals fast;
  instructions().kernels->raise(scores, count, 1.0f / how.temperature, shares_.data());
  for (int64_t place : never)
    if (place < count) shares_[place] = 0.0f;
  if (how.top_k || how.top_p < 1.0) keep_best(how);
  double total = 0.0;
  // Four sums at once: one would wait for each addition.
  double sums[4] = {0.0, 0.0, 0.0, 0.0};
  for (int64_t place = 0; place < count; ++place) sums[place % 4] += (double)shares_[place];
  total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  if (!(total > 0.0) || !std::isfinite(total)) return -1;
  const double wanted = uniform * total;
  double reached = 0.0;
  int64_t last = -1;
  for (int64_t place = 0; place < count; ++place) {
    if (shares_[place] == 0.0f) continue;
    reached += (double)shares_[place];
    last = place;
    if (reached > wanted) break;
  }
  return last;
}

// Clears the shares of all but the k best, and of those all but the fewest that reach the nucleus.
void Drawer::keep_best(const Drawing& how) {
  const int64_t count = (int64_t)shares_.size();
  for (int64_t place = 0; place < count; ++place) order_[place] = (int32_t)place;
  // Of equal shares the lower place, which is the more frequent word, comes first.
  const auto better = [&](int32_t a, int32_t b) {
    return shares_[a] > shares_[b] || (shares_[a] == shares_[b] && a < b);
  };
  int64_t kept = how.top_k > 0 && how.top_k < count ? how.top_k : count;
  if (kept < count) std::nth_element(order_.begin(), order_.begin() + kept, order_.end(), better);
  if (how.top_p < 1.0) {
    double total = 0.0, reached = 0.0;
    for (int64_t at = 0; at < kept; ++at) total += (double)shares_[order_[at]];
    // A heap gives the best one by one: of the nucleus few are needed.
    const auto worse = [&](int32_t a, int32_t b) { return better(b, a); };
    int64_t left = kept;
    std::make_heap(order_.begin(), order_.begin() + kept, worse);
    while (left > 0) {
      std::pop_heap(order_.begin(), order_.begin() + left, worse);
      reached += (double)shares_[order_[--left]] / total;
      if (reached >= how.top_p - 1e-12) break;
    }
    for (int64_t at = 0; at < left; ++at) shares_[order_[at]] = 0.0f;
  }
  for (int64_t at = kept; at < count; ++at) shares_[order_[at]] = 0.0f;
}

}  // namespace recurra
