// How a net is laid out for sessions.
// Not here: steps (session.cpp).
#include "session/net.hpp"

#include <algorithm>

#include "kernels/pooling_shapes.hpp"

namespace recurra {

int Stage::state() const {
  if (kind == StageKind::recurrent) return layer->shape().hidden * (has_inner(layer->shape().cell) ? 2 : 1);
  return kind == StageKind::pool ? inputs * (2 * has(PoolPart::mean) + has(PoolPart::maximum)) : 0;
}

void Net::add_recurrent(const Layer& layer) {
  stages.push_back(
      {.kind = StageKind::recurrent, .inputs = outputs(), .outputs = layer.shape().hidden, .layer = &layer});
}

void Net::add_pool(std::vector<PoolPart> parts) {
  const int inputs = outputs(), wide = inputs * (int)parts.size();
  stages.push_back({.kind = StageKind::pool, .inputs = inputs, .outputs = wide, .parts = std::move(parts)});
}

void Net::add_dense(const float* weight, const float* bias, int outputs) {
  Stage stage{.kind = StageKind::dense, .inputs = this->outputs(), .outputs = outputs};
  const Pooler& pooler = instructions().kernels->pooler;
  stage.packed = Buffer(pooler.packed(outputs, stage.inputs, false));
  pooler.pack({outputs, 1, weight, nullptr, nullptr, stage.packed.floats(), nullptr}, stage.inputs, false);
  stage.bias.assign(bias, bias + outputs);
  stages.push_back(std::move(stage));
}

int Net::widest() const {
  int most = source.inputs;
  for (const Stage& stage : stages) most = std::max(most, stage.outputs);
  return most;
}

double Net::work() const {
  double sum = 0;
  for (const Stage& stage : stages) {
    if (stage.kind == StageKind::dense) sum += (double)stage.inputs * stage.outputs;
    if (stage.kind == StageKind::recurrent)
      sum += (double)gates_of(stage.layer->shape().cell) * stage.outputs * (stage.outputs + stage.inputs);
  }
  return sum;
}

size_t Net::heads_from() const {
  size_t from = stages.size();
  while (from > 0 && !stages[from - 1].stateful()) --from;
  return from;
}

}  // namespace recurra
