// A table's copy in int8, made from the packed one.
// Not here: levels and bounds (kernels/int8/screen.hpp).
#include "session/shortlist.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace recurra {
namespace {

constexpr int kFewest = 1024;      // words: the scores of fewer take microseconds
constexpr int kMostTerms = 4096;   // whose sums of whole numbers fit
constexpr float kLargest = 1e30f;  // a score that no rounding makes infinite
constexpr size_t kNumbers = 3;     // of each word: biases, lengths, errors

int panel_width(const InstructionSet& one) { return 4 * one.kernels->lanes; }

// The table's rows as they were before they were packed: panels of whole vectors, term by term.
std::vector<float> unpacked(const Scores& scores, const InstructionSet& set) {
  std::vector<float> weights((size_t)scores.words * scores.size);
  const float* from = scores.packed;
  const int width = panel_width(set), lanes = set.kernels->lanes;
  for (int first = 0; first < scores.words; first += width) {
    const int there = std::min(width, scores.words - first), columns = (there + lanes - 1) / lanes * lanes;
    for (int k = 0; k < scores.size; ++k, from += columns)
      for (int column = 0; column < there; ++column) weights[(size_t)(first + column) * scores.size + k] = from[column];
  }
  return weights;
}

}  // namespace

bool Shortlist::pays(const Scores& scores) {
  // The longer the rows, the wider the bounds, and the longer each score that must be known after all.
  if (scores.words < std::max(kFewest, 2 * scores.size) || scores.size > kMostTerms) return false;
  const std::vector<float> weights = unpacked(scores, instructions());
  const auto fits = [](float value) { return std::fabs(value) < kLargest; };
  return std::all_of(weights.begin(), weights.end(), fits) &&
         std::all_of(scores.bias, scores.bias + scores.words, fits);
}

Shortlist::Shortlist(const Scores& scores)
    : scores_(scores), instructions_(&instructions()), table_{scores.size, scores.words} {
  const Screener& screener = instructions_->bytes->screener;
  const int width = panel_width(*instructions_);
  const size_t padded = (size_t)(scores.words + width - 1) / width * width, panels = screener.floats(table_);
  memory_ = Buffer(panels + kNumbers * padded);
  table_.panels = memory_.floats();
  table_.biases = table_.panels + panels;
  table_.lengths = table_.biases + padded;
  table_.errors = table_.lengths + padded;
  screener.pack(table_, unpacked(scores, *instructions_).data(), scores.bias);
  longest_ = *std::max_element(table_.lengths, table_.lengths + scores.words);
}

bool Shortlist::screen(const float* row, const Race& race, const Bounds& bounds, void* levels) const {
  float most = 0.0f;
  bool finite = true;
  for (int k = 0; k < table_.size; ++k) {
    finite &= std::fabs(row[k]) <= kLargest;
    most = std::max(most, std::fabs(row[k]));
  }
  if (!finite || !((double)most * longest_ * table_.size < kLargest)) return false;
  instructions_->bytes->screener.screen(table_, row, race, bounds, levels);
  return true;
}

float Shortlist::score(const float* row, int64_t word, float* panel) const {
  const int width = panel_width(*instructions_);
  const int64_t first = word / width * width;
  const int there = (int)std::min<int64_t>(width, scores_.words - first);
  std::copy_n(scores_.bias + first, there, panel);
  scores_.multiply(&row, 1, scores_.size, scores_.packed + first * scores_.size, there, panel, width);
  return panel[word - first];
}

}  // namespace recurra
