// Bounds on the scores of all words of a table by its copy in int8, and with them on how late each word arrives in a
// draw (kernels/race_shapes.hpp). Not here: who is first (session/draw.cpp).
//
// A score b + w · h differs from that of whole numbers, b + ŵ · ĥ, by at most |w - ŵ| |h| + |ŵ| |h - ĥ| (Cauchy and
// Schwarz), and by what float32 rounds, of both: less than kRounding for each term of |b| + |w| |h|.
#pragma once

#include "kernels/answers/race.hpp"
#include "kernels/int8/pack_bytes.hpp"
#include "kernels/int8/product_bytes.hpp"

namespace recurra::RECURRA_ISA {

constexpr float kRounding = 0x1p-22f;
constexpr float kTiny = 1e-16f;  // squares of smaller numbers are no normal ones, and count as zero

RECURRA_INLINE int screen_depth(const ByteTable& table) { return (table.size + 3) / 4 + 2; }
RECURRA_INLINE int screen_panels(const ByteTable& table) { return (table.words + kWidth - 1) / kWidth; }
RECURRA_INLINE float rounding_of(const ByteTable& table) { return (float)(table.size + 32) * kRounding; }

size_t screen_floats(const ByteTable& table) { return (size_t)screen_panels(table) * screen_depth(table) * kWidth; }

// A length, never too small: its square was summed up in float32.
RECURRA_INLINE float length_of(const ByteTable& table, float square) {
  return __builtin_sqrtf(square) * (1.0f + (float)(table.size + 64) * 0x1p-24f) + kTiny;
}

// A word's numbers beside its levels, which lie in a column of a panel.
RECURRA_INLINE void measure(const ByteTable& table, int word, const float* row, float bias, const float* column) {
  const int8_t* levels = reinterpret_cast<const int8_t*>(column + 2 * kWidth);
  const float step = column[kWidth];
  double length = 0.0, error = 0.0;
  for (int k = 0; k < table.size; ++k) {
    const double weight = row[k], near = (double)levels[k / 4 * kWidth * 4 + kPlaces[k % 4]] * step;
    length += weight * weight > near * near ? weight * weight : near * near;
    error += (weight - near) * (weight - near);
  }
  table.lengths[word] = length_of(table, (float)length);
  table.errors[word] = length_of(table, (float)error);
  table.biases[word] = bias + (bias < 0.0f ? -bias : bias) * rounding_of(table) + kTiny;
}

void pack_screen(const ByteTable& table, const float* weights, const float* bias) {
  float* panel = table.panels;
  for (int first = 0; first < table.words; first += kWidth, panel += screen_depth(table) * kWidth)
    for (int column = 0; column < kWidth; column += kLanes) {
      const int word = first + column, left = table.words - word;
      const float* rows = weights + (ptrdiff_t)word * table.size;
      ByteWeights::column(rows, left < kLanes ? left : kLanes, table.size, panel + column, kWidth);
      for (int lane = 0; lane < kLanes; ++lane) {
        if (lane < left) {
          measure(table, word + lane, rows + (ptrdiff_t)lane * table.size, bias[word + lane], panel + column + lane);
          continue;
        }
        table.biases[word + lane] = -__builtin_inff();
        table.lengths[word + lane] = table.errors[word + lane] = 0.0f;
      }
    }
}

// The length of a row, and how far it is from its levels.
struct Spread {
  float length, error;
};

RECURRA_INLINE Spread spread_of(const ByteTable& table, const float* row) {
  const Scale found = scale_of(row, table.size);
  Vec length{}, error{};
  for (int at = 0; at < table.size; at += kLanes) {
    const Vec value = load(row + at, table.size - at);
    const Vec far = value - __builtin_convertvector(nearest(value * found.scale), Vec) * found.step;
    length += value * value;
    error += far * far;
  }
  return {length_of(table, total(length)), length_of(table, total(error))};
}

void screen(const ByteTable& table, const float* row, const Race& race, const Bounds& into, void* room) {
  Level* levels = static_cast<Level*>(room);
  const float step = take_levels(levels, row, table.size);
  const Spread spread = spread_of(table, row);
  const float by_length = spread.error + spread.length * rounding_of(table), by_error = spread.length;
  const float* panel = table.panels;
  for (int first = 0; first < table.words; first += kWidth, panel += screen_depth(table) * kWidth) {
    Vec scores[4];
    RECURRA_UNROLL for (int v = 0; v < 4; ++v) {
      const int at = first + v * kLanes;
      scores[v] = load(table.biases + at) + load(table.lengths + at) * by_length + load(table.errors + at) * by_error;
    }
    levels_by_panel<1, 4>(scores, levels, 0, &step, panel, table.size);
    Vec lowest = splat(__builtin_inff());
    RECURRA_UNROLL for (int v = 0; v < 4; ++v) {
      const Vec bound = earliest(race, words_from(first + v * kLanes), scores[v]);
      store(into.earliest + first + v * kLanes, bound);
      lowest = bound < lowest ? bound : lowest;
    }
    into.lowest[first / kWidth] = least(lowest);
  }
}

}  // namespace recurra::RECURRA_ISA
