// A net that only reads forwards, as sessions step it: where inputs come from, then recurrent, pooling and dense
// stages. Not here: states and steps (session/session.hpp). A net does not change once sessions step it, and many share
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/layer.hpp"
#include "session/shortlist.hpp"

namespace recurra {

// What a token is: `each` ids (0: it comes as its features). An id is a row of the table, and a token the sum of its
// rows times `scale`. With `places` the products of the rows with the first layer are made already: those of id i lie
// in row places[i] of `products`, and nowhere yet where that is negative.
struct Source {
  int inputs = 0;
  int each = 0;
  int64_t words = 0;
  const float* table = nullptr;  // (words, inputs)
  float scale = 1.0f;
  const int32_t* places = nullptr;  // (words,)
  const float* products = nullptr;  // (words, the first layer's gate pitch)
};

enum class StageKind { recurrent, pool, dense, convolution, function };
enum class PoolPart { last, mean, maximum };
// Of each number; magnitude: of pairs at each place of a chunk, first all real parts, then all imaginary ones.
enum class Function { tanh, relu, sigmoid, magnitude };

// How filters slide over a chunk of `length` places with `channels` numbers each: it is lengthened at both ends, by
// zeros or by its mirror, and every `stride` places a filter reads `width` numbers.
struct Slide {
  int length = 0, channels = 0, left = 0, right = 0, stride = 1, width = 0;
  bool reflect = false;
  int lengthened() const { return (left + length + right) * channels; }
  int places() const { return (lengthened() - width) / (stride * channels) + 1; }
};

struct Stage {
  StageKind kind;
  int inputs, outputs;
  const Layer* layer = nullptr;   // recurrent
  std::vector<PoolPart> parts{};  // pool
  Buffer packed{};                // dense, convolution
  std::vector<float> bias{};
  bool activated = false;
  Activation activation = Activation::tanh;
  Slide slide{};                       // convolution
  Function function = Function::relu;  // function
  int places = 1;

  bool has(PoolPart part) const {
    for (PoolPart one : parts)
      if (one == part) return true;
    return false;
  }
  bool stateful() const { return kind == StageKind::recurrent || kind == StageKind::pool; }
  // Floats of a stream's state: of a pool a running sum, the sum of this block of tokens, and the highest values.
  int state() const;
};

// How scores become answers.
enum class Finish { none, softmax, sigmoid };

struct Net {
  Source source;
  std::vector<Stage> stages;
  Finish finish = Finish::none;
  float sharpness = 1.0f;  // scores are multiplied by it first

  Net() = default;
  Net(const Net&) = delete;
  void add_recurrent(const Layer& layer);
  void add_pool(std::vector<PoolPart> parts);
  // Weights (outputs, inputs) and bias (outputs,) in torch's layout, which are copied.
  void add_dense(const float* weight, const float* bias, int outputs);
  // Weights (filters, width), place by place as chunks lie.
  void add_convolution(const Slide& slide, const float* weight, const float* bias, int filters);
  void add_function(Function function, int places);
  int outputs() const { return stages.empty() ? source.inputs : stages.back().outputs; }
  // The widest row that goes from stage to stage.
  int widest() const;
  // Multiplications of a token, and of an answer.
  double work() const;
  // How stages without a state are computed: with a layer in int8 as int8 is, alike on all processors.
  const Answering& answering() const;
  // The number of stages from which on only rows that are answered count.
  size_t heads_from() const;
  // What draws look at in place of all scores, made when it is first asked for; null where it would not pay.
  const Shortlist* shortlist() const;

 private:
  mutable std::once_flag asked_;
  mutable std::unique_ptr<const Shortlist> shortlist_;
};

}  // namespace recurra
