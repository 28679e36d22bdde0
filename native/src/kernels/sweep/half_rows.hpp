// What the products of a sweep are made of in bfloat16: rows forward, and backward the errors of gates, and the outer
// products of both for the gradients of the weights; 16 rows at a time, the shape of a tile.
// Not here: the product (kernels/simd/tiles.hpp) and the sweeps (forward.hpp, backward.hpp), which are those of every
// Factor. What is multiplied is rounded; sums, activations and states are float32.
#pragma once

#include "kernels/cell/cells.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/simd/tiles.hpp"
#include "kernels/sweep/rows.hpp"

namespace recurra::RECURRA_ISA {

// Rows of bfloat16 of that many values: whole tiles, and a line more so that rows lie in different sets of the cache.
RECURRA_INLINE size_t half_pitch(int size) { return (size + 31) / 32 * 32 + 32; }

// Rows of gate errors, each with all of its panels: what is multiplied only, so that it is kept rounded.
struct HalfErrors {
  template <int V>
  static constexpr int kRows = kTileRows;
  static constexpr bool kAsks = false;
  static RECURRA_INLINE ptrdiff_t pitch(const Shape& shape) { return half_pitch(shape.width()); }
  static RECURRA_INLINE ptrdiff_t panel_pitch(size_t) { return kWidth; }
  // A tile may begin at the last row.
  static RECURRA_INLINE size_t room(const Shape& shape, size_t rows) { return (rows + kTileRows) * pitch(shape); }

  const Half* rows;
  ptrdiff_t row;  // from one to the next
  int pairs;

  // Of all gates, with zeros among the weights for the vector that a product leaves out.
  RECURRA_INLINE HalfErrors(const Shape& shape, const Half* rows, ptrdiff_t, int = 0)
      : rows(rows), row(pitch(shape)), pairs(shape.gate_depth()) {}
  RECURRA_INLINE size_t terms() const { return pairs; }
  template <int V>
  RECURRA_INLINE void multiply(int count, Vec* into, int first, const float* weights, bool add) const {
    float* const sums = reinterpret_cast<float*>(into);
    const Terms terms{rows + first * row, row, reinterpret_cast<const Pair*>(weights), V * kLanes, pairs};
    recurra::RECURRA_ISA::multiply<V>(
        {add ? sums : nullptr, kWidth}, sums, kWidth, count,
        [&](auto add_terms) __attribute__((always_inline)) { add_terms.template operator()<0, V>(terms); });
  }
};

constexpr ptrdiff_t kTurnedPitch = 256 + 32;  // from a feature's tokens to the next one's: not a power of two

// to[feature][token] = rows[token][feature], rounded; what is not there is zero.
RECURRA_NOINLINE inline void transpose_rows(Half* to, const float* const* rows, int tokens, int size) {
  for (int feature = 0; feature < size; feature += kLanes)
    for (int token = 0; token < (tokens + 31) / 32 * 32; token += 2 * kLanes) {
      const auto row = [&](int at) __attribute__((always_inline)) {
        return at < tokens ? rounded(load(rows[at] + feature, size - feature)) : Halves{};
      };
      Words words[kLanes];
      RECURRA_UNROLL for (int i = 0; i < kLanes; ++i) words[i] = paired(row(token + 2 * i), row(token + 2 * i + 1));
      transpose(words);
      for (int i = 0; i < kLanes && feature + i < (size + 15) / 16 * 16; ++i)
        store_pairs(reinterpret_cast<Pair*>(to + (feature + i) * kTurnedPitch + token), words[i]);
    }
}

// Outer products of a block's rows and a panel's errors: sums over tokens, so that both are turned.
class HalfOuter {
 public:
  static constexpr int kTokens = kTurnedPitch - 32;  // whose errors of a panel stay in the first-level cache

  Half *values, *before;  // of each feature its tokens

