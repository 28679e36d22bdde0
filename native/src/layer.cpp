// Packed weights, and sweeps shared out among threads.
// Not here: arithmetic.
#include "layer.hpp"

#include <algorithm>
#include <functional>

#include "pool.hpp"

namespace recurra {
namespace {

// Multiplications below which waking a thread costs more than it brings.
constexpr double kWorthAThread = 2e5;

int useful_threads(const Shape& shape, const std::vector<Sequence>& sequences, int threads) {
  double tokens = 0;
  for (const Sequence& one : sequences) tokens += (double)one.length;
  const double work = tokens * gates_of(shape.cell) * shape.hidden * (shape.hidden + shape.inputs);
  return (int)std::max(1.0, std::min((double)threads, work / kWorthAThread));
}

// Each sequence, long ones first, goes to the thread with the fewest tokens. What a thread gets stays sorted.
std::vector<std::vector<Sequence>> shared_out(const std::vector<Sequence>& sequences, int threads) {
  std::vector<Sequence> sorted(sequences);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Sequence& a, const Sequence& b) { return a.length > b.length; });
  std::vector<std::vector<Sequence>> shares(std::max(1, std::min<int>(threads, (int)sorted.size())));
  std::vector<int64_t> tokens(shares.size(), 0);
  for (const Sequence& one : sorted) {
    const size_t least = std::min_element(tokens.begin(), tokens.end()) - tokens.begin();
    shares[least].push_back(one);
    tokens[least] += one.length;
  }
  return shares;
}

using ScratchOf = size_t (*)(const Sweep&, int);
using Kernel = void (*)(const Sweep&, const Share&);

void run_shares(const Sweep& sweep, const std::vector<Sequence>& sequences, ScratchOf scratch_of, Kernel kernel,
                int threads) {
  const auto shares = shared_out(sequences, threads);
  std::vector<Buffer> scratch;
  for (const auto& share : shares) scratch.emplace_back(scratch_of(sweep, (int)share.size()));
  run_tasks((int)shares.size(), threads,
            [&](int mine) { kernel(sweep, {shares[mine].data(), (int)shares[mine].size(), scratch[mine].floats()}); });
}

}  // namespace

Layer::Layer(Cell cell, Activation activation, int inputs, int hidden)
    : kernels_(&recurra::kernels()), shape_{cell, activation, inputs, hidden, kernels_->lanes} {
  const size_t panel = (size_t)shape_.vectors() * shape_.lanes;
  const size_t input = shape_.panels() * panel * inputs, recurrent = shape_.panels() * panel * hidden;
  memory_ = Buffer(input + recurrent + shape_.width());
  packed_.input = memory_.floats();
  packed_.recurrent = packed_.input + input;
  packed_.bias = packed_.recurrent + recurrent;
}

void Layer::pack(const Plain& plain, bool backward, int threads) {
  if (backward && !packed_.input_back) {
    const size_t rows = (size_t)shape_.panels() * shape_.vectors() * shape_.lanes, wide = 4 * shape_.lanes;
    const size_t input = shape_.columns(shape_.inputs) * rows * wide;
    memory_back_ = Buffer(input + shape_.columns(shape_.hidden) * rows * wide);
    packed_.input_back = memory_back_.floats();
    packed_.recurrent_back = packed_.input_back + input;
  }
  const double floats = (double)gates_of(shape_.cell) * shape_.hidden * (shape_.hidden + shape_.inputs);
  run_tasks(shape_.panels(), floats > kWorthAThread ? threads : 1,
            [&](int panel) { kernels_->pack(shape_, plain, packed_, backward, panel); });
  packed_once_ = true;
  packed_back_ = backward;
}

std::vector<Sequence> sequences_of(const int64_t* offsets, int64_t count, bool reverse) {
  std::vector<Sequence> found(count);
  for (int64_t i = 0; i < count; ++i)
    found[i] = {reverse ? offsets[i + 1] - 1 : offsets[i], offsets[i + 1] - offsets[i], i};
  return found;
}

void sweep_forward(const Layer& layer, Sweep& sweep, const std::vector<Sequence>& sequences, Kept* keep, int threads) {
  sweep.shape = layer.shape();
  sweep.weights = layer.packed();
  if (keep) {
    keep->gates = Buffer((size_t)keep->tokens * sweep.shape.width());
    if (sweep.shape.cell == Cell::lstm) keep->cells = Buffer((size_t)keep->tokens * sweep.shape.padded());
    sweep.gates = keep->gates.floats();
    sweep.cells = keep->cells.floats();
  }
  threads = useful_threads(sweep.shape, sequences, threads);
  run_shares(sweep, sequences, layer.kernels().forward_scratch, layer.kernels().forward, threads);
}

void sweep_backward(const Layer& layer, Sweep& sweep, const std::vector<Sequence>& sequences,
                    const Gradients* gradients, int threads) {
  sweep.shape = layer.shape();
  sweep.weights = layer.packed();
  threads = useful_threads(sweep.shape, sequences, threads);
  run_shares(sweep, sequences, layer.kernels().backward_scratch, layer.kernels().backward, threads);
  if (!gradients) return;
  const int panels = sweep.shape.panels(), parts = std::min(threads, panels);
  run_tasks(parts, threads, [&](int mine) {
    const int begin = panels * mine / parts, end = panels * (mine + 1) / parts;
    const Buffer scratch(layer.kernels().gradient_scratch(sweep, end - begin));
    layer.kernels().gradient(sweep, sequences.data(), (int)sequences.size(), begin, end, *gradients, scratch.floats());
  });
}

void project(const Layer& layer, const float* values, ptrdiff_t stride, int64_t rows, float* projected, int threads) {
  const int64_t part = 96, parts = (rows + part - 1) / part;
  run_tasks((int)parts, threads, [&](int mine) {
    const int64_t first = mine * part;
    layer.kernels().project(layer.shape(), layer.packed(), values + first * stride, stride,
                            std::min(part, rows - first), projected + first * layer.shape().width());
  });
}

}  // namespace recurra
