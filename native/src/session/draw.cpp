// Races among scores: who arrives first.
// Not here: what is done with it, and bounds (kernels/answers/race.hpp).
#include "session/draw.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/denormals.hpp"
#include "runtime/dispatch.hpp"

namespace recurra {
namespace {

constexpr int kMostScores = 48;  // made one by one, from which on all at once take less time
constexpr float kInfinite = __builtin_inff();

// The number's bits, mixed (Steele, Lea & Flood 2014: splitmix64).
uint64_t mixed(double uniform) {
  uint64_t bits;
  std::memcpy(&bits, &uniform, sizeof bits);
  bits += 0x9e3779b97f4a7c15u;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

// As in kernels/answers/race.hpp, of one word.
uint32_t mixed(uint32_t bits) {
  bits = (bits ^ (bits >> 16)) * 0x7feb352du;
  bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
  return bits ^ (bits >> 16);
}

// The uniform number V of a word, 64 bits: its first half, which is not above it, and ln E, E = -ln(1 - V).
struct Told {
  uint32_t keyed, second;
  Told(const Race& race, uint32_t word) : keyed(mixed(word ^ race.first)), second(race.second) {}
  double high() const { return mixed(keyed + second) * 0x1p-32; }
  double log() const {
    const double low = mixed((keyed ^ second) + 0x9e3779b9u) + 0.5;
    return std::log(-std::log1p(-std::min(high() + low * 0x1p-64, 1.0 - 0x1p-53)));
  }
};

// Four sums at once: one would wait for each addition.
double sum(const std::vector<float>& values) {
  double sums[4] = {0.0, 0.0, 0.0, 0.0};
  const size_t whole = values.size() / 4 * 4;
  for (size_t at = 0; at < whole; at += 4)
    for (int lane = 0; lane < 4; ++lane) sums[lane] += (double)values[at + lane];
  for (size_t at = whole; at < values.size(); ++at) sums[0] += (double)values[at];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

Drawer::Drawer(int64_t count)
    : count_(count), width_(4 * instructions().kernels->lanes), shares_(count), order_(count) {
  const int64_t panels = (count + width_ - 1) / width_;
  earliest_.resize(panels * width_);
  lowest_.resize(panels);
}

int64_t Drawer::draw(const float* scores, const Drawing& how, double uniform) {
  const NoDenormals fast;
  begin(how, uniform);
  if (!how.of_all()) return draw_of_best(scores, how);
  const float highest = instructions().kernels->bound(scores, count_, race_, {earliest_.data(), lowest_.data()});
  if (!std::isfinite(highest)) return -1;
  leave_out(how);
  find(1 << 30, [&](int64_t place) { return scores[place]; });
  return first_.place;
}

int64_t Drawer::draw_of_best(const float* scores, const Drawing& how) {
  // The highest share is 1, unless it is one of those that are never drawn.
  instructions().kernels->raise(scores, count_, (float)(1.0 / how.temperature), shares_.data());
  for (int64_t place : how.never)
    if (place < count_) shares_[place] = 0.0f;
  const double total = sum(shares_);
  if (!(total > 0.0) || !std::isfinite(total)) return -1;
  const int64_t kept = best(how, total);
  // E is not below V. A part in a thousand is far more than what shares lose by float32.
  double latest = kNever;
  for (const int32_t* place = order_.data(); place < order_.data() + kept; ++place) {
    if (Told(race_, (uint32_t)*place).high() > shares_[*place] * latest) continue;
    const double log = take(*place, scores[*place]);
    latest = std::min(latest, 1.001 * std::exp(log) / shares_[*place]);
  }
  return first_.place;
}

int64_t Drawer::draw(const Shortlist& words, const float* row, const Drawing& how, double uniform) {
  const NoDenormals fast;
  begin(how, uniform);
  levels_.resize(words.size() + 64);
  panel_.resize(width_);
  if (!words.screen(row, race_, {earliest_.data(), lowest_.data()}, levels_.data())) return -1;
  leave_out(how);
  return find(kMostScores, [&](int64_t place) { return words.score(row, place, panel_.data()); }) ? first_.place : -1;
}

void Drawer::begin(const Drawing& how, double uniform) {
  const uint64_t bits = mixed(uniform);
  race_ = {(uint32_t)bits, (uint32_t)(bits >> 32), (float)how.temperature};
  temperature_ = how.temperature;
  first_ = {};
}

void Drawer::leave_out(const Drawing& how) {
  for (int64_t place : how.never)
    if (place < count_) earliest_[place] = kInfinite;
}

// Of two words the one whose lateness T ln E - score is less; told by differences, which lose nothing. Returns ln E.
double Drawer::take(int64_t place, float score) {
  const double log = Told(race_, (uint32_t)place).log(), ahead = (double)score - first_.score;
  if (score > -kInfinite && (first_.place < 0 || temperature_ * (log - first_.log) < ahead))
    first_ = {place, log, score};
  return log;
}

// Takes words from the lowest bound on, until no other can be earlier; false if `most` are not enough.
template <class Score>
bool Drawer::find(int most, Score score) {
  for (int taken = 0;; ++taken) {
    const auto panel = std::min_element(lowest_.begin(), lowest_.end());
    if (!(*panel < kInfinite) || (double)*panel > lateness()) return true;
    if (taken == most) return false;
    const auto begin = earliest_.begin() + (panel - lowest_.begin()) * width_, end = begin + width_;
    const auto lowest = std::min_element(begin, end);
    // Those that are left out may have been the panel's lowest.
    if (*lowest < kInfinite) {
      take(lowest - earliest_.begin(), score(lowest - earliest_.begin()));
      *lowest = kInfinite;
    }
    *panel = *std::min_element(begin, end);
  }
}

// Puts the k best in order, and of those the fewest that reach the nucleus; returns how many they are.
int64_t Drawer::best(const Drawing& how, double total) {
  const int64_t most = how.top_k ? std::min(how.top_k, count_) : count_;
  const float highest = *std::max_element(shares_.begin(), shares_.end());
  // Few shares are large: those above a bound are looked at first, and the bound falls until there are enough.
  int64_t found = 0;
  double sum = 0.0;
  for (float bound = highest / 2;; bound = bound < 1e-30f ? 0.0f : bound / 8) {
    found = 0;
    sum = 0.0;
    for (int64_t place = 0; place < count_; ++place)
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

}  // namespace recurra
