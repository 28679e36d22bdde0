// A draw as a race: word i arrives after a time drawn from the exponential distribution of mean 1 / p_i, and the first
// one is drawn, with probability p_i (the Gumbel-max trick; the earliest by bounds: Maddison, Tarlow & Minka 2014,
// "A* sampling"). What kernels and session hand to each other for it. Not here: who is first (session/draw.cpp).
//
// With E_i exponential of mean 1, and p_i in proportion to e^(l_i / T), the first one has the smallest T ln E_i - l_i:
// its lateness. Each E_i comes from the number of the draw and that of the word alone, so that a draw does not depend
// on how its words are looked through.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recurra {

struct Race {
  uint32_t first, second;  // bits of the draw's number
  float temperature;
};

// A table that scores words, (words, size), as int8: bounds on the scores of all words for a quarter of the reading.
// Three numbers of each word lie behind one another: its bias with all that rounding may add; the length of its row;
// and how far its row is from that of whole numbers.
struct ByteTable {
  int size, words;
  float* panels;  // [panel][2 + quads][4 · lanes], see kernels/int8/bytes.hpp
  float* biases;  // (whole panels,) each
  float* lengths;
  float* errors;
};

// Bounds on lateness from below, of each word, and the lowest of each panel of 4 · lanes words.
struct Bounds {
  float *earliest, *lowest;
};

struct Screener {
  size_t (*floats)(const ByteTable&);  // of the panels alone
  void (*pack)(const ByteTable&, const float* weights, const float* bias);
  // By the row that scores words; `levels` has room for it in 16 bits each, rounded up to whole vectors.
  void (*screen)(const ByteTable&, const float* row, const Race&, const Bounds&, void* levels);
};

}  // namespace recurra
