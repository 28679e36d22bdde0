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

namespace {

void pack(Stage& stage, const float* weight, const float* bias, int rows, int width) {
  const Pooler& pooler = instructions().kernels->pooler;
  stage.packed = Buffer(pooler.packed(rows, width, false));
  pooler.pack({rows, 1, weight, nullptr, nullptr, stage.packed.floats(), nullptr}, width, false);
  stage.bias.assign(bias, bias + rows);
}

}  // namespace

void Net::add_dense(const float* weight, const float* bias, int outputs) {
  Stage stage{.kind = StageKind::dense, .inputs = this->outputs(), .outputs = outputs};
  pack(stage, weight, bias, outputs, stage.inputs);
  stages.push_back(std::move(stage));
}

void Net::add_convolution(const Slide& slide, const float* weight, const float* bias, int filters) {
  Stage stage{.kind = StageKind::convolution, .inputs = outputs(), .outputs = filters * slide.places(), .slide = slide};
  pack(stage, weight, bias, filters, slide.width);
  stages.push_back(std::move(stage));
}

void Net::add_function(Function function, int places) {
  const int inputs = outputs();
  stages.push_back({.kind = StageKind::function,
                    .inputs = inputs,
                    .outputs = function == Function::magnitude ? inputs / 2 : inputs,
                    .function = function,
                    .places = places});
}

int Net::widest() const {
  int most = source.inputs;
  // What answers by itself writes them where they belong.
  const size_t kept = heads_from() < stages.size() ? stages.size() - 1 : stages.size();
  for (size_t number = 0; number < kept; ++number) most = std::max(most, stages[number].outputs);
  return most;
}

double Net::work() const {
  double sum = 0;
  for (const Stage& stage : stages) {
    if (stage.kind == StageKind::dense) sum += (double)stage.inputs * stage.outputs;
    if (stage.kind == StageKind::convolution) sum += (double)stage.slide.width * stage.outputs;
    if (stage.kind == StageKind::recurrent)
      sum += (double)gates_of(stage.layer->shape().cell) * stage.outputs * (stage.outputs + stage.inputs);
  }
  return sum;
}

const Answering& Net::answering() const {
  for (const Stage& stage : stages)
    if (stage.kind == StageKind::recurrent && stage.layer->shape().bytes()) return instructions().bytes->answering;
  return instructions().kernels->answering;
}

size_t Net::heads_from() const {
  size_t from = stages.size();
  while (from > 0 && !stages[from - 1].stateful()) --from;
  return from;
}

const Shortlist* Net::shortlist() const {
  std::call_once(asked_, [this] {
    if (stages.empty() || stages.back().kind != StageKind::dense || stages.back().activated) return;
    const Stage& last = stages.back();
    const Scores scores{last.inputs, last.outputs, last.packed.floats(), last.bias.data(), answering().dense};
    if (Shortlist::pays(scores)) shortlist_ = std::make_unique<const Shortlist>(scores);
  });
  return shortlist_.get();
}

}  // namespace recurra
