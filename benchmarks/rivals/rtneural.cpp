// One LSTM of RTNeural behind four C functions, for benchmarks/rtneural.py, which compiles this for each shape with
// -DUNITS and -DINPUTS. RTNeural's own headers are included from where the reader keeps them; none are here.

#include <RTNeural/lstm/lstm.h>

#include <vector>

using Layer = RTNeural::LSTMLayerT<float, INPUTS, UNITS>;
using Inputs = Eigen::Matrix<float, INPUTS, 1>;

namespace {
// Rows of 4 * UNITS numbers, in the order of Keras: input, forget, cell, output.
std::vector<std::vector<float>> rows(const float* values, int count) {
  std::vector<std::vector<float>> made;
  for (int row = 0; row < count; ++row) {
    made.emplace_back(values + row * 4 * UNITS, values + (row + 1) * 4 * UNITS);
  }
  return made;
}
}  // namespace

extern "C" {
Layer* lstm(const float* inputs, const float* recurrent, const float* bias) {
  auto* layer = new Layer;
  layer->setWVals(rows(inputs, INPUTS));
  layer->setUVals(rows(recurrent, UNITS));
  layer->setBVals(rows(bias, 1)[0]);
  layer->reset();
  return layer;
}

void reset(Layer* layer) { layer->reset(); }

// The same inputs `steps` times; the last output is written.
void step(Layer* layer, const float* values, long steps, float* answer) {
  const Inputs inputs = Eigen::Map<const Inputs>(values);
  for (long number = 0; number < steps; ++number) {
    layer->forward(inputs);
  }
  for (int unit = 0; unit < UNITS; ++unit) {
    answer[unit] = layer->outs(unit);
  }
}

void end(Layer* layer) { delete layer; }
}
