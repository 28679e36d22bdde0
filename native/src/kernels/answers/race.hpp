// Bounds on how late words arrive in a race (kernels/race_shapes.hpp), a vector of words at a time.
// Not here: scores, and how late exactly (session/draw.cpp, which has the same bits of each word).
#pragma once

#include "kernels/race_shapes.hpp"
#include "kernels/simd/vec.hpp"

namespace recurra::RECURRA_ISA {

// A permutation of 32 bits in which each bit changes half of the others (Wellons 2018, "hash prospector": lowbias32).
RECURRA_INLINE Words mixed(Words bits) {
  bits = (bits ^ (bits >> 16)) * 0x7feb352du;
  bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
  return bits ^ (bits >> 16);
}

// The largest term that words' bounds lose by float32: far above what four operations on numbers below 88 may.
constexpr float kLoss = 1e-4f;

// Not above T ln E - score, the word's lateness. E is at least V, the uniform number in its 32 bits; ln V is at least
// that of its first 24; and log2 of a number at least its bits read as a whole number, a line from power to power.
RECURRA_INLINE Vec earliest(const Race& race, Words word, Vec score) {
  const Words bits = mixed(mixed(word ^ race.first) + race.second) >> 8;
  const Ints power = (Ints) __builtin_convertvector((Ints)bits, Vec) - 0x3f800000;
  const Vec log = __builtin_convertvector(power, Vec) * (0.69314718f / 8388608.0f) - (24 * 0.69314718f + kLoss);
  return log * race.temperature - score;
}

RECURRA_INLINE Words words_from(int64_t first) {
  Words words{};
  for (int lane = 0; lane < kLanes; ++lane) words[lane] = (uint32_t)lane;
  return words + (uint32_t)first;
}

RECURRA_INLINE float least(Vec value) {
  return folded(value, [](Vec a, Vec b) __attribute__((always_inline)) { return a < b ? a : b; });
}

// Bounds by scores that are known; whole panels are written, words that are not there never arrive. Returns the highest
// score; not a number where any is none.
float bound_all(const float* scores, int64_t count, const Race& race, const Bounds& into) {
  Vec most = splat(-__builtin_inff());
  Ints none{};
  for (int64_t at = 0; at < count; at += kWidth) {
    Vec lowest = splat(__builtin_inff());
    for (int64_t word = at; word < at + kWidth; word += kLanes) {
      const int lanes = count - word < kLanes ? (int)(count - word) : kLanes;
      Vec score = lanes > 0 ? load(scores + word, lanes) : Vec{};
      const Words words = words_from(word);
      score = words < (uint32_t)count ? score : splat(-__builtin_inff());
      none |= score != score;
      most = score > most ? score : most;
      // A score is exact, but not what is added to it.
      const Vec slack = score < 0.0f ? score * -0x1p-21f : score * 0x1p-21f;
      const Vec bound = earliest(race, words, score > -3e38f ? score + slack : score);
      store(into.earliest + word, bound);
      lowest = bound < lowest ? bound : lowest;
    }
    into.lowest[at / kWidth] = least(lowest);
  }
  const bool wrong = folded(none, [](Ints a, Ints b) __attribute__((always_inline)) { return a | b; }) != 0;
  return wrong ? __builtin_nanf("")
               : folded(most, [](Vec a, Vec b) __attribute__((always_inline)) { return a > b ? a : b; });
}

}  // namespace recurra::RECURRA_ISA
