// A table that scores words, and its copy in int8, a quarter as large: by the copy's bounds a draw finds the few words
// whose scores it must know (kernels/race_shapes.hpp). Not here: the draw (draw.hpp).
#pragma once

#include <cstdint>

#include "kernels/shapes.hpp"
#include "runtime/buffers.hpp"
#include "runtime/dispatch.hpp"

namespace recurra {

// A dense layer without an activation, as a net has packed it.
struct Scores {
  int size, words;
  const float* packed;
  const float* bias;
  decltype(Answering::dense) multiply;  // which the net takes, too
};

class Shortlist {
 public:
  // Whether there are so many words that bounds save time, and all is finite, so that they hold.
  static bool pays(const Scores&);
  explicit Shortlist(const Scores&);
  int words() const { return table_.words; }
  int size() const { return table_.size; }
  // Bounds on how late each word arrives. False where they do not hold: the row is too large, or not finite.
  bool screen(const float* row, const Race&, const Bounds&, void* levels) const;
  // The scores of the panel in which a word is, into 4 · lanes floats; returns the word's own: the bits that it has
  // among all.
  float score(const float* row, int64_t word, float* panel) const;

 private:
  Scores scores_;
  const InstructionSet* instructions_;
  Buffer memory_;
  ByteTable table_;
  float longest_ = 0.0f;  // row of the table
};

}  // namespace recurra