  RECURRA_INLINE HalfOuter(const Shape& shape, Cutter& cut)
      : values(cut.take<Half>(turned_size(shape.inputs))),
        before(cut.take<Half>(turned_size(shape.hidden))),
        pairs_(cut.take<Pair>(kTokens / 2 * kWidth)) {}
  RECURRA_INLINE void take(const Sweep& sweep, const Tokens<Half>& tokens) {
    transpose_rows(values, tokens.values, tokens.count, sweep.shape.inputs);
    if (!is_parallel(sweep.shape.cell)) transpose_rows(before, tokens.before, tokens.count, sweep.shape.hidden);
  }
  // A panel's errors, two tokens in one, which are also added to the sums of its biases.
  RECURRA_INLINE void take_errors(const Half* errors, ptrdiff_t pitch, int count, float* bias) {
    depth_ = (count + 31) / 32 * 16;
    const auto error = [&](int token, int v) __attribute__((always_inline)) {
      return token < count ? load_halves(errors + token * pitch + v * kLanes) : Halves{};
    };
    Vec sums[4];
    for (int v = 0; v < 4; ++v) sums[v] = load(bias + v * kLanes);
    for (int pair = 0; pair < depth_; ++pair)
      for (int v = 0; v < 4; ++v) {
        const Halves first = error(2 * pair, v), second = error(2 * pair + 1, v);
        store_pairs(pairs_ + pair * kWidth + v * kLanes, paired(first, second));
        sums[v] += widened(first) + widened(second);
      }
    for (int v = 0; v < 4; ++v) store(bias + v * kLanes, sums[v]);
  }
  // A row of the tile has all four vectors.
  template <int First, int V>
  RECURRA_INLINE void add(float* tile, int size, const Half* turned) const {
    for (int feature = 0; feature < size; feature += kTileRows) {
      const Terms terms{turned + feature * kTurnedPitch, kTurnedPitch, pairs_ + First * kLanes, kWidth, depth_};
      float* const sums = tile + feature * kWidth;
      multiply<4>({sums, kWidth}, sums, kWidth, kTileRows, [&](auto add_terms) __attribute__((always_inline)) {
        add_terms.template operator()<First, V>(terms);
      });
    }
  }

 private:
  static RECURRA_INLINE size_t turned_size(int size) { return (size_t)(size + 15) / 16 * 16 * kTurnedPitch; }

  Pair* pairs_;
  int depth_ = 0;
};

// The rows of a product: rounded when they are taken.
class HalfRows {
 public:
  template <Cell, Activation>
  using Math = Quick;
  using Element = Half;
  template <int V>
  static constexpr int kRows = kTileRows;
  using Unit = Tiles;
  using Errors = HalfErrors;
  using Outer = HalfOuter;
  // Small products apart would leave the matrix units idle in between. The bias comes last: as what tiles start from it
  // would be read once more for each of their rows, and loads of tiles are what such a product waits for.
  static constexpr bool kWithin = true;

  // A block may begin at any row, and a tile reads sixteen: as many blocks as whole tiles never read past the last one.
  RECURRA_INLINE HalfRows(Cutter& cut, size_t count, int size)
      : rows_(cut.take<Half>((count + kTileRows - 1) / kTileRows * kTileRows * half_pitch(size))),
        pitch_(half_pitch(size)) {}
  RECURRA_INLINE void take(const float* const* rows, int count, int size) {
    for (int row = 0; row < count; ++row) round_row(rows_ + row * pitch_, rows[row], size);
  }
  template <int V>
  RECURRA_INLINE void multiply(int rows, Vec* into, int first, const float* panel, int size) const {
    float* const sums = reinterpret_cast<float*>(into);
    recurra::RECURRA_ISA::multiply<V>({sums, kWidth}, sums, kWidth, rows, [&](auto add) __attribute__((always_inline)) {
      add.template operator()<0, V>(terms<V>(first, panel, size));
    });
  }
  // into = these rows · panel + the states · theirs, all at once: tiles keep the sums meanwhile.
  template <int V>
  RECURRA_INLINE void with(int rows, Vec* into, int first, const float* panel, int size, const HalfRows* states,
                           const float* state_panel, int hidden) const {
    float* const sums = reinterpret_cast<float*>(into);
    recurra::RECURRA_ISA::multiply<4>({nullptr, 0}, sums, kWidth, rows, [&](auto add) __attribute__((always_inline)) {
      add.template operator()<0, V>(terms<V>(first, panel, size));
      if (states) add.template operator()<4 - V, V>(states->terms<V>(first, state_panel, hidden));
    });
  }

 private:
  template <int V>
  RECURRA_INLINE Terms terms(int first, const float* panel, int size) const {
    return {rows_ + first * pitch_, pitch_, reinterpret_cast<const Pair*>(panel), V * kLanes, (size + 31) / 32 * 16};
  }

  Half* rows_;
  ptrdiff_t pitch_;
};

}  // namespace recurra::RECURRA_ISA
