// The engine's own test, without Python: every cell in every precision, forward and backward. The portable kernels must
// equal the equations, written here once more in float64; every other instruction set that this processor runs must
// equal the portable kernels. Not here: what the module refuses, small values, activations (tests/test_native*.py).
// Run: make test-native
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "engine/layer.hpp"

using namespace recurra;

namespace {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;

// Empty, short and long sequences; more of them than a tile has rows; more tokens than a chunk.
const std::vector<int> kLengths = {5, 0, 1, 17, 3, 2, 2, 9, 4, 1, 1, 6, 70, 3, 2, 8, 30, 1, 1, 2};
constexpr int kInputs = 19, kHidden = 37, kSides = 2;  // neither fills its vectors
const int kSequences = (int)kLengths.size();

struct Case {
  Cell cell;
  Activation activation;
  const char* name;

  int gates() const { return gates_of(cell) * kHidden; }
  int recurrent() const { return (int)recurrent_rows(cell, kHidden) * kHidden; }
  int biases() const { return (int)recurrent_biases(cell, kHidden); }
  int side() const { return gates() * (kInputs + 1) + recurrent() + biases(); }
};

const Case kCases[] = {{Cell::rnn, Activation::tanh, "rnn tanh"},
                       {Cell::rnn, Activation::relu, "rnn relu"},
                       {Cell::rnn, Activation::sigmoid, "rnn σ"},
                       {Cell::gru, Activation::tanh, "gru"},
                       {Cell::gru_before, Activation::tanh, "gru, reset before"},
                       {Cell::lstm, Activation::tanh, "lstm tanh"},
                       {Cell::lstm, Activation::relu, "lstm relu"},
                       {Cell::mingru, Activation::tanh, "mingru"},
                       {Cell::sru, Activation::tanh, "sru"}};

// All numbers that a sweep is a function of lie in one row, and so do their gradients: each side's weights (input,
// recurrent, and their biases), the values of all tokens, and the states to start from, hidden and inner.
template <class Number>
struct Row {
  const Case& one;
  Number* numbers;

  Number* input(int side) const { return numbers + side * one.side(); }
  Number* recurrent(int side) const { return input(side) + one.gates() * kInputs; }
  Number* input_bias(int side) const { return recurrent(side) + one.recurrent(); }
  Number* recurrent_bias(int side) const { return input_bias(side) + one.gates(); }
  Number* values() const { return input(kSides); }
  Number* hidden() const { return values() + tokens() * kInputs; }
  Number* inner() const { return hidden() + states(); }
  size_t size() const { return inner() + states() - numbers; }

