// Packed weights, and sweeps shared out among threads.
// Not here: arithmetic.
#include "engine/layer.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>

#include "engine/shared_inputs.hpp"
#include "runtime/pool.hpp"

namespace recurra {
namespace {

constexpr double kWorthAThread = 2e6;      // multiplications
constexpr double kWorthCopying = 1 << 16;  // values moved

int useful_threads(const std::vector<Direction>& directions, const Places& places, int threads) {
  double work = 0;
  for (const Direction& one : directions) {
    const Shape& shape = one.layer->shape();
    work += (double)places.tokens * gates_of(shape.cell) * shape.hidden * (shape.hidden + shape.inputs);
  }
  return threads_worth(work, kWorthAThread, threads);
}

// The sequences as a direction meets them.
std::vector<Sequence> in_direction(const Places& places, bool reverse) {
  std::vector<Sequence> found(places.sequences);
  if (reverse)
    for (Sequence& one : found) one.first += places.step * (one.length - 1);
  return found;
}

// Each sequence, long ones first, goes to the share with the fewest tokens. What a share gets stays sorted.
std::vector<std::vector<Sequence>> shared_out(std::vector<Sequence> sequences, int shares) {
  std::stable_sort(sequences.begin(), sequences.end(),
                   [](const Sequence& a, const Sequence& b) { return a.length > b.length; });
  std::vector<std::vector<Sequence>> shared(std::max(1, std::min<int>(shares, (int)sequences.size())));
  std::vector<int64_t> tokens(shared.size(), 0);
  for (const Sequence& one : sequences) {
    const size_t least = std::min_element(tokens.begin(), tokens.end()) - tokens.begin();
    shared[least].push_back(one);
    tokens[least] += one.length;
  }
  return shared;
}

using ScratchOf = size_t (*)(const Sweep&, int);
using Kernel = void (*)(const Sweep&, const Share&);

// Weights of the states that are read anew for each share at every step take as long as a sequence more in one share.
constexpr size_t kWeightsARow = 1 << 14;  // floats

// How many shares the sequences of a direction are cut into: no more than have sequences enough to make up for that.
int shares_of(const Shape& shape, const Places& places, int threads) {
  const int64_t least = 1 + shape.recurrent_floats() / kWeightsARow;
  return (int)std::clamp<int64_t>((int64_t)places.sequences.size() / least, 1, threads);
}

// Whether each step of a share fills tiles of bfloat16, which multiply sixteen inputs as quickly as one. Then an input
// that comes again is multiplied again: to read its products takes longer than to make them.
bool fills_tiles(const Shape& shape, const Places& places, int shares) {
  return shape.half() && (int64_t)places.sequences.size() >= 16 * (int64_t)shares;
}

// Weights times sequences of one step that are worth a member of a team, which has to wait for the others at its end.
constexpr double kWorthAMember = 2e4;

// How many threads sweep each share of a direction: more than one where threads would have no share of their own.
int members_of(const Shape& shape, const std::vector<Sequence>& rows, int threads, int shares) {
  const int most = std::clamp(threads / std::max(1, shares), 1, shape.panels());
  const double step = (double)shape.recurrent_floats() * (double)rows.size();
  return is_parallel(shape.cell) ? most : threads_worth(step, kWorthAMember, most);
}

// The threads of a share, and what each of them works in.
struct Crew {
  const Direction* direction = nullptr;
  std::vector<Sequence> rows{};
  float* sums = nullptr;
  std::vector<Part> parts{};  // one for each member
  std::vector<Buffer> scratch{};
  Team team{};
  std::atomic<bool> over{false};

