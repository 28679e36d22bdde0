// Streams that a net reads on: their states, and steps of any number of them at once.
// Not here: which answers are drawn (session/draw.hpp), and Python (python/sessions.cpp), which checks everything
// first.
#pragma once

#include <cstdint>
#include <vector>

#include "session/net.hpp"

namespace recurra {

// Tokens to read: rows of one stream each, one after another.
struct Tokens {
  const int64_t* ids = nullptr;   // (tokens, each), or
  const float* values = nullptr;  // (tokens, inputs)
  ptrdiff_t stride = 0;
  int64_t tokens = 0;
  int64_t rows = 0;
  const int64_t* offsets = nullptr;  // (rows + 1,); null: a token a row
  const int64_t* slots = nullptr;    // (rows,); null: row i is stream i
  bool every = false;                // an answer after each token; else after the last of each row
  int64_t row_begin(int64_t row) const { return offsets ? offsets[row] : row; }
  int64_t slot(int64_t row) const { return slots ? slots[row] : row; }
};

// The streams' states and what a step works in. Everything has its room from the beginning: a step allocates nothing.
class Streams {
 public:
  Streams(const Net& net, int64_t slots);
  const Net& net() const { return net_; }
  int64_t slots() const { return slots_; }
  // The first id that has no products yet; -1: none. Nothing is read until all have.
  int64_t unmet(const Tokens& tokens) const;
  // Reads the tokens, and writes answers, a row each of the net's outputs, `pitch` apart. Rows that name one stream
  // twice follow each other. Without a place for answers the last stage waits for answer().
  void read(const Tokens& tokens, float* answers, ptrdiff_t pitch);
  // What the last stage reads of the last row, and its answer.
  const float* newest() const { return rows_[0]; }
  void answer(float* into) { stateless(net_.stages.back(), 1, into, net_.outputs()); }
  // Scores become answers in place.
  void finish(float* answers, int64_t rows, ptrdiff_t pitch) const;
  void reset(int64_t slot);
  void copy(int64_t from, Streams& to, int64_t slot) const;
  // A stage's part of the states: (slots, columns); recurrent: hidden, inner; pool: sums, block, highest.
  float* part(size_t stage, int number) const;
  int64_t* counts() { return counts_.data(); }

 private:
  struct Block;
  void read_block(const Tokens& tokens, Block& block, float* answers, ptrdiff_t pitch);
  void sweep(const Stage& stage, size_t number, Block& block, float* into);
  void pool(const Stage& stage, size_t number, const Block& block, float* into);
  // What keeps no state: from rows_ to rows `pitch` apart.
  void stateless(const Stage& stage, int rows, float* into, ptrdiff_t pitch);
  void dense(const Stage& stage, int rows, float* into, ptrdiff_t pitch);
  void convolve(const Stage& stage, int rows, float* into, ptrdiff_t pitch);
  void look_up(const Tokens& tokens, Block& block);

  const Net& net_;
  int64_t slots_;
  std::vector<Buffer> states_;
  std::vector<int64_t> counts_;  // tokens of each stream so far
  std::vector<int64_t> stamps_;  // the block that each stream was last in
  int64_t block_ = 0;
  Buffer scratch_, looked_up_, first_, second_, lengthened_;
  std::vector<Sequence> sequences_;
  std::vector<int32_t> places_;
  std::vector<const float*> rows_, windows_;
  std::vector<int64_t> answered_;
};

}  // namespace recurra
