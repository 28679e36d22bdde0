// Steps of many streams, a block of tokens at a time, by the kernels that sweep whole sequences.
// Not here: arithmetic, but for pooling, whose sums must run as those of whole sequences do (kernels/pooling/).
#include "session/session.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/denormals.hpp"

namespace recurra {
namespace {

constexpr int kTokens = 128;    // of a block: their inputs and products stay in the second-level cache
constexpr int kPoolBlock = 64;  // tokens whose sum is added to the running one, as when a whole sequence is pooled

}  // namespace

// Neighbouring tokens of some rows: `first` … first + tokens - 1, no stream twice.
struct Streams::Block {
  int64_t first, row;
  int tokens, sequences;
  const float* values;  // of the first token
  ptrdiff_t stride;
  bool placed;  // by places in the table of products
  int answered;
};

Streams::Streams(const Net& net, int64_t slots) : net_(net), slots_(slots) {
  size_t scratch = 0, windows = 0, lengthened = 0;
  for (const Stage& stage : net.stages) {
    states_.emplace_back((size_t)slots * stage.state() + 1);
    std::fill_n(states_.back().floats(), (size_t)slots * stage.state(), 0.0f);
    if (stage.kind == StageKind::convolution) {
      windows = std::max(windows, (size_t)stage.slide.places());
      lengthened = std::max(lengthened, (size_t)stage.slide.lengthened());
    }
    if (stage.kind != StageKind::recurrent) continue;
    Sweep sweep{};
    sweep.shape = stage.layer->shape();
    for (int count = 1; count <= std::min<int64_t>(kTokens, slots); ++count)
      scratch = std::max(scratch, stage.layer->sweeper().forward_scratch(sweep, count));
  }
  const size_t wide = (size_t)kTokens * net.widest();
  scratch_ = Buffer(scratch + 1);
  looked_up_ = Buffer((size_t)kTokens * net.source.inputs + 1);
  lengthened_ = Buffer(kTokens * lengthened + 1);
  windows_.resize(kTokens * windows);
  first_ = Buffer(wide + 1);
  second_ = Buffer(wide + 1);
  counts_.assign(slots, 0);
  stamps_.assign(slots, -1);
  sequences_.resize(kTokens);
  places_.resize(kTokens);
  rows_.resize(kTokens);
  answered_.resize(kTokens);
}

float* Streams::part(size_t stage, int number) const {
  const Stage& one = net_.stages[stage];
  const int columns = one.kind == StageKind::recurrent ? one.outputs : one.inputs;
  return states_[stage].floats() + (size_t)number * slots_ * columns;
}

int64_t Streams::unmet(const Tokens& tokens) const {
  if (!net_.source.places) return -1;
  for (int64_t at = 0; at < tokens.tokens; ++at)
    if (__atomic_load_n(net_.source.places + tokens.ids[at], __ATOMIC_ACQUIRE) < 0) return tokens.ids[at];
  return -1;
}

void Streams::read(const Tokens& tokens, float* answers, ptrdiff_t pitch) {
  const NoDenormals fast;
  Block block{};
  for (int64_t row = 0, at = 0; at < tokens.tokens;) {
    block.first = at;
    block.tokens = block.sequences = 0;
    ++block_;
    block.answered = 0;
    // Rows follow one another; the last one may go on in the next block.
    while (row < tokens.rows && block.tokens < kTokens) {
      const int64_t slot = tokens.slot(row), end = tokens.row_begin(row + 1);
      const int64_t left = std::min<int64_t>(end - at, kTokens - block.tokens);
      if (left > 0) {
        if (stamps_[slot] == block_) break;
        stamps_[slot] = block_;
        sequences_[block.sequences++] = {block.tokens, left, slot, 0};
        const int from = tokens.every ? block.tokens : block.tokens + (int)left - 1;
        if (tokens.every || at + left == end)
          for (int64_t token = from; token < block.tokens + left; ++token) answered_[block.answered++] = token;
        block.tokens += (int)left;
        at += left;
      }
      if (at == end) ++row;
    }
    read_block(tokens, block, answers, pitch);
    answers += block.answered * pitch;
  }
}

void Streams::look_up(const Tokens& tokens, Block& block) {
  const Source& source = net_.source;
  block.placed = source.places != nullptr;
  if (!source.each) {
    block.values = tokens.values + block.first * tokens.stride;
    block.stride = tokens.stride;
    return;
  }
  const int64_t* ids = tokens.ids + block.first * source.each;
  if (block.placed) {
    for (int token = 0; token < block.tokens; ++token) places_[token] = source.places[ids[token]];
    return;
  }
  for (int token = 0; token < block.tokens; ++token, ids += source.each) {
    float* into = looked_up_.floats() + (size_t)token * source.inputs;
    std::copy_n(source.table + ids[0] * source.inputs, source.inputs, into);
    for (int more = 1; more < source.each; ++more) {
      const float* row = source.table + ids[more] * source.inputs;
      for (int column = 0; column < source.inputs; ++column) into[column] += row[column];
    }
    for (int column = 0; column < source.inputs; ++column) into[column] *= source.scale;
  }
  block.values = looked_up_.floats();
  block.stride = source.inputs;
}

void Streams::read_block(const Tokens& tokens, Block& block, float* answers, ptrdiff_t pitch) {
  look_up(tokens, block);
  const size_t heads = net_.heads_from();
  float *into = first_.floats(), *other = second_.floats();
  for (size_t number = 0; number < heads; ++number, std::swap(into, other)) {
    const Stage& stage = net_.stages[number];
    if (stage.kind == StageKind::recurrent) {
      sweep(stage, number, block, into);
    } else if (stage.kind == StageKind::pool) {
      pool(stage, number, block, into);
    } else {
      for (int token = 0; token < block.tokens; ++token) rows_[token] = block.values + token * block.stride;
      stateless(stage, block.tokens, into, stage.outputs);
    }
    block.values = into;
    block.stride = stage.outputs;
    block.placed = false;
  }
  for (int at = 0; at < block.sequences; ++at) counts_[sequences_[at].number] += sequences_[at].length;
  // From here on only what is answered.
  block.tokens = block.answered;
  for (int row = 0; row < block.answered; ++row) rows_[row] = block.values + answered_[row] * block.stride;
  for (size_t number = heads; number < net_.stages.size(); ++number, std::swap(into, other)) {
    const Stage& stage = net_.stages[number];
    const bool last = number + 1 == net_.stages.size();
    if (last && !answers) return;
    float* const to = last ? answers : into;
    stateless(stage, block.tokens, to, last ? pitch : stage.outputs);
    for (int row = 0; row < block.answered; ++row) rows_[row] = to + (size_t)row * stage.outputs;
  }
  if (heads == net_.stages.size())
    for (int row = 0; row < block.answered; ++row) std::copy_n(rows_[row], net_.outputs(), answers + row * pitch);
}

void Streams::sweep(const Stage& stage, size_t number, Block& block, float* into) {
  const Layer& layer = *stage.layer;
  Sweep sweep{};
  sweep.shape = layer.shape();
  sweep.weights = layer.packed();
  sweep.step = 1;
  sweep.values = block.values;
  sweep.value_stride = block.stride;
  sweep.outputs = into;
  sweep.output_stride = stage.outputs;
  sweep.hidden = sweep.final_hidden = part(number, 0);
  if (has_inner(sweep.shape.cell)) sweep.cell = sweep.final_cell = part(number, 1);
  if (block.placed) {
    sweep.row = places_.data();
    sweep.projected = net_.source.products;
  }
  // A share's sequences go from long to short.
  const auto longer = [](const Sequence& a, const Sequence& b) { return a.length > b.length; };
  Sequence* const end = sequences_.data() + block.sequences;
  if (!std::is_sorted(sequences_.data(), end, longer)) std::sort(sequences_.data(), end, longer);
  const Share share{sequences_.data(), block.sequences, scratch_.floats(), scratch_.floats(), 0, 1, nullptr, nullptr};
  layer.sweeper().forward(sweep, share);
}

void Streams::pool(const Stage& stage, size_t number, const Block& block, float* into) {
  const int columns = stage.inputs;
  const bool mean = stage.has(PoolPart::mean), maximum = stage.has(PoolPart::maximum);
  for (int at = 0; at < block.sequences; ++at) {
    const Sequence& one = sequences_[at];
    float* const sums = mean ? part(number, 0) + one.number * columns : nullptr;
    float* const some = mean ? part(number, 1) + one.number * columns : nullptr;
    float* const tops = maximum ? part(number, 2 * mean) + one.number * columns : nullptr;
    for (int64_t token = one.first; token < one.first + one.length; ++token) {
      const float* const row = block.values + token * block.stride;
      const int64_t before = counts_[one.number] + token - one.first;
      if (mean && before && before % kPoolBlock == 0)
        for (int column = 0; column < columns; ++column) {
          sums[column] += some[column];
          some[column] = 0.0f;
        }
      for (int column = 0; mean && column < columns; ++column) some[column] += row[column];
      // The first of equals stays, and what is not a number wins over all, as in kernels/pooling/.
      for (int column = 0; maximum && column < columns; ++column)
        if (!before || row[column] > tops[column] || row[column] != row[column]) tops[column] = row[column];
      float* to = into + token * stage.outputs;
      for (PoolPart wanted : stage.parts) {
        for (int column = 0; column < columns; ++column)
          to[column] = wanted == PoolPart::last   ? row[column]
                       : wanted == PoolPart::mean ? (sums[column] + some[column]) / (float)(before + 1)
                                                  : tops[column];
        to += columns;
      }
    }
  }
}

void Streams::finish(float* answers, int64_t rows, ptrdiff_t pitch) const {
  if (net_.finish == Finish::none) return;
  const NoDenormals fast;
  const Kernels& kernels = *instructions().kernels;
  const int64_t count = net_.outputs();
  for (int64_t row = 0; row < rows; ++row) {
    float* const at = answers + row * pitch;
    if (net_.finish == Finish::sigmoid) {
      kernels.single.activate(Activation::sigmoid, at, at, count);
      continue;
    }
    const float by = (float)(1.0 / kernels.raise(at, count, net_.sharpness, at));
    for (int64_t column = 0; column < count; ++column) at[column] *= by;
  }
}

void Streams::reset(int64_t slot) {
  for (size_t number = 0; number < net_.stages.size(); ++number) {
    const Stage& stage = net_.stages[number];
    const int columns = stage.kind == StageKind::recurrent ? stage.outputs : stage.inputs;
    for (int part = 0; part * columns < stage.state(); ++part)
      std::fill_n(this->part(number, part) + slot * columns, columns, 0.0f);
  }
  counts_[slot] = 0;
}

void Streams::copy(int64_t from, Streams& to, int64_t slot) const {
  for (size_t number = 0; number < net_.stages.size(); ++number) {
    const Stage& stage = net_.stages[number];
    const int columns = stage.kind == StageKind::recurrent ? stage.outputs : stage.inputs;
    for (int part = 0; part * columns < stage.state(); ++part)
      std::copy_n(this->part(number, part) + from * columns, columns, to.part(number, part) + slot * columns);
  }
  to.counts_[slot] = counts_[from];
}

}  // namespace recurra