  void work(int member, Kernel Sweeper::* kernel) {
    // The first member alone writes the final states.
    if (member > 0 && over.load(std::memory_order_acquire)) return;
    const Share share{
        rows.data(), (int)rows.size(), scratch[member].floats(), scratch[0].floats(), member, (int)parts.size(), &team,
        sums};
    (direction->layer->sweeper().*kernel)(direction->sweep, share);
    over.store(true, std::memory_order_release);
  }
};

// Runs a kernel over all directions, each cut into so many shares; `sums` of a direction has a buffer for each share.
void run_shares(std::vector<Direction>& directions, const Places& places, int each, ScratchOf Sweeper::* scratch_of,
                Kernel Sweeper::* kernel, int threads) {
  std::deque<Crew> crews;
  int members = 1;
  for (const Direction& one : directions) {
    std::vector<std::vector<Sequence>> shares = shared_out(in_direction(places, one.layer->reverse()), each);
    members = members_of(one.layer->shape(), shares[0], threads, (int)(directions.size() * shares.size()));
    for (size_t share = 0; share < shares.size(); ++share) {
      Crew& crew = crews.emplace_back();
      crew.direction = &one;
      crew.rows = std::move(shares[share]);
      crew.sums = one.sums.empty() ? nullptr : one.sums[share].floats();
      crew.parts.resize(members);
      crew.team.parts = crew.parts.data();
      for (int member = 0; member < members; ++member)
        crew.scratch.emplace_back((one.layer->sweeper().*scratch_of)(one.sweep, (int)crew.rows.size()));
    }
  }
  // The first members come first: few threads take a share each.
  const int count = (int)crews.size();
  run_tasks(count * members, threads, [&](int mine) { crews[mine % count].work(mine / count, kernel); });
}

constexpr size_t kWideSums = 1 << 18;  // floats, of the gradients of the weights, that leave a core's cache

constexpr int64_t kGroupTokens = 512;  // make up for clearing a group's sums and adding them up

// Groups of sequences whose gradients are summed apart and then added up: as many for any number of threads, so that
// each sum has one order. A group takes eight rows at a time, in bfloat16 a tile of sixteen; the sums of a wide layer
// pass through the cache again for each group, and threads share out its panels rather than its sequences.
int groups_of(const Layer& layer, const Places& places) {
  const int64_t count = (int64_t)places.sequences.size();
  const int each = layer.sweeper().sums(layer.shape()) > kWideSums ? 32 : layer.shape().half() ? 16 : 8;
  return count < 2 ? 1 : (int)std::clamp<int64_t>(std::min(count / each, places.tokens / kGroupTokens), 2, 16);
}

// A row of `pitch` values for each token.
Buffer kept_rows(const Places& places, const Shape& shape, int pitch) {
  const size_t rows = places.tokens + places.sequences.size(), each = shape.half() ? 2 : 1;  // values in a float's room
  return Buffer(rows * pitch / each + 1);
}

// Bytes kept by a sweep that will have left a core's cache before they are read again.
constexpr size_t kMuch = size_t{4} << 20;

void fill(Direction& one, const Places& places) {
  one.sweep.shape = one.layer->shape();
  one.sweep.weights = one.layer->packed();
  one.sweep.step = one.layer->reverse() ? -places.step : places.step;
  if (one.kept) {
    one.sweep.gates = one.kept->gates.floats();
    one.sweep.cells = one.kept->cells.floats();
    one.sweep.much = one.kept->gates.bytes() > kMuch;
  }
}

// Adds up the groups' gradients of the weights, panel by panel.
void finish_gradients(const std::vector<Direction>& directions, int threads) {
  const Direction& first = directions[0];
  const int panels = first.sweep.shape.panels();
  std::vector<std::vector<float*>> sums;
  for (const Direction& one : directions) {
    sums.emplace_back();
    for (const Buffer& group : one.sums) sums.back().push_back(group.floats());
  }
  run_tasks(panels * (int)directions.size(), threads, [&](int mine) {
    const Direction& one = directions[mine / panels];
    const std::vector<float*>& groups = sums[mine / panels];
    one.layer->sweeper().finish(one.sweep.shape, mine % panels, groups.data(), (int)groups.size(), one.gradients);
  });
}

// Zero for the pads of a grid, which no sweep writes: `columns` values of each row of a table.
void clear_pads(const Places& places, float* table, ptrdiff_t stride, int64_t columns, int threads) {
  if (places.full()) return;
  run_tasks((int)places.sequences.size(), threads, [&](int mine) {
    const Sequence& one = places.sequences[mine];
    for (int64_t time = one.length; time < places.steps; ++time)
      std::fill_n(table + (one.first + time * places.step) * stride, columns, 0.0f);
  });
}

// into[row] += from[row], rows of `columns` values.
void add_rows(float* into, ptrdiff_t stride, const float* from, int64_t rows, int columns, int threads) {
  const int64_t part = 1024;
  run_tasks((int)((rows + part - 1) / part), threads, [&](int mine) {
    for (int64_t row = mine * part; row < std::min(rows, (mine + 1) * part); ++row)
      for (int column = 0; column < columns; ++column) into[row * stride + column] += from[row * columns + column];
  });
}

}  // namespace

Layer::Layer(Cell cell, Activation activation, Precision precision, int inputs, int hidden, bool reverse)
    : instructions_(&instructions()),
      shape_{cell, activation, precision, inputs, hidden, kernels().lanes},
      reverse_(reverse) {
  const size_t panel = (size_t)shape_.vectors() * shape_.lanes;
  const size_t input = shape_.panels() * panel * shape_.depth(inputs);
  const size_t recurrent = shape_.recurrent_floats();
  memory_ = Buffer(input + recurrent + shape_.width());
  packed_.input = memory_.floats();
  packed_.recurrent = packed_.input + input;
  packed_.bias = packed_.recurrent + recurrent;
}

void Layer::pack(const Plain& plain, bool backward, int threads) {
  if (backward && !packed_.input_back) {
    const size_t rows = shape_.gate_depth(), wide = 4 * shape_.lanes;
    const size_t input = shape_.columns(shape_.inputs) * rows * wide;
    const size_t recurrent = is_parallel(shape_.cell) ? 0 : shape_.columns(shape_.hidden) * rows * wide;
    memory_back_ = Buffer(input + recurrent);
    packed_.input_back = memory_back_.floats();
    packed_.recurrent_back = packed_.input_back + input;
  }
  const double floats = (double)gates_of(shape_.cell) * shape_.hidden * (shape_.hidden + shape_.inputs);
  run_tasks(shape_.panels(), threads_worth(floats, kWorthCopying, threads),
            [&](int panel) { sweeper().pack(shape_, plain, packed_, backward, panel); });
  static std::atomic<int64_t> packings{0};
  packing_ = ++packings;
  packed_back_ = backward;
}

bool Places::operator==(const Places& other) const {
  const auto same = [](const Sequence& a, const Sequence& b) {
    return a.first == b.first && a.length == b.length && a.number == b.number && a.shift == b.shift;
  };
  return step == other.step && tokens == other.tokens && steps == other.steps &&
         std::equal(sequences.begin(), sequences.end(), other.sequences.begin(), other.sequences.end(), same);
}

void sweep_forward(std::vector<Direction>& directions, const Places& places, int64_t distinct, int threads) {
  age_buffers();
  for (Direction& one : directions) {
    const Shape& shape = one.layer->shape();
    if (one.kept) {
      if (shape.cell != Cell::rnn) one.kept->gates = kept_rows(places, shape, shape.gate_pitch());
      if (has_inner(shape.cell)) one.kept->cells = kept_rows(places, shape, shape.state_pitch());
    }
    fill(one, places);
  }
  threads = useful_threads(directions, places, threads);
  const Sweep& first = directions[0].sweep;
  clear_pads(places, first.outputs, first.output_stride, (int64_t)directions.size() * first.shape.hidden, threads);
  // A thread for each direction needs no further cut.
  const int shares = shares_of(first.shape, places, (threads + (int)directions.size() - 1) / (int)directions.size());
  if (distinct > 0 && !first.projected && !fills_tiles(first.shape, places, shares))
    project_distinct(directions, distinct, threads);
  run_shares(directions, places, shares, &Sweeper::forward_scratch, &Sweeper::forward, threads);
}

void sweep_backward(std::vector<Direction>& directions, const Places& places, int64_t distinct, int threads) {
  age_buffers();
  std::vector<Buffer> apart;
  float* values = directions[0].sweep.value_errors;
  const ptrdiff_t stride = directions[0].sweep.value_error_stride;
  const int inputs = directions[0].layer->shape().inputs, groups = groups_of(*directions[0].layer, places);
  const int64_t rows = distinct > 0 ? distinct : places.tokens;
  for (Direction& one : directions) {
    const Shape& shape = one.layer->shape();
    if (distinct > 0 && !one.kept->gates.bytes()) one.kept->gates = kept_rows(places, shape, shape.gate_pitch());
    fill(one, places);
    for (int group = 0; one.learns && group < groups; ++group)
      one.sums.emplace_back(one.layer->sweeper().sums(one.sweep.shape));
    if (!values || &one == &directions[0]) continue;
    apart.emplace_back((size_t)rows * inputs);
    one.sweep.value_errors = apart.back().floats();
    one.sweep.value_error_stride = inputs;
  }
  threads = useful_threads(directions, places, threads);
  for (const Direction& one : directions)
    if (one.sweep.value_errors && distinct == 0)
      clear_pads(places, one.sweep.value_errors, one.sweep.value_error_stride, inputs, threads);
  run_shares(directions, places, groups, &Sweeper::backward_scratch, &Sweeper::backward, threads);
  if (distinct > 0) back_distinct(directions, places, distinct, threads);
  for (const Buffer& more : apart) add_rows(values, stride, more.floats(), rows, inputs, threads);
  if (directions[0].learns) finish_gradients(directions, threads);
}

double peak_work(int64_t rounds, int threads) {
  std::vector<double> done(threads);
  run_tasks(threads, threads, [&](int mine) {
    float sums[16];
    done[mine] = 2 * instructions().kernels->multiply_add(rounds, sums);
  });
  double sum = 0;
  for (double one : done) sum += one;
  return sum;
}

}  // namespace recurra
