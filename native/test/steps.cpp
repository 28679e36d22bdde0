// Steps without Python: whole, in parts, token by token and among others, a stream answers with the same bits, in every
// precision and on every instruction set that this processor runs. Not here: what a sweep computes (harness.cpp).
// Run: make test-native
#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "session/session.hpp"

using namespace recurra;

namespace {

using Floats = std::vector<float>;

constexpr int kInputs = 19, kHidden = 37, kOutputs = 5, kLength = 150, kStreams = 5;
int failures = 0;

Floats drawn(std::mt19937& random, size_t count, float by) {
  std::normal_distribution<float> normal;
  Floats values(count);
  for (float& value : values) value = normal(random) * by;
  return values;
}

// Two recurrent layers, all poolings, and a dense layer with an activation.
struct Stack {
  std::vector<Layer> layers;
  Net net;

  Stack(Cell cell, Activation activation, Precision precision, std::mt19937& random) {
    layers.reserve(2);
    net.source.inputs = kInputs;
    for (int inputs : {kInputs, kHidden}) {
      const size_t rows = (size_t)gates_of(cell) * kHidden;
      const Floats input = drawn(random, rows * inputs, 0.2f), bias = drawn(random, rows, 0.2f);
      const Floats recurrent = drawn(random, recurrent_rows(cell, kHidden) * kHidden + 1, 0.2f);
      Layer& layer = layers.emplace_back(cell, activation, precision, inputs, kHidden, false);
      layer.pack({input.data(), recurrent.data(), bias.data(), bias.data()}, false, 1);
      net.add_recurrent(layer);
    }
    net.add_pool({PoolPart::mean, PoolPart::last, PoolPart::maximum});
    const Floats weight = drawn(random, 3 * kHidden * kOutputs, 0.2f), bias = drawn(random, kOutputs, 0.2f);
    net.add_dense(weight.data(), bias.data(), kOutputs);
    net.stages.back().activated = true;
  }
};

// Reads tokens `from` … `to` of a stream, an answer after each.
void read(Streams& streams, const Floats& values, int64_t slot, int64_t from, int64_t to, float* answers) {
  const int64_t offsets[2] = {0, to - from};
  streams.read({.values = values.data() + from * kInputs,
                .stride = kInputs,
                .tokens = to - from,
                .rows = 1,
                .offsets = offsets,
                .slots = &slot,
                .every = true},
               answers + from * kOutputs, kOutputs);
}

void check(const Stack& stack, const std::string& what, std::mt19937& random) {
  std::vector<Floats> values, wanted;
  for (int stream = 0; stream < kStreams; ++stream) {
    values.push_back(drawn(random, kLength * kInputs, 1.0f));
    wanted.emplace_back(kLength * kOutputs);
    Streams whole(stack.net, 1), parts(stack.net, 1);
    read(whole, values.back(), 0, 0, kLength, wanted.back().data());
    Floats found(kLength * kOutputs);
    for (int64_t at = 0; at < kLength;) {
      const int64_t next = std::min<int64_t>(kLength, at + (random() % 3 ? 1 : random() % 80 + 1));
      read(parts, values.back(), 0, at, next, found.data());
      at = next;
    }
    if (found != wanted.back()) std::printf("%s: other bits in parts\n", what.c_str()), ++failures;
  }
  // All streams at once, a token each, in an order that changes.
  Streams pool(stack.net, kStreams);
  std::vector<int64_t> slots = {0, 1, 2, 3, 4};
  bool same = true;
  for (int64_t at = 0; at < kLength; ++at) {
    std::shuffle(slots.begin(), slots.end(), random);
    Floats rows, answers(kStreams * kOutputs);
    for (int64_t slot : slots)
      rows.insert(rows.end(), values[slot].begin() + at * kInputs, values[slot].begin() + (at + 1) * kInputs);
    pool.read({.values = rows.data(), .stride = kInputs, .tokens = kStreams, .rows = kStreams, .slots = slots.data()},
              answers.data(), kOutputs);
    for (int row = 0; row < kStreams; ++row)
      same = same && std::equal(answers.begin() + row * kOutputs, answers.begin() + (row + 1) * kOutputs,
                                wanted[slots[row]].begin() + at * kOutputs);
  }
  if (!same) std::printf("%s: other bits among others\n", what.c_str()), ++failures;
}

}  // namespace

int main() {
  const Cell cells[] = {Cell::rnn, Cell::gru, Cell::lstm, Cell::mingru, Cell::sru, Cell::gru_before};
  int checked = 0;
  for (const std::string& name : available()) {
    choose_instructions(name);
    for (Cell cell : cells)
      for (Precision precision : {Precision::single, Precision::half, Precision::bytes}) {
        if (cell == Cell::gru_before && precision == Precision::half) continue;  // no kernels
        std::mt19937 random(checked++);
        const Stack stack(cell, Activation::tanh, precision, random);
        check(stack, name + ", cell " + std::to_string((int)cell) + ", precision " + std::to_string((int)precision),
              random);
      }
  }
  std::printf("%d nets stepped: %s\n", checked, failures ? "FAILED" : "right");
  return failures > 0;
}
