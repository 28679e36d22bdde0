// What is shared out among threads around the sweeps: sequences, words, rows.
// Not here: arithmetic.
#include "engine/steps.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/pool.hpp"

namespace recurra {
namespace {

constexpr double kWorthAThread = 1 << 16;  // values moved

// Runs work(begin, end) over parts of `count` things, on threads for so many values.
template <class Work>
void in_parts(int64_t count, int64_t part, int64_t values, int threads, Work work) {
  run_tasks((int)((count + part - 1) / part), threads_worth((double)values, kWorthAThread, threads),
            [&](int mine) { work(mine * part, std::min(count, (mine + 1) * part)); });
}

constexpr int64_t kPiece = 1 << 14;  // values that one task moves, measures or scales

// A piece of one of several arrays.
struct Piece {
  size_t array;
  int64_t begin, size;
};

int worth(const std::vector<Piece>& pieces, int threads) {
  double values = 0;
  for (const Piece& one : pieces) values += (double)one.size;
  return threads_worth(values, kWorthAThread, threads);
}

template <class Array>
std::vector<Piece> pieces_of(const std::vector<Array>& arrays) {
  std::vector<Piece> pieces;
  for (size_t array = 0; array < arrays.size(); ++array)
    for (int64_t begin = 0; begin < arrays[array].size; begin += kPiece)
      pieces.push_back({array, begin, std::min(kPiece, arrays[array].size - begin)});
  return pieces;
}

// Sorts tokens by id, equal ones in their order, a byte and a half of the ids at a time.
void sort_by_id(const int64_t* ids, int64_t largest, std::vector<int64_t>& tokens) {
  constexpr int kBits = 11, kBuckets = 1 << kBits;
  std::vector<int64_t> other(tokens.size());
  for (int shift = 0; shift < 63 && (largest >> shift) > 0; shift += kBits) {
    std::vector<int64_t> starts(kBuckets + 1, 0);
    const auto bucket = [&](int64_t token) { return (ids[token] >> shift) & (kBuckets - 1); };
    for (int64_t token : tokens) ++starts[bucket(token) + 1];
    for (int i = 0; i < kBuckets; ++i) starts[i + 1] += starts[i];
    for (int64_t token : tokens) other[starts[bucket(token)]++] = token;
    tokens.swap(other);
  }
}

}  // namespace

void gather_rows(const Places& places, const Rows& from, const int64_t* ids, const float* masks, float scale,
                 float* into, int threads) {
  const Kernels& kernels = *instructions().kernels;
  in_parts((int64_t)places.sequences.size(), 4, places.tokens * from.columns, threads, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) {
      const Sequence& one = places.sequences[at];
      const float* mask = masks ? masks + one.number * from.columns : nullptr;
      kernels.gather(from, ids, one.first, places.step, one.length, mask, scale, into);
    }
  });
}

Words words_of(const Places& places, const int64_t* ids, std::vector<int32_t>& owners) {
  Words words;
  owners.assign(places.tokens, -1);
  for (const Sequence& one : places.sequences)
    for (int64_t time = 0; time < one.length; ++time) owners[one.first + places.step * time] = (int32_t)one.number;
  int64_t largest = 0;
  for (int64_t token = 0; token < places.tokens; ++token) {
    if (owners[token] < 0) continue;
    words.tokens.push_back(token);
    largest = std::max(largest, ids[token]);
  }
  sort_by_id(ids, largest, words.tokens);
  for (size_t at = 0; at < words.tokens.size(); ++at) {
    const int64_t id = ids[words.tokens[at]];
    if (!words.ids.empty() && words.ids.back() == id) continue;
    words.ids.push_back(id);
    words.starts.push_back((int64_t)at);
  }
  words.starts.push_back((int64_t)words.tokens.size());
  return words;
}

void gather_gradient(const Words& words, const Rows& errors, const std::vector<int32_t>& owners, const float* masks,
                     float scale, float* into, int threads) {
  const Kernels& kernels = *instructions().kernels;
  const int64_t count = (int64_t)words.ids.size(), values = (int64_t)words.tokens.size() * errors.columns;
  in_parts(count, 64, values, threads, [&](int64_t begin, int64_t end) {
    for (int64_t word = begin; word < end; ++word)
      kernels.gather_errors(errors, words.tokens.data() + words.starts[word],
                            words.starts[word + 1] - words.starts[word], masks, owners.data(), scale,
                            into + word * errors.columns);
  });
}

void adam_rows(float* weight, float* first, float* second, const int64_t* ids, int64_t count, const float* gradient,
               int columns, const Adam& adam, int threads) {
  const Kernels& kernels = *instructions().kernels;
  in_parts(count, 64, count * columns, threads, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t place = ids[row] * columns;
      kernels.adam_row(weight + place, first + place, second + place, gradient + row * columns, columns, adam);
    }
  });
}

void adam_whole(const std::vector<Moved>& moved, int threads) {
  const Kernels& kernels = *instructions().kernels;
  const std::vector<Piece> pieces = pieces_of(moved);
  run_tasks((int)pieces.size(), worth(pieces, threads), [&](int mine) {
    const Piece& piece = pieces[mine];
    const Moved& one = moved[piece.array];
    kernels.adam_row(one.weight + piece.begin, one.first + piece.begin, one.second + piece.begin,
                     one.gradient + piece.begin, (int)piece.size, one.adam);
  });
}

double clip_gradients(const std::vector<Span>& gradients, double largest, int threads) {
  const Kernels& kernels = *instructions().kernels;
  const std::vector<Piece> pieces = pieces_of(gradients);
  std::vector<double> squares(pieces.size());
  const auto at = [&](int mine) { return gradients[pieces[mine].array].values + pieces[mine].begin; };
  run_tasks((int)pieces.size(), worth(pieces, threads),
            [&](int mine) { squares[mine] = kernels.squares(at(mine), pieces[mine].size); });
  double sum = 0.0;
  for (double one : squares) sum += one;
  const double norm = std::sqrt(sum);
  if (largest > 0 && norm > largest) {
    const float by = (float)(largest / (norm + 1e-6));
    run_tasks((int)pieces.size(), worth(pieces, threads),
              [&](int mine) { kernels.scale(at(mine), pieces[mine].size, by); });
  }
  return norm;
}

}  // namespace recurra