  static int tokens() {
    int sum = 0;
    for (int length : kLengths) sum += length;
    return sum;
  }
  static int states() { return kSides * kSequences * kHidden; }
};

const size_t kOutputs = (size_t)Row<float>::tokens() * kSides * kHidden + 2 * Row<float>::states();

double sigmoid(double value) { return 1 / (1 + std::exp(-value)); }

double activated(Activation activation, double value) {
  return activation == Activation::tanh   ? std::tanh(value)
         : activation == Activation::relu ? std::max(value, 0.0)
                                          : sigmoid(value);
}

double dot(const double* a, const double* b, int size) {
  double sum = 0;
  for (int at = 0; at < size; ++at) sum += a[at] * b[at];
  return sum;
}

// One step of one sequence by the equations of src/recurra/cells/; h and c are moved.
void step(const Row<double>& row, int side, const double* value, double* h, double* c) {
  const Cell cell = row.one.cell;
  const Activation how = row.one.activation;
  const Doubles before(h, h + kHidden);
  const auto x = [&](int gate, int unit) {
    const int at = gate * kHidden + unit;
    return dot(row.input(side) + at * kInputs, value, kInputs) + row.input_bias(side)[at];
  };
  const auto u = [&](int gate, int unit, const Doubles& state) {
    const int at = gate * kHidden + unit;
    return dot(row.recurrent(side) + at * kHidden, state.data(), kHidden) + row.recurrent_bias(side)[at];
  };
  const auto both = [&](int gate, int unit) { return x(gate, unit) + u(gate, unit, before); };
  Doubles reset(before);
  for (int unit = 0; cell == Cell::gru_before && unit < kHidden; ++unit) reset[unit] *= sigmoid(both(0, unit));
  for (int i = 0; i < kHidden; ++i) {
    if (cell == Cell::rnn) h[i] = activated(how, both(0, i));
    if (is_gru(cell)) {
      const double z = sigmoid(both(1, i));
      const double from_state = cell == Cell::gru ? sigmoid(both(0, i)) * u(2, i, before) : u(2, i, reset);
      h[i] = z * before[i] + (1 - z) * std::tanh(x(2, i) + from_state);
    }
    if (cell == Cell::lstm) {
      c[i] = sigmoid(both(1, i)) * c[i] + sigmoid(both(0, i)) * activated(how, both(2, i));
      h[i] = sigmoid(both(3, i)) * activated(how, c[i]);
    }
    if (cell == Cell::mingru) h[i] = before[i] + sigmoid(x(0, i)) * (x(1, i) - before[i]);
    if (cell == Cell::sru) {
      const double *forget = row.recurrent(side), *mix = forget + kHidden;
      const double f = sigmoid(x(1, i) + forget[i] * c[i]), r = sigmoid(x(2, i) + mix[i] * c[i]);
      c[i] = f * c[i] + (1 - f) * x(0, i);
      h[i] = r * c[i] + (1 - r) * x(3, i);
    }
  }
}

// Outputs of all tokens, then the final states, hidden and inner: in one row as the engine's are.
Doubles by_the_equations(const Case& one, Doubles numbers) {
  const Row<double> row{one, numbers.data()};
  Doubles results(kOutputs);
  const size_t final = kOutputs - 2 * row.states();
  for (int side = 0; side < kSides; ++side)
    for (int sequence = 0, first = 0; sequence < kSequences; first += kLengths[sequence++]) {
      const size_t state = ((size_t)side * kSequences + sequence) * kHidden;
      double *h = row.hidden() + state, *c = row.inner() + state;
      for (int time = 0; time < kLengths[sequence]; ++time) {
        const int token = first + (side ? kLengths[sequence] - 1 - time : time);
        step(row, side, row.values() + token * kInputs, h, c);
        for (int i = 0; i < kHidden; ++i) results[(token * kSides + side) * kHidden + i] = h[i];
      }
      for (int i = 0; i < kHidden; ++i) {
        results[final + state + i] = h[i];
        results[final + row.states() + state + i] = has_inner(one.cell) ? c[i] : 0;
      }
    }
  return results;
}

struct Swept {
  Floats results, gradient;  // of Σ results · errors; none in int8
};

Swept by_the_engine(const Case& one, Precision precision, Floats numbers, Floats errors, int threads) {
  const bool learns = precision != Precision::bytes, inner = has_inner(one.cell);
  Swept swept{Floats(kOutputs), Floats(learns ? numbers.size() : 0)};
  const Row<float> row{one, numbers.data()}, into{one, swept.gradient.data()};
  const size_t final = kOutputs - 2 * row.states(), half = row.states() / kSides;
  Places places{{}, 1, row.tokens(), 0};
  for (int64_t number = 0, first = 0; number < kSequences; first += kLengths[number++])
    places.sequences.push_back({first, kLengths[number], number, number});
  std::vector<Layer> layers;
  std::vector<Kept> kept(kSides);
  std::vector<Direction> directions;
  for (int side = 0; side < kSides; ++side) {
    layers.emplace_back(one.cell, one.activation, precision, kInputs, kHidden, side == 1);
    layers.back().pack({row.input(side), row.recurrent(side), row.input_bias(side), row.recurrent_bias(side)}, learns,
                       threads);
  }
  for (int side = 0; side < kSides; ++side) {
    Sweep sweep{};
    sweep.values = row.values();
    sweep.value_stride = kInputs;
    sweep.outputs = swept.results.data() + side * kHidden;
    sweep.output_stride = kSides * kHidden;
    sweep.hidden = row.hidden() + side * half;
    sweep.cell = inner ? row.inner() + side * half : nullptr;
    sweep.final_hidden = swept.results.data() + final + side * half;
    sweep.final_cell = inner ? sweep.final_hidden + row.states() : nullptr;
    directions.push_back({&layers[side], sweep, learns ? &kept[side] : nullptr, {}, learns, {}, {}});
  }
  sweep_forward(directions, places, 0, threads);
  if (!learns) return swept;
  for (int side = 0; side < kSides; ++side) {
    Sweep& sweep = directions[side].sweep;
    sweep.output_errors = errors.data() + side * kHidden;
    sweep.output_error_stride = kSides * kHidden;
    sweep.final_hidden_errors = errors.data() + final + side * half;
    sweep.final_cell_errors = inner ? sweep.final_hidden_errors + row.states() : nullptr;
    sweep.value_errors = into.values();
    sweep.value_error_stride = kInputs;
    sweep.hidden_errors = into.hidden() + side * half;
    sweep.cell_errors = inner ? into.inner() + side * half : nullptr;
    directions[side].gradients = {into.input(side), into.recurrent(side), into.input_bias(side),
                                  into.recurrent_bias(side)};
  }
  sweep_backward(directions, places, 0, threads);
  return swept;
}

int failures = 0;

void expect(bool right, const std::string& what, double found, double allowed) {
  if (right) return;
  ++failures;
  std::printf("FAILED %s: found %.2g, allowed %.2g\n", what.c_str(), found, allowed);
}

// The largest difference, as a part of the largest number: at least 1, so that small results count as they are.
template <class Numbers>
void expect_alike(const Floats& found, const Numbers& wanted, double allowed, const std::string& what) {
  double most = 1, apart = 0;
  for (size_t at = 0; at < found.size(); ++at) {
    most = std::max(most, std::abs((double)wanted[at]));
    apart = std::max(apart, std::abs((double)found[at] - (double)wanted[at]));
    if (!std::isfinite(found[at])) apart = INFINITY;
  }
  expect(apart <= allowed * most, what, apart / most, allowed);
}

// The slope of Σ results · errors along drawn directions, by differences of the equations, must be the gradient's: a
// wrong gradient of any number shows in it.
void expect_slopes(const Case& one, const Doubles& numbers, const Doubles& errors, const Floats& gradient,
                   double allowed, const std::string& what, std::mt19937& random) {
  constexpr double kFar = 1e-8;
  std::normal_distribution<double> normal;
  double length = 0;
  for (float part : gradient) length += (double)part * part;
  for (int direction = 0; direction < 3; ++direction) {
    Doubles more(numbers), less(numbers);
    double found = 0;
    for (size_t at = 0; at < numbers.size(); ++at) {
      const double along = normal(random);
      found += along * gradient[at];
      more[at] += kFar * along;
      less[at] -= kFar * along;
    }
    const Doubles above = by_the_equations(one, more), below = by_the_equations(one, less);
    double wanted = 0;
    for (size_t at = 0; at < errors.size(); ++at) wanted += (above[at] - below[at]) / (2 * kFar) * errors[at];
    const double apart = std::abs(found - wanted) / std::sqrt(length);
    expect(apart <= allowed, what + ", gradient", apart, allowed);
  }
}

// How far results may be from the equations, slopes from the gradient, and instruction sets from each other.
struct Allowed {
  Precision precision;
  const char* name;
  double results, slopes, others;
};

constexpr Allowed kAllowed[] = {{Precision::single, "float32", 2e-6, 5e-6, 1e-5},
                                {Precision::half, "bf16", 1e-2, 2e-2, 1e-2},
                                {Precision::bytes, "int8", 2e-2, 0, 0}};

void check(const Case& one, const Allowed& allowed, std::mt19937& random) {
  std::normal_distribution<float> normal;
  Floats numbers(Row<float>{one, nullptr}.size()), errors(kOutputs);
  for (float& number : numbers) number = normal(random);
  // Weights for which what is rounded fades out from step to step, where larger ones would let it grow.
  const Row<float> row{one, numbers.data()};
  for (float* weight = numbers.data(); weight < row.values(); ++weight) *weight *= 0.5f / std::sqrt((float)kHidden);
  for (float& error : errors) error = normal(random);
  if (!has_inner(one.cell)) std::fill(errors.end() - Row<float>::states(), errors.end(), 0.0f);
  const Doubles exactly(numbers.begin(), numbers.end()), wide(errors.begin(), errors.end());
  choose_instructions("portable");
  const Swept portable = by_the_engine(one, allowed.precision, numbers, errors, 1);
  const std::string what = std::string(one.name) + " in " + allowed.name;
  expect_alike(portable.results, by_the_equations(one, exactly), allowed.results, what + ", beside the equations");
  // A ReLU whose sum is rounded to the other side of zero has another slope: few of them, and each counts whole.
  const bool jumps = one.activation == Activation::relu && allowed.precision == Precision::half;
  if (!portable.gradient.empty())
    expect_slopes(one, exactly, wide, portable.gradient, (jumps ? 10 : 1) * allowed.slopes, what, random);
  for (const std::string& name : available()) {
    choose_instructions(name);
    const Swept swept = by_the_engine(one, allowed.precision, numbers, errors, 1);
    expect_alike(swept.results, portable.results, allowed.others, what + " on " + name);
    expect_alike(swept.gradient, portable.gradient, allowed.others, what + " on " + name + ", gradient");
    const Swept shared = by_the_engine(one, allowed.precision, numbers, errors, 3);
    const bool same = shared.results == swept.results && shared.gradient == swept.gradient;
    expect(same, what + " on " + name + ", bits on three threads", 1, 0);
  }
}

}  // namespace

int main() {
  std::mt19937 random(0);
  int checked = 0;
  for (const Case& one : kCases)
    for (const Allowed& allowed : kAllowed) {
      if (one.cell == Cell::gru_before && allowed.precision == Precision::half) continue;  // no kernels
      check(one, allowed, random);
      ++checked;
    }
  std::printf("%d cells and precisions on", checked);
  for (const std::string& name : available()) std::printf(" %s", name.c_str());
  std::printf(": %s\n", failures ? "FAILED" : "right");
  return failures > 0;
}
