// The rest of a training step around the sweeps, on all threads: embedding rows, dropout masks, clipping, Adam.
// Not here: arithmetic (kernels/training/tables.hpp) and Python (python/steps.cpp), which checks everything before it
// calls.
#pragma once

#include <vector>

#include "engine/layer.hpp"

namespace recurra {

// into (tokens, columns) = rows of `from` by ids, or as they come, times scale and each sequence's mask. Tokens of no
// sequence are left alone.
void gather_rows(const Places& places, const Rows& from, const int64_t* ids, const float* masks, float scale,
                 float* into, int threads);

// The distinct ids in rising order, and for each its tokens in their own order.
struct Words {
  std::vector<int64_t> ids, starts, tokens;
};

// The words of tokens that belong to a sequence; `owners` becomes each token's sequence.
Words words_of(const Places& places, const int64_t* ids, std::vector<int32_t>& owners);

// into (words, columns): the gradient of each word's row.
void gather_gradient(const Words& words, const Rows& errors, const std::vector<int32_t>& owners, const float* masks,
                     float scale, float* into, int threads);

// Moves the rows `ids` of a table and of its two moments.
void adam_rows(float* weight, float* first, float* second, const int64_t* ids, int64_t count, const float* gradient,
               int columns, const Adam& adam, int threads);

// A weight that Adam moves as a whole.
struct Moved {
  float *weight, *first, *second;
  const float* gradient;
  int64_t size;
  Adam adam;
};

// Moves all of them in one go.
void adam_whole(const std::vector<Moved>& moved, int threads);

struct Span {
  float* values;
  int64_t size;
};

// Scales all gradients to a joint length of at most `largest` (0: any) and returns the length they had (Pascanu et al.
// 2013). Its squares are summed in one order, whatever the number of threads.
double clip_gradients(const std::vector<Span>& gradients, double largest, int threads);

}  // namespace recurra
