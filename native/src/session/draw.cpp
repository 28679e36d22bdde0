// Shares of scores, and the place that a uniform number falls on.
// Not here: what is done with it.
#include "session/draw.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/denormals.hpp"
#include "runtime/dispatch.hpp"

namespace recurra {

int64_t Drawer::draw(const float* scores, const Drawing& how, double uniform) {
  const int64_t count = (int64_t)shares_.size();
  const NoDenormals fast;
  // The highest share is 1, unless it is one of those that are never drawn.
  instructions().kernels->raise(scores, count, 1.0f / how.temperature, shares_.data());
  for (int64_t place : how.never)
    if (place < count) shares_[place] = 0.0f;
  const double total = sum_blocks();
  if (!(total > 0.0) || !std::isfinite(total)) return -1;
  if (!how.top_k && how.top_p >= 1.0) return fall_on(uniform * total);
  return fall_on_best(best(how, total), uniform);
}

double Drawer::sum_blocks() {
  const int64_t count = (int64_t)shares_.size();
  double total = 0.0;
  for (int64_t block = 0; block * kBlock < count; ++block) {
    // Four sums at once: one would wait for each addition.
    double sums[4] = {0.0, 0.0, 0.0, 0.0};
    const int64_t end = std::min(count, (block + 1) * kBlock);
    int64_t at = block * kBlock;
    for (; at + 4 <= end; at += 4)
      for (int lane = 0; lane < 4; ++lane) sums[lane] += (double)shares_[at + lane];
    for (; at < end; ++at) sums[0] += (double)shares_[at];
    total += sums_[block] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  return total;
}

// The first place up to which the shares add up to more than that.
int64_t Drawer::fall_on(double wanted) const {
  const int64_t count = (int64_t)shares_.size();
  double reached = 0.0;
  int64_t block = 0;
  while ((block + 1) * kBlock < count && reached + sums_[block] <= wanted) reached += sums_[block++];
  int64_t last = -1;
  for (int64_t at = block * kBlock; at < count; ++at) {
    if (shares_[at] == 0.0f) continue;
    reached += (double)shares_[at];
    last = at;
    if (reached > wanted) return at;
  }
  // Rounding: all of it was passed.
  for (int64_t at = count - 1; last < 0; --at)
    if (shares_[at] != 0.0f) last = at;
  return last;
}

// Puts the k best in order, and of those the fewest that reach the nucleus; returns how many they are.
int64_t Drawer::best(const Drawing& how, double total) {
  const int64_t count = (int64_t)shares_.size(), most = how.top_k ? std::min(how.top_k, count) : count;
  const float highest = *std::max_element(shares_.begin(), shares_.end());
  // Few shares are large: those above a bound are looked at first, and the bound falls until there are enough.
  int64_t found = 0;
  double sum = 0.0;
  for (float bound = highest / 2;; bound = bound < 1e-30f ? 0.0f : bound / 8) {
    found = 0;
    sum = 0.0;
    for (int64_t place = 0; place < count; ++place)
      if (shares_[place] >= bound && shares_[place] > 0.0f) {
        order_[found++] = (int32_t)place;
        sum += (double)shares_[place];
      }
    if (bound == 0.0f || (how.top_k ? found >= most : sum >= how.top_p * total)) break;
  }
  // Of equal shares the lower place, which is the more frequent word, comes first.
  const auto better = [&](int32_t a, int32_t b) {
    return shares_[a] > shares_[b] || (shares_[a] == shares_[b] && a < b);
  };
  const auto start = order_.begin();
  const auto sum_of = [&](int64_t from, int64_t to) {
    double part = 0.0;
    for (int64_t at = from; at < to; ++at) part += (double)shares_[order_[at]];
    return part;
  };
  int64_t end = std::min(found, most);
  if (end < found) std::nth_element(start, start + end, start + found, better);
  if (how.top_p >= 1.0) return end;
  const double wanted = (how.top_p - 1e-12) * (how.top_k ? sum_of(0, end) : total);
  // Halves are put in order, not all of it: the half in which the nucleus ends is halved again.
  int64_t begin = 0;
  for (double reached = 0.0; end - begin > 1;) {
    const int64_t middle = begin + (end - begin) / 2;
    std::nth_element(start + begin, start + middle, start + end, better);
    const double half = sum_of(begin, middle);
    if (reached + half >= wanted)
      end = middle;
    else
      begin = middle, reached += half;
  }
  return end;
}

// The same among the best, in the order of their places.
int64_t Drawer::fall_on_best(int64_t kept, double uniform) {
  std::sort(order_.begin(), order_.begin() + kept);
  double total = 0.0, reached = 0.0;
  for (int64_t at = 0; at < kept; ++at) total += (double)shares_[order_[at]];
  for (int64_t at = 0; at < kept; ++at) {
    reached += (double)shares_[order_[at]];
    if (reached > uniform * total) return order_[at];
  }
  return order_[kept - 1];
}

}  // namespace recurra
